"""Black point, white point, gamma and contrast."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from restore import color
from restore.photo import Proxy, Tile
from restore.step import Amount, Param, Render


def levels(
    proxy: Proxy,
    *,
    black: Annotated[float, Param("encoded value that becomes black", -50, 99, "%")] = 0,
    white: Annotated[float, Param("encoded value that becomes white", 1, 200, "%")] = 100,
    gamma: Annotated[
        float, Param("brightness of the middle tones; above 1 brightens", 0.1, 10)
    ] = 1,
    contrast: Annotated[float, Param("steeper middle tones; below 0 flatter", -100, 100, "%")] = 0,
    amount: Amount = 1,
) -> Render:
    """Set black, white, middle brightness and contrast.

    All on sRGB-encoded values, each channel alike. Contrast bends the tones by a sigmoid through
    black, middle grey and white (Bezier-like blend of the identity and smoothstep), so nothing
    clips. A white at or below black is taken as 1 % above it.
    """
    low = np.float32(black / 100)
    gain = np.float32(1 / max(white / 100 - black / 100, 0.01))
    bend = np.float32(contrast / 100)

    def tile(t: Tile) -> color.Array:
        v = (t.pixels - low) * gain
        if gamma != 1:
            v = np.copysign(np.power(np.abs(v), np.float32(1 / gamma)), v)
        if bend:
            inner = v.clip(0, 1)
            v += bend * inner * (1 - inner) * (2 * inner - 1)
        return t.pixels + np.float32(amount) * (v - t.pixels)

    return Render(tile)
