"""How a file's samples become working RGB and back: bit depth, ICC profile, camera channels."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from restore import color
from restore.color import profile

Samples = profile.Samples
"""(height, width, 1 or 3) uint8, uint16 or float32."""

Kept = tuple[Samples, color.Array]
"""The samples a photo has at some place, and the working RGB they gave."""


@dataclass(frozen=True)
class Space:
    """The colour space of a file's samples.

    Attributes
    ----------
    camera
        Samples are linear camera channels, D65-balanced, before the camera's colour matrix.
    exposure
        What camera samples are multiplied by: they leave room above white for the channels that
        the balance lifts, so that what the sensor still held is not clipped.
    profile
        Bytes of an ICC profile, or None for sRGB.
    """

    camera: bool = False
    exposure: float = 1.0
    profile: bytes | None = field(default=None, repr=False)

    @property
    def grey(self) -> bool:
        """Whether the profile is one of grey, which colours cannot be written in."""
        return self.profile is not None and profile.transform(self.profile).channels == 1

    def to_working(self, samples: Samples) -> color.Array:
        """Samples (height, width, 1 or 3) as working RGB (height, width, 3) float32."""
        if self.profile is not None:
            return color.encode(profile.transform(self.profile).to_linear(samples))
        values = profile.shares(samples)
        if self.camera:
            values = color.encode(values * np.float32(self.exposure))
        return np.repeat(values, 3, -1) if values.shape[-1] == 1 else values

    def from_working(
        self,
        pixels: color.Array,
        dtype: DTypeLike,
        top: int = 0,
        left: int = 0,
        kept: Kept | None = None,
    ) -> Samples:
        """Working RGB (height, width, 3) as samples of `dtype`.

        8 bits are dithered, so that a smooth gradient has no bands; a value that is exactly one
        of the 256 codes stays that code. `top` and `left` place the pattern in the photo, so that
        the result does not depend on the tiles.

        `kept` is what the photo held there in this same space. Pixels that nothing changed come
        back as those very samples: through a profile alone they could not, because a channel near
        0 of a strong colour is lost in the rounding of the others.
        """
        dtype = np.dtype(dtype)
        if self.profile is None or (kept is not None and kept[0].dtype != dtype):
            kept = None
        if kept is not None and np.array_equal(pixels, kept[1]):
            return np.broadcast_to(kept[0], pixels.shape)
        if self.profile is None:
            values = pixels
        else:
            way = profile.transform(self.profile)
            values = way.from_linear(color.decode(pixels))
            if kept is not None and not way.exact:
                # tables do not undo one another: keep what they miss as a difference
                values += profile.shares(kept[0]) - way.from_linear(color.decode(kept[1]))
        samples = _codes(values, dtype, top, left)
        if kept is not None and way.exact:
            same = pixels == kept[1]
            unchanged = same[..., 0] & same[..., 1] & same[..., 2]
            np.copyto(samples, kept[0], where=unchanged[..., None])
        return samples


def _codes(values: color.Array, dtype: np.dtype[Any], top: int, left: int) -> Samples:
    """0 … 1 as samples; see `Space.from_working`."""
    import cv2

    if dtype == np.float32:
        return values
    # scaled, rounded to the nearest and limited in one pass
    if dtype == np.uint16:
        return cv2.addWeighted(values, 65535, values, 0, 0, dtype=cv2.CV_16U)
    around = cv2.merge([dither(values.shape[0], values.shape[1], top, left)] * 3)
    return cv2.addWeighted(values, 255, around, 1, 0, dtype=cv2.CV_8U)


def dither(height: int, width: int, top: int, left: int) -> color.Array:
    """(height, width) in -0.49 … 0.49 of a code, added before rounding to 8 bits.

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
    noise = 0.98 * ((52.9829189 * inner) % 1) - 0.49
    return np.tile(noise.astype(np.float32), (1, repeats))
