"""Colours stored premultiplied by alpha (TIFF 6.0, section 18: associated alpha).

Integers come back exactly: the rounding error of a colour, multiplied again, is less than half
a code.
"""

from __future__ import annotations

import numpy as np

from restore.color.space import Samples

_BAND = 2**22
"""Samples processed at once."""


def divided(samples: Samples) -> Samples | None:
    """Samples, alpha last, with their colours unmultiplied.

    None if a colour is brighter than its alpha: then nothing was multiplied, whatever the
    file says, or it glows, which straight alpha cannot express.
    """
    colours, alpha = samples[..., :-1], samples[..., -1:]
    if not all((colours[rows] <= alpha[rows]).all() for rows in _bands(samples)):
        return None
    result = samples.copy()
    for rows in _bands(samples):
        part, by = colours[rows], alpha[rows]
        if samples.dtype.kind == "f":
            result[rows, :, :-1] = part / np.where(by > 0, by, 1)
        else:  # 65535² + 32767 is just below 2³²
            by = np.maximum(by, 1).astype(np.uint32)
            full = np.iinfo(samples.dtype).max
            result[rows, :, :-1] = (part.astype(np.uint32) * full + by // 2) // by
    return result


def multiplied(colours: Samples, alpha: Samples) -> Samples:
    """(rows, columns, channels) colours times (rows, columns, 1) alpha."""
    if colours.dtype.kind == "f":
        return colours * alpha
    full = np.iinfo(colours.dtype).max
    products = (colours.astype(np.uint32) * alpha + full // 2) // full
    return products.astype(colours.dtype)


def _bands(samples: Samples) -> list[slice]:
    rows = max(1, _BAND // max(samples[0].size, 1))
    return [slice(top, top + rows) for top in range(0, len(samples), rows)]
