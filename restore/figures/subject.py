"""A photo on its way through a recipe, and what a network thinks of it: what the figures show."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from restore import color, colorizers
from restore.analysis.chroma import guide
from restore.color import Array
from restore.colorizers import _distribution
from restore.context import Context, default
from restore.effect import Findings
from restore.errors import WeightsError
from restore.image.photo import Photo, Tile, Window
from restore.plan import Plan
from restore.recipe import Recipe

SIDE = 1024
"""Long side in pixels of what figures are made from."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """What a network says of the colours of each cell of a photo.

    Attributes
    ----------
    lightness
        (height, width) CIE L* that the network saw.
    logits
        (313, h, w): softmax(logits / T) is the distribution at temperature T.
    grid
        (313, 2) centres of the bins, CIE a* b*.
    temperature
        At which the colours are taken.
    model
        The network's name.
    """

    lightness: Array
    logits: Array
    grid: Array
    temperature: float
    model: str

    @functools.cached_property
    def p(self) -> Array:
        """(313, h, w) probabilities at T = 1."""
        return _distribution.probabilities(self.logits)

    @functools.cached_property
    def entropy(self) -> Array:
        """(h, w) bits."""
        return _distribution.entropy(self.p)

    def mean(self, temperature: float) -> Array:
        """(h, w, 2) annealed mean a* b*."""
        return _distribution.mean(_distribution.probabilities(self.logits, temperature))

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the cell at a place, in shares of the width and height."""
        rows, columns = self.entropy.shape
        return min(int(y * rows), rows - 1), min(int(x * columns), columns - 1)

    def coloured(self, ab: Array, side: int = SIDE) -> Array:
        """(height, width, 3) sRGB: the photo with the colours (h, w, 2), along its edges."""
        import cv2

        shrink = min(1, side / max(self.lightness.shape))
        size = tuple(max(1, round(n * shrink)) for n in self.lightness.shape[::-1])
        light = cv2.resize(self.lightness, size, interpolation=cv2.INTER_AREA)
        full = guide(ab, light).at(light, Window.whole(*light.shape))
        return color.into_gamut(np.dstack([light, full]))

    @classmethod
    def of(
        cls,
        lightness: Array,
        model: str = "auto",
        settings: Mapping[str, Any] | None = None,
        context: Context | None = None,
    ) -> Distribution:
        """What a network thinks of a lightness; `settings` are those of the step `colorize`.

        Raises
        ------
        WeightsError
            If the network is not there, or gives one colour a place, not a distribution.
        """
        network = colorizers.get(model)
        name = network.__name__.rpartition(".")[2].replace("_", "-")
        known: dict[str, Any] = {
            key: value for key, value in (settings or {}).items() if value is not None
        }
        most = int(known.get("side", 384))
        known["side"] = min(most, max(192, min(lightness.shape) // 32 * 32))
        wanted: dict[str, Any] = {
            key: known[key] for key in ("side", "temperature", "vividness") if key in known
        }
        suits: Mapping[str, Any] = {**network.chroma.__kwdefaults__, **wanted}
        chroma = network.chroma(lightness, context=context or default(), **wanted)
        if chroma.logits is None:
            raise WeightsError(f"{name} gives one colour for each place, not a distribution")
        return cls(lightness, chroma.logits, chroma.grid, suits["temperature"], name)


@dataclass(frozen=True, eq=False)
class Stage:
    """A step at work on the small copy: its name in the recipe, the pixels before and after."""

    label: str
    before: Array
    after: Array
    findings: Findings

    @property
    def step(self) -> str:
        """The step's name: of "levels#2" it is "levels"."""
        return self.label.partition("#")[0]


@dataclass(frozen=True, eq=False)
class Subject:
    """What there is to show of a photo.

    Attributes
    ----------
    pixels
        (height, width, 3) the photo, averaged to at most `SIDE` pixels; working RGB.
    size
        Height and width of the full photo.
    plan
        What the recipe will do, or None without one.
    stages
        The plan's steps at work.
    unbounded
        (height, width, 3) L*a*b* of the result before it was brought into the gamut.
    sample
        (n, 3) unaveraged pixels of the photo.
    distribution
        What the network thinks.
    """

    pixels: Array
    size: tuple[int, int]
    plan: Plan | None
    stages: tuple[Stage, ...]
    unbounded: Array
    sample: Array
    distribution: Distribution

    @property
    def result(self) -> Array:
        """(height, width, 3) the restored photo; without a recipe, with the network's colours."""
        if self.stages:
            return self.stages[-1].after
        return self.distribution.coloured(self.distribution.mean(self.distribution.temperature))

    def stage(self, step: str) -> Stage | None:
        """The first stage of a step, if the recipe has it."""
        return next((stage for stage in self.stages if stage.step == step), None)


def look(
    photo: Photo,
    recipe: Recipe | None = None,
    *,
    model: str | None = None,
    context: Context | None = None,
) -> Subject:
    """Take a photo through a recipe, in small, and ask a network about its colours.

    The network sees what the recipe's `colorize` sees, if it has that step; else the photo.

    Parameters
    ----------
    model
        The network; that of the recipe, or the best installed, if None.
    """
    proxy = photo.proxy(SIDE)
    plan = recipe.plan(proxy, context=context) if recipe else None
    tile, stages = proxy.view, []
    lightness, settings = tile.lightness, {}
    for step in plan.steps if plan else ():
        if step.step == "colorize":
            lightness, settings = tile.lightness, dict(step.settings)
        done = step.effect.passed(tile)
        stages.append(Stage(step.label, tile.pixels, done.pixels, step.effect.findings))
        tile = done
    name = model or settings.get("model") or "auto"
    seen = np.ascontiguousarray(lightness.clip(0, 100))
    distribution = Distribution.of(seen, str(name), settings, context)
    if not plan:
        tile = _guessed(tile, distribution)
    return Subject(
        proxy.view.pixels,
        photo.size,
        plan,
        tuple(stages),
        np.dstack(tile.lab),
        proxy.sample(),
        distribution,
    )


def _guessed(tile: Tile, distribution: Distribution) -> Tile:
    """The photo with the network's colours."""
    light = distribution.lightness
    ab = guide(distribution.mean(distribution.temperature), light)
    planes = ab.planes(light, Window.whole(*light.shape))
    return replace(tile, content=color.Lab(light, *planes))
