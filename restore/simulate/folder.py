"""The good photos of a folder, reduced; and the final JPEG of a damaged one."""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color

SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}


def photos(folder: str | Path, size: int | None = None) -> list[tuple[str, color.Array]]:
    """The folder's photos as (name, (h, w, 3) float32 sRGB-encoded 0 … 1), sorted by name.

    Area-averaged to at most `size` pixels on the long side; `None` keeps them as they are. Grey
    photos come as three equal channels.
    """
    named = []
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() in SUFFIXES:
            codes = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if codes is None:
                raise ValueError(f"{path}: is not a photo that OpenCV reads")
            photo = codes[..., ::-1].astype(np.float32) / np.float32(255)
            named.append((path.stem, reduced(photo, size) if size else photo))
    return named


def reduced(photo: color.Array, size: int) -> color.Array:
    """The photo area-averaged to at most `size` pixels on the long side."""
    shrink = size / max(photo.shape[:2])
    if shrink >= 1:
        return photo
    height, width = (max(1, round(length * shrink)) for length in photo.shape[:2])
    return cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)


def jpeg(srgb: color.Array, quality: int) -> NDArray[np.uint8]:
    """The photo after 8-bit JPEG compression (chroma halved, as cameras do)."""
    codes = (srgb.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    packed = cv2.imencode(".jpg", codes[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded: NDArray[np.uint8] = cv2.imdecode(packed, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return np.ascontiguousarray(decoded[..., ::-1])


def generator(name: str, seed: int) -> np.random.Generator:
    """Independent random numbers for every kind of damage and seed."""
    return np.random.default_rng([zlib.crc32(name.encode()), seed])
