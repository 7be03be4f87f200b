"""Write a small camera RAW: a DNG with an uncompressed 16-bit Bayer mosaic."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import tifffile

from restore import color
from restore.simulate.light import GAINS, ccm

BLACK, WHITE = 512, 15871
"""Sensor codes of no light and of a full well: a 14-bit sensor."""


def write(path: Path, camera: color.Array) -> None:
    """Write D65-balanced linear camera channels as the mosaic (R G / G B) a sensor would have.

    Parameters
    ----------
    camera
        (h, w, 3) float32 0 … 1; 1 is where the balanced channel is full. Even height and width.
    """
    native = camera / GAINS
    mosaic = native[..., 1].copy()
    mosaic[::2, ::2] = native[::2, ::2, 0]
    mosaic[1::2, 1::2] = native[1::2, 1::2, 2]
    codes = (BLACK + mosaic.clip(0, 1) * (WHITE - BLACK) + 0.5).astype(np.uint16)

    # From CIE XYZ to the sensor, so that D65 white gives 1 / GAINS (DNG 1.4, ColorMatrix1).
    from_xyz = np.linalg.inv(ccm()) @ np.linalg.inv(color.RGB_TO_XYZ) / GAINS[:, None]
    matrix = [round(entry * 10000) for entry in from_xyz.ravel()]
    neutral = [Fraction(float(1 / gain)).limit_denominator(1000) for gain in GAINS]
    tags: list[tuple[int, str, int, object, bool]] = [
        (271, "s", 0, "restore", False),  # Make
        (272, "s", 0, "Simulated camera", False),  # Model
        (274, "H", 1, 1, False),  # Orientation
        (33421, "H", 2, (2, 2), False),  # CFARepeatPatternDim
        (33422, "B", 4, bytes([0, 1, 1, 2]), False),  # CFAPattern
        (50706, "B", 4, bytes([1, 4, 0, 0]), False),  # DNGVersion
        (50707, "B", 4, bytes([1, 1, 0, 0]), False),  # DNGBackwardVersion
        (50708, "s", 0, "restore Simulated camera", False),  # UniqueCameraModel
        (50714, "H", 1, BLACK, False),  # BlackLevel
        (50717, "H", 1, WHITE, False),  # WhiteLevel
        (50721, "2i", 9, _ratios(matrix, 10000), False),  # ColorMatrix1
        (
            50728,
            "2I",
            3,
            [n for f in neutral for n in f.as_integer_ratio()],
            False,
        ),  # AsShotNeutral
        (50778, "H", 1, 21, False),  # CalibrationIlluminant1: D65
    ]
    tifffile.imwrite(
        path, codes, photometric=32803, extratags=tags, software="restore", metadata=None
    )


def _ratios(numerators: list[int], denominator: int) -> list[int]:
    return [part for numerator in numerators for part in (numerator, denominator)]
