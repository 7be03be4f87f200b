"""`restore run`: photos and a recipe's name in, restored photos out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli import _complete, _options
from restore.cli._limit import limited
from restore.cli._paths import FilePath
from restore.cli._typed import NeedsRecipe, is_photo, no_recipe, shown

if TYPE_CHECKING:
    from restore.errors import RecipeError


@click.command(
    cls=NeedsRecipe,
    epilog="Example:  restore run led-concert IMG_2041.jpg -s hue_blend.amount=0.5",
)
@click.argument("recipe", shell_complete=_complete.recipes)
@click.argument("photos", nargs=-1, required=True, type=FilePath(), metavar="PHOTO...")
@_options.results
@_options.settings
@_options.written
@limited
@click.option(
    "-r", "--recursive", is_flag=True, help="Search subfolders too; the tree is kept below --out."
)
@_options.pairs
@_options.splitting
@click.option("--compare", is_flag=True, help="Write a before | after picture beside each result.")
@click.option(
    "--report", is_flag=True, help="Write a page about the run, report.html, beside the results."
)
@click.option("--overwrite", is_flag=True, help="Replace existing results.")
@click.option("--skip-existing", is_flag=True, help="Skip photos that have a result already.")
@_options.salvage
@_options.jobs
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
    keep: str,
    split: str,
    compare: bool,
    report: bool,
    overwrite: bool,
    skip_existing: bool,
    salvage: bool,
    jobs: int | None,
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
    from restore.work import pool
    from restore.work.job import Job, by_recipe
    from restore.work.queue import Queue
    from restore.work.targets import folders_of, pair_partners, search, target_of

    if overwrite and skip_existing:
        raise click.UsageError("--overwrite and --skip-existing exclude each other")
    try:
        target_of(Path("photo.jpg"), out, form)
    except PhotoError as error:
        raise click.BadParameter(str(error), param_hint="--format") from error
    workers = pool.Pool(partial(by_recipe, recipe, pairs(assignments)), most=memory)
    # meanwhile
    from restore.cli._console import progress, stderr, warn
    from restore.cli._reporter import Reporter

    console = stderr()
    try:
        sought = search(photos, recursive=recursive, out=out)
        try:
            workers.ready()
        except RecipeError as error:
            refuse_swapped(recipe, photos, error)
            raise
        for folder, count in {} if quiet else sought.left_out.items():
            some = "a subfolder was" if count == 1 else f"{count} subfolders were"
            warn(console, f"{folder}: {some} left out; use -r to search subfolders too")
        partners = pair_partners([*sought.photos], keep)
        if partners and not quiet:
            some = "photo was" if len(partners) == 1 else "photos were"
            warn(console, f"{len(partners)} {some} left out: --pairs {keep}")
        chosen = {path: below for path, below in sought.photos.items() if path not in partners}
        workers.count = jobs or pool.jobs(len(chosen), memory)
        every = Job(
            Path(), Path(), profile, limit, compare, overwrite, salvage, report=report, split=split
        )
        if report:
            from restore.report.entry import allowance

            every = replace(every, thumbnail=allowance(len(chosen)))
        due = [
            replace(every, path=path, target=target_of(path, folder, form))
            for path, folder in folders_of(chosen, out, form).items()
        ]
        with progress(console, quiet) as bar:
            reporter = Reporter(console, bar, recipe, as_json, quiet, verbose, dry_run)
            if report and not dry_run:
                from restore.cli._report import RunReport

                reporter.report = RunReport.begin(ctx.params)
            reporter.begin([*chosen])
            for folder, trouble in sought.troubles.items():
                reporter.failed(folder, trouble)
            queue = Queue(due, skip_existing, dry_run)
            try:
                for job, end in queue.through(workers, reporter.progress):
                    wrong = end.error and not isinstance(end.error, PhotoError)
                    if end.error and wrong and not reporter.counts and not queue.written:
                        raise end.error  # a network that is not installed: none could be restored
                    reporter.settled(job, end)
            except KeyboardInterrupt:
                for job, end in queue.rest():
                    reporter.settled(job, end)
                raise
            finally:
                reported = reporter.close_report()
        reporter.close()
    finally:
        workers.close()
    ctx.exit(1 if "failed" in reporter.counts or not reported else 0)


def refuse_swapped(recipe: str, photos: tuple[Path, ...], error: RecipeError) -> None:
    """UsageError if RECIPE is a photo: the recipe is among the photos, or forgotten."""
    if not is_photo(recipe):
        return
    words = [str(photo) for photo in photos]
    known = {*_complete.recipe_names()}
    swapped = [word for word in words if word in known or word.endswith(".toml")]
    if swapped:
        others = [recipe, *(word for word in words if word != swapped[0])]
        meant = shown(["restore", "run", swapped[0], *others])
        raise click.UsageError(f"RECIPE comes first; did you mean: {meant}") from error
    raise click.UsageError(f"RECIPE is missing; {no_recipe([recipe, *words])}") from error


def pairs(assignments: tuple[str, ...]) -> Mapping[str, str]:
    """{"fade.amount": "0.5"} from ("fade.amount=0.5",)."""
    settings = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"write {name} as STEP.NAME=VALUE", param_hint="--set")
        settings[name.strip()] = value.strip()
    return settings
