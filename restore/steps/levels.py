"""Black point, white point, midtones, gamma and contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.effect import Effect, Findings, Quantity
from restore.image.photo import Proxy, Tile
from restore.step import Amount, Param

MINOR = True

NATURAL: color.Array = np.array(
    [
        *(0.156, 0.205, 0.247, 0.286, 0.323, 0.360, 0.396, 0.431, 0.465),
        *(0.499, 0.534, 0.569, 0.606, 0.645, 0.687, 0.737, 0.801),
    ],
    np.float32,
)
"""Tones of good photos: encoded greys at 1/18, 2/18 … of the pixels, the mean of 986 photos
(animals, people, sports, rooms, landscapes; public research sets)."""
DARK = 0.04
"""Encoded grey below which a pixel is black and stays so."""
BEND = np.linspace(-0.6, 3, 73, dtype=np.float32)
"""Candidate midtone bends."""
TOE, SHOULDER = 0.03, 0.75
"""Encoded greys below which bending fades out, and above which highlights roll off."""
BLOWN, LAMP = 0.985, 0.008
"""Encoded value from which the original is blown, and the largest share of a photo that a lamp in
the frame fills: a face or a shirt that is blown is larger."""
GLOW = 2.0
"""How far a lamp's glow reaches, in radii of the lamp."""


@dataclass(frozen=True, eq=False)
class Levels(Effect):
    """A tone curve on encoded values, the same for each channel.

    Attributes
    ----------
    low, high
        Values that become black and white.
    bend
        Slope of the midtones beside 1: above 0 brighter, below darker; black and white stay.
    shoulder
        0 … 1: how far highlights roll off, so that values above white are not lost at once.
    gamma, contrast, amount
        As in `levels`.
    """

    low: float
    high: float
    bend: float
    shoulder: float
    gamma: float
    contrast: float
    amount: float
    findings: Findings = field(default_factory=Findings)

    def curve(self, before: color.Array) -> color.Array:
        """Encoded values through the curve, same shape."""
        gain = 1 / max(self.high - self.low, 0.01)
        v = before * np.float32(gain)
        v -= np.float32(self.low * gain)
        if self.bend:
            v = bent(v, np.float32(self.bend))
        if self.shoulder:
            over = np.maximum(v - np.float32(SHOULDER), 0)
            room = np.float32(1 - SHOULDER)
            over -= room * (1 - np.exp(-over / room))
            v -= np.float32(self.shoulder) * over
        if self.gamma != 1:
            v = np.copysign(np.power(np.abs(v), np.float32(1 / self.gamma)), v)
        if self.contrast:
            inner = v.clip(0, 1)
            v += np.float32(self.contrast) * inner * (1 - inner) * (2 * inner - 1)
        if self.amount != 1:
            v -= before
            v *= np.float32(self.amount)
            v += before
        return v

    def tile(self, t: Tile) -> color.Array:
        one = color.plane(t.pixels)
        return self.curve(t.pixels) if one is None else color.spread(self.curve(one))


def bent(v: color.Array, bend: np.float32 | color.Array) -> color.Array:
    """Encoded values with brighter midtones: a hyperbola through black and white, with a toe."""
    inner = v.clip(0, 1)
    own = bend * inner / (inner + np.float32(TOE))
    return v + inner * own * (1 - inner) / (1 + own * inner)


def shared(effects: Sequence[Levels]) -> Levels:
    """The levels of a series: the medians of its photos."""
    low, high, bend = (
        float(np.median([getattr(effect, name) for effect in effects]))
        for name in ("low", "high", "bend")
    )
    return replace(effects[0], low=low, high=high, bend=bend)


def follow(proxy: Proxy, series: Levels, **settings: object) -> Levels:
    """A photo's levels are those of its series."""
    return series


def levels(
    proxy: Proxy,
    *,
    auto: Annotated[
        float,
        Param(
            "set black and white so that this share clips at each end; 0 turns it off", 0, 10, "%"
        ),
    ] = 0,
    tone: Annotated[
        float,
        Param("how far midtones move towards those of good photos; highlights roll off", 0, 1),
    ] = 0,
    black: Annotated[float, Param("encoded value that becomes black", -50, 99, "%")] = 0,
    white: Annotated[float, Param("encoded value that becomes white", 1, 200, "%")] = 100,
    gamma: Annotated[
        float, Param("brightness of the middle tones; above 1 brightens", 0.1, 10)
    ] = 1,
    contrast: Annotated[float, Param("steeper middle tones; below 0 flatter", -100, 100, "%")] = 0,
    amount: Amount = 1,
) -> Levels:
    """Set black, white, middle brightness and contrast.

    All on sRGB-encoded values, each channel alike, so that neutral greys stay neutral. `auto`
    stretches the tones to the full range, to at most 8 times their own, ignoring lamps in the frame
    (small and blown); `black` and `white` are then relative to that range. `tone` bends
    the middle tones, up or down, so that the photo's tones come nearer to those of good photos: at
    0.5 half as far away; black stays, and highlights roll off instead of being cut. Contrast bends
    the tones by v + contrast v (1 - v) (2 v - 1): black, middle grey and white stay, the slope in
    the middle is 1 + contrast / 2. A white at or below black is taken as 1% above it.
    """
    grey = _grey(proxy) if auto or tone else np.zeros(1, np.float32)
    low, high = _range(grey, auto) if auto else (0.0, 1.0)
    low, high = low + (high - low) * black / 100, low + (high - low) * white / 100
    bend = 0.0
    if tone:
        bend = _bend(Levels(low, high, 0.0, 0.0, 1.0, 0.0, 1.0).curve(grey), tone)
    values = {
        "black": Quantity(low * 100, "%"),
        "white": Quantity(high * 100, "%"),
        "midtones": Quantity(bend),
    }
    findings = Findings(values=values)
    return Levels(low, high, bend, tone, gamma, contrast / 100, amount, findings)


def _grey(proxy: Proxy) -> color.Array:
    """(n,) or (n, 3) encoded values of the view, without lamps in the frame."""
    pixels = proxy.view.pixels
    one = color.plane(pixels)
    values = pixels if one is None else one
    lamps = _lamps(proxy.view.original)
    some = lamps.any() and lamps.mean() < 0.5
    return values[~lamps] if some else values.reshape(-1, *values.shape[2:])


def _lamps(original: color.Array) -> NDArray[np.bool_]:
    """(h, w) where lamps shine into the lens: small, blown, and the glow around them."""
    import cv2

    over = original >= np.float32(BLOWN)  # `any` over that axis takes ten times as long
    blown = (over[..., 0] | over[..., 1] | over[..., 2]).view(np.uint8)
    if not blown.any():
        return blown.view(bool)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(blown)
    area = stats[:, cv2.CC_STAT_AREA]
    lamps = np.zeros(blown.shape, bool)
    for k in range(1, count):
        if 4 <= area[k] <= LAMP * blown.size:
            x, y, width, height = stats[k, :4]
            reach = 1 + round(GLOW * float(np.sqrt(area[k] / np.pi)))
            size = 2 * reach + 1
            rows = slice(max(y - reach, 0), y + height + reach)
            columns = slice(max(x - reach, 0), x + width + reach)
            around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
            own = (parts[rows, columns] == k).astype(np.uint8)
            lamps[rows, columns] |= cv2.dilate(own, around) > 0
    return lamps


def _range(values: color.Array, clip: float) -> tuple[float, float]:
    """The percentiles `clip` % from each end, at least an eighth apart.

    If the range is widened, black stays black, and white white.
    """
    low, high = np.percentile(values, [clip, 100 - clip])
    if high - low < 1 / 8:
        low = np.clip((low + high) / 2 - 1 / 16, 0, 7 / 8)
        high = low + 1 / 8
    return float(low), float(high)


def _bend(values: color.Array, tone: float) -> float:
    """The bend that brings the tones a share `tone` nearer to `NATURAL`, by least squares."""
    grey = values if values.ndim == 1 else values @ color.LUMA
    lit = grey[grey > DARK]
    if lit.size < 16:
        return 0.0
    own = np.quantile(lit, np.arange(1, 18) / 18).astype(np.float32)
    wanted = own + np.float32(tone) * (NATURAL - own)
    wrong = ((bent(own, BEND[:, None]) - wanted) ** 2).sum(1)
    return float(BEND[wrong.argmin()])
