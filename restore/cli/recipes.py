"""`restore recipes`: list the recipes, show one, check a file, print the JSON schema."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from restore.cli import _complete
from restore.cli._paths import FilePath


@click.command(epilog="Example:  restore recipes faded-print")
@click.argument("name", required=False, shell_complete=_complete.recipes)
@click.option(
    "--check",
    type=FilePath(),
    metavar="FILE",
    help="Check a recipe file.",
)
@click.option("--schema", is_flag=True, help="Print the JSON schema of recipes, for editors.")
def recipes(name: str | None, check: Path | None, schema: bool) -> None:
    """List the recipes, or show the recipe NAME."""
    from rich.markup import escape

    from restore.cli._console import stdout, table
    from restore.errors import RecipeError, printable
    from restore.recipe import Recipe, names, toml
    from restore.recipe.schema import schema as make_schema

    if schema:
        import json

        click.echo(json.dumps(make_schema(), indent=2, ensure_ascii=False))
    elif check:
        checked = Recipe.read(check)
        click.echo(
            f"{printable(check)}: OK, {_count(len(checked.uses))}: {', '.join(checked.labels)}"
        )
    elif name:
        chosen = Recipe.named(name)
        if chosen.path:
            for line in (f"# {chosen.path}", *toml.text(chosen.path).rstrip().splitlines()):
                click.echo(printable(line.expandtabs()) if sys.stdout.isatty() else line)
        else:  # a step's name
            click.echo(chosen.toml(), nl=False)
    else:
        listing = table("recipe", "for", "steps")
        for entry in names():
            try:
                chosen = Recipe.named(entry)
                title = escape(printable(chosen.title))
                listing.add_row(entry, title, " > ".join(chosen.labels))
            except RecipeError as error:
                listing.add_row(entry, "cannot be used", escape(str(error)))
        stdout().print(listing)


def _count(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"
