"""Pixels as files for the browser: JPEG for previews, PNG for real pixels and maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.color.space import Space

QUALITY = 93
"""Of a preview, without chroma subsampling."""
LEVELS = 128
"""Bars of a histogram."""
ENDS = 0.5 / 255
"""Distance from black or white, in encoded light, within which a value is clipped."""


def codes(pixels: color.Array, top: int = 0, left: int = 0) -> NDArray[np.uint8]:
    """Working RGB (h, w, 3) as 8-bit sRGB."""
    return Space().from_working(pixels, np.uint8, top, left)


def jpeg(values: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    """8-bit RGB (h, w, 3) as a JPEG file."""
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return cv2.imencode(".jpg", np.ascontiguousarray(values[..., ::-1]), options)[1].tobytes()


def png(values: NDArray[np.uint8]) -> bytes:
    """8-bit RGB (h, w, 3) or grey (h, w) as a PNG file."""
    import cv2

    ordered = values[..., ::-1] if values.ndim == 3 else values
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    return cv2.imencode(".png", np.ascontiguousarray(ordered), options)[1].tobytes()


def shrunk(pixels: color.Array, side: int) -> color.Array:
    """The pixels area-averaged to at most `side` on the long side."""
    import cv2

    shrink = side / max(pixels.shape[:2])
    if shrink >= 1:
        return pixels
    height, width = (max(1, round(length * shrink)) for length in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def histogram(values: NDArray[np.uint8]) -> list[list[int]]:
    """How many pixels of (h, w, 3) lie at each of `LEVELS` brightnesses, for red, green, blue."""
    import cv2

    picture = np.ascontiguousarray(values)
    bars = (cv2.calcHist([picture], [k], None, [LEVELS], [0, 256]).ravel() for k in range(3))
    return [bar.astype(int).tolist() for bar in bars]


def clipped(pixels: color.Array) -> NDArray[np.uint8]:
    """(h, w): 255 where a channel is white, 128 where all are black, else 0."""
    marks = np.zeros(pixels.shape[:2], np.uint8)
    marks[(pixels <= ENDS).all(-1)] = 128
    marks[(pixels >= 1 - ENDS).any(-1)] = 255
    return marks


def shades(values: color.Array) -> NDArray[np.uint8]:
    """A map 0 … 1 (h, w) as 8-bit grey."""
    return (values.clip(0, 1) * 255 + 0.5).astype(np.uint8)
