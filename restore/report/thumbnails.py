"""Small pictures of photos for report pages."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore.image.photo import Photo
from restore.report.entry import Thumbnail

SIDE = 1024
"""Longest side in pixels."""
LARGEST = 27_000
"""Most bytes of one: a page of 500 photos, two each and in Base64, stays under 40 MB."""
QUALITIES = (84, 72, 58, 42)
"""Tried in turn until a picture is small enough; below the last, it is made smaller."""


def thumbnail(photo: Photo) -> Thumbnail:
    """A photo at `SIDE` pixels or fewer as WebP of at most `LARGEST` bytes, on white."""
    from PIL import Image

    pixels = small(photo, SIDE)
    while True:
        picture = Image.fromarray(pixels)
        for quality in QUALITIES:
            out = io.BytesIO()
            picture.save(out, "WEBP", quality=quality, method=4)
            size = out.tell()
            if size <= LARGEST:
                return Thumbnail(out.getvalue(), picture.width, picture.height)
            if size > 2.4 * LARGEST:  # noise: sharpness has to go
                break
        pixels = _shrunk(pixels, round(0.75 * max(pixels.shape[:2])))


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
