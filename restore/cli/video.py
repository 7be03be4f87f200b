"""`restore video`: a film and a recipe's name in, the restored film out."""

from __future__ import annotations

import sys
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore.cli import _complete, _options
from restore.cli._paths import FilePath
from restore.cli._typed import command_line
from restore.cli._within import within

if TYPE_CHECKING:
    from restore.film.job import Outcome

CODECS = ("h264", "hevc", "ffv1", "prores")


def _seconds(ctx: click.Context, option: click.Parameter, text: str | None) -> Fraction | None:
    """The seconds of a time in a film: 90, 1:30, 0:01:30.5."""
    if text is None:
        return None
    parts = text.split(":")
    try:
        numbers = [Fraction(part) for part in parts if part.strip("0123456789.") == ""]
        if len(numbers) != len(parts) or len(parts) > 3 or any(n >= 60 for n in numbers[1:]):
            raise ValueError
    except ValueError as error:
        raise click.BadParameter(f"{text} is not a time such as 90, 1:30 or 0:01:30.5") from error
    seconds = Fraction(0)
    for number in numbers:
        seconds = seconds * 60 + number
    return seconds


@click.command(epilog="Example:  restore video old-film reel.mp4 restored.mp4 --start 1:30")
@click.argument("recipe", shell_complete=_complete.recipes)
@click.argument("film", type=FilePath(), metavar="IN")
@click.argument("target", type=FilePath(), metavar="OUT")
@_options.settings
@click.option(
    "--start",
    callback=_seconds,
    metavar="TIME",
    help="Begin at this time, e.g. 90, 1:30 or 0:01:30.5.",
)
@click.option("--end", callback=_seconds, metavar="TIME", help="End before this time.")
@click.option(
    "--codec",
    type=click.Choice(CODECS),
    default="h264",
    show_default=True,
    help="Codec of the pictures; ffv1 is lossless.",
)
@click.option(
    "--quality",
    type=int,
    metavar="N",
    help="h264, hevc: 0 (best) to 51 (default: 18, 20); prores: profile 0 to 5 (default: 3, HQ).",
)
@click.option(
    "--preview",
    type=int,
    callback=within(1, 100),
    metavar="N",
    help="Only write a contact sheet of N frames, before | after.",
)
@click.option("--report", is_flag=True, help="Also write a page about the film, OUT.report.html.")
@click.option("--overwrite", is_flag=True, help="Replace an existing result.")
@click.option("--json", "as_json", is_flag=True, help="Print progress and result as JSON objects.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.pass_context
def video(
    ctx: click.Context,
    recipe: str,
    film: Path,
    target: Path,
    assignments: tuple[str, ...],
    start: Fraction | None,
    end: Fraction | None,
    codec: str,
    quality: int | None,
    preview: int | None,
    report: bool,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Restore the film IN with RECIPE and write OUT.

    RECIPE is the same as in "restore run". OUT ends in .mkv, .mp4, .m4v or .mov. Sound, subtitles,
    chapters and metadata are copied. If the run is interrupted, run it again: it continues where it
    stopped.
    """
    from restore.cli.run import pairs
    from restore.errors import PhotoError
    from restore.film.job import FORMATS, FilmJob, by_recipe
    from restore.work.worker import Worker

    if start is not None and end is not None and end <= start:
        raise click.UsageError("--end is not after --start")
    if target.suffix.lower() not in FORMATS:
        *some, last = FORMATS
        wrong = f"{target} does not end in {', '.join(some)} or {last}"
        raise click.BadParameter(wrong, param_hint="OUT")
    worker = Worker(partial(by_recipe, recipe, pairs(assignments)))
    # meanwhile
    from restore.cli._film import FilmReporter

    reporter = FilmReporter(film, recipe, as_json, quiet)
    typed = command_line(["restore", *sys.argv[1:]])
    job = FilmJob(film, target, start, end, codec, quality, overwrite, preview or 0, report, typed)
    try:
        worker.ready()
        with reporter:
            tell: Any = reporter.progress  # what a film tells is more than a share
            outcome: Outcome = worker.run(job, tell)
    except PhotoError as error:
        reporter.failed(error)
        ctx.exit(1)
    finally:
        worker.close()
    reporter.restored(outcome)
