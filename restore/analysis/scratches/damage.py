"""Where a picture of about a megapixel is damaged: a network's opinion, and what of it is sure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.context import Context
from restore.models import engines

Mask = NDArray[np.bool_]

WEIGHTS = Path(__file__).parents[2] / "data" / "damage.onnx"
RELIEFS = (3, 7, 19)
"""Sides in pixels of the squares that define narrow."""
STRIDE = 16
"""Sides of the network's input are multiples of it."""


def load(context: Context) -> engines.Network:
    """The network, ready to run."""
    engine = engines.chosen(context.engine)
    return context.network((WEIGHTS, engine), lambda: engines.load(WEIGHTS, engine))


def reliefs(grey: color.Array) -> color.Array:
    """The network's input (7, h, w) from (h, w) encoded brightness.

    The brightness, and how far each pixel rises above and falls below it once everything narrower
    than `RELIEFS` is removed: lines and spots whatever the tone around them.
    """
    import cv2

    grey = np.clip(grey, 0, 1).astype(np.float32)
    planes = [grey - np.float32(0.5)]
    for side in RELIEFS:
        square = np.ones((side, side), np.uint8)
        planes.append(3 * cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, square))
        planes.append(3 * cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, square))
    return np.stack(planes)


def kinds(grey: color.Array, network: engines.Network) -> color.Array:
    """(4, h, w) how likely each pixel is sound, on a line, on a spot, lost."""
    height, width = grey.shape
    pad = (0, -height % STRIDE), (0, -width % STRIDE)
    return network(reliefs(np.pad(grey, pad, mode="edge"))[None])[0, :, :height, :width]
