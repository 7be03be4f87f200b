"""What the browser sends, checked: an edit as a recipe, hints as `Hint`s; and what it is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from restore import recipe as recipes
from restore import steps
from restore.analysis import mixes
from restore.errors import RecipeError
from restore.image.reference import Reference
from restore.recipe import NAME, Recipe, Use
from restore.recipe.toml import quoted
from restore.step import Setting, Step

FILM = ("film_dust", "flicker", "steady")
"""Steps that compare the frames of a film, and leave a photo as it is."""
TEXT = 400
"""Most characters of a title or a description."""


def recipe_of(edit: object) -> Recipe | None:
    """The recipe of an edit; None if all its steps are off.

    Parameters
    ----------
    edit
        {"name", "title", "about", "raw", "steps": [{"use", "on", "settings"}]}.

    Raises
    ------
    RecipeError
        If anything in it is not as it must be.
    """
    where = "the page's recipe"
    if not isinstance(edit, Mapping):
        raise RecipeError(f"{where}: is not an object")
    raw, given = edit.get("raw", "developed"), edit.get("steps")
    if raw not in recipes.RAW:
        raise RecipeError(f"{where}: raw is not one of {', '.join(recipes.RAW)}")
    if not isinstance(given, list) or len(given) > recipes.LONGEST:
        raise RecipeError(f"{where}: steps is not a list of at most {recipes.LONGEST}")
    name, title, about = (_text(where, edit, key) for key in ("name", "title", "about"))
    known = _references(name)
    uses = [_use(f"{where}, step {number}", step, known) for number, step in enumerate(given, 1)]
    kept = tuple(use for use in uses if use)
    if not NAME.fullmatch(name):
        name = "edited"
    return Recipe(name, title, about, str(raw), kept) if kept else None


def _text(where: str, edit: Mapping[str, Any], key: str) -> str:
    text = edit.get(key, "")
    if not isinstance(text, str) or len(text) > TEXT:
        raise RecipeError(f"{where}: {key} is not a string of at most {TEXT} characters")
    return text


def _references(name: str) -> dict[str, Reference]:
    """The photos that a recipe of the user's own names: a request may name no others."""
    try:
        uses = Recipe.named(name).uses if NAME.fullmatch(name) else ()
    except RecipeError:
        return {}
    values = (value for use in uses for value in use.settings.values())
    return {str(value): value for value in values if isinstance(value, Reference)}


def _use(where: str, entry: object, known: Mapping[str, Reference]) -> Use | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("use"), str):
        raise RecipeError(f"{where}: has no `use` key")
    step, settings = steps.get(entry["use"], where), entry.get("settings", {})
    if not isinstance(settings, Mapping):
        raise RecipeError(f"{where}: settings is not an object")
    settings = {
        key: known.get(value, value) if isinstance(value, str) else value
        for key, value in settings.items()
    }
    use = Use(step, MappingProxyType(step.check(f"{where} ({step.name})", settings)))
    return use if entry.get("on", True) else None


def named(recipe: Recipe, name: str, title: str, about: str) -> Recipe:
    """The recipe under a new name.

    Raises
    ------
    RecipeError
        If it cannot be a file's name, or is one of ours.
    """
    if not NAME.fullmatch(name):
        raise RecipeError(
            f'"{name:.60}" is not a name for a recipe; use small letters, digits, - and _'
        )
    if name in steps.names() or name in builtin():
        raise RecipeError(f'"{name}" is a recipe that comes with restore; choose another name')
    return replace(recipe, name=name, title=title, about=about)


def builtin() -> list[str]:
    """Names of the recipes that come with the program."""
    return [path.stem for path in recipes.folders()[-1].glob("*.toml")]


def listed_recipes() -> list[dict[str, Any]]:
    """The recipes for photos as edits; one of the user's own that is broken is left out."""
    ours, entries = builtin(), []
    for name in recipes.names():
        try:
            recipe = Recipe.named(name)
        except RecipeError:
            continue
        if any(use.step.name in FILM for use in recipe.uses):
            continue
        entries.append({**edit_of(recipe), "own": name not in ours})
    return entries


def edit_of(recipe: Recipe) -> dict[str, Any]:
    """A recipe as the browser has it."""
    return {
        "name": recipe.name,
        "title": recipe.title or recipe.name,
        "about": recipe.about,
        "raw": recipe.raw,
        "steps": [
            {"use": use.step.name, "on": True, "settings": dict(use.settings)}
            for use in recipe.uses
        ],
    }


def listed_steps() -> list[dict[str, Any]]:
    """Every step with its settings, for the sliders."""
    return [_step(step) for step in steps.loaded()[0]]


def _step(step: Step) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": step.name,
        "about": step.about,
        "details": step.details,
        "settings": [
            _setting(setting) for setting in step.settings.values() if setting.kind is not Reference
        ],
    }
    if step.name == "monochrome":
        entry["layers"] = {name: list(values) for name, values in mixes.LAYERS.items()}
    return entry


def _setting(setting: Setting) -> dict[str, Any]:
    low, high = setting.param.low, setting.param.high
    return {
        "name": setting.name,
        "kind": setting.kind.__name__,
        "default": setting.default,
        "optional": setting.optional,
        "about": setting.param.about,
        "unit": setting.param.unit,
        "low": low if math.isfinite(low) else None,
        "high": high if math.isfinite(high) else None,
        "multiple": setting.param.multiple,
        "choices": list(setting.choices),
        "pattern": setting.param.pattern,
    }


def command(recipe: Recipe | None) -> str:
    """The command line that does the same to other photos."""
    if recipe is None:
        return ""
    words = [f"restore run {recipe.name} PHOTOS"]
    try:
        base = Recipe.named(recipe.name)
    except RecipeError:
        return ""
    if [use.step.name for use in base.uses] != [use.step.name for use in recipe.uses]:
        return ""
    for label, own, use in zip(recipe.labels, base.uses, recipe.uses, strict=True):
        if set(own.settings) - set(use.settings):
            return ""
        for name, value in use.settings.items():
            if own.settings.get(name) != value:
                shown = value if isinstance(value, str) else quoted(value)
                words.append(f"-s {label}.{name}={shown}")
    return " ".join(words)
