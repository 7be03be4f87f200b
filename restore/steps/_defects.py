"""Find thin straight scratches and small specks in a picture of about a megapixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color

Mask = NDArray[np.uint8]

WIDTH = 2
"""Pixels that the defects looked for are wide, or less."""
LENGTH = 41
"""Pixels over which a scratch must be straight and unbroken to be seen."""
ANGLES = 24
"""Directions in which scratches are looked for: a pixel apart at the ends of `LENGTH`."""
AROUND = 25
"""Side of the square in which a ridge must stand out from other ridges of its direction."""
FLOOR = 0.006
"""Contrast that always counts as ordinary, of encoded values: noise of a good scan."""


def scratches(grey: color.Array, threshold: float) -> tuple[Mask, Mask]:
    """Where bright and dark scratches are: two (h, w) masks of 0 and 1.

    In each direction the picture is averaged along `LENGTH` pixels. A scratch is brighter (darker)
    than the averages on both its sides, so edges are none; it stands out by `threshold` times from
    the ridges of the same direction around it, so strands of hair are none; and three quarters of
    its pixels do so by themselves, so rows of spots are none. It goes on where it is fainter.

    Parameters
    ----------
    grey
        (h, w) encoded brightness.
    """
    found = np.zeros(grey.shape, np.uint8), np.zeros(grey.shape, np.uint8)
    for angle in np.arange(ANGLES) * (np.pi / ANGLES):
        _along(grey, threshold, angle, found)
    return found


def _along(grey: color.Array, threshold: float, angle: float, found: tuple[Mask, Mask]) -> None:
    """Add the scratches of one direction to the masks."""
    import cv2

    across, down = np.cos(angle), np.sin(angle)
    offset = round((WIDTH + 1) * across), round(-(WIDTH + 1) * down)
    line = _line(angle)
    mean = _mean(grey, line)
    low, high, spread = _beside(mean, *offset)
    usual = np.minimum(spread, 1.5 * cv2.blur(spread, (AROUND, AROUND)))
    limit = threshold * (cv2.blur(usual, (AROUND, AROUND)) + np.float32(FLOOR))
    sides: tuple[color.Array, color.Array] | None = None
    for mask, sign, contrast in ((found[0], 1, mean - high), (found[1], -1, low - mean)):
        core = contrast > limit
        if not core.any():
            continue
        if sides is None:
            sides = _beside(grey, *offset)[:2]
        own = grey - sides[1] if sign > 0 else sides[0] - grey
        share = _mean((own > 0.4 * contrast).astype(np.float32), line)
        core &= share > 0.75
        near = cv2.dilate(core.astype(np.uint8), line, iterations=2) > 0
        core |= near & (contrast > 0.4 * limit) & (share > 0.6)
        level = cv2.dilate(np.where(core, contrast, 0), line)
        mask |= ((level > 0) & (own > 0.3 * level)).astype(np.uint8)


def _line(angle: float) -> Mask:
    """A line of `LENGTH` pixels through the middle of a square, one in every row or column."""
    reach = LENGTH // 2
    step = np.array([np.sin(angle), np.cos(angle)])
    steps = np.arange(-reach, reach + 1)[:, None] * (step / np.abs(step).max())
    square = np.zeros((LENGTH, LENGTH), np.uint8)
    square[tuple(np.round(steps).astype(int).T + reach)] = 1
    return square


def _mean(picture: color.Array, line: Mask) -> color.Array:
    """The average along a line around every pixel; at the edges the picture goes on as it ends."""
    import cv2

    height, width = picture.shape
    reach = LENGTH // 2
    wide = cv2.copyMakeBorder(picture, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    total = np.zeros_like(picture)
    for row, column in np.argwhere(line):
        total += wide[row : row + height, column : column + width]
    total *= np.float32(1 / LENGTH)
    return total


def _beside(
    picture: color.Array, down: int, right: int
) -> tuple[color.Array, color.Array, color.Array]:
    """The lower and the higher of the values on both sides, and the distance to their mean."""
    import cv2

    height, width = picture.shape
    margin = max(abs(down), abs(right))
    wide = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_REPLICATE)

    def moved(sign: int) -> color.Array:
        top, left = margin + sign * down, margin + sign * right
        return wide[top : top + height, left : left + width]

    one, other = moved(1), moved(-1)
    return np.minimum(one, other), np.maximum(one, other), np.abs(picture - (one + other) / 2)


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
