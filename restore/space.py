"""How a file's samples become working RGB and back: bit depth, ICC profile, camera channels."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from restore import color

Samples = NDArray[Any]
"""(height, width, 1 or 3) uint8, uint16 or float32."""


@dataclass(frozen=True)
class Space:
    """The colour space of a file's samples.

    Attributes
    ----------
    camera
        Samples are linear camera channels, D65-balanced, before the camera's colour matrix.
    """

    camera: bool = False

    def to_working(self, samples: Samples) -> color.Array:
        """Samples (height, width, 1 or 3) as working RGB (height, width, 3) float32."""
        if samples.dtype == np.float32:
            values = samples
        else:
            scale = np.float32(1 / np.iinfo(samples.dtype).max)
            values = np.multiply(samples, scale, dtype=np.float32)
        if self.camera:
            values = color.encode(values)
        return np.repeat(values, 3, -1) if values.shape[-1] == 1 else values

    def from_working(
        self, pixels: color.Array, dtype: DTypeLike, top: int = 0, left: int = 0
    ) -> Samples:
        """Working RGB (height, width, 3) as samples of `dtype`.

        8 bits are dithered, so that a smooth gradient has no bands; a value that is exactly one
        of the 256 codes stays that code. `top` and `left` place the pattern in the photo, so that
        the result does not depend on the tiles.
        """
        dtype = np.dtype(dtype)
        if dtype == np.float32:
            return pixels
        scaled = pixels * np.float32(np.iinfo(dtype).max)
        if dtype == np.uint8:
            scaled += dither(pixels.shape[0], pixels.shape[1], top, left)
        else:
            scaled += np.float32(0.5)
        return scaled.clip(0, np.iinfo(dtype).max, out=scaled).astype(dtype)


def dither(height: int, width: int, top: int, left: int) -> color.Array:
    """(height, width, 1) thresholds in 0.01 … 0.99 of a code, added before cutting to 8 bits.

    Interleaved gradient noise (Jimenez, "Next generation post processing in Call of Duty:
    Advanced Warfare", SIGGRAPH 2014), repeated every 64 pixels: even in every small neighbourhood.
    The three channels share the pattern, so neutral greys stay neutral.
    """
    rows = np.arange(top, top + height) % 64
    start = left % 64
    return _thresholds(-(-(start + width) // 64))[rows, start : start + width]


@functools.lru_cache(4)
def _thresholds(repeats: int) -> color.Array:
    inner = (np.arange(64)[:, None] * 0.00583715 + np.arange(64) * 0.06711056) % 1
    noise = 0.01 + 0.98 * ((52.9829189 * inner) % 1)
    return np.tile(noise.astype(np.float32), (1, repeats))[..., None]
