"""Colours for a black-and-white photo, from a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from restore import color, colorizers
from restore.analysis.chroma import Guided, guide, light_of_cells, settle
from restore.analysis.hinted import carry
from restore.color import Array
from restore.colorizers import _distribution
from restore.context import Context
from restore.effect import Effect, Findings, LabEffect, NetworkUsed, Quantity, Unchanged
from restore.image.field import Field
from restore.image.guides import ColourGuess
from restore.image.photo import Proxy, Tile
from restore.step import Amount, Param

COLOURED = 5.0
"""Lab units by which a twentieth of a photo must differ from its own toning to pass as coloured.
Of 190 colour photos 3 % are below; toned, stained, yellowed and damaged prints reach 4.4."""
LOOKED_AT = 96
"""Short side in pixels of the picture `apart` measures: finer, noise and JPEG blocks count."""
FEWEST = 192
"""Short side that a small photo is enlarged to: the networks know objects at about this size."""


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
            "network; auto takes the best one installed",
            choices=("auto", *colorizers.names()),
        ),
    ] = "auto",
    side: Annotated[
        int, Param("short side of the network's input, at most", 64, 1024, "px", multiple=32)
    ] = 384,
    temperature: Annotated[
        float | None,
        Param("0 the likeliest colour, patchy; 1 the mean of all; unset: suits the network", 0, 2),
    ] = None,
    vividness: Annotated[
        float | None,
        Param("0 only common colours; 1 rare ones as readily; unset: suits the network", 0, 1),
    ] = None,
    caution: Annotated[
        float, Param("how far colours are muted where the network is unsure", 0, 1)
    ] = 0.2,
    saturation: Annotated[float, Param("factor on the chroma of the colours", 0, 200, "%")] = 100,
    keep: Annotated[bool, Param("leave photos alone that have colours of their own")] = True,
    amount: Amount = 1,
) -> Effect:
    """Give a photo plausible colours.

    From the lightness of the whole photo, a network predicts for each small cell how likely each
    of 313 colours is; their annealed mean, evened out within objects and muted where the network is
    unsure, is upsampled along the photo's edges. Hints beside the photo correct
    it. Lightness stays. A photo with colours of its own, not merely toned, stays as it is unless
    `keep` is false.
    """
    if keep:
        own = apart(proxy.view.pixels)
        if own > COLOURED:
            kept = "the photo has colours of its own: kept (keep = false replaces them)"
            return Unchanged(Findings(kept, values={"apart": Quantity(own, "Lab units")}))
    network = colorizers.get(model, "colorize")
    name = network.__name__.rpartition(".")[2].replace("_", "-")
    lightness = proxy.view.lightness.clip(0, 100)
    suits = network.chroma.__kwdefaults__
    if temperature is None:
        temperature = suits["temperature"]
    if vividness is None:
        vividness = suits["vividness"]
    seen = min(side, max(FEWEST, min(lightness.shape) // 32 * 32))
    chroma = network.chroma(
        lightness,
        side=seen,
        temperature=temperature,
        vividness=vividness,
        context=proxy.context,
    )
    values = {"temperature": Quantity(temperature), "vividness": Quantity(vividness)}
    ab, maps, covariance, summary = chroma.ab, {}, None, "colours are the network's guess"
    if chroma.logits is not None:
        p = _distribution.probabilities(chroma.logits)
        spread = _distribution.covariance(p)[..., ::2].mean(-1)
        ab = settle(ab, p, spread, lightness, caution)
        annealed = _distribution.probabilities(chroma.logits, temperature)
        covariance = Field(_distribution.covariance(annealed))
        if proxy.hints:
            ab, left = carry(ab, p, light_of_cells(lightness, ab), proxy.hints)
            covariance = Field(covariance.values * left[..., None])
            count = len(proxy.hints)
            summary = f"colours follow {count} hint{'s' * (count > 1)}"
        bits = _distribution.entropy(p)
        values["entropy"] = Quantity(float(bits.mean()), "bits")
        maps["confidence"] = Field(1 - bits / np.float32(np.log2(len(chroma.logits))))
    colours = guide(ab * np.float32(saturation / 100), lightness)
    used = NetworkUsed(name, network.sha256(), chroma.engine)
    findings = Findings(summary, values=values, maps=maps)
    return Colorize(colours, amount, ColourGuess(Field(ab), covariance), used, findings)


def apart(pixels: Array) -> float:
    """Distance of a photo's colours from a mere toning of it, in Lab units.

    The 95th percentile of the distance in a* b* from what its tone and its place explain: paper
    and toner colour by lightness, stains and yellowed sides by place. The rim is ignored.

    Parameters
    ----------
    pixels
        (height, width, 3) working RGB of the whole photo.
    """
    import cv2

    shrink = LOOKED_AT / min(pixels.shape[:2])
    size = tuple(max(3, round(n * min(shrink, 1))) for n in pixels.shape[1::-1])
    lab = color.to_lab(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA))
    rim = tuple(slice(n // 12, n - n // 12) for n in lab.shape[:2])
    y, x = (np.linspace(-1, 1, n) for n in lab.shape[:2])
    place = np.stack(np.meshgrid(x, y), -1)[rim].reshape(-1, 2)
    light, ab = lab[rim][..., 0].ravel() / 50 - 1, lab[rim][..., 1:].reshape(-1, 2)
    x, y = place.T
    terms = np.stack(
        [np.ones_like(x), *(light**n for n in (1, 2, 3)), x, y, x * y, x * x, y * y], 1
    )
    off = np.zeros(len(ab))
    for _ in range(4):  # a few strong colours must not bend the toning
        weight = 1 / np.sqrt(1 + (off / 3) ** 2)[:, None]
        toning = terms @ np.linalg.lstsq(terms * weight, ab * weight, rcond=None)[0]
        off = np.hypot(*(ab - toning).T)
    return float(np.quantile(off, 0.95))
