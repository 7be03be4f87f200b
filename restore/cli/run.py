"""`restore run`: photos and a recipe's name in, restored photos out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli import _complete
from restore.cli._limit import limited
from restore.cli._paths import FilePath

if TYPE_CHECKING:
    from restore.cli._reporter import Reporter
    from restore.errors import RecipeError
    from restore.work.job import Job
    from restore.work.worker import Worker


@click.command(epilog="Example:  restore run led-concert IMG_2041.jpg -s hue_blend.amount=0.5")
@click.argument("recipe", shell_complete=_complete.recipes)
@click.argument("photos", nargs=-1, required=True, type=FilePath(), metavar="PHOTO...")
@click.option(
    "-o",
    "--out",
    default="restored",
    show_default=True,
    type=FilePath(file_okay=False),
    metavar="FOLDER",
    help="Folder for the results; created if missing.",
)
@click.option(
    "-s",
    "--set",
    "assignments",
    multiple=True,
    metavar="STEP.NAME=VALUE",
    shell_complete=_complete.settings,
    help="Override a setting, e.g. fade.amount=0.5; a recipe's second fade is fade#2. Repeatable.",
)
@click.option(
    "--format",
    "form",
    metavar="NAME",
    shell_complete=_complete.formats,
    help="Write this format (jpeg, png, tiff, webp …) instead of the original's.",
)
@click.option(
    "--profile",
    type=click.Choice(["original", "srgb"]),
    default="original",
    show_default=True,
    help="Colour profile of the results.",
)
@limited
@click.option(
    "-r", "--recursive", is_flag=True, help="Search subfolders too; the tree is kept below --out."
)
@click.option("--compare", is_flag=True, help="Write a before | after picture beside each result.")
@click.option("--overwrite", is_flag=True, help="Replace existing results.")
@click.option("--skip-existing", is_flag=True, help="Skip photos that have a result already.")
@click.option(
    "--salvage", is_flag=True, help="Restore what is left of a truncated JPEG, PNG or TIFF."
)
@click.option("--dry-run", is_flag=True, help="Print what would be written; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per photo.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Report what each step found.")
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
    memory: float | None,
    recursive: bool,
    compare: bool,
    overwrite: bool,
    skip_existing: bool,
    salvage: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Restore PHOTOs with RECIPE and print the paths written.

    RECIPE is a name ("restore recipes" lists them), the name of a single step ("restore steps"),
    or the path of a TOML file. A PHOTO may be a folder: it stands for the photos in it. Originals
    are never changed.
    """
    from restore.errors import PhotoError, RecipeError
    from restore.work.job import Job, by_recipe
    from restore.work.targets import folders_of, identities, search, target_of
    from restore.work.worker import Worker

    if overwrite and skip_existing:
        raise click.UsageError("--overwrite and --skip-existing exclude each other")
    try:
        target_of(Path("photo.jpg"), out, form)
    except PhotoError as error:
        raise click.BadParameter(str(error), param_hint="--format") from error
    worker = Worker(partial(by_recipe, recipe, pairs(assignments)))
    # meanwhile
    from restore.cli._console import progress, stderr, warn
    from restore.cli._reporter import Reporter

    console = stderr()
    try:
        sought = search(photos, recursive=recursive, out=out)
        try:
            worker.ready()
        except RecipeError as error:
            refuse_swapped(recipe, photos, error)
            raise
        for folder, count in {} if quiet else sought.left_out.items():
            some = "a subfolder was" if count == 1 else f"{count} subfolders were"
            warn(console, f"{folder}: {some} left out; use -r to search subfolders too")
        total = len(sought.photos)
        with progress(console, quiet) as bar:
            whole = bar.add_task(f"{total} photos", total=total, visible=total > 1)
            reporter = Reporter(console, bar, recipe, as_json, quiet, verbose, dry_run)
            for folder, trouble in sought.troubles.items():
                reporter.failed(folder, trouble)
            batch = Batch(worker, reporter, identities(list(sought.photos)), skip_existing, dry_run)
            for path, folder in folders_of(sought.photos, out, form).items():
                target = target_of(path, folder, form)
                job = Job(path, target, profile, limit, compare, overwrite, salvage, memory)
                batch.restore(job)
                bar.advance(whole)
        reporter.close()
    finally:
        worker.close()
    ctx.exit(1 if "failed" in reporter.counts else 0)


@dataclass
class Batch:
    """Photos restored in turn: none replaces another's result or stops the others.

    Attributes
    ----------
    originals
        The photos' files (`targets.identities`).
    written
        Results written so far, each with its original.
    """

    worker: Worker
    reporter: Reporter
    originals: frozenset[tuple[int, int]]
    skip_existing: bool
    dry: bool
    written: dict[Path, Path] = field(default_factory=dict)

    def restore(self, job: Job) -> None:
        """Restore one photo and report the outcome.

        Raises
        ------
        RestoreError
            If the first photo meets an error that would stop them all, such as a network
            that is not installed.
        """
        from restore.errors import PhotoError, RestoreError

        tell = self.reporter.begin(job.path)
        try:
            self._refuse_taken(job)
            exists = not job.overwrite and os.path.lexists(job.target)
            if exists and self.skip_existing and not job.lacks_picture:
                self.reporter.skipped(job.path, job.target)
            elif self.dry:
                self.written |= dict.fromkeys(job.results, job.path)
                self.reporter.planned(job.path, job.missing())
            else:
                outcome = self.worker.run(job, tell)
                self.written |= dict.fromkeys(outcome.written, job.path)
                self.reporter.restored(job.path, outcome)
        except RestoreError as error:
            if not isinstance(error, PhotoError) and not self.reporter.counts:
                raise
            self.reporter.failed(job.path, error)

    def _refuse_taken(self, job: Job) -> None:
        """PhotoError if a result of this run, or one of its photos, would be replaced."""
        from restore.errors import PhotoError
        from restore.work.targets import refuse_inputs

        for result in job.results:
            if result in self.written:
                raise PhotoError(
                    f"{job.path}: {result} has just been made from {self.written[result]}; "
                    "use another --out"
                )
            refuse_inputs(result, self.originals)


def refuse_swapped(recipe: str, photos: tuple[Path, ...], error: RecipeError) -> None:
    """UsageError if there is no such recipe but one is among the photos."""
    from restore import recipe as recipes
    from restore import steps

    known = {*recipes.names(), *steps.names()}
    swapped = [photo for photo in map(str, photos) if photo in known or photo.endswith(".toml")]
    if swapped and recipe not in known:
        raise click.UsageError(
            f"RECIPE comes first; did you mean: restore run {swapped[0]} {recipe}"
        ) from error


def pairs(assignments: tuple[str, ...]) -> Mapping[str, str]:
    """{"fade.amount": "0.5"} from ("fade.amount=0.5",)."""
    settings = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"write {name} as STEP.NAME=VALUE", param_hint="--set")
        settings[name.strip()] = value.strip()
    return settings
