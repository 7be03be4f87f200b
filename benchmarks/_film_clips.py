"""Films with known motion, made from still pictures, and old film made from new."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks._film_dust import aged
from restore.color import Array

SIZE = 640, 360
"""Width and height."""
COUNT = 48
"""Frames of a shot."""


def camera(picture: Array, pan: float, zoom: float, count: int = COUNT) -> list[Array]:
    """A pan by `pan` pixels a frame and a zoom by `zoom` over all, of a uint8 RGB picture."""
    height, width = picture.shape[:2]
    fit = max((SIZE[0] + abs(pan) * count) / width, SIZE[1] / height) * 1.02
    frames = []
    for number in range(count):
        scale = fit * (1 + zoom * number / count)
        x = (width * scale - SIZE[0]) / 2 + pan * (number - count / 2)
        y = (height * scale - SIZE[1]) / 2
        move = np.array([[scale, 0, -x], [0, scale, -y]], np.float32)
        frames.append(
            cv2.warpAffine(picture, move, SIZE, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
        )
    return frames


def crossing(frames: Sequence[Array], thing: Array) -> list[Array]:
    """The frames with an oval part of another picture that crosses, leaves and returns."""
    tall, wide = SIZE[1] // 2, SIZE[1] // 3
    part = cv2.resize(thing, (wide, tall), interpolation=cv2.INTER_AREA)
    oval = np.zeros((tall, wide), np.float32)
    cv2.ellipse(oval, (wide // 2, tall // 2), (wide // 2 - 2, tall // 2 - 2), 0, 0, 360, 1, -1)
    oval = cv2.GaussianBlur(oval, (0, 0), 1)[..., None]
    results = []
    for number, frame in enumerate(frames):
        swing = np.sin(2 * np.pi * number / len(frames))
        left = round((SIZE[0] - wide) / 2 + swing * (SIZE[0] + wide) * 0.62)
        first, last = max(left, 0), min(left + wide, SIZE[0])
        result = frame.copy()
        if last > first:
            inside, own = np.s_[90 : 90 + tall, first:last], np.s_[:, first - left : last - left]
            mixed = frame[inside] * (1 - oval[own]) + part[own] * oval[own]
            result[inside] = (mixed + 0.5).astype(np.uint8)
        results.append(result)
    return results


def dissolve(one: Sequence[Array], other: Sequence[Array], length: int = 16) -> list[Array]:
    """Two shots, the last frames of the first mixed with the first ones of the second."""
    shares = (np.arange(length) + 1) / (length + 1)
    pairs = zip(shares, one[-length:], other[:length], strict=True)
    mixes = [(a * (1 - x) + b * x + 0.5).astype(np.uint8) for x, a, b in pairs]
    return [*one[:-length], *mixes, *other[length:]]


def made(one: Array, other: Array) -> dict[str, tuple[list[Array], bool]]:
    """Films from two uint8 RGB pictures, by name, and whether their grey is made old."""
    pan, zoom = camera(one, 3, 0), camera(other, 0, 0.5)
    return {
        "pan": (pan, False),
        "zoom": (zoom, False),
        "foreground": (crossing(camera(one, 1, 0), other), False),
        "cut": (pan[:32] + zoom[:32], False),
        "dissolve": (dissolve(pan, zoom), False),
        "old": (pan, True),
    }


def old(greys: Sequence[Array]) -> list[Array]:
    """Grain of 3% and flicker of 4%."""
    return aged(greys, 0.03, 0.04)
