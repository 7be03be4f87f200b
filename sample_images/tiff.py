"""Write a 16-bit TIFF as a scanner program does: a wide ICC profile and an Exif block."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import tifffile

from restore import color

EXIF = 34665
"""The TIFF tag that says where the Exif block is."""
GAMMA = 563 / 256
PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
"""x, y of a wide gamut's R, G, B, and its curve: those of Adobe RGB (1998)."""
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def write(path: Path, srgb: color.Array) -> None:
    """Write (h, w, 3) sRGB-encoded colours as 16-bit values of the wide profile, deflated."""
    linear = color.decode(srgb) @ (np.linalg.inv(_wide_to_xyz()) @ color.RGB_TO_XYZ).T
    codes = (np.power(linear.clip(0, 1), 1 / GAMMA) * 65535 + 0.5).astype(np.uint16)
    tags = [
        (271, "s", 0, "restore", True),  # Make
        (272, "s", 0, "Simulated scanner", True),  # Model
        (315, "s", 0, "Stefan van der Walt", True),  # Artist
        (EXIF - 1, "I", 1, 0, True),  # becomes ExifIFD, which tifffile does not write
    ]
    options = {
        "photometric": "rgb",
        "compression": "zlib",
        "predictor": True,
        "resolution": (600, 600),
        "resolutionunit": "INCH",
        "description": "A faded print, scanned with 16 bits",
        "software": "restore",
        "iccprofile": profile(),
        "metadata": None,
    }
    tifffile.imwrite(path, codes, extratags=tags, **options)
    data = bytearray(path.read_bytes())
    place = len(data) + len(data) % 2
    with tifffile.TiffFile(path) as file:
        entry = file.pages[0].tags[EXIF - 1].offset
    data[entry : entry + 12] = struct.pack("<HHII", EXIF, 4, 1, place)
    path.write_bytes(bytes(data).ljust(place, b"\0") + _exif(place))


def _exif(place: int) -> bytes:
    """An Exif directory at `place` of a little-endian TIFF: exposure, aperture, ISO, date."""
    after = place + 2 + 5 * 12 + 4
    date = b"2026:05:17 10:30:00\0"
    entries = struct.pack("<H", 5)
    entries += struct.pack("<HHII", 33434, 5, 1, after)  # ExposureTime
    entries += struct.pack("<HHII", 33437, 5, 1, after + 8)  # FNumber
    entries += struct.pack("<HHIHH", 34855, 3, 1, 100, 0)  # ISO
    entries += struct.pack("<HHI4s", 36864, 7, 4, b"0230")  # ExifVersion
    entries += struct.pack("<HHII", 36867, 2, len(date), after + 16)  # DateTimeOriginal
    return entries + struct.pack("<I", 0) + struct.pack("<IIII", 1, 60, 8, 1) + date


def profile() -> bytes:
    """An ICC version 2 display profile: three primaries and a gamma (ICC.1:2001-04)."""

    def number(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(number(value) for value in values)

    name = b"Wide gamut, gamma 2.2\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(12 + 67)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(GAMMA * 256))
    adapted = _adapted(_wide_to_xyz())
    parts = {
        b"desc": text,
        b"cprt": b"text\0\0\0\0CC0\0",
        b"wtpt": xyz(D50),
        b"rXYZ": xyz(adapted[:, 0]),
        b"gXYZ": xyz(adapted[:, 1]),
        b"bXYZ": xyz(adapted[:, 2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = struct.pack(">I", len(parts)), b""
    start = 128 + 4 + 12 * len(parts)
    for key, part in parts.items():
        table += key + struct.pack(">II", start + len(body), len(part))
        body += part + bytes(-len(part) % 4)
    header = struct.pack(">I4sI", start + len(body), b"\0" * 4, 0x02400000) + b"mntrRGB XYZ "
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += b"".join(number(value) for value in D50)
    return header.ljust(128, b"\0") + table + body


def _wide_to_xyz() -> np.ndarray:
    """(3, 3) from linear R, G, B of `PRIMARIES` with D65 white to CIE XYZ."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in PRIMARIES]).T
    return columns * np.linalg.solve(columns, color.WHITE)


def _adapted(to_xyz: np.ndarray) -> np.ndarray:
    """The matrix with white D50 instead of D65 (Bradford)."""
    ratio = (BRADFORD @ D50) / (BRADFORD @ color.WHITE)
    return np.linalg.inv(BRADFORD) @ (ratio[:, None] * BRADFORD) @ to_xyz
