"""The 313 colours a network chooses from: CIE a* b* in steps of 10, within sRGB."""

from __future__ import annotations

import functools

import numpy as np

from restore.color import Array

# Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016: a*, and the first and last b*.
_LINES = (
    *((-90, 50, 90), (-80, 20, 90), (-70, 0, 90), (-60, -20, 90), (-50, -30, 100)),
    *((-40, -40, 100), (-30, -50, 100), (-20, -50, 100), (-10, -60, 100), (0, -70, 100)),
    *((10, -80, 90), (20, -80, 90), (30, -90, 90), (40, -100, 90), (50, -100, 80)),
    *((60, -110, 80), (70, -110, 80), (80, -110, 70), (90, -110, 70), (100, -90, 0)),
)


@functools.cache
def grid() -> Array:
    """(313, 2) float32 bin centres, a* ascending, then b* ascending; read-only."""
    bins = [(a, b) for a, first, last in _LINES for b in range(first, last + 1, 10)]
    points = np.array(bins, np.float32)
    points.flags.writeable = False
    return points
