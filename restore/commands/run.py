"""`restore run`: photos and a recipe's name in, restored photos out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.commands._limit import limited
from restore.commands._paths import FilePath

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from restore.job import Job


@click.command(epilog="Example:  restore run led-concert IMG_2041.jpg -s hue_blend.amount=0.5")
@click.argument("recipe")
@click.argument("photos", nargs=-1, required=True, type=FilePath(), metavar="PHOTO...")
@click.option(
    "-o",
    "--out",
    default="restored",
    show_default=True,
    type=FilePath(file_okay=False),
    metavar="FOLDER",
    help="Where the results go; made if it is not there.",
)
@click.option(
    "-s",
    "--set",
    "assignments",
    multiple=True,
    metavar="STEP.NAME=VALUE",
    help="Another value for a setting; the second step of a name is STEP#2. Repeatable.",
)
@click.option(
    "--format",
    "form",
    metavar="NAME",
    help="Write this format (jpeg, png, tiff, webp …) instead of the original's.",
)
@click.option(
    "--profile",
    type=click.Choice(["original", "srgb"]),
    default="original",
    show_default=True,
    help="The results' colour profile.",
)
@limited
@click.option("--compare", is_flag=True, help="Write a before | after picture beside each result.")
@click.option("--overwrite", is_flag=True, help="Replace results that are there already.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Tell what each step found.")
@click.pass_context
def run(
    ctx: click.Context,
    recipe: str,
    photos: tuple[Path, ...],
    out: Path,
    assignments: tuple[str, ...],
    form: str | None,
    profile: str,
    limit: int,
    compare: bool,
    overwrite: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Restore PHOTOs with RECIPE and print the written paths.

    RECIPE is a name ("restore recipes" lists them) or the path of a TOML file. A PHOTO that is a
    folder stands for the photos in it. Originals are never changed.
    """
    from restore.errors import PhotoError, printable
    from restore.job import Job, by_recipe
    from restore.names import expanded, identities, target_of
    from restore.worker import Worker

    try:
        target_of(Path("photo.jpg"), out, form)
    except PhotoError as error:
        raise click.BadParameter(str(error), param_hint="--format") from error
    todo, troubles = expanded(photos)
    originals = identities(todo)
    worker = Worker(partial(by_recipe, recipe, pairs(assignments)))
    # meanwhile
    from restore.commands._console import fail, progress, say, stderr, warn

    console = stderr()
    failed = len(troubles)
    taken: dict[Path, Path] = {}
    try:
        worker.ready()
        for trouble in troubles:
            fail(console, trouble)
        with progress(console, quiet) as bar:
            whole = bar.add_task(f"{len(todo)} photos", total=len(todo), visible=len(todo) > 1)
            for path in todo:
                task = bar.add_task(printable(path.name), total=1)
                try:
                    target = target_of(path, out, form)
                    job = Job(path, target, profile, limit, compare, overwrite)
                    refuse_taken(job, taken, originals)
                    outcome = worker.run(job, partial(show, bar, task))
                except PhotoError as error:
                    failed += 1
                    fail(console, error)
                else:
                    taken |= dict.fromkeys(outcome.written, path)
                    for result in outcome.written:
                        say(result)
                    if outcome.failed:
                        failed += 1
                        fail(console, outcome.failed)
                    for line in () if quiet else outcome.warnings:
                        warn(console, line)
                    for line in outcome.found if verbose else ():
                        console.print("  ", line, sep="", markup=False)
                bar.remove_task(task)
                bar.advance(whole)
    finally:
        worker.close()
    ctx.exit(1 if failed else 0)


def refuse_taken(
    job: Job, taken: Mapping[Path, Path], originals: frozenset[tuple[int, int]]
) -> None:
    """PhotoError if a result of this run, or one of its photos, would be replaced.

    Parameters
    ----------
    taken
        What has been written so far, and what from.
    originals
        The photos to be restored, see `names.identities`.
    """
    from restore.errors import PhotoError
    from restore.names import refuse_inputs

    for result in job.results:
        if result in taken:
            raise PhotoError(
                f"{job.path}: {result} is already made from {taken[result]}; use another --out"
            )
        refuse_inputs(result, originals)


def show(bar: Progress, task: TaskID, share: float) -> None:
    """Move a task's bar to a share, 0 … 1."""
    bar.update(task, completed=share)


def pairs(assignments: tuple[str, ...]) -> dict[str, str]:
    """{"fade.amount": "0.5"} from ("fade.amount=0.5",)."""
    split = (text.partition("=") for text in assignments)
    found = {}
    for name, equals, value in split:
        if not equals:
            raise click.BadParameter(f"write {name} as STEP.NAME=VALUE", param_hint="--set")
        found[name.strip()] = value.strip()
    return found
