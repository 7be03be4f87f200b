"""Colour: arrays in, arrays out.

Working RGB is sRGB-encoded float32, nominally 0 … 1; values outside are kept (the curves are
continued through zero as odd functions), so that wide profiles survive until they are written.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float32]


class Lab(NamedTuple):
    """CIE L* (0 … 100), a* and b* of a tile as three planes (rows, columns) float32."""

    lightness: Array
    a: Array
    b: Array


# IEC 61966-2-1:1999 primaries, D65 white (0.3127, 0.3290), inverted at double precision.
RGB_TO_XYZ = np.array(
    [
        [0.4123907992659593, 0.3575843393838780, 0.1804807884018343],
        [0.2126390058715102, 0.7151686787677559, 0.0721923153607337],
        [0.0193308187155918, 0.1191947797946260, 0.9505321522496607],
    ]
)
WHITE = RGB_TO_XYZ.sum(1)
_TO_XYZ = (RGB_TO_XYZ / WHITE[:, None]).astype(np.float32)
_FROM_XYZ = np.linalg.inv(RGB_TO_XYZ / WHITE[:, None]).astype(np.float32)
LUMA = RGB_TO_XYZ[1].astype(np.float32)
_EPSILON, _KAPPA = 216 / 24389, 24389 / 27  # CIE 15:2004, 8.2.1
# L* a* b* from the three f(X/Xn), f(Y/Yn), f(Z/Zn) of that clause, and back; last column: constant
_LAB_OF_F = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float32)
_F_OF_LAB = np.array(
    [
        [1 / 116, 1 / 500, 0, 16 / 116],
        [1 / 116, 0, 0, 16 / 116],
        [1 / 116, 0, -1 / 200, 16 / 116],
    ],
    np.float32,
)

DARKEST = 1e-3
"""Linear light below which densities are not measured: D = 3, about the darkest a film gets."""

FULL = 0.94
"""Encoded value from which a channel counts as full, wholly at 1."""


def decode(srgb: ArrayLike) -> Array:
    """Convert sRGB-encoded values to linear light (IEC 61966-2-1), any shape, odd below zero."""
    return _odd(_decode, np.asarray(srgb, np.float32))


def encode(linear: ArrayLike) -> Array:
    """Convert linear light to sRGB-encoded values; the inverse of `decode`."""
    return _odd(_encode, np.asarray(linear, np.float32))


def _decode(values: Array) -> Array:
    return _with_line(values, _decode_power, 0.04045, 1 / 12.92)


def _decode_power(values: Array) -> Array:
    values += np.float32(0.055)
    values *= np.float32(1 / 1.055)
    return _power(values, 2.4)


def _encode(values: Array) -> Array:
    return _with_line(values, _encode_power, 0.0031308, 12.92)


def _encode_power(values: Array) -> Array:
    power = _power(values, 1 / 2.4)
    power *= np.float32(1.055)
    return power


def _with_line(
    values: Array, curve: Callable[[Array], Array], knee: float, slope: float, zero: float = 0
) -> Array:
    """A curve above a knee and, below it, a straight line that is 0 at `zero`.

    Both are calculated everywhere, each held at the knee beyond its end: choosing by mask takes ten
    times as long where light and dark alternate. The curve is moved to meet the line.
    """
    encoded = curve(values.clip(np.float32(knee), np.float32(np.inf)))  # thrice np.maximum's speed
    below = values.clip(np.float32(-np.inf), np.float32(knee))
    below *= np.float32(slope)
    below -= _at_knee(curve, knee) + np.float32(slope * zero)
    encoded += below
    return encoded


@functools.cache
def _at_knee(curve: Callable[[Array], Array], knee: float) -> np.float32:
    return curve(np.full(64, knee, np.float32))[0]


def _power(values: Array, exponent: float) -> Array:
    """Values from zero up to a power above zero, to 1.3e-6 of them; five times np.power's speed."""
    import cv2

    if not values.size:
        return values.copy()
    logs = cv2.log(np.ascontiguousarray(values).reshape(1, -1))
    logs *= np.float32(exponent)
    return cv2.exp(logs, dst=logs).reshape(values.shape)


def _odd(curve: Callable[[Array], Array], values: Array) -> Array:
    """A curve for values from zero up, continued as an odd function."""
    if values.size and values.min() < 0:
        return np.copysign(curve(np.abs(values)), values)
    return curve(values)


def _mixed(values: Array, matrix: Array) -> Array:
    """Each of (..., 3) through a matrix (n, 3), or (n, 4) whose last column is added.

    As `values @ matrix.T`, several times as fast.
    """
    import cv2

    if not values.size:
        return np.empty((*values.shape[:-1], len(matrix)), np.float32)
    mixed = cv2.transform(np.ascontiguousarray(values).reshape(1, -1, 3), matrix)
    return mixed.reshape(*values.shape[:-1], len(matrix))


def _cube_root(t: Array) -> Array:
    """CIE's f(t): the line of slope _KAPPA / 116 meets zero at 16 / 116."""
    root = _with_line(t, _cbrt, _EPSILON, _KAPPA / 116)
    root += np.float32(16 / 116)
    return root


def _cbrt(values: Array) -> Array:
    return _power(values, 1 / 3)


def _cube(f: Array) -> Array:
    """The inverse of CIE's f."""
    return _with_line(f, _cubed, 6 / 29, 116 / _KAPPA, 16 / 116)


def _cubed(f: Array) -> Array:
    cube = f * f
    cube *= f
    return cube


def to_lab(srgb: ArrayLike) -> Array:
    """Convert to CIE L*a*b*.

    Parameters
    ----------
    srgb
        (..., 3) RGB, sRGB-encoded, nominally 0 … 1; values outside are allowed.

    Returns
    -------
    (..., 3) float32: L* 0 … 100, a* and b* about -110 … 110. White is D65.

    References
    ----------
    CIE 15:2004, 8.2.1. The inverse is `from_lab`.
    """
    return _mixed(_cube_root(_mixed(decode(srgb), _TO_XYZ)), _LAB_OF_F)


def lab_to_linear(lab: ArrayLike) -> Array:
    """Convert (..., 3) CIE L*a*b* to linear sRGB; colours outside the gamut leave 0 … 1."""
    return _mixed(_cube(_mixed(np.asarray(lab, np.float32), _F_OF_LAB)), _FROM_XYZ)


def from_lab(lab: ArrayLike) -> Array:
    """Convert (..., 3) CIE L*a*b* (D65) to sRGB-encoded RGB; the inverse of `to_lab`."""
    return encode(lab_to_linear(lab))


def lightness(srgb: ArrayLike) -> Array:
    """CIE L* (0 … 100) of sRGB-encoded (..., 3); shape (...)."""
    srgb = np.asarray(srgb, np.float32)
    one = plane(srgb)
    light = _cube_root(_mixed(decode(srgb), LUMA[None])[..., 0] if one is None else decode(one))
    light *= 116
    light -= 16
    return light


def spread(plane: Array) -> Array:
    """A grey plane (...) as read-only RGB (..., 3) without a copy: `plane` has it back."""
    return np.broadcast_to(plane[..., None], (*plane.shape, 3))


def plane(pixels: Array) -> Array | None:
    """The one plane (...) of RGB (..., 3) that `spread` made of it; None for any other pixels.

    What treats the three channels alike has a third of the work on it.
    """
    return pixels[..., 0] if pixels.ndim > 1 and pixels.strides[-1] == 0 else None


def grey(lightness: ArrayLike) -> Array:
    """The sRGB-encoded value (0 … 1) of a neutral grey of CIE L* 0 … 100; same shape."""
    return encode(luminance(lightness))


def luminance(lightness: ArrayLike) -> Array:
    """The linear light (0 … 1) of a neutral grey of CIE L* 0 … 100; same shape."""
    return _cube((np.asarray(lightness, np.float32) + 16) * np.float32(1 / 116))


def to_density(srgb: ArrayLike) -> Array:
    """Optical density -log10 of linear light, 0 (white) … 3 (`DARKEST`), same shape."""
    return -np.log10(np.maximum(decode(srgb), np.float32(DARKEST)))


def from_density(density: ArrayLike) -> Array:
    """sRGB-encoded values of optical densities; the inverse of `to_density`."""
    exponent = np.asarray(density, np.float32) * np.float32(-np.log(10))
    return encode(np.exp(exponent))


def raise_full(light: Array, before: Array) -> None:
    """Raise, in corrected linear light (h, w, 3), what was full in sRGB-encoded `before`.

    A full channel may have held more. Where a correction has put it below both others, it goes up
    to the lesser of them, at most to what it was: else a lamp, a window or a white shirt would
    take the colour opposite to the cast.
    """
    over = before > np.float32(FULL)
    if not over.any():
        return
    places = np.flatnonzero(over[..., 0] | over[..., 1] | over[..., 2])
    seen, own = (
        np.ascontiguousarray(np.take(values.reshape(-1, 3), places, 0).T)
        for values in (before, light)
    )
    full = ((seen - np.float32(FULL)) / np.float32(1 - FULL)).clip(0, 1)
    r, g, b = own + full * (own.max(0) - own)  # another full one sets no limit
    most = np.stack([np.minimum(g, b), np.minimum(r, b), np.minimum(r, g)])
    seen -= 1
    seen *= np.float32(2.4 / 1.055)  # the tangent of `decode` at 1, nowhere above it
    seen += 1
    np.minimum(most, seen, out=most)
    most -= own
    own += full * most.clip(0, out=most)
    light.reshape(-1, 3)[places] = own.T


def delta_e(one: ArrayLike, other: ArrayLike) -> Array:
    """CIEDE2000 (CIE 142-2001) between two sRGB-encoded (..., 3) pictures; shape (...)."""
    from skimage.color import deltaE_ciede2000

    return deltaE_ciede2000(to_lab(one), to_lab(other)).astype(np.float32)


def into_gamut(lab: Array) -> Array:
    """sRGB-encoded RGB in 0 … 1 of (..., 3) L*a*b*, chroma lowered where the colour is outside.

    L* (to 0.1) and hue stay. The largest chroma comes from a table over L* and hue, for the pixels
    outside only; brighter than white is white, darker than black is black.
    """
    linear = lab_to_linear(lab)
    outside = ~_inside(linear)
    if outside.any():
        where = np.flatnonzero(outside)
        far = np.take(lab.reshape(-1, 3), where, 0)
        far[:, 0] = far[:, 0].clip(0, 100)
        far[:, 1:] *= _share_inside(far)[:, None]
        linear.reshape(-1, 3)[where] = lab_to_linear(far)
    return _encode(linear.clip(0, 1, out=linear))


_LIGHTS, _TURN = 65, 257
"""Rows and columns of the table of the gamut: L* 0 … 100, and once around the hues."""


@functools.cache
def _gamut() -> Array:
    """Largest |a*| + |b*| that sRGB shows: (_LIGHTS, _TURN), by bisection.

    Hue is kept as a place on the square |a*| + |b*| = 1, 0 … 4 from +a* by +b*, -a*, -b*: cheaper
    than an angle.
    """
    turn = np.linspace(0, 4, _TURN)
    lab = np.empty((_LIGHTS, _TURN, 3), np.float32)
    lab[..., 0] = np.linspace(0, 100, _LIGHTS)[:, None]
    toward = np.stack(
        [np.interp(turn, (0, 2, 4), (1, -1, 1)), np.interp(turn, (0, 1, 3, 4), (0, 1, -1, 0))], -1
    )
    low, high = np.zeros((_LIGHTS, _TURN, 1)), np.full((_LIGHTS, _TURN, 1), 256.0)
    for _ in range(14):
        middle = (low + high) / 2
        lab[..., 1:] = middle * toward
        inside = _inside(lab_to_linear(lab))[..., None]
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return low[..., 0].astype(np.float32)


def _share_inside(lab: Array) -> Array:
    """What share of the chroma of (n, 3) L*a*b*, L* within 0 … 100, is in gamut: (n,), 0 … 1."""
    a, b = lab[:, 1], lab[:, 2]
    size = np.maximum(np.abs(a) + np.abs(b), np.float32(1e-6))
    column = b / size
    np.copyto(column, 2 - column, where=a < 0)
    np.copyto(column, column + 4, where=column < 0)
    column *= np.float32((_TURN - 1) / 4)
    row = lab[:, 0] * np.float32((_LIGHTS - 1) / 100)
    left, above = column.astype(np.intp), np.minimum(row.astype(np.intp), _LIGHTS - 2)
    np.minimum(left, _TURN - 2, out=left)
    column -= left
    row -= above
    left += above * _TURN
    table = _gamut().ravel()
    upper = table[left]
    upper += (table[left + 1] - upper) * column
    left += _TURN
    lower = table[left]
    lower += (table[left + 1] - lower) * column
    upper += (lower - upper) * row
    return np.minimum(upper / size, 1)


def _inside(linear: Array) -> NDArray[np.bool_]:
    """Which of (..., 3) linear colours are in 0 … 1, to 1/10000; shape (...)."""
    import cv2

    flat = linear.reshape(1, -1, 3)
    return cv2.inRange(flat, (-1e-4,) * 3, (1 + 1e-4,) * 3).reshape(linear.shape[:-1]) > 0
