"""Shell completion of recipes, steps, settings, formats and networks.

Most names come from file names, because a person is waiting.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from restore.recipe import Recipe

HERE = Path(__file__).parents[1]


def step_names() -> list[str]:
    """Names of all steps."""
    return sorted(path.stem for path in (HERE / "steps").glob("[!_]*.py"))


def recipe_names() -> list[str]:
    """Names accepted as a recipe, including those of steps."""
    from restore import places

    home = places.own("config")
    ours = HERE / "recipes"
    if not ours.is_dir():  # in a source checkout they are beside the package
        ours = HERE.parent / "recipes"
    folders = [ours, home / "recipes"] if home else [ours]
    names = set(step_names())
    for folder in folders:
        with suppress(OSError):  # another user's
            names |= {path.stem for path in folder.glob("*.toml")}
    return sorted(names)


def _beginning(names: list[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def recipes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Recipes and steps by name, or files once a path has been started."""
    if "/" in incomplete or incomplete.startswith("."):
        return [CompletionItem(incomplete, type="file")]
    return _beginning(recipe_names(), incomplete)


def steps(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Steps by name."""
    return _beginning(step_names(), incomplete)


def formats(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Formats that can be written."""
    from restore import files

    names = [name for name, module in files.formats().items() if hasattr(module, "write")]
    return _beginning(names, incomplete)


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Networks that can be added."""
    from restore.models import weights

    return _beginning(list(weights.KNOWN), incomplete)


def networks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Networks that colour."""
    from restore import colorizers

    return _beginning(colorizers.names(), incomplete)


def settings(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """STEP.NAME= of the recipe's steps, and the values that a setting may have."""
    from restore.errors import RestoreError
    from restore.recipe import Recipe

    items = []
    # an option without its value stops click's parsing: the recipe is among what is left then
    name = ctx.params.get("recipe") or next(iter(ctx.args), "")
    with suppress(RestoreError):  # a recipe that is not there
        for key, about, values in _settings(Recipe.named(name)):
            if incomplete.startswith(f"{key}="):
                items += [CompletionItem(f"{key}={value}") for value in values]
            else:
                items.append(CompletionItem(f"{key}=", help=about))
    return [item for item in items if item.value.startswith(incomplete)]


def _settings(recipe: Recipe) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (
            f"{label}.{setting.name}",
            setting.param.about,
            setting.choices or (("true", "false") if setting.kind is bool else ()),
        )
        for label, use in zip(recipe.labels, recipe.uses, strict=True)
        for setting in use.step.settings.values()
    ]
