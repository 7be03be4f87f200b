"""Fill small gaps of a picture from their surroundings, in float."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color

AXES = 8
"""Directions in which a gap is bridged."""


def bridged(
    pixels: color.Array, gap: NDArray[np.bool_], reach: int, stride: int = 1
) -> color.Array:
    """(n, c) values for the n pixels of a gap, in the order of `np.nonzero(gap)`.

    Along each of `AXES` lines through a pixel the two nearest pixels outside the gap are joined by
    a straight ramp. Short ramps between like values count most: an edge that a scratch crosses
    goes on across it. (OpenCV's inpaint rounds colour to 8 bits, and its Navier-Stokes variant
    is wrong for float.)

    Parameters
    ----------
    pixels
        (h, w, c).
    gap
        (h, w).
    reach
        How far to look, in pixels. A pixel that sees no other keeps its value.
    stride
        Pixels from one look to the next: more is faster and less exact.
    """
    rows, columns = np.nonzero(gap)
    total = pixels[rows, columns] * np.float32(1e-9)
    weight = np.full((len(rows), 1), 1e-9, np.float32)
    worth = np.full((len(rows), 1), reach / stride, np.float32)
    for angle in np.arange(AXES) * (np.pi / AXES):
        step = np.array([np.sin(angle), np.cos(angle)])
        step *= stride / np.abs(step).max()
        one, to_one = _nearest(gap, rows, columns, step, worth[:, 0])
        other, to_other = _nearest(gap, rows, columns, -step, worth[:, 0])
        first, second = pixels[one], pixels[other]
        way = to_one + to_other
        np.minimum(
            worth, way * np.float32(2 / stride), out=worth
        )  # a ramp much longer than another counts for nothing
        unlike = np.abs(first - second).mean(1, keepdims=True) + np.float32(0.02)
        trust = 1 / (way * unlike) ** 2
        total += trust * (first * to_other + second * to_one) / way
        weight += trust
    return total / weight


def _nearest(
    gap: NDArray[np.bool_],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    step: NDArray[np.float64],
    reach: color.Array,
) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], color.Array]:
    """The first pixels outside the gap, and how far they are, (n, 1); far away if there is none."""
    height, width = gap.shape
    found = rows.copy(), columns.copy()
    far = np.full(len(rows), 1e4, np.float32)
    seeking = np.arange(len(rows))
    for count in range(1, int(reach.max(initial=0)) + 1):
        seeking = seeking[reach[seeking] >= count]
        down, right = (int(part) for part in np.round(count * step))
        row, column = rows[seeking] + down, columns[seeking] + right
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        seeking, row, column = seeking[inside], row[inside], column[inside]
        free = ~gap[row, column]
        hit = seeking[free]
        found[0][hit], found[1][hit] = row[free], column[free]
        far[hit] = count * np.hypot(*step)
        seeking = seeking[~free]
        if not len(seeking):
            break
    return found, far[:, None]
