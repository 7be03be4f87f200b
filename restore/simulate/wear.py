"""Damage of old prints and films, drawn: scratches, creases, cracks, fibres, dust, spots, losses.

    for mark in marks((160, 160), rng):
        scan = mark.on(photo)           # (h, w, c); mark.kind says what it is

Sizes are in pixels: draw at the size at which the damage is to be detected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color

LINE, SPOT, LOSS = 1, 2, 3
"""Kinds of damage: long and thin, small, and areas where the picture is lost."""
FINE = 3
"""Supersampling of the marks drawn."""

Points = NDArray[np.float64]
Size = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Mark:
    """One mark, or several of the same kind.

    Attributes
    ----------
    cover
        (h, w) how much of each pixel it covers, 0 … 1.
    tone
        (h, w) what shows there, encoded 0 … 1.
    kind
        `LINE`, `SPOT` or `LOSS`.
    """

    cover: color.Array
    tone: color.Array
    kind: int

    def on(self, photo: color.Array) -> color.Array:
        """The photo (h, w, c) with the mark."""
        cover, tone = self.cover[..., None], self.tone[..., None]
        return (photo + cover * (tone - photo)).astype(np.float32)


def marks(
    size: Size, rng: np.random.Generator, kinds: tuple[str, ...] | None = None
) -> Iterator[Mark]:
    """Random damage of all kinds, or of those named in `KINDS`."""
    if kinds is None:
        chosen = rng.choice(list(KINDS), rng.integers(1, 5), p=_OFTEN)
        kinds = tuple(str(name) for name in chosen)
    for name in kinds:
        yield from KINDS[name](size, rng)


def jagged(start: Points, stop: Points, rough: float, rng: np.random.Generator) -> Points:
    """(2^k + 1, 2) points from start to stop, halved again and again and moved aside."""
    points = np.stack([start, stop])
    length = float(np.hypot(*(stop - start)))
    while len(points) < 65 and length / (len(points) - 1) > 2:
        step = np.diff(points, axis=0)
        aside = np.stack([-step[:, 1], step[:, 0]], 1)
        middle = (points[1:] + points[:-1]) / 2 + aside * rng.normal(0, rough, (len(step), 1))
        longer = np.empty((2 * len(points) - 1, 2))
        longer[::2], longer[1::2] = points, middle
        points = longer
    return points


def smooth_noise(size: Size, scale: float, rng: np.random.Generator) -> color.Array:
    """(h, w) noise of unit deviation, smooth over `scale` pixels."""
    coarse = max(1.0, scale / 2)
    small = rng.standard_normal(
        (int(size[0] / coarse) + 4, int(size[1] / coarse) + 4), dtype=np.float32
    )
    small = cv2.GaussianBlur(small, (0, 0), max(scale / coarse, 0.3))
    wide = cv2.resize(small, size[::-1], interpolation=cv2.INTER_LINEAR)
    return ((wide - wide.mean()) / max(float(wide.std()), 1e-6)).astype(np.float32)


def _strokes(size: Size, paths: list[tuple[Points, NDArray[np.float64]]]) -> color.Array:
    """(h, w) cover of paths, each (k, 2) points x, y and (k - 1,) widths."""
    height, width = size
    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    for points, widths in paths:
        where = np.rint(points * FINE * 16).astype(np.int32)
        thick = np.maximum(1, np.rint(widths * FINE)).astype(int)
        start = 0
        for stop in range(1, len(thick) + 1):  # pieces of one width together
            if stop == len(thick) or thick[stop] != thick[start]:
                piece = where[start : stop + 1]
                cv2.polylines(fine, [piece], False, 255, int(thick[start]), cv2.LINE_AA, 4)
                start = stop
    return cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA) / np.float32(255)


def _mark(
    cover: color.Array, kind: int, rng: np.random.Generator, even: float = 0.3, dark: float = 0.3
) -> Iterator[Mark]:
    """The cover as a mark with a tone, gaps and blur; some have a shadow beside them."""
    size = cover.shape[0], cover.shape[1]
    depth = rng.uniform(0.5, 1) ** 0.6
    if rng.random() >= even:
        uneven = smooth_noise(size, rng.choice([1, 2, 4, 9, 16]), rng)
        cover = cover * (1 + rng.uniform(0.1, 0.8) * uneven).clip(0, 1.2)
    blur = rng.uniform(0.25, 0.75) if rng.random() < 0.75 else rng.uniform(0.75, 1.5)
    cover = cv2.GaussianBlur((depth * cover).clip(0, 1), (0, 0), blur)
    is_dark = rng.random() < dark
    tone = np.float32(rng.uniform(0, 0.2) if is_dark else rng.uniform(0.75, 1.02))
    grainy = rng.uniform(0, 0.05) * rng.standard_normal(size, dtype=np.float32)
    if kind == LINE and rng.random() < 0.2:  # a fold throws a shadow
        down, right = rng.uniform(-2.2, 2.2, 2)
        shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
        shadow = cv2.GaussianBlur(cv2.warpAffine(cover, shift, size[::-1]), (0, 0), 0.7)
        other = np.full(size, 0.05 if not is_dark else 0.95, np.float32)
        yield Mark(rng.uniform(0.2, 0.6) * shadow, other, kind)
    yield Mark(cover.astype(np.float32), tone + grainy, kind)


def _scratches(size: Size, rng: np.random.Generator) -> Iterator[Mark]:
    """Thin lines, straight or bowed, alone or a few side by side, most of them upright."""
    height, width = size
    for _ in range(rng.integers(1, 4)):
        angle = rng.normal(np.pi / 2, 0.12) if rng.random() < 0.5 else rng.uniform(0, np.pi)
        way = np.array([np.cos(angle), np.sin(angle)])
        middle = rng.uniform(0, 1, 2) * (width, height)
        paths = []
        thick, half = rng.uniform(0.5, 2.4), rng.uniform(0.08, 1) * max(size)
        bow, wave = rng.normal(0, 0.03), rng.uniform(0, 0.6)
        for _ in range(rng.choice([1, 1, 1, 2, 4, 8])):
            t = np.linspace(-1, 1, 33)
            aside = bow * half * t**2 + wave * np.sin(t * rng.uniform(2, 12))
            points = middle + half * t[:, None] * way + aside[:, None] * np.array([-way[1], way[0]])
            taper = 1 - rng.choice([0, 0, 0.7]) * t[1:] ** 4
            paths.append((points, thick * taper * rng.uniform(0.6, 1.2)))
            middle = middle + rng.normal(0, 0.06 * max(size), 2)
        yield from _mark(_strokes(size, paths), LINE, rng)


def _crease(size: Size, rng: np.random.Generator) -> Iterator[Mark]:
    """A fold from side to side or into a corner: ragged, of uneven width, two pixels to twelve."""
    height, width = size
    paths = []
    for _ in range(rng.choice([1, 1, 2])):
        ends = rng.uniform(-0.2, 1.2, (2, 2)) * (width, height)
        points = jagged(ends[0], ends[1], rng.uniform(0.01, 0.1), rng)
        thick = rng.uniform(1.2, 4) * rng.choice([1, 1, 1.7, 2.5])
        uneven = np.exp(
            rng.uniform(0.1, 0.5) * np.convolve(rng.normal(0, 1, len(points) + 4), np.ones(4) / 2)
        )
        paths.append((points, thick * uneven[4 : 4 + len(points) - 1].clip(0.3, 1.6)))
    cover = _frayed(_strokes(size, paths), rng)
    yield from _mark(cover, LINE, rng, dark=0.15)


def _frayed(cover: color.Array, rng: np.random.Generator) -> color.Array:
    """The cover with ragged edges and flakes broken out."""
    size = cover.shape[0], cover.shape[1]
    soft = cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.8, 2.2))
    edge = soft + rng.uniform(0.05, 0.3) * smooth_noise(size, rng.uniform(0.8, 3), rng)
    return np.asarray(((edge - 0.35) * rng.uniform(3, 8)).clip(0, 1) * (soft > 0.04), np.float32)


def _branches(
    start: Points, angle: float, length: float, thick: float, rng: np.random.Generator, depth: int
) -> Iterator[tuple[Points, NDArray[np.float64]]]:
    """A crack and its branches, thinner each time."""
    stop = start + length * np.array([np.cos(angle), np.sin(angle)])
    points = jagged(start, stop, rng.uniform(0.05, 0.18), rng)
    taper = np.linspace(1, rng.uniform(0.2, 0.9), len(points) - 1)
    yield points, (thick * taper * np.exp(0.3 * rng.normal(0, 1, len(taper)))).clip(0.4, 12)
    if depth > 0:
        for place in rng.integers(0, len(points), rng.integers(1, 4)):
            turned = angle + rng.choice([-1, 1]) * rng.uniform(0.4, 1.4)
            shorter = length * rng.uniform(0.25, 0.7)
            yield from _branches(points[place], turned, shorter, 0.6 * thick, rng, depth - 1)


def _cracks(size: Size, rng: np.random.Generator) -> Iterator[Mark]:
    """A tree of cracks, or a net of them."""
    height, width = size
    if rng.random() < 0.6:
        start = rng.uniform(-0.1, 1.1, 2) * (width, height)
        length, thick = rng.uniform(0.3, 1.2) * max(size), rng.uniform(0.8, 3.5)
        paths = list(_branches(start, rng.uniform(0, 2 * np.pi), length, thick, rng, 2))
    else:
        paths = []
        net = cv2.Subdiv2D((-2 * width, -2 * height, 5 * width, 5 * height))
        for place in rng.uniform(-0.3, 1.3, (rng.integers(4, 40), 2)) * (width, height):
            net.insert((float(place[0]), float(place[1])))
        kept, thick = rng.uniform(0.2, 0.9), rng.uniform(0.5, 2)
        for facet in net.getVoronoiFacetList([])[0]:
            for one, other in zip(facet, np.roll(facet, 1, 0), strict=True):
                if rng.random() < kept / 2 and np.hypot(*(one - other)) < 2 * max(size):
                    ends = np.asarray(one, float), np.asarray(other, float)
                    points = jagged(*ends, rng.uniform(0.04, 0.15), rng)
                    widths = thick * np.exp(0.3 * rng.normal(0, 1, len(points) - 1))
                    paths.append((points, widths.clip(0.4, 6)))
    cover = _strokes(size, paths)
    if rng.random() < 0.4:
        cover = _frayed(cover, rng)
    yield from _mark(cover, LINE, rng, dark=0.25)


def _fibres(size: Size, rng: np.random.Generator) -> Iterator[Mark]:
    """Hairs and threads that lie on the print: curled, of one width."""
    height, width = size
    paths = []
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        count = rng.integers(8, 60)
        turns = np.cumsum(rng.normal(0, rng.uniform(0.02, 0.25), count)) + rng.normal(0, 0.08)
        angles = rng.uniform(0, 2 * np.pi) + turns * rng.uniform(0.3, 1)
        step = rng.uniform(0.8, 2.5)
        steps = step * np.stack([np.cos(angles), np.sin(angles)], 1)
        points = rng.uniform(0, 1, 2) * (width, height) + np.cumsum(steps, 0)
        paths.append((points, np.full(count - 1, rng.uniform(0.5, 2.4))))
    yield from _mark(_strokes(size, paths), LINE, rng, even=0.6, dark=0.4)


def _dust(size: Size, rng: np.random.Generator) -> Iterator[Mark]:
    """Specks, most of them small, scattered or in drifts, and short commas."""
    height, width = size
    bright = rng.random() < 0.6
    many = int(rng.choice([3, 8, 20, 60]) * rng.uniform(0.5, 1.5))
    middle, spread = rng.uniform(0, 1, 2), rng.uniform(0.05, 0.4)
    drift = rng.random() < 0.3
    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    biggest = rng.choice([1.2, 2, 4])
    for _ in range(many):
        place = rng.normal(middle, spread) if drift else rng.uniform(0, 1, 2)
        place = place * (width, height)
        radius = rng.uniform(0.5, 1) * rng.uniform(0.7, 1) * biggest
        depth = int(rng.uniform(110, 255))
        if rng.random() < 0.2:
            turn = rng.normal(0, 0.5, 6).cumsum() + rng.uniform(0, 2 * np.pi)
            points = place + np.cumsum(radius * np.stack([np.cos(turn), np.sin(turn)], 1), 0)
            where = np.rint(points * FINE * 16).astype(np.int32)
            thick = max(1, round(0.7 * radius * FINE))
            cv2.polylines(fine, [where], False, depth, thick, cv2.LINE_AA, 4)
        else:
            corners = rng.integers(5, 10)
            angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
            far = radius * rng.uniform(0.6, 1.3, corners) * rng.uniform(0.5, 1)
            points = place + np.stack([far * np.cos(angles), far * np.sin(angles)], 1)
            where = np.rint(points * FINE * 16).astype(np.int32)
            cv2.fillPoly(fine, [where], depth, cv2.LINE_AA, 4)
    cover = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA) / np.float32(255)
    yield from _mark(cover, SPOT, rng, even=0.8, dark=0 if bright else 1)


def _spots(size: Size, rng: np.random.Generator) -> Iterator[Mark]:
    """Flakes broken out and opaque spots, ragged, up to a dozen pixels."""
    height, width = size
    for _ in range(rng.integers(1, 4)):
        place = rng.uniform(0, 1, 2) * (width, height)
        radius = rng.uniform(2, 9)
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        across = (columns - place[0]) * np.float32(np.exp(rng.normal(0, 0.3)))
        far = np.hypot(across, rows - place[1]) / np.float32(radius)
        ragged = far + rng.uniform(0.1, 0.5) * smooth_noise(size, rng.uniform(1, 5), rng)
        cover = ((1 - ragged) * rng.uniform(2, 8)).clip(0, 1) * (far < 2)
        yield from _mark(cover.astype(np.float32), SPOT, rng, dark=0.25)


def _loss(size: Size, rng: np.random.Generator) -> Iterator[Mark]:
    """A corner or a piece of the edge that is torn off, its rim white paper."""
    height, width = size
    diagonal = np.hypot(height, width)
    side = rng.integers(4)
    corner = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)[side]
    before, after = (
        np.array([[0, 0], [width, 0], [width, height], [0, height]], float)[(side + turn) % 4]
        for turn in (-1, 1)
    )
    if rng.random() < 0.5:  # a corner
        one = corner + (before - corner) * rng.uniform(0.08, 0.6)
        other = corner + (after - corner) * rng.uniform(0.08, 0.6)
        edge = jagged(one, other, rng.uniform(0.02, 0.2), rng)
        outline = np.concatenate([edge, [corner]])
    else:  # from an edge
        one, other = (corner + (after - corner) * share for share in np.sort(rng.uniform(0, 1, 2)))
        centre = np.array([width, height]) / 2
        deep = (one + other) / 2 + (centre - (one + other) / 2) * rng.uniform(0.03, 0.5)
        rough = rng.uniform(0.02, 0.2)
        edge = np.concatenate([jagged(one, deep, rough, rng), jagged(deep, other, rough, rng)[1:]])
        outline = edge
    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    cv2.fillPoly(fine, [np.rint(outline * FINE * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    cover = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA) / np.float32(255)
    tone = np.float32(rng.choice([rng.uniform(0, 0.15), rng.uniform(0.85, 1)]))
    rough_tone = tone + np.float32(rng.uniform(0, 0.03)) * smooth_noise(size, 1, rng)
    if rng.random() < 0.7:  # the paper's own white shows along the tear
        thick = np.full(len(edge) - 1, rng.uniform(1, 0.05 * diagonal))
        rim = _frayed(_strokes(size, [(edge, thick)]), rng)
        yield Mark(rim, np.full(size, rng.uniform(0.75, 1), np.float32), LOSS)
    yield Mark(cover, rough_tone, LOSS)


KINDS: dict[str, Callable[[Size, np.random.Generator], Iterator[Mark]]] = {
    "scratches": _scratches,
    "crease": _crease,
    "cracks": _cracks,
    "fibres": _fibres,
    "dust": _dust,
    "spots": _spots,
    "loss": _loss,
}
_OFTEN = (0.24, 0.16, 0.16, 0.12, 0.2, 0.07, 0.05)
