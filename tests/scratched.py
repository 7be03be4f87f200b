"""Photos, and scratches and dust to lay over them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

Picture = NDArray[np.float32]
PHOTOS = {
    "astronaut": data.astronaut()[:300, 60:420],  # hair
    "cat": data.chelsea()[:, 30:390],  # fur and whiskers
    "coffee": data.coffee()[:300, 100:460],  # thin highlights
    "rocket": data.rocket()[:300, 100:460],
    "camera": np.repeat(data.camera()[100:400, 60:420, None], 3, 2),
}


def photo(name: str, scale: int = 1) -> Picture:
    small = PHOTOS[name].astype(np.float32) / 255
    return small if scale == 1 else cv2.resize(small, None, fx=scale, fy=scale)


def damaged(clean: Picture, seed: int, scale: int = 1) -> tuple[Picture, Picture]:
    """The picture with 8 scratches and 40 specks, 0.2 … 0.5% wide, and how opaque they are."""
    rng = np.random.default_rng(seed)
    height, width = clean.shape[:2]
    result, opacity = clean.copy(), np.zeros((height, width), np.float32)
    fine = 4 // min(scale, 2)  # drawn larger, for soft edges

    def paint(mask: NDArray[np.uint8], tone: float) -> None:
        left, top, right, bottom = (part // fine for part in _bounds(mask, fine))
        part = mask[top * fine : bottom * fine, left * fine : right * fine]
        size = right - left, bottom - top
        share = cv2.resize(part, size, interpolation=cv2.INTER_AREA) / np.float32(255)
        where = np.s_[top:bottom, left:right]
        result[where] += share[..., None] * (np.float32(tone) - result[where])
        opacity[where] = np.maximum(opacity[where], share)

    for number in range(8):
        mask = np.zeros((height * fine, width * fine), np.uint8)
        length = rng.uniform(0.3, 1) * height
        slope = rng.uniform(-1.5, 1.5) if number % 4 == 3 else rng.normal(0, 0.06)
        t = np.linspace(0, 1, 60)
        wave = rng.normal(0, scale) * np.sin(t * rng.uniform(2, 9))
        x = rng.uniform(0.05, 0.95) * width + slope * t * length + wave
        y = rng.uniform(0, height - length) + t * length
        points = (np.stack([x, y], 1) * fine).round().astype(np.int32)
        thick = max(1, round(rng.uniform(0.7, 1.6) * scale * fine))
        cv2.polylines(mask, [points], False, int(255 * rng.uniform(0.6, 1)), thick, cv2.LINE_AA)
        paint(mask, rng.uniform(0.88, 1) if number % 3 else rng.uniform(0, 0.08))
    for number in range(40):
        mask = np.zeros((height * fine, width * fine), np.uint8)
        centre = [int(rng.uniform(0, size) * fine) for size in (width, height)]
        axes = [max(2, int(rng.uniform(0.6, 1.4) * scale * fine)) for _ in range(2)]
        cv2.ellipse(mask, centre, axes, rng.uniform(0, 180), 0, 360, 220, -1, cv2.LINE_AA)
        paint(mask, 0.05 if number % 3 == 0 else 0.96)
    return result, opacity


def _bounds(mask: NDArray[np.uint8], grid: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is in a mask, on lines of a grid of so many pixels."""
    left, top, width, height = cv2.boundingRect(mask)
    right, bottom = (-(-end // grid) * grid for end in (left + width, top + height))
    return left // grid * grid, top // grid * grid, max(right, grid), max(bottom, grid)
