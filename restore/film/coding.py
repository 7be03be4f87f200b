"""How a video codes its colours: planes of luma and chroma to encoded RGB and back.

The matrices are exact, in float; FFmpeg's own conversion rounds to 8 bits on the way and has
guessed the range wrongly (PyAV #2034, #2149, #2230).

ITU-T H.273 (2021), 8.1 primaries, 8.2 transfer, 8.3 matrix; its numbers are FFmpeg's too.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.color import profile
from restore.color.space import Space

Planes = tuple[NDArray[Any], ...]
"""Luma, or luma and two of chroma, or G, B, R: (rows, columns) uint8 or uint16 each."""

UNSPECIFIED = 2
RGB = 0
BAND = 2**16
"""Pixels that are converted at a time."""
LUMA = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, not constant luminance
}
"""Red's and blue's share of luma by the matrix's number."""
D65, C = (0.3127, 0.3290), (0.310, 0.316)
PRIMARIES = {
    4: (C, (0.67, 0.33, 0.21, 0.71, 0.14, 0.08)),  # BT.470 M
    5: (D65, (0.64, 0.33, 0.29, 0.60, 0.15, 0.06)),  # BT.601, 625 lines
    6: (D65, (0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),  # BT.601, 525 lines
    7: (D65, (0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),  # SMPTE 240M
    8: (C, (0.681, 0.319, 0.243, 0.692, 0.145, 0.049)),  # film
    9: (D65, (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),  # BT.2020
    11: ((0.314, 0.351), (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),  # DCI P3
    12: (D65, (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),  # Display P3
    22: (D65, (0.630, 0.340, 0.295, 0.605, 0.155, 0.077)),  # EBU 3213
}
"""White point and primaries (CIE xy) by number; those of BT.709 are sRGB's."""
GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
"""Powers by the transfer's number. All others of standard range are meant for displays that
computers treat as sRGB's."""
HDR = {16: "PQ", 18: "HLG"}
ODD = {9: "logarithmic", 10: "logarithmic", 17: "SMPTE 428"}
"""Transfers that are not read."""


@dataclass(frozen=True)
class Coding:
    """How a video codes its colours.

    Attributes
    ----------
    matrix
        0 for RGB, else a number of `LUMA`.
    full
        All codes are used (0 … 255), not the limited range (16 … 235).
    depth
        Bits per sample: 8 … 16.
    planes
        1 (luma only) or 3.
    across, down
        Luma samples per sample of chroma, horizontally and vertically.
    centred
        Chroma lies between two columns, as in JPEG and MPEG-1; else on the left one.
    tags
        Numbers of primaries, transfer and matrix as the file gives them.
    """

    matrix: int
    full: bool = False
    depth: int = 8
    planes: int = 3
    across: int = 1
    down: int = 1
    centred: bool = False
    tags: tuple[int, int, int] = (UNSPECIFIED,) * 3

    @property
    def space(self) -> Space:
        """What the encoded RGB is."""
        primaries, transfer, _ = self.tags
        return _space(PRIMARIES.get(primaries), GAMMAS.get(transfer))

    def neutral(self, planes: Planes) -> bool:
        """Whether planes hold no colour at all."""
        if self.matrix == RGB and self.planes == 3:
            return False
        return all(bool((plane == self._chroma[0]).all()) for plane in planes[1:3])

    def to_rgb(self, planes: Planes) -> color.Array:
        """(rows, columns, 3) float32 encoded RGB, nominally 0 … 1; 1 channel if neutral."""
        import cv2

        if self.matrix == RGB and self.planes == 3:
            green, blue, red = planes
            return cv2.merge([red, green, blue]).astype(np.float32) * np.float32(1 / self._top)
        black, white = self._luma
        luma = planes[0].astype(np.float32)
        luma -= np.float32(black)
        luma *= np.float32(1 / (white - black))
        middle, swing = self._chroma
        if self.neutral(planes):
            return luma[..., None]
        chroma = [self._enlarged(plane, luma.shape) for plane in planes[1:3]]
        rgb = np.empty((*luma.shape, 3), np.float32)
        for band in _bands(luma.shape, 1):
            colours = [(plane[band] - np.float32(middle)) / np.float32(swing) for plane in chroma]
            mixed = cv2.merge([luma[band], *colours])
            cv2.transform(mixed, _to_rgb(*LUMA[self.matrix]), rgb[band])
        return rgb

    def from_rgb(self, rgb: color.Array) -> Planes:
        """Planes of encoded RGB (rows, columns, 1 or 3), limited to 0 … 1 and rounded."""
        rows, columns = -(-rgb.shape[0] // self.down), -(-rgb.shape[1] // self.across)
        sizes = [rgb.shape[:2], (rows, columns), (rows, columns)][: self.planes]
        planes = tuple(np.empty(size, self.dtype) for size in sizes)
        for band in _bands(rgb.shape, self.down):
            places = (band, *[slice(band.start // self.down, -(-band.stop // self.down))] * 2)
            coded = self._coded(np.clip(rgb[band], 0, 1))
            for plane, place, codes in zip(planes, places, coded, strict=False):
                plane[place] = codes
        return planes

    def _coded(self, rgb: color.Array) -> Planes:
        """As `from_rgb`, of some rows."""
        import cv2

        neutral = rgb.shape[2] == 1
        if self.matrix == RGB and self.planes == 3:
            order = (0, 0, 0) if neutral else (1, 2, 0)
            return tuple(self._codes(rgb[..., n], self._top, 0) for n in order)
        black, white = self._luma
        middle, swing = self._chroma
        if neutral or self.planes == 1:
            grey = rgb[..., 0] if neutral else rgb @ np.float32(_to_yuv(*LUMA[self.matrix])[0])
            none = np.full((1, 1), middle, self.dtype)  # for all pixels
            return self._codes(grey, white - black, black), none, none
        luma, *chroma = cv2.split(cv2.transform(rgb, _to_yuv(*LUMA[self.matrix])))
        reduced = (self._codes(self._reduced(plane), swing, middle) for plane in chroma)
        return (self._codes(luma, white - black, black), *reduced)

    @property
    def dtype(self) -> type[np.uint8 | np.uint16]:
        """The type of a sample."""
        return np.uint8 if self.depth == 8 else np.uint16

    @property
    def _top(self) -> int:
        return (1 << self.depth) - 1

    @property
    def _luma(self) -> tuple[int, int]:
        """The codes of black and white."""
        step = 1 << (self.depth - 8)
        return (0, self._top) if self.full else (16 * step, 235 * step)

    @property
    def _chroma(self) -> tuple[int, int]:
        """The code of no chroma, and how many codes are 1."""
        step = 1 << (self.depth - 8)
        return 128 * step, self._top if self.full else 224 * step

    def _codes(self, values: color.Array, scale: float, offset: float) -> NDArray[Any]:
        """0 … 1 as codes: scaled, rounded to the nearest and limited in one pass."""
        import cv2

        kind = cv2.CV_8U if self.depth == 8 else cv2.CV_16U
        codes = cv2.addWeighted(values, scale, values, 0, offset, dtype=kind)
        return np.minimum(codes, self._top) if self.depth > 8 else codes

    def _enlarged(self, plane: NDArray[Any], shape: tuple[int, ...]) -> color.Array:
        """A plane of chroma at every pixel of luma, bilinear, where its samples lie."""
        import cv2

        plane = plane.astype(np.float32)
        if self.across == self.down == 1:
            return plane
        shift = 0.0 if self._left else 0.5 / self.across - 0.5
        way = np.array(
            [[1 / self.across, 0, shift], [0, 1 / self.down, 0.5 / self.down - 0.5]], np.float32
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (shape[1], shape[0])
        return cv2.warpAffine(plane, way, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    def _reduced(self, plane: color.Array) -> color.Array:
        """A plane of chroma at every pixel, averaged around where its samples lie."""
        import cv2

        height, width = plane.shape
        rows, columns = -height % self.down, -width % self.across
        if rows or columns:
            plane = cv2.copyMakeBorder(plane, 0, rows, 0, columns, cv2.BORDER_REPLICATE)
        if self._left:  # 1 2 1 around every other column
            plane = cv2.sepFilter2D(plane, -1, _AROUND, _ALONE, borderType=cv2.BORDER_REPLICATE)
            plane = plane[:, :: self.across]
        elif self.across > 1:
            plane = plane.reshape(plane.shape[0], -1, self.across).mean(2)
        if self.down > 1:
            plane = plane.reshape(-1, self.down, plane.shape[1]).mean(1)
        return np.ascontiguousarray(plane, np.float32)

    @property
    def _left(self) -> bool:
        return self.across == 2 and not self.centred


def _bands(shape: tuple[int, ...], step: int) -> Iterator[slice]:
    """Rows of a frame, a multiple of `step`, that fit into the processor's cache."""
    rows = max(BAND // shape[1] // step, 1) * step
    for top in range(0, shape[0], rows):
        yield slice(top, min(top + rows, shape[0]))


_AROUND = np.array([0.25, 0.5, 0.25], np.float32)
_ALONE = np.ones(1, np.float32)


@functools.cache
def _to_rgb(red: float, blue: float) -> NDArray[np.float32]:
    """(3, 3) from luma and chroma, -0.5 … 0.5, to R, G, B."""
    green = 1 - red - blue
    u, v = 2 * (1 - blue), 2 * (1 - red)
    return np.array([[1, 0, v], [1, -blue / green * u, -red / green * v], [1, u, 0]], np.float32)


@functools.cache
def _to_yuv(red: float, blue: float) -> NDArray[np.float32]:
    """(3, 3) from R, G, B to luma and chroma: the inverse of `_to_rgb`."""
    luma = np.array([red, 1 - red - blue, blue])
    u = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    v = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    return np.stack([luma, u, v]).astype(np.float32)


@functools.cache
def _space(primaries: tuple[Any, Any] | None, gamma: float | None) -> Space:
    if primaries is None and gamma is None:
        return Space()
    white, points = primaries or (D65, (0.64, 0.33, 0.30, 0.60, 0.15, 0.06))
    return Space(profile=profile.of_primaries(gamma, white, points))
