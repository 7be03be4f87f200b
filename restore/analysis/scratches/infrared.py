"""Dust that a film scanner saw in infrared: dyes let it through, dust and scratches do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.image.photo import Tile

LEAST = 0.12
"""Least share of the infrared light that dust blocks, at medium sensitivity."""
SPREADS = 6
"""Spreads of the infrared channel's own noise that dust stands out from."""
VISIBLE = 0.06
"""Spread of the infrared channel's logarithm up to which it shows dust only.

The silver of black-and-white film and Kodachrome's cyan dye block infrared: the picture itself
then shows in it, and every dark object would be taken for dust."""


def threshold(view: Tile, radius: int, factor: float) -> float | None:
    """Share of infrared light from which something is dust; None if infrared is no evidence.

    Parameters
    ----------
    view
        The proxy's view.
    radius
        Pixels beyond which dust does not reach.
    factor
        1 at medium sensitivity, less at a higher one.
    """
    if view.infrared is None:
        return None
    taken = dimmed(view.infrared, radius)
    spread = float(np.median(taken)) * 1.4826
    least = factor * max(LEAST, SPREADS * spread)
    clean = taken < least / 2
    if clean.mean() < 0.5:
        return None
    light = np.log(view.infrared[clean].clip(1e-3))
    channels = color.to_density(view.pixels[clean])
    known = np.column_stack([np.ones(len(light), np.float32), channels])
    picture = known @ np.linalg.lstsq(known, light, rcond=None)[0]
    return None if picture.std() > VISIBLE else least


def dimmed(infrared: color.Array, radius: int) -> color.Array:
    """Share of the infrared light (h, w) blocked by something smaller than a radius, 0 … 1.

    Relative to a morphological closing: the light around it.
    """
    import cv2

    size = 2 * radius + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    smooth = cv2.GaussianBlur(infrared, (0, 0), 0.7)
    beside = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, disk, borderType=cv2.BORDER_REPLICATE)
    return 1 - smooth / beside.clip(1e-3)


def dust(infrared: color.Array, radius: int, least: float) -> NDArray[np.bool_]:
    """Where dust blocks more of the infrared light (h, w) than the least share, with its rim."""
    import cv2

    taken = dimmed(infrared, radius)
    core = (taken > least).astype(np.uint8)
    if not core.any():
        return core > 0
    near = cv2.dilate(core, np.ones((5, 5), np.uint8)) > 0
    rim = near & (taken > least / 3)
    return cv2.dilate(rim.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
