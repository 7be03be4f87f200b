"""Code points of colour: primaries and transfer curve of HEIF, AVIF and PNG (ITU-T H.273)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.files._reading import Ask

_D65, _C, _DCI = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351)
_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_PRIMARIES = {  # table 2: white, then red, green, blue
    1: (_D65, _BT709),
    2: (_D65, _BT709),  # unspecified
    4: (_C, (0.67, 0.33, 0.21, 0.71, 0.14, 0.08)),
    5: (_D65, (0.64, 0.33, 0.29, 0.60, 0.15, 0.06)),
    6: (_D65, (0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),
    7: (_D65, (0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),
    9: (_D65, (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
    11: (_DCI, (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
    12: (_D65, (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
    22: (_D65, (0.630, 0.340, 0.295, 0.605, 0.155, 0.077)),
}
_SRGB = (13, 1, 6, 14, 15, 2)
"""Curves (table 3) of sRGB, and of video, which is shown with sRGB's; 2 is unspecified."""
_POWERS = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
_BRIGHT = {16: "PQ", 18: "HLG"}


def profile(ask: Ask, primaries: int, curve: int) -> bytes | None:
    """The ICC profile of two code points, None for sRGB; PhotoError if there is none.

    High dynamic range is refused: it needs tone mapping, and read as sRGB it is pale and grey.
    """
    from restore.color.profile import of_primaries

    if curve in _BRIGHT:
        raise ask.error(
            f"is a high-dynamic-range photo ({_BRIGHT[curve]}), which is not supported; "
            "export it as SDR"
        )
    if primaries not in _PRIMARIES or curve not in (*_SRGB, *_POWERS):
        raise ask.error(
            f"has an unsupported colour space (code points {primaries}, {curve}); export it as sRGB"
        )
    white, corners = _PRIMARIES[primaries]
    if corners == _BT709 and curve in _SRGB:
        return None
    return of_primaries(_POWERS.get(curve), white, corners)
