"""A print with thin scratches and dust on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate.folder import generator


@dataclass(frozen=True, eq=False)
class Scratched:
    """A simulated scan of a scratched print.

    Attributes
    ----------
    photo, scan
        (h, w, 3) float32 sRGB-encoded 0 … 1: the truth, and with its scratches.
    damaged
        (h, w) bool: a scratch or speck changed the pixel by more than 2%.
    """

    photo: color.Array
    scan: color.Array
    damaged: NDArray[np.bool_]


def scratch(
    photo: color.Array, *, seed: int = 0, scratches: int = 9, specks: int = 60, even: float = 0
) -> Scratched:
    """Draw `scratches` thin lines and `specks` of dust on a photo.

    Lines run mostly along the way a film or print is drawn (upright), one or two pixels wide,
    bright where the emulsion is gone, a few dark where dirt sits in them; dust is dark or bright,
    one to five pixels. A share of the lines is `even`: of one depth, with hard ends or from edge to
    edge, as a projector or dirt in a scanner draws them. Everything scales with the short side; the
    sizes hold for 512 pixels.
    """
    rng = generator("scratch", seed)
    height, width = photo.shape[:2]
    unit = min(height, width) / 512
    scan = photo.copy()

    def paint(cover: color.Array, bright: bool) -> None:
        tone = np.float32(rng.uniform(0.85, 1) if bright else 0.08)
        scan[:] += cover[..., None] * (tone - scan)

    for number in range(scratches):
        drawn_even = number < even * scratches
        paint(_line(height, width, unit, drawn_even, rng), bright=rng.random() < 0.75)
    for _ in range(specks):
        drawn = np.zeros((height, width), np.uint8)
        place = (rng.uniform(0, 1, 2) * (width, height) * 16).astype(int)
        axes = np.maximum(rng.uniform(0.5, 2.2, 2) * unit * 16, 8).astype(int)
        cv2.ellipse(drawn, place, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA, 4)
        cover = cv2.GaussianBlur(drawn, (0, 0), 0.5) * np.float32(rng.uniform(0.6, 0.95) / 255)
        paint(cover, bright=rng.random() < 0.6)
    return Scratched(photo, scan, np.abs(scan - photo).max(-1) > 0.02)


def crease(photo: color.Array, *, seed: int = 0, creases: int = 3, fibres: int = 8) -> Scratched:
    """Draw creases and cracks across a photo, 2 to 12 pixels wide, and fibres that lie on it.

    A crease wanders from one side to another, its white paper showing more here, less there; some
    fork. Fibres are curved threads, light or dark. The sizes hold for 1024 pixels.
    """
    rng = generator("crease", seed)
    height, width = photo.shape[:2]
    unit = max(height, width) / 1024
    scan = photo.copy()

    def paint(points: NDArray[np.float64], thick: NDArray[np.float64], tone: float) -> None:
        drawn = np.zeros((4 * height, 4 * width), np.uint8)
        where = np.rint(points * 64).astype(np.int32)
        for place, wide in enumerate(np.maximum(1, np.rint(4 * thick[1:])).astype(int)):
            ends = where[place : place + 2]
            cv2.polylines(drawn, [ends], False, 255, int(wide), cv2.LINE_AA, 4)
        cover = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
        cover = cv2.GaussianBlur(cover, (0, 0), 0.6)[..., None] * np.float32(0.9 / 255)
        scan[:] += cover * (np.float32(tone) - scan)

    def wandering(start: NDArray[np.float64], angle: float, length: float) -> NDArray[np.float64]:
        count = max(8, int(length / (6 * unit)))
        angles = angle + rng.normal(0, 0.35, count) + 0.1 * np.cumsum(rng.normal(0, 0.5, count))
        steps = length / count * np.stack([np.cos(angles), np.sin(angles)], 1)
        return start + np.cumsum(steps, 0)

    def worn(count: int, widest: float) -> NDArray[np.float64]:
        return unit * (widest * np.exp(0.3 * rng.standard_normal(count))).clip(1.5, 12)

    for _ in range(creases):
        angle, size = rng.uniform(0, 2 * np.pi), np.hypot(height, width)
        middle = rng.uniform(0.3, 0.7, 2) * (width, height)
        start = middle - size / 2 * np.array([np.cos(angle), np.sin(angle)])
        points = wandering(start, angle, size)
        tone, widest = rng.uniform(0.85, 1), rng.uniform(2, 8)
        paint(points, worn(len(points), widest), tone)
        for place in rng.integers(0, len(points), rng.integers(0, 3)):
            turned = angle + rng.choice([-1, 1]) * rng.uniform(0.5, 1.2)
            fork = wandering(points[place], turned, size * rng.uniform(0.05, 0.2))
            paint(fork, worn(len(fork), widest / 2), tone)
    for _ in range(fibres):
        t = np.linspace(0, 1, 24)
        bow = rng.uniform(0, 2 * np.pi) + rng.normal(0, 2) * t + rng.normal(0, 1) * np.sin(6 * t)
        length = rng.uniform(20, 90) * unit
        steps = length / 24 * np.stack([np.cos(bow), np.sin(bow)], 1)
        points = rng.uniform(0, 1, 2) * (width, height) + np.cumsum(steps, 0)
        thick = np.full(24, rng.uniform(1, 2.2) * unit)
        paint(points, thick, rng.uniform(0.85, 1) if rng.random() < 0.7 else 0.06)
    return Scratched(photo, scan, np.abs(scan - photo).max(-1) > 0.02)


def _line(
    height: int, width: int, unit: float, even: bool, rng: np.random.Generator
) -> color.Array:
    """(h, w) cover 0 … 1 of one scratch: slanted, curved, of uneven depth, thin at its ends.

    Or, if it is `even`, of one depth, every third from edge to edge.
    """
    first = rng.uniform(-0.2, 0.6) * height
    along = (np.arange(height) - first) / (rng.uniform(0.3, 1) * height)
    centre = rng.uniform(0, width) + width * (
        rng.normal(0, 0.1) * along + rng.normal(0, 0.03) * along**2
    )
    rough = cv2.GaussianBlur(rng.standard_normal((height, 1)), (0, 0), 9 * unit)[:, 0]
    depth = (rng.uniform(0.5, 0.9) * (1 + 1.5 * rough * np.sqrt(unit))).clip(0, 0.95)
    ends = (along * (1 - along) * 12).clip(0, 1)
    if even:
        depth = np.full(height, rng.uniform(0.3, 1))
        whole = rng.random() < 1 / 3
        ends = np.ones(height) if whole else ((along >= 0) & (along <= 1)) * 1.0
    half = rng.uniform(0.3, 0.9) * unit * (0.5 + 0.5 * ends)
    away = np.abs(np.arange(width)[None] + 0.5 - centre[:, None])
    cover = (half[:, None] + 0.5 - away).clip(0, 1) * (depth * ends)[:, None]
    return cover.astype(np.float32)
