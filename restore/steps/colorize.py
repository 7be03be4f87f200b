"""Colours for a black-and-white photo, from a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from restore import color, colorizers, folder
from restore.colorizers import _distribution
from restore.context import Context
from restore.effect import Findings, LabEffect, NetworkUsed, Quantity
from restore.field import Field
from restore.guides import ColourGuess
from restore.photo import Proxy, Tile
from restore.step import Amount, Param
from restore.steps._chroma import Guided, guide


@dataclass(frozen=True, eq=False)
class Colorize(LabEffect):
    """Colours from a network, along the photo's edges.

    Attributes
    ----------
    colours
        a* b* as a function of place and lightness.
    amount
        Share of the change, 0 … 1.
    """

    colours: Guided
    amount: float
    guess: ColourGuess | None
    network: NetworkUsed | None
    findings: Findings = field(default_factory=Findings)

    def lab(self, t: Tile) -> color.Lab:
        light = t.lightness.clip(0, 100)
        return color.Lab(light, *self.colours.planes(light, t.window))


def prepare(context: Context, *, model: str = "auto", **_: object) -> None:
    """Load the network."""
    colorizers.get(model, "colorize").load(context)


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
) -> Colorize:
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
    chroma = network.chroma(
        lightness,
        side=side,
        temperature=temperature,
        vividness=vividness,
        context=proxy.context,
    )
    guided = guide(chroma.ab * np.float32(saturation / 100), lightness)
    values = {"temperature": Quantity(temperature), "vividness": Quantity(vividness)}
    maps, covariance = {}, None
    if chroma.logits is not None:
        p = _distribution.probabilities(chroma.logits, temperature)
        bits = _distribution.entropy(_distribution.probabilities(chroma.logits))
        covariance = Field(_distribution.covariance(p))
        values["entropy"] = Quantity(float(bits.mean()), "bits")
        maps["confidence"] = Field(1 - bits / np.float32(np.log2(len(chroma.logits))))
    guess = ColourGuess(Field(chroma.ab), covariance)
    used = NetworkUsed(name, network.sha256(), chroma.engine)
    return Colorize(guided, amount, guess, used, Findings(values=values, maps=maps))
