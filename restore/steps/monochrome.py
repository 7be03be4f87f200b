"""Black and white: a mix of the three channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis import mixes
from restore.analysis.noise import channel_noise
from restore.effect import Effect, Findings, Quantity
from restore.image.photo import Proxy, Tile
from restore.step import Amount, Param

if TYPE_CHECKING:
    Mix = str
else:
    Mix = Literal[("auto", "channels", "layer", *mixes.LAYERS, *mixes.CHANNELS)]

Share = Annotated[float, Param("share of this channel; for mix channels", -200, 200, "%")]
Slider = Annotated[float, Param("brightness of this colour; for mix layer", -200, 300, "%")]
_MIXER = ("red", "green", "blue", "constant")
_SLIDERS = ("reds", "yellows", "greens", "cyans", "blues", "magentas")
_TINT = "|".join(("#[0-9a-fA-F]{6}", *mixes.TINTS))


Kind = Literal["weighted", "channels", "layer"]


@dataclass(frozen=True, eq=False)
class Monochrome(Effect):
    """A mix of the channels.

    Attributes
    ----------
    kind
        "weighted" is a mean, "channels" a channel mixer, "layer" a Black & White layer.
    weights
        (3,) of the channels, or (6,) of the layer's colours, as shares of 1.
    added
        Constant added to the grey of a channel mixer.
    uncross
        Whether the camera's colour matrix is first undone.
    tone
        "#RRGGBB" of the middle greys, or None.
    amount
        Share of the change, 0 … 1.
    """

    kind: Kind
    weights: NDArray[np.floating]
    added: float
    uncross: bool
    tone: str | None
    amount: float
    findings: Findings = field(default_factory=Findings)

    def tile(self, t: Tile) -> color.Array:
        v = mixes.uncrossed(t.pixels) if self.uncross else t.pixels
        if self.kind == "weighted":
            grey = mixes.weighted(v, self.weights)
        elif self.kind == "layer":
            grey = mixes.layer(v, self.weights.tolist())
        else:
            grey = mixes.channels(v, self.weights, self.added)
        toned = mixes.tinted(grey, self.tone) if self.tone else color.spread(grey)
        if self.amount == 1:
            return toned
        return t.pixels + np.float32(self.amount) * (toned - t.pixels)


def shared(effects: Sequence[Monochrome]) -> Monochrome:
    """The mix of a series: the median of its photos' weights."""
    weights = np.median([effect.weights for effect in effects], axis=0)
    if effects[0].kind == "weighted":
        weights = weights / weights.sum()
    return replace(effects[0], weights=weights.astype(effects[0].weights.dtype))


def follow(proxy: Proxy, series: Monochrome, **settings: object) -> Monochrome:
    """A photo's mix is that of its series."""
    return series


def monochrome(
    proxy: Proxy,
    *,
    mix: Annotated[Mix, Param("how the grey is mixed: automatic, set below, or a preset")] = "auto",
    red: Share = 40,
    green: Share = 40,
    blue: Share = 20,
    constant: Annotated[float, Param("added to the grey; for mix channels", -200, 200, "%")] = 0,
    reds: Slider = 40,
    yellows: Slider = 60,
    greens: Slider = 40,
    cyans: Slider = 60,
    blues: Slider = 20,
    magentas: Slider = 80,
    tint: Annotated[
        str | None,
        Param("tone of the middle greys", pattern=_TINT, unit="#RRGGBB, " + ", ".join(mixes.TINTS)),
    ] = None,
    amount: Amount = 1,
) -> Monochrome:
    """Turn a colour photo black and white by mixing its channels.

    `auto` weighs the channels by their detail over noise, and first undoes the camera's colour
    matrix unless the file holds the camera's own channels. Names of
    films and filters are channel mixes, names such as `red-filter` the presets of a Black & White
    layer. `channels` is the channel mixer, `layer` the layer with six sliders.
    """
    mixer, sliders = (red, green, blue, constant), (reds, yellows, greens, cyans, blues, magentas)
    kind: Kind = "channels"
    findings, uncross, added = Findings(), False, 0.0
    if mix == "auto":
        weights, findings = _auto(proxy)
        kind, uncross = "weighted", not proxy.camera
    elif mix == "layer" or mix in mixes.LAYERS:
        weights = np.array(mixes.LAYERS.get(mix, sliders), np.float64) / 100
        kind = "layer"
    else:
        weights = np.array(mixes.CHANNELS.get(mix, (red, green, blue)), np.float64)
        weights /= weights.sum() if mix in mixes.CHANNELS else 100
        added = constant / 100 if mix == "channels" else 0.0

    defaults = monochrome.__kwdefaults__ or {}
    others = {"channels": (_MIXER, mixer), "layer": (_SLIDERS, sliders)}
    others.pop(mix, None)
    pairs = [pair for names, values in others.values() for pair in zip(names, values, strict=True)]
    idle = [name for name, value in pairs if value != defaults[name]]
    if idle:
        unused = f'mix = "{mix}" does not use {", ".join(idle)}'
        findings = replace(findings, warnings=(*findings.warnings, unused))
    tone = mixes.TINTS.get(tint, tint) if tint else None
    return Monochrome(kind, weights, added, uncross, tone, amount, findings)


def _auto(proxy: Proxy) -> tuple[NDArray[np.floating], Findings]:
    """The mix chosen from the channels' evidence, and its reasons."""

    def seen(v: color.Array) -> color.Array:
        return v if proxy.camera else mixes.uncrossed(v)

    view = mixes.shrunk(proxy.view.pixels, mixes.SEEN)
    patches = [patch.pixels for patch in proxy.patches]
    averaged = proxy.size[0] * proxy.size[1] / (view.shape[0] * view.shape[1])
    sigma = channel_noise(patches)
    detail, _ = mixes.evidence(view, sigma, averaged)
    full = mixes.clipped(proxy.sample())
    _, weights = mixes.evidence(seen(view), channel_noise([seen(p) for p in patches]), averaged)
    shown = weights if proxy.camera else weights @ mixes.CROSSTALK

    channels = {
        name: {
            "weight": float(shown[k]),
            "clipped": float(full[k]),
            "noise": float(sigma[k]),
            "detail": float(detail[k]),
        }
        for k, name in enumerate(("red", "green", "blue"))
    }
    shares = (shown * 100).round(1)
    values = {
        "as channels": Quantity(dict(zip(channels, shares.tolist(), strict=True)), "%"),
        "as layer": Quantity(
            dict(zip(_SLIDERS, np.round(mixes.as_layer(shares), 1).tolist(), strict=True)), "%"
        ),
    }
    for measure, unit in (("clipped", ""), ("noise", ""), ("detail", "")):
        by_channel = {name: round(channel[measure], 4) for name, channel in channels.items()}
        values[measure] = Quantity(by_channel, unit)
    return weights, Findings(_summary(channels), values=values)


def _summary(channels: dict[str, dict[str, float]]) -> str:
    """The findings in one sentence."""
    parts = []
    for name, channel in channels.items():
        if channel["clipped"] > 0.02:
            parts.append(f"{name} is clipped in {channel['clipped']:.0%} of the photo")
        if channel["detail"] < 2 * channel["noise"]:
            parts.append(f"{name} holds little but noise")
    weights = " + ".join(f"{channel['weight']:.0%} {name}" for name, channel in channels.items())
    return ", ".join((f"grey = {weights}", *parts))
