"""Thin objects that are not scratches: wires, masts, lattice towers, whiskers, twigs.

None is an isolated single line, which could be a scratch as well.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color

Stroke = tuple[NDArray[np.float64], float, float]
"""(k, 2) points x, y in pixels, and how wide the first and the last of them is."""
FINE = 4
"""Supersampling of the objects drawn."""


def thin_object(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """The photo (h, w, c) with one object added, as sharp and grainy as the photo.

    Of one tone, light or dark or one of the photo's own, opaque; half a pixel to three wide at a
    short side of 512 pixels, and of that size in smaller photos.
    """
    height, width = photo.shape[:2]
    strokes = list(KINDS[rng.integers(len(KINDS))](np.array([width, height], float), rng))
    cover = _drawn((height, width), strokes)
    blur = rng.uniform(0.3, 0.7) * max(1, min(height, width) / 512)
    cover = cv2.GaussianBlur(cover, (0, 0), blur)[..., None]
    drawn = rng.random()
    own = photo[rng.integers(height), rng.integers(width)]
    channels = photo.shape[2]
    tone = own if drawn < 0.3 else np.full(channels, rng.uniform(0.6, 1) if drawn < 0.65 else 0.0)
    tone = tone + rng.normal(0, 0.04, 3)[:channels] + rng.uniform(0, 0.25) * (drawn >= 0.65)
    tone = tone.clip(0, 1)
    top, bottom = rng.uniform(0.8, 1.1, 2)
    light = np.linspace(top, bottom, height)[:, None, None]
    grain = _grain(photo) * rng.standard_normal((height, width, 1))
    shown = (tone * light + grain).clip(0, 1)
    return (photo + cover * (shown - photo)).astype(np.float32)


def _grain(photo: color.Array) -> float:
    """How grainy the calmer half of a photo is: standard deviation of encoded values."""
    fine = photo.mean(2) - cv2.GaussianBlur(photo.mean(2), (0, 0), 1.5)
    local = cv2.blur(fine * fine, (9, 9))
    return float(np.sqrt(np.quantile(local, 0.4)))


def _drawn(size: tuple[int, int], strokes: list[Stroke]) -> color.Array:
    """(h, w) how much of each pixel the strokes cover, 0 … 1."""
    height, width = size
    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    for points, first, last in strokes:
        where = np.rint(points * FINE * 16).astype(np.int32)
        for number, thick in enumerate(np.linspace(first, last, len(points) - 1) * FINE):
            ends = where[number : number + 2]
            cv2.polylines(fine, [ends], False, 255, max(1, round(thick)), cv2.LINE_AA, 4)
    small = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)


def _thick(size: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Half a pixel to three; a few are wider."""
    return float(rng.uniform(0.4, 2) ** rng.choice([1, 1.5]) * max(0.8, size.min() / 512))


def _curve(
    start: NDArray[np.float64], stop: NDArray[np.float64], bow: float
) -> NDArray[np.float64]:
    """(17, 2) points from start to stop, beside the chord by `bow` of its length."""
    t = np.linspace(0, 1, 17)[:, None]
    chord = stop - start
    return start + t * chord + 4 * bow * t * (1 - t) * np.array([-chord[1], chord[0]])


def _wires(size: NDArray[np.float64], rng: np.random.Generator) -> Iterator[Stroke]:
    """Wires from side to side, parallel or converging, hardly sagging; and uprights the same."""
    upright = rng.random() < 0.35
    count = int(rng.choice([2, 2, 3, 4, 5, 6]))
    thick, sag = _thick(size, rng), rng.choice([0, 1]) * rng.uniform(0, 0.04)
    middles = rng.uniform(0, 1, 2)
    gap = rng.uniform(0.02, 0.12) * rng.uniform(0.2, 1.6, 2)  # one end narrower
    ends = np.array([[-0.05, 1.05], rng.uniform([0, 0.5], [0.4, 1.05])][rng.integers(2)])
    for number in range(count):
        across = middles + gap * number
        points = np.stack([across, ends] if upright else [ends, across], 1) * size
        yield _curve(points[0], points[1], sag), thick, thick


def _mast(size: NDArray[np.float64], rng: np.random.Generator) -> Iterator[Stroke]:
    """A pole from a foot to its top, with stays, yards or a gaff, or with none; or a few such."""
    base = rng.uniform(0.4, 1.02)
    for _ in range(rng.choice([1, 1, 2, 3])):
        foot = np.array([rng.uniform(0.05, 0.95), base]) * size
        length = rng.uniform(0.2, 0.9) * foot[1]
        top = foot + length * np.array([rng.normal(0, 0.05), -1])
        thick = _thick(size, rng)
        yield np.stack([foot, top]), thick, thick * rng.uniform(0.4, 1)
        stays, yards = rng.choice([0, 0, 1, 2, 4]), rng.choice([0, 0, 1, 2])
        if stays + yards == 0 or rng.random() < 0.5:  # what it stands on
            wide, high = rng.uniform(0.02, 0.3) * size[0], 0.06 * size[1]
            ends = np.array([[-wide, high / 2], [wide, high / 2]])
            yield foot + ends, high, high
        for _ in range(stays):  # stays and rigging
            side = foot + length * np.array([rng.normal(0, 0.4), 0])
            at = foot + (top - foot) * rng.uniform(0.5, 1)
            yield _curve(at, side, rng.normal(0, 0.01)), 0.5 * thick, 0.5 * thick
        for _ in range(yards):  # yards
            at = foot + (top - foot) * rng.uniform(0.4, 1)
            arm = np.array([rng.uniform(0.03, 0.25) * length, rng.normal(0, 0.02) * length])
            yield np.stack([at - arm, at + arm]), 0.7 * thick, 0.7 * thick


def _lattice(size: NDArray[np.float64], rng: np.random.Generator) -> Iterator[Stroke]:
    """A tower of two to four legs with bracing, seen from the front, and its antenna."""
    foot = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.5, 1.1)]) * size
    length = rng.uniform(0.3, 0.95) * foot[1]
    below = rng.uniform(0.02, 0.15) * length
    above = below * rng.uniform(0.05, 1)
    thick, brace = _thick(size, rng), rng.uniform(0.3, 0.9)
    levels = 1 - (1 - np.linspace(0, 1, rng.integers(4, 24))) ** rng.uniform(1, 1.6)
    legs = np.linspace(-1, 1, rng.choice([2, 2, 3, 4]))
    points = np.stack(
        [
            foot + np.stack([leg * (below + (above - below) * levels), -length * levels], 1)
            for leg in legs
        ]
    )
    for leg in points:
        yield leg[[0, -1]], thick, thick
    ways = rng.random(3) < (0.7, 0.7, 0.6)
    for low in range(len(levels) - 1):
        left, right = points[0], points[-1]
        if ways[0] or not ways[1]:
            yield np.stack([left[low], right[low + 1]]), brace * thick, brace * thick
        if ways[1]:
            yield np.stack([right[low], left[low + 1]]), brace * thick, brace * thick
        if ways[2]:
            yield np.stack([left[low], right[low]]), brace * thick, brace * thick
    if rng.random() < 0.5:
        top = foot - [0, length]
        yield np.stack([top, top - [0, rng.uniform(0.05, 0.3) * length]]), thick, 0.6 * thick


def _whiskers(size: NDArray[np.float64], rng: np.random.Generator) -> Iterator[Stroke]:
    """Hairs that fan out of one place, bent a little, thin at their tips."""
    root, unit = rng.uniform(0.1, 0.9, 2) * size, size.min()
    middle, fan = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.7)
    bow, thick = rng.normal(0, 0.06), _thick(size, rng)
    for _ in range(rng.integers(2, 9)):
        angle = middle + fan * rng.normal()
        length = rng.uniform(0.08, 0.45) * unit
        start = root + rng.normal(0, 0.02, 2) * unit
        stop = start + length * np.array([np.cos(angle), np.sin(angle)])
        yield _curve(start, stop, bow + rng.normal(0, 0.02)), thick, 0.3 * thick


def _twigs(size: NDArray[np.float64], rng: np.random.Generator) -> Iterator[Stroke]:
    """Stems or blades from one side, nearly straight, and what branches off them."""
    unit, thick = size.min(), 1.3 * _thick(size, rng)
    middle, side = rng.normal(-np.pi / 2, 0.5), rng.choice([0.0, 0.3, 0.9])
    spread = rng.uniform(0.05, 0.4)
    for _ in range(rng.integers(1 if side else 3, 9)):
        angle = middle + spread * rng.normal()
        foot = np.array([rng.uniform(0, 1), rng.uniform(0.5, 1.05)]) * size
        length = rng.uniform(0.15, 0.8) * unit
        stop = foot + length * np.array([np.cos(angle), np.sin(angle)])
        stem = _curve(foot, stop, rng.normal(0, 0.03))
        yield stem, thick, 0.5 * thick
        for at in stem[3::3]:
            if rng.random() < side:
                turned = angle + rng.choice([-1, 1]) * rng.uniform(0.3, 1)
                way = np.array([np.cos(turned), np.sin(turned)])
                tip = at + rng.uniform(0.1, 0.4) * length * way
                yield _curve(at, tip, rng.normal(0, 0.04)), 0.6 * thick, 0.3 * thick


KINDS = (_wires, _mast, _lattice, _lattice, _whiskers, _twigs)
