"""Parsing of ICC profiles: their tags, primaries and curves (ICC.1:2022, profile version 4.4)."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

Double = NDArray[np.float64]

LARGEST = 16 * 1024 * 1024
"""Bytes a profile may have."""
NODES = 65536
"""Values in the table of a curve."""


class ProfileError(ValueError):
    """A profile is damaged or of a kind that is not read."""


def read_tags(profile: bytes) -> dict[bytes, bytes]:
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


def read_xyz(data: bytes) -> Double:
    if data[:4] != b"XYZ ":
        raise ProfileError("its primaries are damaged")
    return np.array(struct.unpack_from(">3i", data, 8)) / 65536


def read_curve(data: bytes) -> Double:
    """A curve (ICC.1, 10.6 and 10.18) as 65,536 linear values over 0 … 1, never falling."""
    at = np.linspace(0, 1, NODES)
    if data[:4] == b"curv":
        count = struct.unpack_from(">I", data, 8)[0]
        if count == 0:
            return at
        if count > NODES or len(data) < 12 + 2 * count:
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
