"""ICC profiles: from a file's samples to working RGB and back, in float.

Profiles of three curves and a matrix, and of one grey curve, are computed here: unlike LittleCMS
(whose float path clips table curves and rounds them to 16 bits) without a bound, and several times
as fast. Profiles with tables go through LittleCMS.

ICC.1:2022 (profile version 4.4); matrices to and from D50 by Bradford, as all profiles are.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from restore import color
from restore.color import Array

Samples = NDArray[Any]
"""(height, width, channels) uint8, uint16 or float32."""
Way = Callable[[Array], Array]
Double = NDArray[np.float64]

# sRGB's primaries adapted to D50 and rounded to 1 / 65536, as profiles have them (LittleCMS)
_SRGB_D50 = np.array(
    [
        [0.43603516, 0.38511658, 0.14305115],
        [0.22248840, 0.71690369, 0.06060791],
        [0.01391602, 0.09706116, 0.71391296],
    ]
)
_FROM_GREEN = np.array([[1, -1, 0], [0, 1, 0], [0, -1, 1]], np.float32)
"""To what red and blue differ by from green, and green itself."""
_OFF_WHITE = 1.5e-4
"""How far rounding puts a profile's white, the sum of its primaries, off the one of D50."""
_NODES = 65536
_COMPANDING = 2.4
"""Inverse curves are tabulated over the linear value to the power of 1 / this: smooth there."""
LARGEST = 16 * 1024 * 1024
"""Bytes a profile may have."""
_MADE = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
"""When our profiles say they were made: always then, so that results are the same byte by byte."""


class ProfileError(ValueError):
    """A profile is damaged or of a kind that is not read."""


class Transform(Protocol):
    """From device values, 0 … 1, to linear sRGB and back, both (rows, columns, 3) float32.

    Attributes
    ----------
    channels
        Of the device: 1 (grey), 3 (R G B) or 4 (C M Y K).
    exact
        The way back undoes the way there to far below what an eye can see.
    """

    channels: int
    exact: bool

    def to_linear(self, samples: Samples) -> Array: ...

    def from_linear(self, linear: Array) -> Array: ...


@functools.lru_cache(16)
def transform(profile: bytes) -> Transform:
    """How a profile's device values become linear sRGB and back.

    Raises
    ------
    ProfileError
        If the profile is damaged or of a kind that is not read.
    """
    tags = _tags(profile)
    space = profile[16:20]
    try:
        if any(name in tags for name in (b"A2B0", b"A2B1")) and space in _Table.SPACES:
            return _Table(profile, tags)
        if space == b"GRAY" and b"kTRC" in tags:
            curve = _curve(tags[b"kTRC"])
            if profile[20:24] == b"Lab ":  # the curve gives L* (ICC.1, 8.3.4, table for monochrome)
                curve = color.luminance(100 * curve).astype(np.float64)
            return _Curves([curve], np.eye(3))
        if space == b"RGB " and {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} <= {*tags}:
            curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
            primaries = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], 1)
            if abs(np.linalg.det(primaries)) < 1e-4:
                raise ProfileError("its primaries do not span a colour space")
            return _Curves(curves, np.linalg.solve(_SRGB_D50, primaries))
    except (struct.error, IndexError) as error:
        raise ProfileError("it is cut off") from error
    raise ProfileError("its kind is not supported")


def is_srgb(profile: bytes) -> bool:
    """Whether a profile behaves like sRGB: to one 8-bit code over all colours.

    There are dozens of profiles that mean sRGB, with different bytes.
    """
    way = transform(profile)
    if way.channels == 4:
        return False
    steps = np.linspace(0, 1, 6, dtype=np.float32)
    grid = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    if way.channels == 1:
        grid = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, -1, 1)
    return bool(np.abs(color.encode(way.to_linear(grid)) - grid).max() < 1 / 255)


@functools.cache
def name(profile: bytes) -> str:
    """What a profile calls itself, such as "Adobe RGB (1998)"; "unreadable" if it is broken."""
    import io

    from PIL import ImageCms

    try:
        description = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (OSError, ImageCms.PyCMSError):
        return "unreadable"
    return " ".join(description.split())[:80]


def made(name: str) -> bytes:
    """A profile of ours: "srgb" or "adobergb"."""
    import imagecodecs

    return _dated(imagecodecs.cms_profile(name))


def of_primaries(
    gamma: float | None, white: tuple[float, float], primaries: tuple[float, ...]
) -> bytes:
    """A profile of a white point and three primaries (CIE xy) with a power curve, or sRGB's."""
    import imagecodecs

    with_luminance = [value for at in range(0, 6, 2) for value in (*primaries[at : at + 2], 1.0)]
    options: dict[str, Any] = {"gamma": gamma}
    if gamma is None:
        options = {"transferfunction": color.decode(np.linspace(0, 1, 1024))}
    return _dated(
        imagecodecs.cms_profile(
            "rgb", whitepoint=(*white, 1.0), primaries=with_luminance, **options
        )
    )


def of_grey(gamma: float) -> bytes:
    """A profile of a grey power curve."""
    import imagecodecs

    return _dated(imagecodecs.cms_profile("gray", gamma=gamma))


def _dated(profile: bytes) -> bytes:
    """A profile just made, with our date (bytes 24 to 35); LittleCMS writes no checksum."""
    return profile[:24] + _MADE + profile[36:]


def linear_srgb() -> bytes:
    """The profile of linear light in sRGB's primaries."""
    return of_primaries(1.0, (0.3127, 0.3290), (0.64, 0.33, 0.30, 0.60, 0.15, 0.06))


def of_d50(lab: Array) -> Array:
    """CIE L*a*b* (..., 3) relative to D50, as all profiles have it, in linear sRGB."""
    # `lab_to_linear` takes the white for D65's: to XYZ relative to white, then through D50
    relative = (
        color.lab_to_linear(lab).astype(np.float64) @ (color.RGB_TO_XYZ / color.WHITE[:, None]).T
    )
    return (relative * _SRGB_D50.sum(1) @ np.linalg.inv(_SRGB_D50).T).astype(np.float32)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The tags' data by signature."""
    if len(profile) < 132 or profile[36:40] != b"acsp" or len(profile) > LARGEST:
        raise ProfileError("it is not an ICC profile")
    count = struct.unpack_from(">I", profile, 128)[0]
    if count > 200 or len(profile) < 132 + 12 * count:
        raise ProfileError("it is cut off")
    tags = {}
    for number in range(count):
        name, at, size = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if at + size > len(profile):
            raise ProfileError("it is cut off")
        tags[name] = profile[at : at + size]
    return tags


def _xyz(data: bytes) -> Double:
    if data[:4] != b"XYZ ":
        raise ProfileError("its primaries are damaged")
    return np.array(struct.unpack_from(">3i", data, 8)) / 65536


def _curve(data: bytes) -> Double:
    """A curve (ICC.1, 10.6 and 10.18) as 65,536 linear values over 0 … 1, never falling."""
    at = np.linspace(0, 1, _NODES)
    if data[:4] == b"curv":
        count = struct.unpack_from(">I", data, 8)[0]
        if count == 0:
            return at
        if count > _NODES or len(data) < 12 + 2 * count:
            raise ProfileError("a curve is cut off")
        table = np.frombuffer(data, ">u2", count, 12)
        if count == 1:
            values = at ** (table[0] / 256)
        else:
            values = np.interp(at, np.linspace(0, 1, count), table / 65535)
    elif data[:4] == b"para":
        kind = struct.unpack_from(">H", data, 8)[0]
        if kind > 4:
            raise ProfileError(f"a curve is of unknown type {kind}")
        given = struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", data, 12)
        with np.errstate(all="ignore"):  # what overflows is found below
            values = _parametric(kind, [number / 65536 for number in given], at)
    else:
        raise ProfileError("a curve is damaged")
    if not np.isfinite(values).all() or values[-1] - values[0] < 0.01:
        raise ProfileError("a curve does not rise")
    return np.maximum.accumulate(values)


def _parametric(kind: int, given: list[float], x: Double) -> Double:
    g, a, b, c, d, e, f = (*given, *(1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)[len(given) :])
    if kind == 0:
        return x**g
    power = np.maximum(a * x + b, 0) ** g
    if kind == 1:
        return np.where(a * x + b >= 0, power, 0)
    if kind == 2:
        return np.where(a * x + b >= 0, power + c, c)
    return np.where(x >= d, power + e, c * x + f)


class _Curves:
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
    at = np.linspace(0, 1, _NODES)
    power = np.log(max(curve[_NODES // 2], 1e-6)) / np.log(at[_NODES // 2])
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
        return np.take(np.ascontiguousarray(table[:: _NODES // 255]), values, mode="clip")
    scaled = values * np.float32(_NODES - 1)
    cell = np.clip(scaled, 0, _NODES - 2).astype(np.int32)
    scaled -= cell
    low = np.take(table, cell, mode="clip")
    cell += 1
    slope = np.take(table, cell, mode="clip")
    slope -= low
    slope *= scaled
    slope += low
    return slope


class _Table:
    """A profile with tables, through LittleCMS; an inverse is made where it brings none."""

    SPACES = (b"RGB ", b"CMYK", b"GRAY")
    exact = False

    def __init__(self, profile: bytes, tags: dict[bytes, bytes]) -> None:
        self.channels = {b"RGB ": 3, b"CMYK": 4, b"GRAY": 1}[profile[16:20]]
        self._name = {3: "rgb", 4: "cmyk", 1: "gray"}[self.channels]
        self._profile = profile
        self._linear = linear_srgb()
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

    def __init__(self, table: _Table) -> None:
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
