"""Blend back the hues that a photo under stage light still holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from restore import color, lamps, light, lightings, mixes
from restore.field import Field
from restore.photo import Proxy, Tile, Window
from restore.step import Amount, Param, Render
from restore.steps._chroma import Guided, guide

LEAST = 0.03
"""Mean recoverability below which nothing is blended: one lamp, and its leaks into the others."""
_LIGHTS = "auto|(L)(\\+(L)){0,2}".replace("L", "|".join(lamps.LAMPS))


def hue_blend(
    proxy: Proxy,
    *,
    lights: Annotated[
        str,
        Param(
            "which lamps lit the scene; auto finds them",
            pattern=_LIGHTS,
            unit="auto, or names joined by +: " + ", ".join(lamps.LAMPS),
        ),
    ] = "auto",
    guess: Annotated[
        float, Param("colour of the steps before that stays where the light tells nothing", 0, 1)
    ] = 1,
    amount: Amount = 1,
) -> Render:
    """Blend the original's own hues back, where they can be trusted.

    Finds which lamps lit the scene and how they mix over it, divides their colours out, and infers
    each place's chroma from what natural colours look like under that light. What the light cannot
    tell stays as the step before left it, its chroma times `guess`: with 1, nothing changes under
    one narrow lamp. Lightness stays.
    """
    view = proxy.view
    averaged = proxy.size[0] * proxy.size[1] / (view.window.height * view.window.width)
    noise = mixes.noise([patch.original for patch in proxy.patches])
    seen = light.cells(view.original, noise, averaged, proxy.camera)
    auto = lights == "auto"
    found = lightings.find(seen) if auto else lightings.given(seen, _lamps(lights))
    lightness = view.lightness.clip(0, 100)

    before = _before(proxy, seen.shape, lightness)
    likely = light.likely(*before) if before else None
    hues = lightings.hues(seen, found, likely)
    detail, _ = mixes.evidence(view.original, noise, averaged)
    notes = _notes(proxy, seen.shape, found, hues, _noise_only(detail, noise))
    strength = np.float32(amount)
    if hues.sure.mean() < LEAST:
        if guess == 1 or amount == 0:
            return Render(lambda t: t.pixels, notes=notes)
        return Render.of_lab(Paler(1 - strength * np.float32(1 - guess)).lab, notes)

    keep = 1 - strength * (1 - np.float32(guess) * (1 - hues.weight.reshape(seen.shape)))
    own = guide(strength * hues.weighted.reshape(*seen.shape, 2), lightness)
    return Render.of_lab(Blend(own, Field(keep)).lab, notes)


@dataclass(frozen=True)
class Paler:
    """Colours of the steps before, their chroma times `keep`."""

    keep: np.float32

    def lab(self, t: Tile) -> color.Lab:
        """L*a*b* of a tile."""
        lightness, a, b = t.lab
        return color.Lab(lightness, a * self.keep, b * self.keep)


@dataclass(frozen=True, eq=False)
class Blend:
    """The light's own hues over colours of the steps before.

    Attributes
    ----------
    own
        a* b* at L* = 50, weighted.
    keep
        Share of the colours of the steps before.
    """

    own: Guided
    keep: Field

    def lab(self, t: Tile) -> color.Lab:
        """L*a*b* of a tile."""
        lightness, a, b = t.lab
        own = self.own.planes(lightness, t.window)
        keep, scale = self.keep.at(t.window), (lightness + 16) * np.float32(1 / 66)
        for before, plane in zip((a, b), own, strict=True):
            plane *= scale
            plane += before * keep
        return color.Lab(lightness, *own)


def _before(
    proxy: Proxy, shape: tuple[int, int], lightness: color.Array
) -> tuple[color.Array, color.Array] | None:
    """What the step before says of each cell: (n, 2) a* b* at L* = 50 and (n, 3) covariance."""
    import cv2

    def mean(values: color.Array) -> color.Array:
        return cv2.resize(values, shape[::-1], interpolation=cv2.INTER_AREA).reshape(*shape, -1)

    scale = np.float32(66) / (mean(lightness) + 16)
    for notes in reversed(list(proxy.notes.values())):
        ab, covariance = notes.get("ab"), notes.get("covariance")
        if isinstance(ab, Field) and isinstance(covariance, Field):
            window = Window.whole(*shape)
            return (
                (ab.at(window) * scale).reshape(-1, 2),
                (covariance.at(window) * scale**2).reshape(-1, 3),
            )
    return None


def _notes(
    proxy: Proxy,
    shape: tuple[int, int],
    found: Sequence[lightings.Lighting],
    hues: lightings.Hues,
    poor: Sequence[str],
) -> dict[str, Any]:
    """What was found, as numbers, as maps, and in one sentence; `poor` channels are noise."""
    best = found[0].mixture
    lit = lamps.listed(best.lamps)
    known = float(hues.sure.mean())
    if len(best.lamps) == 1 and known < LEAST:
        network = any("ab" in notes for notes in proxy.notes.values())
        colours = "colours are the network's guess" if network else "it holds no colours"
        summary = f"{lit} lamp only: {colours}"
    elif len(best.lamps) == 1:
        name = lit if lit.endswith("light") else f"{lit} light"
        summary = f"{name}: {known:.0%} of the hues can be told"
    else:
        count = {2: "two", 3: "three"}[len(best.lamps)]
        summary = f"{count} lamps, {lit}: {known:.0%} of the hues can be told"
    if poor:
        hold = "channel holds" if len(poor) == 1 else "channels hold"
        summary += f"; the {lamps.listed(poor)} {hold} noise only"
    notes: dict[str, Any] = {}
    if all(lamps.broad(name, proxy.camera) for name in best.lamps):
        notes["warning"] = (
            "no coloured lamp was found; hue_blend is for photos under coloured light"
        )
    return notes | {
        "summary": summary,
        "lamps": list(best.lamps),
        "probability": found[0].chance,
        "mean recoverability": known,
        "recoverability": Field(hues.sure.reshape(*shape)),
        "hues": Field(hues.cautious.reshape(*shape, 2)),
        "mixture": Field(best.shares().reshape(*shape, -1)),
    }


def _noise_only(detail: color.Array, noise: color.Array) -> list[str]:
    """Names of the original's channels whose detail (3,) drowns in noise (3,)."""
    pairs = zip(("red", "green", "blue"), detail < 2 * noise, strict=True)
    return [name for name, poor in pairs if poor] if (detail >= 2 * noise).any() else []


def _lamps(text: str) -> list[str]:
    """Names of the lamps in "red+blue", each once."""
    return list(dict.fromkeys(text.split("+")))
