"""Small pictures of photos for report pages."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore.image.photo import Photo
from restore.report.entry import LEAST, Thumbnail

SIDE = 1024
"""Longest side in pixels."""
BEST, FAIR, POOR = 84, 60, 42
"""WebP qualities; a picture at the second has about 0.6 times the bytes of one at the first."""


def thumbnail(photo: Photo, largest: int = LEAST) -> Thumbnail:
    """A photo at `SIDE` pixels or fewer as WebP of at most so many bytes, on white."""
    pixels = small(photo, SIDE)
    made = _encoded(pixels, BEST)
    if len(made.data) > largest:
        made = _encoded(pixels, FAIR if len(made.data) < 1.8 * largest else POOR)
    while len(made.data) > largest:  # much detail, or noise: sharpness has to go
        share = min(0.85, 0.95 * (largest / len(made.data)) ** 0.5)
        made = _encoded(_shrunk(pixels, max(1, round(share * max(made.width, made.height)))), POOR)
    return made


def _encoded(pixels: NDArray[np.uint8], quality: int) -> Thumbnail:
    from PIL import Image

    out = io.BytesIO()
    picture = Image.fromarray(pixels)
    picture.save(out, "WEBP", quality=quality, method=4)
    return Thumbnail(out.getvalue(), picture.width, picture.height)


def small(photo: Photo, side: int) -> NDArray[np.uint8]:
    """(h, w, 3) sRGB, averaged to at most `side` pixels on the long side, transparency white.

    Averaged as it is stored, before the colours are converted: of a large photo, that is tens of
    times faster than its proxy, and cannot be told from it.
    """
    samples = _shrunk(photo.samples, side)
    if samples.ndim == 2:
        samples = samples[..., None]
    pixels = photo.space.to_working(samples)
    alpha = photo.source.alpha
    if alpha is not None:
        top = np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1
        share = (_shrunk(alpha, side)[..., None] / top).astype(np.float32)
        pixels = 1 - share * (1 - pixels)
    return (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _shrunk(values: NDArray[Any], side: int) -> NDArray[Any]:
    import cv2

    shrink = side / max(values.shape[:2])
    if shrink >= 1:
        return values
    size = tuple(max(1, round(length * shrink)) for length in values.shape[1::-1])
    return cv2.resize(np.ascontiguousarray(values), size, interpolation=cv2.INTER_AREA)
