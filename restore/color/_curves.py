"""Transforms by one grey curve, or by three curves and a matrix."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.color import Array
from restore.color._icc import NODES, Double

Samples = NDArray[Any]
"""(height, width, channels) uint8, uint16 or float32."""
Way = Callable[[Array], Array]

_FROM_GREEN = np.array([[1, -1, 0], [0, 1, 0], [0, -1, 1]], np.float32)
"""To what red and blue differ by from green, and green itself."""
_OFF_WHITE = 1.5e-4
"""How far rounding puts a profile's white, the sum of its primaries, off the one of D50."""
_COMPANDING = 2.4
"""Inverse curves are tabulated over the linear value to the power of 1 / this: smooth there."""


class Curves:
    """One curve, or three and a matrix."""

    exact = True

    def __init__(self, curves: list[Double], matrix: Double) -> None:
        self.channels = len(curves)
        self._tables = [curve.astype(np.float32) for curve in curves]
        alike = all(np.array_equal(curve, curves[0]) for curve in curves)
        if alike:
            self._tables = self._tables[:1]
            curves = curves[:1]
        sums = matrix.sum(1, keepdims=True)
        self._neutral = alike and bool(np.abs(sums - 1).max() < _OFF_WHITE)
        if self._neutral:  # white to white exactly, beyond the rounding of the profile's numbers
            matrix = matrix / sums
        self._matrix = matrix.astype(np.float32)
        self._back = np.linalg.inv(matrix).astype(np.float32)
        self._inverses = [_inverse(curve) for curve in curves]

    def to_linear(self, samples: Samples) -> Array:
        if samples.shape[2] < len(self._tables):
            samples = np.repeat(samples, 3, -1)
        linear = self._curved(
            [functools.partial(_looked_up, table) for table in self._tables], samples
        )
        if self.channels == 1 or samples.shape[2] == 1:
            linear = np.repeat(linear[..., :1], 3, -1)
        return linear if self.channels == 1 else self._mixed(linear, self._matrix)

    def from_linear(self, linear: Array) -> Array:
        if self.channels == 3:
            linear = self._mixed(linear, self._back)
        return self._curved(self._inverses, linear)

    def _mixed(self, linear: Array, matrix: Array) -> Array:
        """Linear colours (rows, columns, 3) through a matrix; greys stay exactly grey.

        A sum of three products rounds differently in each channel, which is a code of 16 bits now
        and then. So what is mixed is how far red and blue are from green: nothing, for a grey.
        """
        import cv2

        if not self._neutral:
            return cv2.transform(linear, matrix)
        from_green = matrix.copy()
        from_green[:, 1] = 1
        return cv2.transform(cv2.transform(linear, _FROM_GREEN), from_green)

    def _curved(self, ways: list[Way], values: Samples) -> Array:
        if len(ways) == 1:
            return ways[0](values)
        return np.stack([way(values[..., n]) for n, way in enumerate(ways)], -1)


def _inverse(curve: Double) -> Way:
    """From linear values back to the device's; powers and sRGB's curve several times as fast."""
    at = np.linspace(0, 1, NODES)
    power = np.log(max(curve[NODES // 2], 1e-6)) / np.log(at[NODES // 2])
    if power > 0 and np.abs(at**power - curve).max() < 1e-6:
        return functools.partial(_root, np.float32(1 / power))
    if np.abs(color.decode(at) - curve).max() < 1e-4:
        return color.encode
    rising = np.concatenate([[True], np.diff(curve) > 0])
    inverse = np.interp(at**_COMPANDING, curve[rising], at[rising]).astype(np.float32)
    return lambda linear: _looked_up(inverse, _root(np.float32(1 / _COMPANDING), linear))


def _root(power: np.float32, values: Array) -> Array:
    roots = np.abs(values)
    np.power(roots, power, out=roots)
    return np.copysign(roots, values)


def _looked_up(table: Array, values: Samples) -> Array:
    """A table over 0 … 1 at values; beyond the ends it goes on as straight lines."""
    if values.dtype == np.uint16:
        return np.take(table, values, mode="clip")
    if values.dtype == np.uint8:
        return np.take(np.ascontiguousarray(table[:: NODES // 255]), values, mode="clip")
    scaled = values * np.float32(NODES - 1)
    cell = np.clip(scaled, 0, NODES - 2).astype(np.int32)
    scaled -= cell
    low = np.take(table, cell, mode="clip")
    cell += 1
    slope = np.take(table, cell, mode="clip")
    slope -= low
    slope *= scaled
    slope += low
    return slope
