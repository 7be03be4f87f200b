"""Thin lines of a picture, found by rules: bright ones that are opaque, or dark ones, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.scratches import defects

LINE = 16
"""How far scratches stand out from their surroundings at medium sensitivity."""
SLIM = 0.5
"""Widest line, in % of the short side."""
OPAQUE, GROUND = 0.3, 15
"""Share of the way from the ground to white a line reaches; side of the square for the ground."""
ODDS, LESS = -1.5, 2.0
"""Log odds of a scratch at medium sensitivity, and how much less at the highest.

Below even odds: without evidence against it, a line is what the rules took it for."""


def widest(grey: color.Array, width: float = SLIM) -> float:
    """Widest line in pixels; `width` in % of the short side."""
    return max(defects.WIDTH, min(width, SLIM) / 100 * min(grey.shape))


def lines(grey: color.Array, wide: float, factor: float = 1, *, dark: bool = False) -> color.Array:
    """How much thin scratches cover (h, w), 0 … 1.

    Parameters
    ----------
    grey
        (h, w) encoded brightness.
    wide
        Widest line in pixels.
    factor
        1 at medium sensitivity, less at a higher one.
    dark
        Whether dark and transparent lines count.
    """
    longer = np.sqrt(max(1, min(grey.shape) / 512))  # as a share of the photo, not in pixels
    least = ODDS + LESS * np.log2(factor)
    cover = defects.scratches(grey, LINE * longer * factor, least, wide)
    if not dark:
        cover[~_opaque(grey, cover, OPAQUE * factor)] = 0
    return cover


def _opaque(grey: color.Array, lines: color.Array, least: float) -> NDArray[np.bool_]:
    """The connected lines that are bright and on average at least that opaque: bare paper."""
    import cv2

    rise = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, np.ones((GROUND, GROUND), np.uint8))
    opacity = rise / np.maximum(1 - (grey - rise), np.float32(0.02))
    core = lines * (lines >= 0.5 * cv2.dilate(lines, np.ones((3, 3), np.uint8)))
    count, label = cv2.connectedComponents((lines > 0).astype(np.uint8))
    weight = np.bincount(label.ravel(), core.ravel(), count) + 1e-6
    mean = np.bincount(label.ravel(), (core * opacity).ravel(), count) / weight
    return (lines > 0) & (mean >= least)[label]
