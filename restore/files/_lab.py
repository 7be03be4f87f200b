"""CIE L*a*b* as TIFF stores it.

TIFF 6.0, section 23; Adobe Photoshop TIFF technical notes (ICC L*a*b*); ICC.1:2022, 6.3.4.
"""

from __future__ import annotations

import numpy as np

from restore import color
from restore.color import profile as icc
from restore.color.space import Samples

_BAND = 2**20
"""Pixels processed at once."""


def developed(samples: Samples, shifted: bool, white: object) -> tuple[Samples, bytes]:
    """Stored L*a*b* (rows, columns, 3) of 8 or 16 bits as Adobe RGB of as many; its profile.

    Parameters
    ----------
    shifted
        a* and b* are stored with their zero in the middle (ICC) instead of signed.
    white
        Numerators and denominators of the white point's x and y; D50 where it is not known.
    """
    d65 = _is_d65(white)
    profile = icc.made("adobergb")
    way = icc.transform(profile)
    result = np.empty(samples.shape, samples.dtype)
    full = np.float32(np.iinfo(samples.dtype).max)
    rows = max(1, _BAND // samples.shape[1])
    for top in range(0, len(samples), rows):
        lab = _numbers(samples[top : top + rows], shifted)
        linear = color.lab_to_linear(lab) if d65 else icc.of_d50(lab)
        shares = way.from_linear(linear).clip(0, 1)
        result[top : top + rows] = (shares * full + np.float32(0.5)).astype(samples.dtype)
    return result, profile


def _numbers(stored: Samples, shifted: bool) -> color.Array:
    """L* 0 … 100, a* and b* about -128 … 127."""
    wide = stored.dtype == np.uint16
    step = np.float32(256 if wide else 1)
    lab = np.empty(stored.shape, np.float32)
    whole = (65280 if shifted else 65535) if wide else 255
    lab[..., 0] = stored[..., 0] * np.float32(100 / whole)
    if shifted:
        lab[..., 1:] = stored[..., 1:] / step
        lab[..., 1:] -= 128
    else:
        lab[..., 1:] = stored[..., 1:].view(np.int16 if wide else np.int8)
        lab[..., 1:] /= step
    return lab


def _is_d65(white: object) -> bool:
    """Whether a white point is D65 (0.3127, 0.3290), unlike that of any profile."""
    if not isinstance(white, tuple) or len(white) != 4 or not all(white):
        return False
    return abs(white[0] / white[1] - 0.3127) < 0.003 and abs(white[2] / white[3] - 0.329) < 0.003
