"""Scans of worn prints with their damage labelled by pixel, to train a detector."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate.details import details
from restore.simulate.thin_objects import thin_object
from restore.simulate.wear import LOSS, marks, smooth_noise

VISIBLE, UNREST = 0.05, 1.2
"""Least change of an encoded value that counts as damage, and in standard deviations around it."""
SOUND = 0.5
"""Share of the scans without damage."""


@dataclass(frozen=True, eq=False)
class Worn:
    """A piece of a scan.

    Attributes
    ----------
    scan
        (h, w) float32, encoded brightness 0 … 1.
    kind
        (h, w) uint8: 0 sound, or the kind of damage (`wear.LINE` …).
    counts
        (h, w) float32, 0 where the damage is too faint to judge, else 1.
    """

    scan: color.Array
    kind: NDArray[np.uint8]
    counts: color.Array


def worn(
    photo: color.Array, side: int, rng: np.random.Generator, sound: float | None = None
) -> Worn:
    """A square of `side` pixels out of a good photo, at some scale, printed, worn and scanned.

    Parameters
    ----------
    photo
        (h, w) encoded brightness 0 … 1.
    sound
        Chance that nothing is damaged; `SOUND` if unset.
    """
    grey = _toned(_cropped(photo, side, rng), rng)[..., None]
    for add, often in ((details, 0.35), (details, 0.15), (thin_object, 0.2)):
        if rng.random() < often:
            grey = add(grey, rng)
    grey = grey + _grain((side, side), rng)[..., None]
    kind, counts = np.zeros((side, side), np.uint8), np.ones((side, side), np.float32)
    scan, visible = grey, np.maximum(np.float32(VISIBLE), UNREST * _unrest(grey[..., 0]))
    if rng.random() >= (SOUND if sound is None else sound):
        for mark in marks((side, side), rng):
            with_mark = mark.on(scan)
            changed = np.abs(with_mark - grey)[..., 0].clip(0, 1)
            there = (mark.cover > 0.15) & (changed > visible)
            faint = (mark.cover > 0.03) & (changed > 0.006) & ~there
            kind[there] = np.where(kind[there] == 0, mark.kind, kind[there])
            counts[faint & (kind == 0)] = 0
            counts[there] = 1
            scan = with_mark
        rim = cv2.dilate((kind > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        counts[rim & (kind == 0) & (np.abs(scan - grey)[..., 0] > 0.01)] = 0
        counts[kind == LOSS] *= np.float32(0.3)  # large, so there are many of them
    return Worn(_scanned(scan[..., 0], rng), kind, counts)


def _cropped(photo: color.Array, side: int, rng: np.random.Generator) -> color.Array:
    """A square of the photo, mirrored or not, reduced or enlarged up to two and a half times."""
    least = side / min(photo.shape)
    scale = max(least, float(np.exp(rng.uniform(-0.9, 0.9))) if rng.random() < 0.8 else 1.0)
    own = min(int(np.ceil(side / scale)), *photo.shape)
    top, left = (int(rng.integers(0, length - own + 1)) for length in photo.shape)
    crop = photo[top : top + own, left : left + own]
    if own > side:
        crop = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    elif own < side:
        method = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LANCZOS4
        crop = cv2.resize(crop, (side, side), interpolation=method)
        sharper = np.float32(rng.uniform(0, 2))
        crop = crop + sharper * (crop - cv2.GaussianBlur(crop, (0, 0), 0.6 * scale))
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return np.ascontiguousarray(crop, np.float32).clip(0, 1)


def _unrest(grey: color.Array) -> color.Array:
    """(h, w) standard deviation around each pixel."""
    mean, square = (cv2.blur(values, (9, 9)) for values in (grey, grey * grey))
    return np.sqrt(np.maximum(square - mean * mean, 0))


def _toned(crop: color.Array, rng: np.random.Generator) -> color.Array:
    """Other gamma, contrast, and now and then uneven light."""
    crop = crop ** np.float32(np.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.6:
        low, high = rng.uniform(0, 0.25), rng.uniform(0.7, 1)
        crop = low + (high - low) * crop
    elif rng.random() < 0.5:
        crop = (crop - rng.uniform(0, 0.15)) * rng.uniform(1, 1.5)
    if rng.random() < 0.2:
        crop = crop + rng.uniform(0.02, 0.08) * smooth_noise(crop.shape, rng.uniform(20, 60), rng)
    return np.asarray(crop.clip(0, 1), np.float32)


def _grain(size: tuple[int, int], rng: np.random.Generator) -> color.Array:
    """Grain of film and the tooth of the paper; none in a third of the prints."""
    if rng.random() < 0.35:
        return np.zeros(size, np.float32)
    strength = rng.uniform(0, 0.05) * rng.uniform(0.1, 1)
    grain = strength * smooth_noise(size, rng.choice([0.5, 0.8, 1.2, 2, 3]), rng)
    if rng.random() < 0.1:  # canvas or linen
        rows, columns = np.mgrid[: size[0], : size[1]]
        period = rng.uniform(2.5, 8)
        weave = np.sin(2 * np.pi * rows / period) + np.sin(2 * np.pi * columns / period)
        grain = grain + rng.uniform(0, 0.03) * weave
    return np.asarray(grain, np.float32)


def _scanned(scan: color.Array, rng: np.random.Generator) -> color.Array:
    """As a scanner and JPEG deliver it: blurred or sharpened, noisy, in 8 bits."""
    if rng.random() < 0.5:
        soft = cv2.GaussianBlur(scan, (0, 0), rng.uniform(0.3, 1))
        scan = soft + np.float32(rng.choice([0, 0, 1.5])) * (scan - soft)
    if rng.random() < 0.5:
        noise = rng.standard_normal(scan.shape, dtype=np.float32)
        scan = scan + np.float32(rng.uniform(0, 0.012)) * noise
    codes = (scan.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.uniform(45, 97))
        packed = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        codes = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return codes.astype(np.float32) / np.float32(255)
