"""Decide which lines of a picture are scratches and which belong to it; measure their width."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.scratches.lines import Line

REACH = 14
"""Pixels examined on each side of a line."""
AWAY = np.arange(-REACH, REACH + 1)
"""(2 REACH + 1,) their distances from the line in pixels."""
BESIDE = 0.42
"""How much of a line's own edges an edge beside it may reach before both are one object."""
UNLIKE = 0.65
"""Difference of the unrest on both sides, of their sum, that makes a line an outline."""
UNREST = 0.1
"""Mean step from pixel to pixel, of a line's own, that is unrest."""
WIDEST, SLIM = 4, 40
"""Pixels that a scratch is wide, with its flanks, if it is not `SLIM` times as long."""
BENT = 0.032
"""How far a grey line may leave a straight one, of its length; twice as far if it is opaque."""
COMPANY = 2.5
"""Lines of one direction within a sixth of the short side that make a pattern."""


@dataclass(frozen=True, eq=False)
class Strip:
    """A line and its surroundings, straightened.

    Attributes
    ----------
    line
        The line, centred on the ridge.
    height
        (n, 2 REACH + 1) brightness, of a dark line negative: the line is a ridge.
    edges
        (n, 2 REACH - 1) slopes across the line in spreads of its surroundings, within -2 … 2.
    spread
        (n,) ordinary difference of pixels two apart.
    """

    line: Line
    height: color.Array
    edges: color.Array
    spread: color.Array


def straightened(grey: color.Array, line: Line) -> Strip:
    """The strip of a line, centred."""
    import cv2

    sign = np.float32(-1 if line.dark else 1)

    def taken(column: NDArray[np.intp]) -> color.Array:
        inside = (column[:, None] + AWAY).clip(0, grey.shape[1] - 1)
        return sign * grey[line.row[:, None], inside]

    def smooth(values: color.Array) -> color.Array:
        return cv2.blur(values, (1, 15), borderType=cv2.BORDER_REPLICATE)

    mean = smooth(taken(line.column))
    ridge = mean[:, 3:-3] - np.maximum(mean[:, :-6], mean[:, 6:])
    middle = REACH - 3
    off = ridge[:, middle - 2 : middle + 3].argmax(1) - 2
    off = smooth(off[:, None].astype(np.float32))[:, 0].round().astype(np.intp)
    line = replace(line, column=line.column + off)
    height = taken(line.column)
    slope = height[:, 2:] - height[:, :-2]
    spread = smooth(np.median(np.abs(slope), 1)[:, None])[:, 0]
    edges = np.clip(slope / (2 * spread[:, None] + np.float32(0.01)), -2, 2)
    return Strip(line, height, edges, spread)


def belongs(strip: Strip) -> bool:
    """Whether the line is part of the photo.

    It is if edges run along it (the other edge of a leg, a post, a joint: a scratch crosses its
    surroundings), if one side is calm and the other is not, or the sides differ (it is an outline),
    or if it bends like a whisker, all the more if it is as grey.
    """
    mean = strip.edges.mean(0)
    away = AWAY[1:-1]
    own = min(mean[(away >= -3) & (away <= 0)].max(), -mean[(away >= 0) & (away <= 3)].min())
    near = np.abs(mean[(np.abs(away) >= 5) & (np.abs(away) <= 12)]).max()
    chance = 1.5 / np.sqrt(len(strip.edges))  # of edges there by accident
    if near - chance > BESIDE * own:
        return True
    one, other = (
        np.median(strip.height[:, (place >= 4) & (place <= 9)], 1) for place in (-AWAY, AWAY)
    )
    rise = max(float(np.median(strip.height[:, REACH] - (one + other) / 2)), 1e-3)
    if abs(np.median(one - other)) > 0.5 * rise:
        return True
    unrest = np.minimum(np.abs(np.diff(strip.height, axis=1)) / rise, 1).mean(0)
    left, right = unrest[: REACH - 4].mean(), unrest[REACH + 4 :].mean()
    if abs(left - right) > UNLIKE * (left + right) and max(left, right) > UNREST:
        return True
    row = strip.line.row - strip.line.row.mean()
    column = strip.line.column - strip.line.column.mean()
    off = column - row * (row @ column) / max(float(row @ row), 1)
    room = (0 if strip.line.dark else 1) - np.median((one + other) / 2)  # up to black or white
    bent = BENT if rise < 0.35 * room else 2 * BENT
    return bool(np.abs(off).max() > max(bent * len(row), 2))


def in_pattern(lines: list[Line], short_side: int) -> list[bool]:
    """For each line, whether it is part of a pattern: bricks, fences, stripes."""
    first = np.array([line.row[0] for line in lines])
    last = np.array([line.row[-1] for line in lines])
    dark = np.array([line.dark for line in lines])
    result = []
    for line in lines:
        shared = np.minimum(last, line.row[-1]) - np.maximum(first, line.row[0])
        company = 0.0
        seen: list[int] = []
        slope = (line.column[-1] - line.column[0]) / max(len(line.row) - 1, 1)
        alike = dark == line.dark
        for number in np.flatnonzero(alike & (shared > 0.3 * len(line.row))):
            other = lines[number]
            middle = (max(first[number], line.row[0]) + min(last[number], line.row[-1])) // 2
            apart = other.column[middle - first[number]] - line.column[middle - line.row[0]]
            lean = (other.column[-1] - other.column[0]) / max(len(other.row) - 1, 1)
            beside = 4 < abs(apart) < short_side / 6 and abs(lean - slope) < 0.15
            if beside and all(abs(apart - gap) > 4 for gap in seen):
                seen.append(int(apart))
                company += shared[number] / len(line.row)
        result.append(company >= COMPANY)
    return result


def cover(strip: Strip) -> color.Array:
    """(n, 2 REACH + 1) cover of a strip by the scratch, relative to its middle: 0 … 1."""
    import cv2

    left, right = (
        np.median(strip.height[:, (place >= 5) & (place <= 9)], 1)[:, None]
        for place in (-AWAY, AWAY)
    )
    ground = np.where(AWAY < 0, left, np.where(AWAY > 0, right, np.maximum(left, right)))
    rise = cv2.blur(strip.height - ground, (1, 9), borderType=cv2.BORDER_REPLICATE)
    top = rise[:, REACH - 1 : REACH + 2].max(1)
    chance = 0.35 * strip.spread + np.float32(0.004)
    there = rise > np.maximum(0.15 * top, chance)[:, None]
    there[:, REACH] = top > chance
    for way in (1, -1):  # outward, without a break
        for step in range(1, REACH + 1):
            place = REACH + way * step
            there[:, place] &= there[:, place - way] & (step <= 4)
        wide = there[:, REACH::way].sum(1)
        usual = np.percentile(wide[wide > 0], 60) if wide.any() else 0
        there[:, way * AWAY >= usual + 1] = False  # beyond that is another object
    share = np.clip(rise / np.maximum(top, chance)[:, None], 0.15, 1) * there
    share[:, REACH] = there[:, REACH]
    whole = cv2.morphologyEx(share.astype(np.float32), cv2.MORPH_CLOSE, np.ones((15, 1)))
    return cv2.dilate(whole, np.ones((3, 1)))  # where the middle moves on, too
