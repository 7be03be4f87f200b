"""ICC profiles: from a file's samples to working RGB and back, in float.

Profiles of three curves and a matrix, and of one grey curve, are computed here: unlike LittleCMS
(whose float path clips table curves and rounds them to 16 bits) without a bound, and several times
as fast. Profiles with tables go through LittleCMS.

ICC.1:2022 (profile version 4.4); matrices to and from D50 by Bradford, as all profiles are.
"""

from __future__ import annotations

import functools
import struct
from typing import Any, Protocol

import numpy as np

from restore import color
from restore.color import Array
from restore.color._curves import Curves, Samples
from restore.color._icc import ProfileError, read_curve, read_tags, read_xyz
from restore.color._tables import Table, shares

__all__ = [
    "ProfileError",
    "Samples",
    "Transform",
    "is_srgb",
    "linear_srgb",
    "made",
    "name",
    "of_d50",
    "of_grey",
    "of_primaries",
    "shares",
    "transform",
]

# sRGB's primaries adapted to D50 and rounded to 1 / 65536, as profiles have them (LittleCMS)
_SRGB_D50 = np.array(
    [
        [0.43603516, 0.38511658, 0.14305115],
        [0.22248840, 0.71690369, 0.06060791],
        [0.01391602, 0.09706116, 0.71391296],
    ]
)
_MADE = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
"""When our profiles say they were made: always then, so that results are the same byte by byte."""


class Transform(Protocol):
    """From device values, 0 … 1, to linear sRGB and back, both (rows, columns, 3) float32.

    Attributes
    ----------
    channels
        Of the device: 1 (grey), 3 (RGB) or 4 (CMYK).
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
    tags = read_tags(profile)
    space = profile[16:20]
    try:
        if any(name in tags for name in (b"A2B0", b"A2B1")) and space in Table.SPACES:
            return Table(profile, tags, linear_srgb())
        if space == b"GRAY" and b"kTRC" in tags:
            curve = read_curve(tags[b"kTRC"])
            if profile[20:24] == b"Lab ":  # the curve gives L* (ICC.1, 8.3.4, table for monochrome)
                curve = color.luminance(100 * curve).astype(np.float64)
            return Curves([curve], np.eye(3))
        if space == b"RGB " and {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} <= {*tags}:
            curves = [read_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
            primaries = np.stack([read_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], 1)
            if abs(np.linalg.det(primaries)) < 1e-4:
                raise ProfileError("its primaries do not span a colour space")
            return Curves(curves, np.linalg.solve(_SRGB_D50, primaries))
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
