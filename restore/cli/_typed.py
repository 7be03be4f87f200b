"""Commands as a person types them: how they are shown, and what was meant by a wrong one."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click


def command_line(words: Sequence[str]) -> str:
    """The words as one types them, quoted for the usual shell of this system."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def shown(words: Sequence[str]) -> str:
    """A command line for a message."""
    from restore.errors import printable

    return printable(command_line(words))


def is_photo(word: str) -> bool:
    """Whether a word is the path of a photo or of a folder, and not the name of a recipe."""
    from restore import files
    from restore.cli._complete import recipe_names

    if word in ("auto", *recipe_names()) or word.endswith(".toml"):
        return False
    return Path(word).suffix.lower() in files.suffixes() or Path(word).exists()


def no_recipe(photos: Sequence[str]) -> str:
    """What to type if there are only photos."""
    first, more = shown(photos[:1]), " …" if len(photos) > 1 else ""
    return (
        f"write: restore run RECIPE {first}{more} "
        f'("restore info {first}" suggests a recipe, "restore recipes" lists them)'
    )


class NeedsRecipe(click.Command):
    """A command whose arguments are RECIPE PHOTO...: says which one is missing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, or a usage error that says how to put them right."""
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as error:
            recipe = ctx.params.get("recipe")
            if recipe and is_photo(recipe):
                raise click.UsageError(f"RECIPE is missing; {no_recipe([recipe])}", ctx) from error
            raise
