"""Black point, white point, gamma and contrast."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from restore import color
from restore.photo import Proxy, Tile
from restore.step import Amount, Param, Render

MINOR = True


def levels(
    proxy: Proxy,
    *,
    auto: Annotated[
        float, Param("find black and white so that this share clips at each end; 0 off", 0, 10, "%")
    ] = 0,
    black: Annotated[float, Param("encoded value that becomes black", -50, 99, "%")] = 0,
    white: Annotated[float, Param("encoded value that becomes white", 1, 200, "%")] = 100,
    gamma: Annotated[
        float, Param("brightness of the middle tones; above 1 brightens", 0.1, 10)
    ] = 1,
    contrast: Annotated[float, Param("steeper middle tones; below 0 flatter", -100, 100, "%")] = 0,
    amount: Amount = 1,
) -> Render:
    """Set black, white, middle brightness and contrast.

    All on sRGB-encoded values, each channel alike, so that neutral greys stay neutral. `auto`
    stretches the tones to the full range, to at most 8 times their own; `black` and `white` then
    count from there. Contrast bends the tones by v + contrast v (1 - v) (2 v - 1): black, middle
    grey and white stay, the slope in the middle is 1 + contrast / 2. A white at or below black is
    taken as 1 % above it.
    """
    low, high = _range(proxy, auto) if auto else (0.0, 1.0)
    low, high = low + (high - low) * black / 100, low + (high - low) * white / 100
    gain = 1 / max(high - low, 0.01)
    bend = np.float32(contrast / 100)

    def curve(before: color.Array) -> color.Array:
        v = before * np.float32(gain)
        v -= np.float32(low * gain)
        if gamma != 1:
            v = np.copysign(np.power(np.abs(v), np.float32(1 / gamma)), v)
        if bend:
            inner = v.clip(0, 1)
            v += bend * inner * (1 - inner) * (2 * inner - 1)
        if amount != 1:
            v -= before
            v *= np.float32(amount)
            v += before
        return v

    def tile(t: Tile) -> color.Array:
        one = color.plane(t.pixels)
        return curve(t.pixels) if one is None else color.spread(curve(one))

    return Render(tile, notes={"black": low * 100, "white": high * 100})


def _range(proxy: Proxy, clip: float) -> tuple[float, float]:
    """The values between which all but `clip` % at each end lie, at least an eighth apart.

    Of a range that is widened black stays black, and white white.
    """
    pixels = proxy.view.pixels
    one = color.plane(pixels)
    low, high = np.percentile(pixels if one is None else one, [clip, 100 - clip])
    if high - low < 1 / 8:
        low = np.clip((low + high) / 2 - 1 / 16, 0, 7 / 8)
        high = low + 1 / 8
    return float(low), float(high)
