"""Films with grain and flicker, and dust on single frames, of which every pixel is known."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from restore.color import Array


def aged(greys: Sequence[Array], grain: float, flicker: float, seed: int = 0) -> list[Array]:
    """(h, w) uint8 frames with grain of two pixels and flicker, as shares of white."""
    random, results = np.random.default_rng(seed), []
    for grey in greys:
        noise = cv2.GaussianBlur(random.normal(0, 1, grey.shape).astype(np.float32), (0, 0), 0.7)
        light = grey * (1 + flicker * random.normal()) + 255 * grain * noise / noise.std()
        results.append((light + 0.5).clip(0, 255).astype(np.uint8))
    return results


def dusty(greys: Sequence[Array], each: int = 12, seed: int = 0) -> tuple[list[Array], list[Array]]:
    """The frames with ragged specks and hairs, light and dark, and (h, w) how much they cover."""
    random = np.random.default_rng(seed)
    results, covers = [], []
    for grey in greys:
        height, width = grey.shape
        short = min(height, width)
        cover, tone = np.zeros(grey.shape, np.float32), np.zeros(grey.shape, np.float32)
        for _ in range(each):
            centre = random.integers(0, (width, height))
            size = max(1.0, short * float(random.uniform(0.002, 0.008)))
            shape = np.zeros(grey.shape, np.uint8)
            if random.random() < 0.25:  # a hair
                turns = np.cumsum(random.normal(0, 0.3, 12)) + random.uniform(0, 6.3)
                steps = np.stack([np.cos(turns), np.sin(turns)], 1) * short * 0.004
                line = (centre + np.cumsum(steps, 0)).round().astype(np.int32)
                cv2.polylines(shape, [line], False, 255, max(1, round(short / 500)))
            else:
                turn = np.sort(random.uniform(0, 6.3, 9))
                radius = size * random.uniform(0.6, 1.4, 9)
                line = centre + np.stack([np.cos(turn), np.sin(turn)], 1) * radius[:, None]
                cv2.fillPoly(shape, [line.round().astype(np.int32)], 255)
            soft = cv2.GaussianBlur(shape, (0, 0), 0.6).astype(np.float32) / 255
            soft *= float(random.uniform(0.7, 1))
            tone = np.where(soft > cover, 255.0 if random.random() < 0.6 else 10.0, tone)
            cover = np.maximum(cover, soft)
        results.append((grey * (1 - cover) + tone * cover + 0.5).clip(0, 255).astype(np.uint8))
        covers.append(cover)
    return results, covers
