"""Blend back the hues that a photo under stage light still holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np

from restore import color
from restore.analysis import mixes
from restore.analysis.chroma import Guided, guide, light_of_cells
from restore.analysis.noise import channel_noise
from restore.analysis.stage_light import fused, lamps, light, lightings
from restore.effect import Effect, Findings, LabEffect, Quantity, Unchanged
from restore.image.field import Field
from restore.image.guides import Distribution
from restore.image.photo import Proxy, Tile, Window
from restore.step import Amount, Param

LEAST = 0.03
"""Mean recoverability below which nothing is blended: one lamp, and its leaks into the others."""
_LIGHTS = "auto|stage|(L)(\\+(L)){0,2}".replace("L", "|".join(lamps.LAMPS))


@dataclass(frozen=True, eq=False)
class HueBlend(LabEffect):
    """The light's own hues, over those of the step before.

    Attributes
    ----------
    colours
        a* b* as a function of place and lightness, weighted: to be added.
    kept
        (h, w) share of the previous colours that stays, 0 … 1.
    lamps
        Names of the likeliest lamps.
    """

    colours: Guided
    kept: Field
    lamps: tuple[str, ...]
    findings: Findings = field(default_factory=Findings)

    def lab(self, t: Tile) -> color.Lab:
        lightness, a, b = t.lab
        own, keep = self.colours.planes(lightness, t.window), self.kept.at(t.window)
        for before, plane in zip((a, b), own, strict=True):
            plane += before * keep
        return color.Lab(lightness, *own)


@dataclass(frozen=True, eq=False)
class Paler(LabEffect):
    """Colours of the previous steps, their chroma times `keep`."""

    keep: float
    findings: Findings = field(default_factory=Findings)

    def lab(self, t: Tile) -> color.Lab:
        lightness, a, b = t.lab
        return color.Lab(lightness, a * np.float32(self.keep), b * np.float32(self.keep))


def follow(proxy: Proxy, series: Effect, **settings: Any) -> Effect:
    """A photo's own hues, under the lamps of its series."""
    if isinstance(series, HueBlend):
        settings = {**settings, "lights": "+".join(series.lamps)}
    return hue_blend(proxy, **settings)


def shared(effects: Sequence[Effect]) -> Effect:
    """The lamps of a series: those that lit most of its photos."""
    sets = [effect.lamps if isinstance(effect, HueBlend) else () for effect in effects]
    commonest, _ = Counter(sets).most_common(1)[0]
    return effects[sets.index(commonest)]


def hue_blend(
    proxy: Proxy,
    *,
    lights: Annotated[
        str,
        Param(
            "which lamps lit the scene; auto finds them, stage expects coloured ones",
            pattern=_LIGHTS,
            unit="auto, stage, or names joined by +: " + ", ".join(lamps.LAMPS),
        ),
    ] = "auto",
    guess: Annotated[
        float, Param("share of the previous steps' colour kept where the light shows no hues", 0, 1)
    ] = 1,
    amount: Amount = 1,
) -> Effect:
    """Blend the original's own hues back where they can be trusted.

    Finds which lamps lit the scene and how they mix over it, divides their colours out, and infers
    each place's chroma from what natural colours look like under that light. After `colorize`, how
    likely the light makes each colour is multiplied by how likely the network finds it. Where the
    light does not determine the chroma, the previous step's times `guess` stays: with 1, nothing
    changes under one narrow lamp. Lightness stays.
    """
    view = proxy.view
    averaged = proxy.size[0] * proxy.size[1] / (view.window.height * view.window.width)
    noise = channel_noise(proxy.originals())
    seen = light.cells(view.original, noise, averaged, proxy.camera)
    if lights in ("auto", "stage"):
        measured = lightings.measures(seen)
        candidates = lightings.find(seen, lights == "stage", measured)
        # a warning is due where a stage is expected and the light looks like daylight
        likeliest = lightings.likeliest(seen, measured)[0][1]
    else:
        candidates = lightings.given(seen, _lamps(lights))
        likeliest = candidates[0].mixture.lamps
    lightness = view.lightness.clip(0, 100)

    before = _before(proxy, seen.shape, lightness)
    likely = light.likely(*before) if before else None
    hues = lightings.hues(seen, candidates, likely)
    detail, _ = mixes.evidence(view.original, noise, averaged)
    daylit = all(lamps.broad(name, proxy.camera) for name in likeliest)
    poor = _noise_only(detail, noise)
    findings = _findings(proxy, seen.shape, candidates, hues, poor, daylit)
    strength = np.float32(amount)
    if hues.sure.mean() < LEAST:
        if guess == 1 or amount == 0:
            return Unchanged(findings)
        return Paler(float(1 - strength * np.float32(1 - guess)), findings)

    weight = hues.weight.reshape(seen.shape)
    if proxy.guess and proxy.guess.distribution:
        stays = weight + np.float32(guess) * (1 - weight)
        keep = np.full(seen.shape, 1 - strength)
        own = stays[..., None] * _weighed_in(
            proxy, proxy.guess.distribution, seen, candidates, hues.weight
        )
    else:
        keep = 1 - strength * (1 - np.float32(guess) * (1 - weight))
        scale = (light_of_cells(lightness, weight) + np.float32(16)) * np.float32(1 / 66)
        own = hues.weighted.reshape(*seen.shape, 2) * scale[..., None]
    colours = guide(strength * own, lightness)
    return HueBlend(colours, Field(keep), tuple(candidates[0].mixture.lamps), findings)


def _weighed_in(
    proxy: Proxy,
    network: Distribution,
    seen: light.Cells,
    candidates: Sequence[lightings.Lighting],
    trust: color.Array,
) -> color.Array:
    """(h, w, 2) a* b* of the cells with the light's hues weighed in."""
    import cv2

    lightness, *ab = proxy.view.lab
    size = seen.shape[::-1]
    before = np.dstack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in ab])
    logits = np.ascontiguousarray(network.logits.planes(Window.whole(*seen.shape)))
    likely = fused.likelihood(seen, candidates)
    settings = network.temperature, network.caution
    return fused.colours(logits, lightness.clip(0, 100), before, likely, trust, *settings)


def _before(
    proxy: Proxy, shape: tuple[int, int], lightness: color.Array
) -> tuple[color.Array, color.Array] | None:
    """The previous step's estimate for each cell: (n, 2) a* b* at L* = 50, (n, 3) covariance."""
    import cv2

    def mean(values: color.Array) -> color.Array:
        return cv2.resize(values, shape[::-1], interpolation=cv2.INTER_AREA).reshape(*shape, -1)

    scale = np.float32(66) / (mean(lightness) + 16)
    guess = proxy.guess
    if guess is None or guess.covariance is None:
        return None
    window = Window.whole(*shape)
    return (
        (guess.ab.at(window) * scale).reshape(-1, 2),
        (guess.covariance.at(window) * scale**2).reshape(-1, 3),
    )


def _findings(
    proxy: Proxy,
    shape: tuple[int, int],
    candidates: Sequence[lightings.Lighting],
    hues: lightings.Hues,
    poor: Sequence[str],
    daylit: bool,
) -> Findings:
    """The findings: numbers, maps and one sentence; `poor` channels are noise."""
    best = candidates[0].mixture
    lit = lamps.listed(best.lamps)
    known = float(hues.sure.mean())
    if len(best.lamps) == 1 and known < LEAST:
        colours = (
            "colours are the network's guess" if proxy.guess else "no colours can be recovered"
        )
        summary = f"{lit} lamp only: {colours}"
    elif len(best.lamps) == 1:
        name = lit if lit.endswith("light") else f"{lit} light"
        summary = f"{name}: {known:.0%} of the hues can be recovered"
    else:
        count = {2: "two", 3: "three"}[len(best.lamps)]
        summary = f"{count} lamps, {lit}: {known:.0%} of the hues can be recovered"
    if poor:
        hold = "channel holds" if len(poor) == 1 else "channels hold"
        summary += f"; the {lamps.listed(poor)} {hold} noise only"
    warnings: tuple[str, ...] = ()
    if daylit:
        white = "the light may have been white rather than coloured"
        warnings = (f"{white}; if the original's colours look right, keep them",)
    values = {
        "lamps": Quantity(tuple(best.lamps)),
        "probability": Quantity(candidates[0].chance),
        "mean recoverability": Quantity(known),
    }
    maps = {
        "recoverability": Field(hues.sure.reshape(*shape)),
        "hues": Field(hues.cautious.reshape(*shape, 2)),
        "mixture": Field(best.shares().reshape(*shape, -1)),
    }
    return Findings(summary, warnings, values, maps)


def _noise_only(detail: color.Array, noise: color.Array) -> list[str]:
    """Names of the original's channels whose detail (3,) drowns in noise (3,)."""
    pairs = zip(("red", "green", "blue"), detail < 2 * noise, strict=True)
    return [name for name, poor in pairs if poor] if (detail >= 2 * noise).any() else []


def _lamps(text: str) -> list[str]:
    """Names of the lamps in "red+blue", each once."""
    return list(dict.fromkeys(text.split("+")))
