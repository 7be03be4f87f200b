"""Area averages of pictures too large to hold in float."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from restore.color import Array

STRIP = 2**17
"""Pixels averaged at a time: more would exceed the processor's cache."""
Rows = Callable[[int, int], Array]
"""From the first row and the one after the last to (rows, width, planes) float32."""


def averaged(size: tuple[int, int], side: int, rows_of: Rows) -> Array:
    """A picture area-averaged to at most `side` pixels on the long side.

    Exact for any ratio, in strips so that memory is bounded.

    Parameters
    ----------
    size
        Height and width of the picture.
    rows_of
        Its planes, 1 … 4.

    Returns
    -------
    (rows, columns, planes) float32.
    """
    import cv2

    height, width = size
    shrink = min(1.0, side / max(height, width))
    rows, columns = max(1, round(height * shrink)), max(1, round(width * shrink))
    lines = height / rows  # of the picture in one of the view
    # of a narrow picture fewer: their shares of its rows are a matrix of group² x lines
    group = max(1, min(int(STRIP / (width * lines)), int((STRIP / lines) ** 0.5)))
    most = max(1, 2 * STRIP // width)
    strips = []
    for first in range(0, rows, group):
        last = min(first + group, rows)
        edges = np.minimum(np.arange(first, last + 1) * lines, height)
        top, bottom = int(edges[0]), min(math.ceil(edges[-1]), height)
        starts = range(top, bottom, most)
        pieces = (_lines(rows_of, start, min(start + most, bottom), edges) for start in starts)
        strip = functools.reduce(np.add, pieces)
        if columns < width:
            strip = cv2.resize(strip, (columns, len(strip)), interpolation=cv2.INTER_AREA)
        strips.append(strip.reshape(last - first, columns, -1))
    return np.concatenate(strips)


def _lines(rows_of: Rows, start: int, stop: int, edges: Array) -> Array:
    """(n, width, planes) the share of some rows in the means between n + 1 row `edges`."""
    pixels = rows_of(start, stop)
    if stop - start == len(edges) - 1 == edges[-1] - edges[0]:  # row by row
        return pixels
    line, end, begin = np.arange(start, stop), edges[1:, None], edges[:-1, None]
    share = np.minimum(line + 1, end) - np.maximum(line, begin)
    share = (share.clip(0) / (end - begin)).astype(np.float32)
    return (share @ pixels.reshape(stop - start, -1)).reshape(-1, *pixels.shape[1:])


def filled(view: Array, weight: Array) -> Array:
    """Turn sums (rows, columns, planes) of weights (rows, columns) into averages, in place.

    Where the weight is 0, use the nearest average.
    """
    from scipy.ndimage import distance_transform_edt

    seen = weight > 0
    if not seen.any():
        return view
    means = view / np.where(seen, weight, 1)[..., None]
    rows, columns = distance_transform_edt(~seen, return_distances=False, return_indices=True)
    return means[rows, columns]
