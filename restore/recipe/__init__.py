"""A recipe: TOML to steps with checked settings, planned in order. A recipe is itself a step."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from restore import places, steps
from restore._version import __version__
from restore.color import Array
from restore.context import Context, default
from restore.errors import RecipeError, RestoreError, nearest
from restore.image.photo import Photo, Proxy
from restore.image.reference import Reference
from restore.plan import Plan, PlannedStep
from restore.recipe import references, toml
from restore.step import Step

DEEPEST = 8
"""Depth of recipes within recipes."""
LONGEST = 64
"""Most steps of a recipe, including those of the recipes it uses."""
Resolve = Callable[[Step, Mapping[str, Any], str], Mapping[str, Any]]
"""Opens the photos that a step's settings name (`references.resolved`)."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
RAW = ("developed", "camera")
LARGE = 2**26
"""Bytes of samples from which networks are freed once the photo is planned."""
PLANNING = 0.4
"""Share of the progress bar given to planning: about its share of time at 24 MP."""


@dataclass(frozen=True)
class Use:
    """One step of a recipe with its settings."""

    step: Step
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """A named, composable way to restore a photo.

    Attributes
    ----------
    name, title, about
        What it is called, and what it is for.
    raw
        How camera RAW is opened: "developed" or "camera" (its own channels, before the matrix).
    uses
        The steps in order, with used recipes already replaced by their steps.
    """

    name: str
    title: str = ""
    about: str = ""
    raw: str = "developed"
    uses: tuple[Use, ...] = ()
    path: Path | None = field(default=None, compare=False)

    @classmethod
    def named(cls, name: str) -> Recipe:
        """A recipe by its name (the user's own first, then ours) or by the path of a TOML file.

        A step's name is a recipe of that step alone.

        Raises
        ------
        RecipeError
            If there is none, or it has an error.
        """
        given = Path(name)
        if given.suffix == ".toml" or len(given.parts) > 1:
            return cls.read(given)
        return _open(name, ())

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """A recipe from a TOML file; RecipeError if it has an error."""
        content = toml.text(path)
        resolve = partial(references.resolved, folder=path.parent)
        return replace(_parse(content, str(path), (path.stem,), resolve), path=path)

    @classmethod
    def parse(cls, text: str, where: str, name: str = "", folder: Path | None = None) -> Recipe:
        """A recipe from a TOML string; `where` is shown in messages, and names it if untitled.

        It may name only photos in `folder` or below, with their SHA-256; without one, none.
        """
        resolve = partial(references.resolved, folder=folder, pinned=True)
        return _parse(text, where, (name or where,), resolve if folder else _unresolved)

    @property
    def labels(self) -> list[str]:
        """The steps' names; the second of a name is "levels#2"."""
        seen: dict[str, int] = {}
        labels = []
        for use in self.uses:
            seen[use.step.name] = number = seen.get(use.step.name, 0) + 1
            labels.append(use.step.name + (f"#{number}" if number > 1 else ""))
        return labels

    def with_settings(self, assignments: Mapping[str, object], prefix: str = "") -> Recipe:
        """This recipe with other settings: {"fade.amount": 0.5, "levels#2.black": "3"}.

        Strings are TOML; a bare word is a string. RecipeError if a step or setting is unknown, its
        message starting with `prefix`. The path of a photo starts from the working directory.
        """
        return self._changed(assignments, prefix, partial(references.resolved, folder=None))

    def _changed(self, assignments: Mapping[str, object], prefix: str, resolve: Resolve) -> Recipe:
        uses, labels = list(self.uses), self.labels
        for key, given in assignments.items():
            label, dot, setting = key.rpartition(".")
            where = f"{prefix}{key:.60}={given!s:.60}"
            if not dot:
                raise RecipeError(f"{where}: write it as STEP.NAME=VALUE, such as fade.amount=0.5")
            label = label.removesuffix("#1")
            if label not in labels:
                known = nearest(label, labels)
                raise RecipeError(f'{where}: {self.name} has no step "{label:.60}"; {known}')
            use = uses[labels.index(label)]
            plain = isinstance(given, str) and not isinstance(given, Reference)
            values = {setting: toml.value(str(given)) if plain else given}
            value = use.step.check(where, resolve(use.step, values, where))
            uses[labels.index(label)] = replace(use, settings={**use.settings, **value})
        return replace(self, uses=tuple(uses))

    def prepare(self, context: Context) -> None:
        """Load what the steps need beside a photo, such as a network, into the context.

        To be run in a thread while the file is being read. Errors are ignored here: `plan` meets
        and reports them again.
        """
        for use in self.uses:
            if use.step.prepare:
                with suppress(RestoreError, OSError):
                    use.step.prepare(context, **use.settings)

    def plan(
        self,
        photo: Photo | Proxy,
        *,
        like: Plan | None = None,
        reuse: Plan | None = None,
        context: Context | None = None,
    ) -> Plan:
        """Decide what each step will do to a photo, given what the steps before it make of it.

        Parameters
        ----------
        photo
            The photo, or its proxy.
        like
            The plan of a series (`shared`): its numbers are taken, and only what is the photo's
            own (a network's colours, scratches, noise) is looked for.
        reuse
            An earlier plan of the same photo: steps up to the first whose settings differ are
            taken from it.

        Raises
        ------
        RestoreError
            If a step cannot do its work: a network that is not installed, for instance.
        Cancelled
            If the context is cancelled, before the next step.
        """
        context = context or default()
        if isinstance(photo, Photo):
            photo = photo.cropped(photo.visible()).proxy()
        proxy = replace(photo, context=context)
        digest = proxy.digest()
        held = dict(enumerate(reuse.steps)) if reuse and reuse.photo == digest else {}
        series = {step.label: step for step in like.steps} if like else {}
        steps: list[PlannedStep] = []
        for number, (label, use) in enumerate(zip(self.labels, self.uses, strict=True)):
            context.advance(number / len(self.uses))
            asked = (use.step.name, dict(use.settings))
            earlier = held.get(number)
            if earlier and (earlier.step, earlier.settings) == asked:
                effect = earlier.effect
            else:
                held.clear()
                of_series = series.get(label)
                if of_series and of_series.step == use.step.name and use.step.follow:
                    effect = use.step.follow(proxy, of_series.effect, **use.settings)
                else:
                    effect = use.step.plan(proxy, **use.settings)
            steps.append(PlannedStep(use.step.name, label, dict(use.settings), effect))
            if number + 1 < len(self.uses):
                proxy = proxy.through(effect)
        return self.planned(steps, proxy, digest)

    def planned(self, steps: Sequence[PlannedStep], proxy: Proxy, digest: str) -> Plan:
        """The plan of these steps; `proxy` as the last of them found it."""
        grey = proxy.grey and not _coloured(steps[-1].effect.tile(proxy.view))
        return Plan(self.name, tuple(steps), digest, grey, self.line(), self._record(steps))

    def shared(self, plans: Sequence[Plan]) -> Plan:
        """One plan for a series, such as a roll of film: the estimates of its photos, joined.

        Each step joins them in its own way (its module's `shared`), so that one odd photo moves
        nothing; a step without one keeps that of the first plan, and `plan(like=)` estimates it
        anew.
        """
        joined = []
        for number, first in enumerate(plans[0].steps):
            step = self.uses[number].step
            effects = [plan.steps[number].effect for plan in plans]
            effect = step.shared(effects) if step.shared else first.effect
            joined.append(replace(first, effect=effect))
        return replace(plans[0], steps=tuple(joined))

    def __call__(self, photo: Photo, *, context: Context | None = None) -> Photo:
        """The restored photo: same size and bit depth, with the steps' findings in `findings`."""
        photo = Photo.of(photo)
        if self.raw == "camera" and photo.source.format == "raw" and not photo.space.camera:
            advice = (
                f'{self.name} wants the camera\'s own channels: restore.load(path, raw="camera")'
            )
            warnings.warn(advice, stacklevel=2)
        context = context or default()
        planning, rendering = context.parts(PLANNING)
        plan = self.plan(photo, context=planning)
        if photo.samples.nbytes > LARGE:
            context.release()
        return plan.render(photo, context=rendering)

    def _record(self, steps: Sequence[PlannedStep]) -> dict[str, str]:
        """The metadata a result needs so that `rerun` can make it again."""
        record = {"name": self.name, "version": __version__}
        uses = []
        for planned, use in zip(steps, self.uses, strict=True):
            defaults = {name: setting.default for name, setting in use.step.settings.items()}
            known = {name: value for name, value in defaults.items() if value is not None}
            settings = {**use.step.check(planned.label, known), **use.settings}
            if network := planned.effect.network:
                record |= {"network": network.name, "networkSha256": network.sha256}
                settings["model"] = network.name  # not "auto": it may choose another by then
            uses.append(replace(use, settings=settings))
        record["recipe"] = replace(self, uses=tuple(uses)).toml()
        return record

    def toml(self) -> str:
        """The recipe as TOML, recipes in it replaced by their steps; `parse` reads it back."""
        lines = [f"title = {toml.quoted(self.title)}", f"about = {toml.quoted(self.about)}", ""]
        lines += ["[input]", f"raw = {toml.quoted(self.raw)}"]
        for use in self.uses:
            lines += ["", "[[steps]]", f"use = {toml.quoted(use.step.name)}"]
            lines += [f"{key} = {toml.quoted(value)}" for key, value in use.settings.items()]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return f"<Recipe {self.name}: {' > '.join(self.labels)}>"

    def __reduce__(self) -> tuple[Callable[..., Recipe], tuple[Any, ...]]:
        uses = [(use.step.name, dict(use.settings)) for use in self.uses]
        return _rebuilt, (self.name, self.title, self.about, self.raw, uses)

    def line(self) -> str:
        """The recipe in one line, for a result's metadata."""
        words = []
        for label, use in zip(self.labels, self.uses, strict=True):
            given = ", ".join(f"{key}={value}" for key, value in use.settings.items())
            words.append(f"{label}({given})")
        return f"restore {__version__}, recipe {self.name}: " + " > ".join(words)


def _rebuilt(
    name: str, title: str, about: str, raw: str, uses: Sequence[tuple[str, dict[str, Any]]]
) -> Recipe:
    """A recipe that came from another process."""
    steps_used = (Use(steps.get(step), MappingProxyType(values)) for step, values in uses)
    return Recipe(name, title, about, raw, tuple(steps_used))


def _coloured(view: Array) -> bool:
    """Whether a picture has any colour, to one 16-bit code."""
    return bool((np.ptp(view, axis=-1) > 1 / 65535).any())


def folders() -> list[Path]:
    """The folders of named recipes: the user's configuration folder, then our own.

    The first is skipped if it is not readable: under `sudo -u` it can be another user's.
    """
    here = Path(__file__).parents[1]
    ours = here / "recipes"
    if not ours.is_dir():  # in a source checkout they are beside the package
        ours = here.parent / "recipes"
    home = places.own("config")
    theirs = home / "recipes" if home else None
    return [theirs, ours] if theirs and os.access(theirs, os.R_OK | os.X_OK) else [ours]


def names() -> list[str]:
    """Names of all recipes that can be used."""
    files = (path for folder in folders() for path in folder.glob("*.toml") if path.is_file())
    return sorted({path.stem for path in files if NAME.fullmatch(path.stem)})


def _open(name: str, within: tuple[str, ...]) -> Recipe:
    if NAME.fullmatch(name):
        for folder in folders():
            path = folder / f"{name}.toml"
            if path.is_file():
                resolve = partial(references.resolved, folder=folder)
                recipe = _parse(toml.text(path), path.name, (*within, name), resolve)
                return replace(recipe, name=name, path=path)
    if name in steps.names():
        step = steps.get(name)
        return Recipe(name, step.about, uses=(Use(step, MappingProxyType({})),))
    known = nearest(name, sorted({*names(), *steps.names()}))
    raise RecipeError(f'there is no recipe "{name:.60}"; {known}')


def _parse(text: str, where: str, within: tuple[str, ...], resolve: Resolve) -> Recipe:
    content = toml.parsed(text, where)
    _only(where, content, ("title", "about", "input", "steps"))
    texts = {}
    for key in ("title", "about"):
        texts[key] = content.get(key, "")
        if not isinstance(texts[key], str):
            raise RecipeError(f"{where}: {key} is not a string")
    given = content.get("input", {})
    if not isinstance(given, dict):
        raise RecipeError(f"{where}: input is not a table; write [input]")
    _only(f"{where}, input", given, ("raw",))
    raw = given.get("raw", "developed")
    if raw not in RAW:
        raise RecipeError(f"{where}, input: raw is not one of {', '.join(RAW)}")
    entries = content.get("steps")
    if not isinstance(entries, list) or not entries:
        raise RecipeError(f"{where}: has no steps; begin each step with [[steps]]")
    uses: list[Use] = []
    for number, entry in enumerate(entries, 1):
        uses += _use(entry, f"{where}, step {number}", within, resolve)
        if len(uses) > LONGEST:
            raise RecipeError(
                f"{where}: has more than {LONGEST} steps, counting those of the recipes it uses"
            )
    return Recipe(within[-1], texts["title"], texts["about"], raw, tuple(uses))


def _only(where: str, table: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise RecipeError(f'{where}: there is no key "{key:.60}"; {nearest(key, list(known))}')


def _unresolved(step: Step, values: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Settings of a recipe that is not a file: the step's check refuses photos that they name."""
    return values


def _use(entry: object, where: str, within: tuple[str, ...], resolve: Resolve) -> list[Use]:
    if not isinstance(entry, dict) or not isinstance(entry.get("use"), str):
        raise RecipeError(f'{where}: has no `use` key; add use = "NAME"')
    name = entry["use"]
    settings = {key: value for key, value in entry.items() if key != "use"}
    if name in steps.names():
        step = steps.get(name)
        where = f"{where} ({name})"
        return [Use(step, MappingProxyType(step.check(where, resolve(step, settings, where))))]
    if name in within:
        raise RecipeError(f"{where}: {' > '.join((*within, name))} uses itself")
    if name not in names():
        known = nearest(name, list({*steps.names(), *names()}))
        raise RecipeError(f'{where} ({name:.60}): there is no step "{name:.60}"; {known}')
    if len(within) >= DEEPEST:
        raise RecipeError(f"{where}: recipes are nested more than {DEEPEST} deep")
    inner = _open(name, within)
    changes = {key: toml.shown(value) for key, value in settings.items()}
    return list(inner._changed(changes, f"{where} ({name}): ", resolve).uses)
