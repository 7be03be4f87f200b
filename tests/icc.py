"""ICC profiles made for the tests: matrices with all kinds of curves, grey, and tables."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from restore import color

D50 = (0.9642, 1.0, 0.8249)
ADOBE = ((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457))
PROPHOTO = ((0.79767, 0.13519, 0.03135), (0.28804, 0.71187, 0.00009), (0.0, 0.0, 0.82510))
P3 = ((0.51512, 0.29198, 0.15710), (0.24120, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407))
SRGB = ((0.43607, 0.38515, 0.14307), (0.22249, 0.71687, 0.06061), (0.01392, 0.09708, 0.71410))


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def gamma(power: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(power * 256))


def table(values: NDArray[np.float64]) -> bytes:
    codes = np.rint(values * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", len(codes)) + codes.tobytes()


def srgb_curve() -> bytes:
    return b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile(space: bytes, kind: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    body, index = b"", b""
    start = 132 + 12 * len(tags)
    for name, data in tags.items():
        index += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = start + len(body)
    head = struct.pack(">I4sI", size, b"lcms", 0x02400000) + kind + space + pcs
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + fixed(*D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + body


def rgb(primaries: tuple[tuple[float, ...], ...], *curves: bytes) -> bytes:
    tags = {b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), np.array(primaries).T, strict=True):
        tags[name] = b"XYZ \0\0\0\0" + fixed(*column)
    names = (b"rTRC", b"gTRC", b"bTRC")
    tags |= dict(zip(names, curves * (3 // len(curves)), strict=True))
    return profile(b"RGB ", b"mntr", b"XYZ ", tags)


def grey(curve: bytes) -> bytes:
    return profile(
        b"GRAY", b"mntr", b"XYZ ", {b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50), b"kTRC": curve}
    )


def _lut(inputs: int, lab: NDArray[np.float64]) -> bytes:
    """A lut16Type to or from L*a*b* (ICC.1:2001, 6.5.8); identity curves."""
    side, outputs = lab.shape[0], lab.shape[-1]
    head = b"mft2\0\0\0\0" + bytes((inputs, outputs, side, 0)) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    ends = struct.pack(">2H", 0, 65535)
    codes = np.rint(lab.clip(0, 1) * 65535).astype(">u2").tobytes()
    return head + struct.pack(">2H", 2, 2) + ends * inputs + codes + ends * outputs


def _lab_shares(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """L*a*b* as the 0 … 1 of version 2's 16-bit coding."""
    return np.stack(
        [lab[..., 0] / 100, (lab[..., 1] + 128) / 256, (lab[..., 2] + 128) / 256], -1
    ) * (65280 / 65535)


def _device(side: int, inputs: int) -> NDArray[np.float64]:
    steps = np.linspace(0, 1, side)
    return np.stack(np.meshgrid(*[steps] * inputs, indexing="ij"), -1)


def scanner(with_way_back: bool, side: int = 9) -> bytes:
    """A scanner: its own gamma, and channels that see something of each other."""
    device = _device(side, 3)
    mixed = device**1.7 @ np.array([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.02, 0.13, 0.85]]).T
    tags = {
        b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50),
        b"A2B0": _lut(3, _lab_shares(color.to_lab(color.encode(mixed)).astype(float))),
    }
    if with_way_back:  # a rough one, as real ones are
        steps = np.linspace(0, 1, 17)
        shares = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1) * (65535 / 65280)
        lab = shares * [100, 256, 256] - [0, 128, 128]
        back = np.linalg.inv([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.02, 0.13, 0.85]])
        linear = color.lab_to_linear(lab) @ back.T
        tags[b"B2A0"] = _lut(3, np.maximum(linear, 0) ** (1 / 1.7))
    return profile(b"RGB ", b"scnr", b"Lab ", tags)


def inks() -> bytes:
    """A simple CMYK press: each ink takes its light away."""
    device = _device(5, 4)
    light = (1 - 0.9 * device[..., :3]) * (1 - 0.95 * device[..., 3:])
    lab = color.to_lab(color.encode(light)).astype(float)
    return profile(
        b"CMYK",
        b"prtr",
        b"Lab ",
        {b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50), b"A2B0": _lut(4, _lab_shares(lab))},
    )
