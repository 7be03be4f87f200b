"""Find thin straight scratches and small specks in a picture of about a megapixel."""

from __future__ import annotations

from itertools import compress

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.scratches.judged import (
    AWAY,
    SLIM,
    WIDEST,
    belongs,
    cover,
    in_pattern,
    straightened,
)
from restore.analysis.scratches.lines import linked, pieces
from restore.analysis.scratches.odds import odds

Mask = NDArray[np.uint8]

WIDTH = 2
"""Largest width in pixels of the defects searched for."""

NEAR = 16
"""Pixels around a speck in which it is compared with other spots."""
FEW = 4
"""Spots, itself among them, that may be as high as a speck near it."""
OPAQUE = 0.6
"""Share of the way to white or black that dust reaches."""


def scratches(grey: color.Array, threshold: float, least: float, wide: float) -> color.Array:
    """How much scratches cover: (h, w), of their middle, 0 … 1.

    Lines are found and linked (`lines`); those along edges, in patterns of many (`judged`) or like
    thin objects (`odds`), and all that is on such a line, belong to the photo. Lines wider than
    `WIDTH` are searched for again in the halved picture.

    Parameters
    ----------
    grey
        (h, w) encoded brightness.
    threshold
        How sure a line must be, in spreads of its surroundings summed over 16 pixels each.
    least
        Least log odds of being a scratch rather than an object.
    wide
        The widest scratch in pixels.
    """
    import cv2

    height, width = grey.shape
    upright, lying = np.zeros((height, width), np.float32), np.zeros((width, height), np.float32)
    own, own_lying = np.zeros((height, width), np.uint8), np.zeros((width, height), np.uint8)
    while True:
        pairs = (upright, own, grey), (lying, own_lying, np.ascontiguousarray(grey.T))
        for covered, taken, picture in pairs:
            known = cv2.dilate(taken | (covered > 0), np.ones((3, 3), np.uint8))
            small = cv2.resize(known, picture.shape[::-1], interpolation=cv2.INTER_NEAREST)
            part = _upright(picture, threshold, least, small)
            part = cv2.resize(part, taken.shape[::-1], interpolation=cv2.INTER_LINEAR)
            np.maximum(covered, part, out=covered)
            taken |= cv2.resize(small, taken.shape[::-1], interpolation=cv2.INTER_NEAREST)
        if wide <= 1.25 * WIDTH or min(grey.shape) <= 2:
            return np.maximum(upright, lying.T)
        wide /= 2
        grey = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _upright(grey: color.Array, threshold: float, least: float, own: Mask) -> color.Array:
    """(h, w) cover of scratches within 45 degrees of upright; adds lines of the photo to `own`."""
    import cv2

    lines = linked(pieces(grey, threshold), len(grey))
    strips = [straightened(grey, line) for line in lines]
    many = in_pattern(lines, min(grey.shape))
    good = np.array([not m and not belongs(s) for s, m in zip(strips, many, strict=True)], bool)
    good[good] = odds(grey, list(compress(strips, good)), lines) > least
    for strip in compress(strips, ~good):
        own[strip.line.row, strip.line.column.clip(0, grey.shape[1] - 1)] = 1
    beside = cv2.dilate(own, np.ones((1, 7), np.uint8))
    covered = np.zeros_like(grey)
    for strip in compress(strips, good):
        row, middle = strip.line.row, strip.line.column
        if beside[row, middle.clip(0, grey.shape[1] - 1)].mean() < 0.4:
            share = cover(strip)
            wide = np.median((share > 0.35).sum(1))
            if wide > max(WIDEST, len(row) / SLIM):
                continue
            number, away = np.nonzero(share)
            column = (middle[number] + AWAY[away]).clip(0, grey.shape[1] - 1)
            np.maximum.at(covered, (row[number], column), share[number, away])
    return covered


def specks(grey: color.Array, threshold: float, wide: float) -> Mask:
    """Where bright and dark specks are: (h, w, 2) masks of 0 and 1.

    A speck has no room for a short line in any of four directions. It stands out by `threshold`
    from the unrest of its surroundings, which excludes highlights at edges, and from the highest of
    the photo's own spots there, which excludes grass; and it is opaque: one that reaches half of
    the way to black or white or less counts in proportion. It is at most twice as wide as a
    scratch: `wide` pixels.
    """
    size = 2 * int(wide) + 3
    return np.dstack([_specks(picture, threshold, size) for picture in (grey, 1 - grey)])


def _specks(grey: color.Array, threshold: float, size: int) -> Mask:
    """(h, w) bright specks that no line of `size` pixels fits into."""
    import cv2

    def mean(values: color.Array, side: int) -> color.Array:
        return cv2.blur(values, (side, side))

    lines = [np.eye(size, dtype=np.uint8), np.eye(size, dtype=np.uint8)[::-1].copy()]
    lines += [np.ones((1, size), np.uint8), np.ones((size, 1), np.uint8)]
    without = cv2.morphologyEx(grey, cv2.MORPH_OPEN, lines[0])
    for line in lines[1:]:
        np.maximum(without, cv2.morphologyEx(grey, cv2.MORPH_OPEN, line), out=without)
    rise = grey - without
    unrest = np.sqrt(
        np.maximum(mean(without * without, size + 2) - mean(without, size + 2) ** 2, 0)
    )
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
