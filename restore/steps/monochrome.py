"""Black and white: a mix of the three channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from restore import color, mixes
from restore.photo import Proxy, Tile
from restore.step import Amount, Param, Render

if TYPE_CHECKING:
    Mix = str
else:
    Mix = Literal[("auto", "channels", "layer", *mixes.LAYERS, *mixes.CHANNELS)]

Share = Annotated[float, Param("share of this channel; for mix channels", -200, 200, "%")]
Slider = Annotated[float, Param("brightness of this colour; for mix layer", -200, 300, "%")]
_MIXER = ("red", "green", "blue", "constant")
_SLIDERS = ("reds", "yellows", "greens", "cyans", "blues", "magentas")
_TINT = "|".join(("#[0-9a-fA-F]{6}", *mixes.TINTS))


def monochrome(
    proxy: Proxy,
    *,
    mix: Annotated[Mix, Param("how the grey is made: found, set below, or a preset")] = "auto",
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
) -> Render:
    """Make black and white of a colour photo, by a mix of its channels.

    `auto` weighs the channels by what they show over their noise, and first adds back what the
    camera's colour matrix has subtracted, where the file is not the camera's own channels. Names of
    films and filters are channel mixes, names such as `red-filter` the presets of a Black & White
    layer. `channels` is the channel mixer, `layer` the layer with six sliders.
    """
    notes: dict[str, Any] = {}
    mixer, sliders = (red, green, blue, constant), (reds, yellows, greens, cyans, blues, magentas)
    if mix == "auto":
        grey, notes = _auto(proxy)
    elif mix == "layer" or mix in mixes.LAYERS:
        shares = [slider / 100 for slider in mixes.LAYERS.get(mix, sliders)]

        def grey(v: color.Array) -> color.Array:
            return mixes.layer(v, shares)

    else:
        row = np.array(mixes.CHANNELS.get(mix, (red, green, blue)), np.float64)
        row /= row.sum() if mix in mixes.CHANNELS else 100
        added = constant / 100 if mix == "channels" else 0

        def grey(v: color.Array) -> color.Array:
            return mixes.channels(v, row, added)

    defaults = monochrome.__kwdefaults__ or {}
    others = {"channels": (_MIXER, mixer), "layer": (_SLIDERS, sliders)}
    others.pop(mix, None)
    pairs = [pair for names, values in others.values() for pair in zip(names, values, strict=True)]
    idle = [name for name, value in pairs if value != defaults[name]]
    if idle:
        notes["warning"] = f'mix = "{mix}" makes no use of {", ".join(idle)}'

    strength = np.float32(amount)
    tone = mixes.TINTS.get(tint, tint) if tint else None

    def tile(t: Tile) -> color.Array:
        one = grey(t.pixels)
        toned = mixes.tinted(one, tone) if tone else color.spread(one)
        return toned if amount == 1 else t.pixels + strength * (toned - t.pixels)

    return Render(tile, notes=notes)


def _auto(proxy: Proxy) -> tuple[Callable[[color.Array], color.Array], dict[str, Any]]:
    """The mix that the channels' evidence asks for, and its reasons."""

    def seen(v: color.Array) -> color.Array:
        return v if proxy.camera else mixes.uncrossed(v)

    view = mixes.shrunk(proxy.view.pixels, mixes.SEEN)
    patches = [patch.pixels for patch in proxy.patches]
    averaged = proxy.size[0] * proxy.size[1] / (view.shape[0] * view.shape[1])
    sigma = mixes.noise(patches)
    detail, _ = mixes.evidence(view, sigma, averaged)
    full = mixes.clipped(proxy.sample())
    _, weights = mixes.evidence(seen(view), mixes.noise([seen(p) for p in patches]), averaged)
    shown = weights if proxy.camera else weights @ mixes.CROSSTALK

    found = {
        name: {
            "weight": float(shown[k]),
            "clipped": float(full[k]),
            "noise": float(sigma[k]),
            "detail": float(detail[k]),
        }
        for k, name in enumerate(("red", "green", "blue"))
    }
    shares = (shown * 100).round(1)
    notes = {
        "summary": _summary(found),
        "channels": found,
        "as channels": dict(zip(found, shares.tolist(), strict=True)),
        "as layer": dict(zip(_SLIDERS, np.round(mixes.as_layer(shares), 1).tolist(), strict=True)),
    }

    def grey(v: color.Array) -> color.Array:
        return mixes.weighted(seen(v), weights)

    return grey, notes


def _summary(found: dict[str, dict[str, float]]) -> str:
    """What was found and done, in one sentence."""
    parts = []
    for name, channel in found.items():
        if channel["clipped"] > 0.02:
            parts.append(f"{name} is clipped in {channel['clipped']:.0%} of the photo")
        if channel["detail"] < 2 * channel["noise"]:
            parts.append(f"{name} holds little but noise")
    weights = " + ".join(f"{channel['weight']:.0%} {name}" for name, channel in found.items())
    return ", ".join((f"grey = {weights}", *parts))
