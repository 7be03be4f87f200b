"""A plan: what a recipe will do to one photo, as data. Render it, preview it, save it, reuse it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from restore import color
from restore.color import profile
from restore.color.space import Space
from restore.context import Context
from restore.effect import Effect, Findings
from restore.errors import RecipeError
from restore.image.photo import SIDE, Photo, Proxy, Tile, Window
from restore.image.render import render_photo
from restore.values import Value, digest, load, save

ABOUT = "restore plan"
Setting = float | int | bool | str | None


@dataclass(frozen=True, eq=False)
class PlannedStep(Value):
    """One step of a plan.

    Attributes
    ----------
    step, label
        The step's name, and its name in the recipe: the second "levels" is "levels#2".
    settings
        The settings that were given.
    effect
        What it will do.
    """

    step: str
    label: str
    settings: Mapping[str, Setting]
    effect: Effect

    def __post_init__(self) -> None:
        plain = {key: str(v) if isinstance(v, str) else v for key, v in self.settings.items()}
        object.__setattr__(self, "settings", plain)  # a photo's name and digest, not its path


@dataclass(frozen=True, eq=False)
class Plan(Value):
    """What a recipe will do to a photo: numbers, arrays and small maps, no pixels and no code.

    It can be pickled, compared by content, saved, and rendered by another process or machine.

    Attributes
    ----------
    name
        The recipe's name.
    steps
        What each step will do, in order.
    photo
        Digest of the proxy that was planned on.
    grey
        The result is stored as one channel.
    line, record
        For the result's metadata: the recipe in one line, and all that is needed to redo it.
    """

    name: str
    steps: tuple[PlannedStep, ...]
    photo: str
    grey: bool
    line: str
    record: Mapping[str, str]

    @property
    def halo(self) -> int:
        """Pixels of the full photo around a tile that its result depends on."""
        return sum(step.effect.halo for step in self.steps)

    @property
    def findings(self) -> Mapping[str, Findings]:
        """What each step saw, by its label in the recipe."""
        return {step.label: step.effect.findings for step in self.steps}

    def tile(self, t: Tile) -> color.Array:
        """The restored pixels of a tile, same shape.

        Each step's halo is cut off once it has been used, so that no step works on the halo of
        those before it.
        """
        done = t
        for step in self.steps:
            done = step.effect.passed(done).inner(step.effect.halo)
        if done.window == t.window:
            return done.pixels
        result = t.pixels.copy()
        result[done.window.inside(t.window)] = done.pixels
        return result

    def render(
        self, photo: Photo, *, window: Window | None = None, context: Context | None = None
    ) -> Photo:
        """The restored photo, or the part of it that `window` names, at full resolution.

        Parameters
        ----------
        photo
            The photo that was planned on, or another of the same kind and framing.
        window
            Part of the photo, in its pixels; the whole if None.

        Raises
        ------
        Cancelled
            If the context is cancelled; nothing is left behind.
        """
        if (visible := photo.visible()) != Window.whole(*photo.size):
            part = photo.cropped(visible)
            if window:
                return self.render(part, window=window.within(visible), context=context)
            return photo.around(self.render(part, context=context), visible)
        space, source = self.output(photo.space), photo.source
        if space != photo.space:
            source = replace(source, profile=profile.made("srgb"))
        samples = render_photo(
            photo, self, space, channels=1 if self.grey else 3, window=window, context=context
        )
        if window:
            source = replace(photo.cropped(window).source, profile=source.profile)
        history = (*source.history, self.line)
        source = replace(source, history=history, record=dict(self.record))
        return Photo(samples, space, source, self.findings)

    def output(self, space: Space) -> Space:
        """The colour space of the result: the photo's own where that can hold it, else sRGB."""
        return Space() if space.camera or (space.grey and not self.grey) else space

    def preview(self, photo: Photo | Proxy, side: int = 1024) -> Photo:
        """The result as it will look at `side` pixels on the long side: 8-bit sRGB.

        Within 1 ΔE00 on the mean of the result averaged down to that size: it is rendered at the
        size that the plan was made on, where noise and scratches are known, and averaged then. Of a
        smaller proxy it is as exact as that is fine.
        """
        import cv2

        view = photo.proxy(max(side, SIDE)).view if isinstance(photo, Photo) else photo.view
        pixels = self.tile(view)
        shrink = side / max(view.window.size)
        if shrink < 1:
            height, width = (max(1, round(length * shrink)) for length in view.window.size)
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        return Photo(Space().from_working(pixels, np.uint8))

    def digest(self) -> str:
        """SHA-256 of the plan's content."""
        return digest(self)

    def save(self, path: str | Path) -> None:
        """Write the plan to one file (a ZIP archive of JSON and arrays; no pickle)."""
        save(self, Path(path), ABOUT)

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """The plan that `save` wrote; RecipeError if the file holds anything else."""
        from restore import steps

        steps.loaded()  # the kinds of effects are known once the steps are imported
        try:
            plan = load(Path(path), ABOUT)
            if not isinstance(plan, cls):
                raise ValueError(f"is not a {ABOUT}")
            plan.tile(_trial())
        except OSError as error:
            raise RecipeError(f"{path}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise RecipeError(f"{path}: {error}") from error
        except Exception as error:  # arrays of impossible shapes: only a trial finds them
            raise RecipeError(f"{path}: is a {ABOUT} that cannot be rendered") from error
        return plan


def _trial() -> Tile:
    """A small tile that every sound plan can restore."""
    pixels = np.full((16, 16, 3), 0.5, np.float32)
    return Tile(pixels, pixels, Window.whole(16, 16))
