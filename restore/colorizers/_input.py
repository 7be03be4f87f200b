"""Fit a photo to a network's input so that its cells align exactly with the photo."""

from __future__ import annotations

import numpy as np

from restore.color import Array

CELL = 4
"""Side in input pixels of a cell of the logits."""
LONGEST = 8
"""Most long side, in short sides; a longer panorama is squeezed."""
LEAST = 64
"""Smallest input side: below, some versions of OpenCV's dnn enlarge a map of one cell wrongly."""


def fit(lightness: Array, side: int, multiple: int = 32) -> tuple[Array, tuple[slice, slice]]:
    """Resize to a short side of `side`, pad by reflection to multiples.

    The resized photo has an integer number of cells each way, at most half a cell off its aspect.

    Parameters
    ----------
    lightness
        (height, width) CIE L*.
    side
        Short side of the network's input, in pixels.
    multiple
        The input sides must be multiples of this; itself a multiple of `CELL`.

    Returns
    -------
    The input (1, 1, H, W) float32 in L*, and the rows and columns of the logits (h, w) that are
    the photo; the rest is padding.
    """
    import cv2

    height, width = lightness.shape
    scale = min(side / min(height, width), LONGEST * side / max(height, width))
    rows, columns = (max(CELL, round(n * scale / CELL) * CELL) for n in (height, width))
    shrinks = rows <= height and columns <= width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(lightness, (columns, rows), interpolation=how)

    def padding(length: int) -> tuple[int, int]:
        extra = max(LEAST, -(-length // multiple) * multiple) - length
        before = extra // 2 // CELL * CELL
        return before, extra - before

    tall, wide = padding(rows), padding(columns)
    padded = cv2.copyMakeBorder(resized, *tall, *wide, cv2.BORDER_REFLECT)
    cells = tuple(
        slice(before // CELL, (before + length) // CELL)
        for (before, _), length in ((tall, rows), (wide, columns))
    )
    return np.ascontiguousarray(padded[None, None], np.float32), (cells[0], cells[1])
