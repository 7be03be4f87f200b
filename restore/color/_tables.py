"""Transforms by the tables of a profile, through LittleCMS."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from restore import color
from restore.color import Array
from restore.color._curves import Samples
from restore.color._icc import Double, ProfileError


class Table:
    """A profile with tables, through LittleCMS; an inverse is made where it brings none."""

    SPACES = (b"RGB ", b"CMYK", b"GRAY")
    exact = False

    def __init__(self, profile: bytes, tags: dict[bytes, bytes], linear: bytes) -> None:
        self.channels = {b"RGB ": 3, b"CMYK": 4, b"GRAY": 1}[profile[16:20]]
        self._name = {3: "rgb", 4: "cmyk", 1: "gray"}[self.channels]
        self._profile = profile
        self._linear = linear
        self._inverse: _Inverse | None = None
        try:
            self.to_linear(np.full((1, 1, self.channels), 0.5, np.float32))
            if b"B2A0" in tags or b"B2A1" in tags:
                self.from_linear(np.full((1, 1, 3), 0.5, np.float32))
            elif self.channels == 3:
                self._inverse = _Inverse(self)
            elif self.channels == 1:
                raise ProfileError("it has grey tables and no way back")
        except RuntimeError as error:
            raise ProfileError("LittleCMS cannot use it") from error

    def to_linear(self, samples: Samples) -> Array:
        if samples.shape[2] == 1 and self.channels == 3:
            samples = np.repeat(samples, 3, -1)
        return self._through(shares(samples), self._profile, self._linear, self._name, "rgb")

    def from_linear(self, linear: Array) -> Array:
        if self._inverse is not None:
            return self._inverse(linear)
        device = self._through(linear, self._linear, self._profile, "rgb", self._name)
        return np.repeat(device, 3, -1) if self.channels == 1 else device

    def _through(self, values: Array, one: bytes, other: bytes, of: str, to: str) -> Array:
        import imagecodecs

        values = np.ascontiguousarray(values)
        if of == "gray":
            values = values[..., 0]
        elif of == "cmyk":
            values = values * np.float32(100)  # LittleCMS counts ink in percent
        converted = imagecodecs.cms_transform(
            values, one, other, colorspace=of, outcolorspace=to, outdtype=np.float32, intent=1
        )
        return np.asarray(converted, np.float32).reshape(*values.shape[:2], -1)


def shares(samples: Samples) -> Array:
    """Samples of any dtype as 0 … 1."""
    if samples.dtype.kind == "f":
        return samples
    return samples * np.float32(1 / np.iinfo(samples.dtype).max)


class _Inverse:
    """The way back through tables that have none, as a table over sRGB-encoded colours.

    Each node is solved for by Gauss-Newton steps from the nearest of 17 x 17 x 17 device values.
    """

    SIDE = 25

    def __init__(self, table: Table) -> None:
        from scipy.spatial import cKDTree

        def there(device: ArrayLike) -> Double:
            values = np.asarray(device, np.float32).reshape(1, -1, 3)
            return color.encode(table.to_linear(values))[0].astype(np.float64)

        steps = np.linspace(0, 1, 17)
        device = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
        reached = there(device)
        self._low, self._high = reached.min(0), reached.max(0)
        if (self._high - self._low < 0.05).any():
            raise ProfileError("its tables hold no colours")
        axes = [np.linspace(*ends, self.SIDE) for ends in zip(self._low, self._high, strict=True)]
        wanted = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
        device = device[cKDTree(reached).query(wanted)[1]]
        for _ in range(8):
            here = there(device)
            delta = np.where(device > 0.5, -1e-3, 1e-3)
            slopes = [
                (there(device + delta * axis) - here) / delta[:, [n]]
                for n, axis in enumerate(np.eye(3))
            ]
            jacobian = np.stack(slopes, -1)
            square = jacobian.transpose(0, 2, 1) @ jacobian + 1e-4 * np.eye(3)
            pull = jacobian.transpose(0, 2, 1) @ (wanted - here)[..., None]
            device = (device + np.linalg.solve(square, pull)[..., 0]).clip(0, 1)
        self._table = device.reshape(self.SIDE, self.SIDE, self.SIDE, 3).astype(np.float32)

    def __call__(self, linear: Array) -> Array:
        from scipy.ndimage import map_coordinates

        scale = (self.SIDE - 1) / (self._high - self._low)
        at = ((color.encode(linear) - self._low) * scale).reshape(-1, 3).T
        planes = [
            map_coordinates(self._table[..., n], at, order=1, mode="nearest", output=np.float32)
            for n in range(3)
        ]
        return np.stack(planes, -1).reshape(linear.shape)
