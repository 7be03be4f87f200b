"""Colours for a black-and-white photo, from a network."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from restore import color, colorizers, folder
from restore.colorizers import _distribution
from restore.field import Field
from restore.photo import Proxy, Tile
from restore.step import Amount, Param, Render
from restore.steps._chroma import guide


def prepare(*, model: str = "auto", **_: object) -> None:
    """Load the network."""
    colorizers.get(model, "colorize").load()


def colorize(
    proxy: Proxy,
    *,
    model: Annotated[
        str,
        Param(
            "network; auto is the best that is installed",
            choices=("auto", *folder.names(colorizers)),
        ),
    ] = "auto",
    side: Annotated[
        int, Param("short side of what the network sees", 64, 1024, "px", multiple=32)
    ] = 256,
    temperature: Annotated[
        float | None,
        Param("0 the likeliest colour, patchy; 1 the mean of all; unset: suits the network", 0, 2),
    ] = None,
    vividness: Annotated[
        float | None,
        Param("0 only common colours; 1 rare ones as readily; unset: suits the network", 0, 1),
    ] = None,
    saturation: Annotated[float, Param("chroma of the colours found", 0, 200, "%")] = 100,
    amount: Amount = 1,
) -> Render:
    """Give a photo plausible colours.

    A network looks at the lightness of the whole photo and says for each small cell how likely
    each of 313 colours is; their annealed mean is brought to full resolution along the photo's
    edges. Lightness stays. Colours that were there are replaced.
    """
    network = colorizers.get(model, "colorize")
    name = network.__name__.rpartition(".")[2]
    lightness = proxy.view.lightness.clip(0, 100)
    suits = network.chroma.__kwdefaults__
    if temperature is None:
        temperature = suits["temperature"]
    if vividness is None:
        vividness = suits["vividness"]
    chroma = network.chroma(lightness, side=side, temperature=temperature, vividness=vividness)
    gain = np.float32(saturation / 100)
    guided = guide(chroma.ab * gain, lightness)

    def lab(t: Tile) -> color.Lab:
        light = t.lightness.clip(0, 100)
        return color.Lab(light, *guided.planes(light, t.window))

    notes: dict[str, object] = {
        "network": {"name": name, "sha256": network.sha256(), "engine": chroma.engine},
        "temperature": temperature,
        "vividness": vividness,
        "ab": Field(chroma.ab),
    }
    if chroma.logits is not None:
        p = _distribution.probabilities(chroma.logits, temperature)
        bits = _distribution.entropy(_distribution.probabilities(chroma.logits))
        notes["covariance"] = Field(_distribution.covariance(p))
        notes["entropy"] = float(bits.mean())
        notes["confidence"] = Field(1 - bits / np.float32(np.log2(len(chroma.logits))))
    return Render.of_lab(lab, notes, amount)
