"""Dust that lives for one frame: what neither neighbour of a frame shows, moved to its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore.analysis.motion.flow import Codes, Flows, moved, plane, pulled
from restore.color import Array

NOISE = 3.5
"""Standard deviations of the difference of two frames by which dust must stand out."""
LEAST = 10.0
"""Least difference in 8-bit codes."""
EDGE = 0.45
"""Share of the threshold down to which the rim of a speck belongs to it."""
LARGEST = 0.035
"""Largest speck: its longer side, as a share of the frame's short side (hairs may be 6 times as
long)."""
NEAR = 11
"""Side in pixels of the squares in which the neighbours must show the same."""
MISSED, AROUND = 4.0, 31
"""Codes by which dust must stand out more for each code by which a square of `AROUND` pixels is
missed by a neighbour beyond noise: motion is not understood there."""
SAME = 0.35
"""Difference from a place nearby in both neighbours, as a share of the speck's contrast, under
which it is a thing that moves."""
SEARCHED = 4.0
"""How far around a speck that is looked for, in sides of the speck."""
SWERVE = 0.3
"""How far, as a share of its way, such a thing may be from a straight and even course."""
MANY = 0.01
"""Share of a frame from which the differences are no dust: a flash, a cut, motion lost."""


@dataclass(frozen=True, eq=False)
class Look:
    """A frame as specks are looked for in it: full size and small.

    Attributes
    ----------
    codes
        (height, width) uint8 encoded grey.
    small
        What motion is measured on.
    """

    codes: Codes
    small: Codes

    @classmethod
    def at(cls, grey: Array, lightness: Array) -> Look:
        """Of encoded grey (height, width) 0 … 1, and the L* of the proxy."""
        return cls((grey.clip(0, 1) * 255 + 0.5).astype(np.uint8), plane(lightness))


@dataclass(frozen=True, eq=False)
class Specks:
    """The specks of a frame.

    Attributes
    ----------
    weight
        (height, width) uint8, 0 … 255: how much of a pixel is dust.
    places
        (height, width, 2) where the nearer neighbour shows each pixel.
    brighter
        (height, width) what must be added to that neighbour's codes: film flickers.
    """

    weight: Codes
    places: Array
    brighter: Array


def specks(flows: Flows, now: Look, near: Look, other: Look, factor: float) -> Specks | None:
    """What `now` shows and neither neighbour does; None if there is nothing.

    Parameters
    ----------
    near, other
        Two neighbours; the gaps are filled from `near`.
    factor
        On the thresholds: under 1 finds fainter specks.
    """
    import cv2

    short = min(now.codes.shape)
    found = [_moved(flows, now, neighbour) for neighbour in (near, other)]
    sides = np.ones((3, 3), np.uint8)
    noise = max(f.noise for f in found)
    least = factor * max(LEAST, NOISE * noise)
    over = np.minimum(
        *(cv2.subtract(now.codes, cv2.dilate(f.codes, sides)).astype(np.int16) for f in found)
    )
    under = np.minimum(
        *(cv2.subtract(cv2.erode(f.codes, sides), now.codes).astype(np.int16) for f in found)
    )
    off = np.maximum(over, under)
    apart = cv2.blur(cv2.absdiff(found[0].codes, found[1].codes), (NEAR, NEAR))
    off[apart > noise + 0.5 * least] = 0
    for neighbour in found:
        off[_outside(neighbour.places)] = 0
    missed = np.maximum(*(cv2.absdiff(now.codes, f.codes) for f in found))
    missed = np.minimum(missed, np.uint8(min(3 * noise + 12, 255))).astype(np.float32)
    excess = cv2.blur(missed, (AROUND, AROUND)) - np.float32(noise)
    off = off - np.float32(MISSED) * np.maximum(excess, 0)
    seeds = off > least
    if not seeds.any() or seeds.mean() > MANY:
        return None
    mask = _grown(off > EDGE * least, seeds, short)
    _keep_moving(mask, off, now, near, other)
    if not mask.any():
        return None
    rim = max(1, round(short / 700))
    wide = cv2.dilate(mask, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))
    soft = cv2.GaussianBlur(wide * np.uint8(255), (0, 0), 0.6 * rim)
    soft[mask > 0] = 255
    return Specks(soft, found[0].places, found[0].brighter)


@dataclass(frozen=True, eq=False)
class _Neighbour:
    """A neighbour moved to the frame, as bright as that, and its noise against it in codes."""

    codes: Codes
    places: Array
    brighter: Array
    noise: float


def _moved(flows: Flows, now: Look, other: Look) -> _Neighbour:
    import cv2

    back = flows(now.small, other.small)
    (height, width), (tall, wide) = now.small.shape, now.codes.shape
    scale = np.array([wide / width, tall / height], np.float32)
    places = moved(cv2.resize(back, (wide, tall), interpolation=cv2.INTER_LINEAR) * scale)
    codes = pulled(other.codes, places)
    apart = cv2.subtract(now.codes, codes, dtype=cv2.CV_16S).astype(np.float32).clip(-24, 24)
    coarse = cv2.resize(apart, (16, 12), interpolation=cv2.INTER_AREA)
    brighter = cv2.resize(coarse, (wide, tall), interpolation=cv2.INTER_LINEAR)
    codes = (codes + brighter + np.float32(0.5)).clip(0, 255).astype(np.uint8)
    sample = cv2.absdiff(now.codes, codes)[::3, ::3]
    return _Neighbour(codes, places, brighter, 1.48 * float(np.median(sample)))


def _outside(places: Array) -> NDArray[np.bool_]:
    """(height, width) where places are not in the picture."""
    height, width = places.shape[:2]
    x, y = places[..., 0], places[..., 1]
    return (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)


def _grown(faint: NDArray[np.bool_], seeds: NDArray[np.bool_], short: int) -> Codes:
    """(height, width) 1 in the faint regions that hold a seed and are no larger than specks."""
    import cv2

    count, part, stats, _ = cv2.connectedComponentsWithStats(faint.astype(np.uint8), None, 8)
    held = np.bincount(part[seeds], minlength=count) > 0
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    most = max(6.0, LARGEST * short)
    thin = stats[:, cv2.CC_STAT_AREA] / sides.max(1) <= most / 3
    held &= (sides.max(1) <= most) | (thin & (sides.max(1) <= 6 * most))
    held[0] = False
    return held[part].astype(np.uint8)


def _keep_moving(mask: Codes, off: Array, now: Look, near: Look, other: Look) -> None:
    """Take things out of the mask that only moved fast: a ball, a bird, a hand.

    Both neighbours show them, at places on a straight line.
    """
    import cv2

    count, part, stats, _ = cv2.connectedComponentsWithStats(mask, None, 8)
    for number in range(1, count):
        left, top, width, height, _ = stats[number]
        box = slice(top, top + height), slice(left, left + width)
        own = part[box] == number
        contrast = float(off[box][own].mean())
        reach = round(SEARCHED * max(width, height, 4))
        ways = [_way(now, look, box, reach, SAME * contrast) for look in (near, other)]
        if ways[0] is None or ways[1] is None:
            continue
        long = float(np.hypot(*ways[0]))
        if long and np.hypot(*(ways[0] + ways[1])) <= 2 + SWERVE * long:
            mask[box][own] = 0


def _way(now: Look, look: Look, box: tuple[slice, slice], reach: int, most: float) -> Array | None:
    """(2,) pixels right and down to what resembles a box of the frame in a neighbour, if any."""
    import cv2

    def grown(margin: int) -> tuple[slice, slice]:
        rows, columns = box
        return (
            slice(max(rows.start - margin, 0), rows.stop + margin),
            slice(max(columns.start - margin, 0), columns.stop + margin),
        )

    inner, outer = grown(2), grown(2 + reach)
    own, there = now.codes[inner], look.codes[outer]
    off = cv2.matchTemplate(there, own, cv2.TM_SQDIFF)
    least, _, (x, y), _ = cv2.minMaxLoc(off)
    if (max(least, 0) / own.size) ** 0.5 > most:
        return None
    return np.array(
        [outer[1].start + x - inner[1].start, outer[0].start + y - inner[0].start], np.float32
    )
