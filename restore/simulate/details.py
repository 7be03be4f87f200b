"""Small things that belong to a photo and look like damage: eyes, jewellery, text, hair, lights."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color

Points = NDArray[np.float64]

FINE = 2
"""Supersampling of the details drawn."""


class _Canvas:
    """A photo (h, w, c) to draw shapes on, in pixels and encoded tones."""

    def __init__(self, photo: color.Array, rng: np.random.Generator) -> None:
        self.photo, self.rng = photo, rng
        self.size = photo.shape[0], photo.shape[1]
        self.blur = rng.uniform(0.3, 0.9)

    def lay(
        self,
        draw: Callable[[color.Array, int], object],
        tone: float,
        cover: float = 1,
        soft: float = 0,
    ) -> None:
        """Draw with `draw(mask, scale)`, in fixed-point coordinates of 4 bits, and blend in."""
        height, width = self.size
        fine = np.zeros((height * FINE, width * FINE), np.uint8)
        draw(fine, FINE * 16)
        share = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
        share = share * np.float32(cover / 255)
        share = cv2.GaussianBlur(share, (0, 0), max(self.blur, soft))[..., None]
        self.photo = self.photo + share * (np.float32(tone) - self.photo)

    def disc(
        self,
        x: float,
        y: float,
        wide: float,
        high: float,
        tone: float,
        turn: float = 0,
        **look: float,
    ) -> None:
        """An ellipse of half axes `wide`, `high`."""

        def draw(mask: color.Array, scale: int) -> None:
            place = (round(x * scale), round(y * scale))
            axes = (max(1, round(wide * scale)), max(1, round(high * scale)))
            cv2.ellipse(mask, place, axes, turn, 0, 360, 255, -1, cv2.LINE_AA, 4)

        self.lay(draw, tone, **look)

    def lines(self, paths: list[Points], thick: float, tone: float, **look: float) -> None:
        """Paths of (k, 2) points x, y."""

        def draw(mask: color.Array, scale: int) -> None:
            for points in paths:
                where = np.rint(points * scale).astype(np.int32)
                wide = max(1, round(thick * scale / 16))
                cv2.polylines(mask, [where], False, 255, wide, cv2.LINE_AA, 4)

        self.lay(draw, tone, **look)


def details(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """The photo (h, w, c) with one kind of detail added, as grainy as a clean scan."""
    canvas = _Canvas(photo, rng)
    KINDS[rng.integers(len(KINDS))](canvas)
    return np.clip(canvas.photo, 0, 1).astype(np.float32)


def _face(canvas: _Canvas) -> None:
    """A face of 25 to 400 pixels, or the part of it that is in the picture."""
    rng = canvas.rng
    height, width = canvas.size
    size = float(np.exp(rng.uniform(np.log(25), np.log(400))))
    x, y = rng.uniform(0, 1, 2) * (width, height)
    if size > 120:
        x, y = x + rng.uniform(-0.3, 0.3) * size, y + rng.uniform(-0.3, 0.3) * size
    skin = rng.uniform(0.3, 0.9)
    canvas.disc(x, y, 0.4 * size, 0.52 * size, skin, soft=0.05 * size, cover=rng.uniform(0.6, 1))
    canvas.disc(
        x + 0.15 * size, y, 0.25 * size, 0.45 * size, 0.8 * skin, soft=0.08 * size, cover=0.5
    )
    for side in (-1, 1):
        _eye(canvas, x + side * 0.17 * size, y - 0.08 * size, 0.09 * size, skin, side)
        if rng.random() < 0.8:  # nostrils
            canvas.disc(
                x + side * 0.05 * size, y + 0.15 * size, 0.022 * size, 0.014 * size, 0.25 * skin,
                cover=rng.uniform(0.5, 1),
            )  # fmt: skip
        if rng.random() < 0.3:  # earring
            canvas.disc(x + side * 0.4 * size, y + 0.12 * size, 0.02 * size, 0.025 * size, 0.97)
    t = np.linspace(-1, 1, 17)
    mouth = np.stack([x + 0.13 * size * t, y + size * (0.29 + rng.normal(0, 0.02) * t**2)], 1)
    canvas.lines([mouth], 0.05 * size, 0.65 * skin, soft=0.012 * size, cover=0.8)
    canvas.lines([mouth], 0.014 * size, 0.3 * skin, cover=0.9)
    if rng.random() < 0.4:
        canvas.lines([mouth[4:13] + np.array([0, 0.012 * size])], 0.03 * size, 0.95)
    for _ in range(rng.integers(0, 4)):  # moles, glints on the nose and the lip
        place = (x, y) + rng.normal(0, 0.2, 2) * size
        radius = rng.uniform(0.006, 0.02) * size
        canvas.disc(place[0], place[1], radius, radius, rng.choice([0.3 * skin, 0.98]), cover=0.8)


def _eye(canvas: _Canvas, x: float, y: float, size: float, skin: float, side: int) -> None:
    """An eye of half width `size`: white, iris, pupil, catch-light, lids, lashes, brow."""
    rng = canvas.rng
    t = np.linspace(-1, 1, 17)
    open_ = rng.uniform(0.25, 0.5) * size
    canvas.disc(x, y, size, open_, min(1, skin + rng.uniform(0, 0.25)))
    iris = rng.uniform(0.9, 1.3) * open_
    canvas.disc(x, y, iris, iris, rng.uniform(0.05, 0.45))
    canvas.disc(x, y, 0.45 * iris, 0.45 * iris, 0.03)
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        down, right = rng.uniform(-0.5, 0.5, 2) * iris
        radius = rng.uniform(0.12, 0.35) * iris
        canvas.disc(x + right, y + down, radius, radius, rng.uniform(0.8, 1))
    lid = np.stack([x + size * 1.1 * t, y - open_ * (1 - t**2)], 1)
    canvas.lines([lid], 0.12 * size, 0.2 * skin, cover=rng.uniform(0.5, 1))
    canvas.lines([lid - [0, 0.3 * size]], 0.06 * size, 0.6 * skin, cover=0.6)
    if size > 8 and rng.random() < 0.6:
        lashes = [
            np.stack([point, point + size * np.array([0.15 * place, -0.3])])
            for place, point in zip(t, lid, strict=True)
        ]
        canvas.lines(lashes, 0.03 * size, 0.1)
    brow = np.stack([x + 1.3 * size * t, y - size * (0.95 + 0.15 * (1 - t**2))], 1)
    canvas.lines([brow], 0.22 * size, rng.uniform(0.1, 0.6) * skin, cover=0.7, soft=0.04 * size)


def _beads(canvas: _Canvas) -> None:
    """Beads, buttons, eyelets or rivets in a row, each with its light or its hole."""
    rng = canvas.rng
    height, width = canvas.size
    start, way = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0, 2 * np.pi)
    gap, radius = rng.uniform(4, 40), rng.uniform(1, 7)
    gap = max(gap, 2 * radius)
    tone, other = rng.uniform(0, 1, 2)
    bow = rng.normal(0, 0.15)
    for number in range(rng.integers(1, 14)):
        angle = way + bow * number
        start = start + gap * np.array([np.cos(angle), np.sin(angle)])
        canvas.disc(start[0], start[1], radius, radius * rng.uniform(0.8, 1), tone)
        inner = radius * rng.uniform(0.2, 0.5)
        aside = rng.choice([0, 0.3]) * radius
        canvas.disc(start[0] - aside, start[1] - aside, inner, inner, other)


def _text(canvas: _Canvas) -> None:
    """A line or two of characters, printed or by hand."""
    rng = canvas.rng
    height, width = canvas.size
    fonts = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
    font, scale = fonts[rng.integers(3)], float(rng.uniform(0.25, 1.5))
    thick = max(1, round(scale * rng.uniform(0.7, 2) * FINE))
    place = rng.uniform(-0.2, 0.7, 2) * (width, height)
    tone = rng.choice([rng.uniform(0, 0.2), rng.uniform(0.8, 1)])
    for number in range(rng.integers(1, 4)):
        words = "".join(chr(code) for code in rng.integers(44, 123, rng.integers(2, 14)))
        at = (place + np.array([0, 30 * scale * number])) * FINE

        def draw(mask: color.Array, _: int, words: str = words, at: Points = at) -> None:
            origin = (int(at[0]), int(at[1] + 25 * scale * FINE))
            cv2.putText(mask, words, origin, font, scale * FINE, 255, thick, cv2.LINE_AA)

        canvas.lay(draw, float(tone))


def _lights(canvas: _Canvas) -> None:
    """Lamps, stars or glitter: round and soft as the lens draws points, of many strengths."""
    rng = canvas.rng
    height, width = canvas.size
    layer = np.zeros(canvas.size, np.float32)
    long = rng.choice([1, 1, 3])
    low, high = np.sort(rng.uniform(0, 1, 2))
    for _ in range(rng.choice([2, 8, 40, 150])):
        row = int((low + (high - low) * rng.random()) * (height - 1))
        column = rng.integers(width)
        layer[row, column : column + long] += rng.exponential(1)
    sigma = rng.uniform(0.8, 2.5)
    point = cv2.GaussianBlur(layer, (0, 0), sigma) * np.float32(6 * sigma**2)
    halo = cv2.GaussianBlur(layer, (0, 0), 5 * sigma) * np.float32(6 * sigma**2)
    if rng.random() < 0.6:  # by night
        canvas.photo = canvas.photo * np.float32(rng.uniform(0.1, 0.6))
    strength = np.float32(rng.uniform(0.3, 1.5))
    light = (strength * (point + halo)).clip(0, 1)[..., None]
    canvas.photo = canvas.photo + light * (np.float32(rng.uniform(0.85, 1)) - canvas.photo)


def _hair(canvas: _Canvas) -> None:
    """Strands side by side, as of hair, fur, grass, fringe or lace."""
    rng = canvas.rng
    height, width = canvas.size
    root, angle = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0, 2 * np.pi)
    length, bow = rng.uniform(0.1, 0.8) * max(canvas.size), rng.normal(0, 0.4)
    spread, fan = rng.uniform(0.03, 0.4), rng.uniform(0.02, 0.4)
    t = np.linspace(0, 1, 17)
    tones = rng.uniform(0, 1), rng.uniform(0, 1)
    for tone in tones:
        paths = []
        for _ in range(rng.integers(6, 40)):
            turned = angle + fan * rng.normal() + (bow + 0.15 * rng.normal()) * t
            step = length * rng.uniform(0.4, 1) / 17
            start = root + rng.normal(0, spread, 2) * (width, height)
            steps = step * np.stack([np.cos(turned), np.sin(turned)], 1)
            paths.append(start + np.cumsum(steps, 0))
        canvas.lines(paths, rng.uniform(0.3, 1.5), tone, cover=rng.uniform(0.3, 0.9))


def _pattern(canvas: _Canvas) -> None:
    """A cloth or a wall with dots, checks, stripes or bricks, seen from aside."""
    rng = canvas.rng
    height, width = canvas.size
    period = rng.uniform(5, 30)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    turn = rng.uniform(0, np.pi)
    u = (np.cos(turn) * columns + np.sin(turn) * rows) / period
    v = (np.cos(turn) * rows - np.sin(turn) * columns) / (period * rng.uniform(0.5, 1.5))
    u = u * (1 + 0.3 * rng.uniform(-1, 1) * v / 10)
    thin = rng.uniform(0.05, 0.3)
    near_u, near_v = np.abs(u - np.rint(u)), np.abs(v - np.rint(v))
    lines = rng.random()
    if lines < 0.4:
        inside = np.hypot(near_u, near_v) - thin
    elif lines < 0.7:
        inside = np.minimum(near_u, near_v) - thin / 2
    else:
        inside = near_u - thin / 2
    cover = (0.5 - inside * period).clip(0, 1)
    place = rng.uniform(0, 1, 2) * (height, width)
    near = np.hypot(rows - place[0], columns - place[1]) < rng.uniform(0.2, 1) * max(height, width)
    cover = cv2.GaussianBlur((cover * near).astype(np.float32), (0, 0), canvas.blur)[..., None]
    tone = np.float32(rng.choice([rng.uniform(0, 0.3), rng.uniform(0.7, 1)]))
    canvas.photo = canvas.photo + np.float32(rng.uniform(0.3, 1)) * cover * (tone - canvas.photo)


def _border(canvas: _Canvas) -> None:
    """The white or black border of a print, straight or rounded at its corners, or a sill."""
    rng = canvas.rng
    height, width = canvas.size
    far = rng.uniform(0.01, 0.15, 4) * rng.choice([0, 1, 1], 4) * max(height, width)
    far[far > 0] += 1
    inside = np.zeros((height, width), np.uint8)
    left, top, right, bottom = far
    first = (round(float(left)), round(float(top)))
    last = (round(float(width - 1 - right)), round(float(height - 1 - bottom)))
    cv2.rectangle(inside, first, last, 255, -1)
    if rng.random() < 0.3:
        inside = cv2.GaussianBlur(inside, (0, 0), rng.uniform(1, 8))
        inside = np.where(inside > 127, 255, 0).astype(np.uint8)
    share = cv2.GaussianBlur(inside / np.float32(255), (0, 0), canvas.blur)[..., None]
    tone = np.float32(rng.choice([rng.uniform(0, 0.15), rng.uniform(0.7, 1)]))
    canvas.photo = tone + share * (canvas.photo - tone)


def _shapes(canvas: _Canvas) -> None:
    """Flat shapes with sharp edges, and gaps between them: paper, windows, boards, plates."""
    rng = canvas.rng
    height, width = canvas.size
    for _ in range(rng.integers(1, 5)):
        middle = rng.uniform(0, 1, 2) * (width, height)
        size = rng.uniform(3, 60)
        if rng.random() < 0.5:
            corners = rng.integers(3, 6)
            angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
            ring = np.stack([np.cos(angles), np.sin(angles)], 1)
            outline = middle + size * ring * rng.uniform(0.5, 1, (corners, 1))

            def draw(mask: color.Array, scale: int, outline: Points = outline) -> None:
                where = np.rint(outline * scale).astype(np.int32)
                cv2.fillPoly(mask, [where], 255, cv2.LINE_AA, 4)

            canvas.lay(draw, rng.uniform(0, 1))
        else:
            high = size * rng.uniform(0.2, 1)
            canvas.disc(
                middle[0], middle[1], size, high, rng.uniform(0, 1), turn=rng.uniform(0, 180)
            )
            glint = size * rng.uniform(0.05, 0.3)
            place = middle + rng.uniform(-0.4, 0.4, 2) * (size, high)
            canvas.disc(place[0], place[1], glint, glint * rng.uniform(0.3, 1), 1, soft=0.3 * glint)


KINDS = (_face, _face, _beads, _text, _lights, _hair, _pattern, _border, _shapes)
