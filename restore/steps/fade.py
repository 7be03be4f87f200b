"""Faded dyes: give each layer its density back."""

from __future__ import annotations

import numpy as np

from restore import color
from restore.photo import Proxy, Tile
from restore.step import Amount, Render
from restore.steps import _dyes


def fade(proxy: Proxy, *, amount: Amount = 1) -> Render:
    """Bring back the contrast and the neutral greys that fading dyes have taken away.

    Each dye of a colour photo loses density in proportion, and the paper yellows: in optical
    density the true photo is an affine function of the faded one, channel by channel,
    D' = gain D + shift. The six numbers are estimated from the photo; `amount` moves from none
    of the correction to all of it.
    """
    fading = _dyes.estimate(_small(proxy.view.pixels))
    gain = np.exp(np.float32(amount) * np.log(fading.gain))
    shift = np.float32(amount) * fading.shift

    def tile(t: Tile) -> color.Array:
        if amount == 0:
            return t.pixels
        density = color.to_density(t.pixels)
        density *= gain
        density += shift
        return color.from_density(np.maximum(density, 0, out=density))

    return Render(tile, notes={"gain": fading.gain, "shift": fading.shift})


def _small(view: color.Array) -> color.Array:
    """The view area-averaged to at most `SIDE` pixels on the long side."""
    import cv2

    height, width = view.shape[:2]
    shrink = min(1.0, _dyes.SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    return cv2.resize(view, size, interpolation=cv2.INTER_AREA)
