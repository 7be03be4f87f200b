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

    A speck is what no short line fits into, in any of four directions, and what stands out by
    `threshold` times from the unrest of its surroundings, so highlights in eyes are none.
    """
    import cv2

    size = 2 * WIDTH + 3
    lines = [np.eye(size, dtype=np.uint8), np.eye(size, dtype=np.uint8)[::-1].copy()]
    lines += [np.ones((1, size), np.uint8), np.ones((size, 1), np.uint8)]
    square = np.ones((size - 2, size - 2), np.uint8)

    def one(picture: color.Array) -> Mask:
        without = cv2.morphologyEx(picture, cv2.MORPH_OPEN, lines[0])
        for line in lines[1:]:
            np.maximum(without, cv2.morphologyEx(picture, cv2.MORPH_OPEN, line), out=without)
        rise = picture - without
        mean = cv2.blur(without, (9, 9))
        unrest = np.sqrt(np.maximum(cv2.blur(without * without, (9, 9)) - mean * mean, 0))
        others = cv2.blur(np.minimum(rise, 2 * cv2.blur(rise, (9, 9))), (9, 9))
        core = rise > threshold * (unrest + 2 * others + np.float32(0.02))
        top = cv2.dilate(np.where(core, rise, 0), square)
        return ((top > 0) & (rise > 0.35 * top)).astype(np.uint8)

    return one(grey), one(-grey)
