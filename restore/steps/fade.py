"""Faded dyes: give each layer its density back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from restore import color, mixes
from restore.effect import Effect, Findings, Quantity
from restore.field import Field
from restore.photo import Proxy, Tile
from restore.step import Amount
from restore.steps import _dyes, _mount

DYES = ("cyan", "magenta", "yellow")
BRIGHTEST = 100.0
"""Linear light above which a sample is a mistake of its file."""
SEEN = (0.5, 0.12)
"""A photo counts as faded from this certainty and from this share of a dye (or stain density)."""


@dataclass(frozen=True, eq=False)
class Fade(Effect):
    """An affine change of optical density in each channel.

    Attributes
    ----------
    gain, shift
        (3,), or (h, w, 3) where they differ from place to place: D' = gain D + shift.
    amount
        0 … 1: the share of the change.
    """

    gain: color.Array
    shift: color.Array
    amount: float
    findings: Findings = field(default_factory=Findings)

    def tile(self, t: Tile) -> color.Array:
        if self.amount == 0:
            return t.pixels
        numbers = self._numbers
        rows, columns = t.pixels.shape[:2]
        light = color.decode(t.pixels)
        below = None
        if light.min() < color.DARKEST:  # not measured: from there on to black in proportion
            below = np.minimum(light, np.float32(color.DARKEST))
            below *= np.float32(1 / color.DARKEST)
        np.log(light.clip(color.DARKEST, BRIGHTEST, out=light), out=light)
        if numbers.ndim == 3:
            local = Field(numbers).at(t.window)
            light *= local[..., :3]
            light += local[..., 3:]
        else:
            lines = light.reshape(rows, -1)
            lines *= np.tile(numbers[:3], columns)
            lines += np.tile(numbers[3:], columns)
        np.exp(light, out=light)
        if below is not None:
            light *= below
        color.raise_full(light, t.pixels)
        return color.encode(light)

    @property
    def _numbers(self) -> color.Array:
        """(…, 6) powers and factors of linear light: what the change of density is there."""
        factors = self.shift * (-self.amount * np.log(10))
        return np.concatenate([self.gain**self.amount, factors], -1).astype(np.float32)


def shared(effects: Sequence[Fade]) -> Fade:
    """The fading of a series: the medians of its photos' gains and shifts."""
    gains, shifts = ([_mean(getattr(e, name)) for e in effects] for name in ("gain", "shift"))
    gain, shift = (np.median(values, 0).astype(np.float32) for values in (gains, shifts))
    return replace(effects[0], gain=gain, shift=shift)


def follow(proxy: Proxy, series: Fade, **settings: object) -> Fade:
    """A photo has faded as its series has."""
    return series


def _mean(values: color.Array) -> color.Array:
    """(3,) the mean over the photo."""
    return values.reshape(-1, 3).mean(0)


def fade(proxy: Proxy, *, amount: Amount = 1) -> Fade:
    """Bring back the contrast and the neutral greys that fading dyes have taken away.

    Each dye of a colour photo loses density in proportion, and the paper yellows: in optical
    density the true photo is an affine function of the faded one, channel by channel,
    D' = gain D + shift, which in linear light is one power and one factor. A small network
    estimates the six numbers from the photo, and whether anything is faded at all; a plain border
    is left out of its sight. Where a mount has clearly kept its edge from fading, the numbers
    differ from place to place. `amount` moves from none of the correction to all of it.

    Known failures: other fading that differs over the sheet is corrected for its mean; a photo that
    is meant to be pale, or of one colour, may be taken for a faded one.
    """
    small = mixes.shrunk(proxy.view.pixels, _dyes.SIDE)
    fading = _dyes.estimate(small)
    gain, shift = fading.gain, fading.shift
    places = _mount.exposure(small, fading)
    if places is not None:
        gain, shift = _mount.evening(fading, places)
        fading = _dyes.estimate(color.from_density(color.to_density(small) * gain + shift))
        gain, shift = fading.gain * gain, fading.gain * shift + fading.shift
    return Fade(gain, shift, amount, _findings(fading, places))


def _findings(fading: _dyes.Fading, places: color.Array | None) -> Findings:
    """What was found, in numbers and as a sentence."""
    loss = 1 - 1 / fading.gain
    stain = -fading.shift / fading.gain
    strongest = max(float(loss.max()), float(stain.max()) * 2)
    faded = fading.faded >= SEEN[0] and strongest >= SEEN[1]
    values: dict[str, Quantity] = {
        "faded": Quantity(faded),
        "certainty": Quantity(round(fading.faded, 2)),
        "loss": Quantity(_by_dye(loss)),
        "stain": Quantity(_by_dye(stain), "density"),
    }
    if places is not None:
        values["edges"] = Quantity(round(float(places.min()), 2))
    summary = ""
    if faded:
        lost = sorted(zip(loss, DYES, strict=True), reverse=True)
        parts = [f"{name} about {share * 100:.0f} %" for share, name in lost if share >= 0.05]
        parts = [f"dyes faded: {', '.join(parts)}"] if parts else []
        parts += [
            f"{name} stain {part:.2f}"
            for name, part in zip(DYES, stain, strict=True)
            if part >= 0.04
        ]
        if places is not None:
            parts.append(f"at the edges {1 - places.min():.0%} less")
        summary = "; ".join(parts)
    return Findings(summary, values=values)


def _by_dye(parts: NDArray[np.floating]) -> dict[str, float]:
    return {name: round(float(part), 2) for name, part in zip(DYES, parts, strict=True)}
