"""Find thin straight scratches and small specks in a picture of about a megapixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.steps._judged import AWAY, belongs, in_pattern, outlined, straightened
from restore.steps._lines import linked, pieces

Mask = NDArray[np.uint8]

WIDTH = 2
"""Pixels that the defects looked for are wide, or less."""

NEAR = 16
"""Pixels around a speck in which it is compared with other spots."""
FEW = 4
"""Spots, itself among them, that may be as high as a speck near it."""
OPAQUE = 0.6
"""Share of the way to white or black that dust goes."""


def scratches(grey: color.Array, threshold: float) -> tuple[Mask, Mask]:
    """Where bright and dark scratches are: two (h, w) masks of 0 and 1.

    Lines are found and linked (`_lines`); those that edges go along with, and patterns of many,
    belong to the photo (`_judged`).

    Parameters
    ----------
    grey
        (h, w) encoded brightness.
    threshold
        How sure a line must be, in spreads of its surroundings summed over 16 pixels each.
    """
    upright = _upright(grey, threshold)
    lying = _upright(np.ascontiguousarray(grey.T), threshold)
    bright, dark = (one | other.T for one, other in zip(upright, lying, strict=True))
    return bright, dark


def _upright(grey: color.Array, threshold: float) -> tuple[Mask, Mask]:
    found = np.zeros(grey.shape, np.uint8), np.zeros(grey.shape, np.uint8)
    lines = linked(pieces(grey, threshold), len(grey))
    pattern = in_pattern(lines, min(grey.shape))
    for line in (line for line, many in zip(lines, pattern, strict=True) if not many):
        strip = straightened(grey, line)
        if not belongs(strip):
            number, away = np.nonzero(outlined(strip))
            column = (strip.line.column[number] + AWAY[away]).clip(0, grey.shape[1] - 1)
            found[line.dark][line.row[number], column] = 1
    return found


def specks(grey: color.Array, threshold: float) -> tuple[Mask, Mask]:
    """Where bright and dark specks are: two (h, w) masks of 0 and 1.

    A speck is what no short line fits into, in any of four directions. It stands out by `threshold`
    from the unrest of its surroundings, so highlights in eyes are none, and from the highest of the
    photo's own spots there, so grass is none; and it is opaque: what goes half of the way to
    black or white or less counts by how far it goes.
    """
    return _specks(grey, threshold), _specks(1 - grey, threshold)


def _specks(grey: color.Array, threshold: float) -> Mask:
    """(h, w) bright specks."""
    import cv2

    def mean(values: color.Array, side: int) -> color.Array:
        return cv2.blur(values, (side, side))

    size = 2 * WIDTH + 3
    lines = [np.eye(size, dtype=np.uint8), np.eye(size, dtype=np.uint8)[::-1].copy()]
    lines += [np.ones((1, size), np.uint8), np.ones((size, 1), np.uint8)]
    without = cv2.morphologyEx(grey, cv2.MORPH_OPEN, lines[0])
    for line in lines[1:]:
        np.maximum(without, cv2.morphologyEx(grey, cv2.MORPH_OPEN, line), out=without)
    rise = grey - without
    unrest = np.sqrt(np.maximum(mean(without * without, 9) - mean(without, 9) ** 2, 0))
    usual = np.minimum(rise, 3 * mean(rise, 2 * NEAR - 1))
    others = np.sqrt(np.maximum(mean(usual * usual, 2 * NEAR - 1), 0))
    ordinary = unrest + 2 * others + np.float32(0.03)
    opaque = np.minimum(rise / np.maximum(1 - without, np.float32(0.03)), OPAQUE)
    spot = (rise >= cv2.dilate(rise, np.ones((5, 5), np.uint8))) & (rise > 0.06)
    spots = np.where(spot, rise, 0)
    core = np.zeros_like(rise)
    for row, column in np.argwhere(spot & (rise * opaque > threshold * ordinary)):
        rows, columns = (slice(max(place - NEAR, 0), place + NEAR + 1) for place in (row, column))
        around = spots[rows, columns]
        rank = max(around.size - FEW, 0)
        highest = np.partition(around, rank, None)[rank]
        height = rise[row, column]
        if height * opaque[row, column] > threshold * (ordinary[row, column] + highest):
            core[row, column] = height
    top = cv2.dilate(core, np.ones((size - 2, size - 2), np.uint8))
    return ((top > 0) & (rise > 0.35 * top)).astype(np.uint8)
