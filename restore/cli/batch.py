"""`restore batch`: whole archives, with a journal: runs continue where they stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli import _complete, _options
from restore.cli._limit import limited
from restore.cli._paths import FilePath
from restore.cli._typed import is_photo, shown

if TYPE_CHECKING:
    from restore.cli._batch import Display
    from restore.work.batch import Batch, Request
    from restore.work.cluster import Cluster
    from restore.work.journal import Journal
    from restore.work.pool import Pool

INTERRUPTED = 130


@click.command(
    epilog="Example:  restore batch auto scans/ restored/",
    short_help="Restore whole folders; continue where the last run stopped.",
)
@click.argument(
    "arguments", nargs=-1, metavar="RECIPE SOURCE... TARGET", shell_complete=_complete.recipes
)
@_options.jobs
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where the work is done: in processes on this machine, or on a Dask cluster.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address of a running Dask cluster, e.g. tcp://host:8786 (default: start one here).",
)
@_options.settings
@click.option(
    "--settings",
    "table",
    type=FilePath(),
    metavar="FILE",
    help="Recipes and settings for single photos: a CSV or TOML file.",
)
@click.option(
    "--name",
    default="{folder}/{stem}{suffix}",
    show_default=True,
    metavar="PATTERN",
    help="Names of the results below TARGET.",
)
@_options.written
@limited
@_options.salvage
@_options.pairs
@click.option(
    "--like",
    multiple=True,
    metavar="PATTERN",
    help='Photos that share one plan with the others in their folder, e.g. "roll7/*". Repeatable.',
)
@_options.splitting
@click.option("--watch", is_flag=True, help="Keep looking for new photos until Ctrl-C.")
@click.option("--report", is_flag=True, help="Write a page that shows the photos before and after.")
@click.option(
    "--premis", is_flag=True, help="Record what was done beside each result, as PREMIS 3 XML."
)
@click.option("--dry-run", is_flag=True, help="Print what would be written; write nothing.")
@click.option("--status", is_flag=True, help="Sum up the batch in TARGET.")
@click.option("--retry", is_flag=True, help="Retry the photos that failed in TARGET.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Report every photo.")
@click.pass_context
def batch(
    ctx: click.Context,
    arguments: tuple[str, ...],
    jobs: int | None,
    engine: str,
    scheduler: str | None,
    assignments: tuple[str, ...],
    table: Path | None,
    name: str,
    form: str | None,
    profile: str,
    limit: int,
    memory: float | None,
    salvage: bool,
    keep: str,
    like: tuple[str, ...],
    split: str,
    watch: bool,
    report: bool,
    premis: bool,
    dry_run: bool,
    status: bool,
    retry: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Restore all photos in SOURCEs with RECIPE into the folder TARGET.

    A SOURCE is a folder (including its subfolders, whose structure is kept), a photo, a quoted
    pattern such as "scans/**/*.tif", a list (@list.txt, one path per line), or a URL
    (s3://archive/scans); TARGET may be a URL as well. RECIPE is the same as in "restore run", or
    "auto": each photo gets the recipe that "restore info" suggests, or is copied if it needs none.

    A journal records what has been done. Run the same command again to continue: only photos that
    are new or have changed, or whose recipe or settings have changed, are restored. Ctrl-C finishes
    the photos in progress; press it again to stop at once.

    "restore batch --status TARGET" sums up; "restore batch --retry TARGET" tries failed photos
    again.
    """
    from restore.cli._batch import Display, print_status
    from restore.cli.run import pairs
    from restore.errors import PhotoError
    from restore.work.batch import Request
    from restore.work.journal import Journal
    from restore.work.remote import is_url
    from restore.work.rolls import share_folder
    from restore.work.targets import target_of
    from restore.work.tasks import AUTO

    if scheduler and engine != "dask":
        raise click.UsageError("--scheduler needs --engine dask")
    if "" in arguments:  # a shell variable that is not set: not the current folder
        raise click.UsageError("RECIPE, SOURCE or TARGET is empty")
    if status or retry:
        if status and retry:
            raise click.UsageError("--status and --retry exclude each other")
        if len(arguments) != 1:
            raise click.UsageError("give the TARGET only")
        target = _absolute(arguments[0])
        with Journal.read(target) as journal:
            if status:
                print_status(journal, as_json)
                return
            request = replace(Request.from_json(journal.meta("request")), watch=False)
        if dry_run:
            raise click.UsageError("--retry and --dry-run exclude each other")
    else:
        if len(arguments) < 3 or is_photo(arguments[0]):
            raise click.UsageError(_incomplete(arguments))
        for other, given in (("--dry-run", dry_run), ("--like", bool(like))):
            if watch and given:
                raise click.UsageError(f"{other} and --watch exclude each other")
        try:
            target_of(Path("photo.jpg"), Path(), form)
        except PhotoError as error:
            raise click.BadParameter(str(error), param_hint="--format") from error
        recipe, *sources, last = arguments
        if split and recipe == AUTO:
            raise click.UsageError('auto takes whole photos: run "restore split" before')
        if split and like:
            raise click.UsageError("--like and --split exclude each other")
        target = _absolute(last)
        if target.exists() and not target.is_dir():
            raise click.UsageError(f"TARGET is a folder; {target} is not")
        remote = [*filter(is_url, sources), *[last] * is_url(last)]
        if remote and like:
            raise click.UsageError(f"--like needs local folders; {remote[0]} is a URL")
        if recipe.endswith(".toml") or len(Path(recipe).parts) > 1:
            recipe = str(_absolute(recipe))
        request = Request(
            recipe,
            tuple(map(_absolute_source, sources)),
            target,
            settings=pairs(assignments),
            name=name,
            form=form,
            profile=profile,
            limit=limit,
            salvage=salvage,
            table=str(_absolute(str(table))) if table else "",
            like=(*like, *map(_absolute_pattern, like)),
            watch=watch,
            report=report,
            premis=premis,
            keep=keep,
            split=split,
        )
    display = Display(as_json, quiet, verbose, dry_run)
    with Journal.open(target, dry=dry_run) as journal:
        if scheduler and request.like and not dry_run:
            share_folder(journal)
        workers = _engine(engine, scheduler, jobs, memory)
        stopped = _work(request, journal, display, workers, jobs, memory, retry, dry_run)
        failed = display.close(journal, request.premis, request.report)
    ctx.exit(INTERRUPTED if stopped else int(failed))


def _incomplete(arguments: tuple[str, ...]) -> str:
    """What is missing, and an example of what to type."""
    sources = [word for word in arguments if is_photo(word)][:1]
    example = shown(["restore", "batch", "auto", *(sources or ["scans"]), "restored"])
    return f"give a RECIPE, at least one SOURCE, and a TARGET, such as: {example}"


def _engine(
    engine: str, scheduler: str | None, jobs: int | None, memory: float | None
) -> Pool | Cluster:
    """What does the work."""
    from restore.errors import MissingPackage
    from restore.work.pool import Pool
    from restore.work.tasks import begin

    if engine == "local":
        return Pool(begin, most=memory)
    try:
        from restore.work.cluster import Cluster
    except ImportError as error:
        raise MissingPackage(
            '--engine dask needs Dask; install it with: pip install "restore-photos[dask]"'
        ) from error
    return Cluster(scheduler or "", jobs)


def _work(
    request: Request,
    journal: Journal,
    display: Display,
    workers: Pool | Cluster,
    jobs: int | None,
    memory: float | None,
    retry: bool,
    dry: bool,
) -> bool:
    """Do what is asked for; whether Ctrl-C was pressed."""
    from restore.work import pool
    from restore.work.batch import Batch, versions

    try:
        batch = Batch(request, journal)
        workers.ready()
        with journal.running(versions()), stopping(workers, display) as stopped:
            if retry:
                journal.retry()
            else:
                batch.resolve(workers)
                batch.scan()
                if not dry:
                    journal.set_meta("request", request.to_json())
            unused = [] if request.watch else [row.where for row in batch.table.unused]
            display.begin(journal, batch.troubles, unused, request.watch)
            if dry:
                display.plan(journal)
                return False
            if isinstance(workers, pool.Pool):
                workers.count = jobs or pool.jobs(1000 if request.watch else display.total, memory)
            _restore(batch, workers, display)
            return bool(stopped)
    finally:
        workers.close()


def _restore(batch: Batch, workers: Pool | Cluster, display: Display) -> None:
    """Restore what is due, and show it."""
    from restore.errors import PhotoError

    with display.planning():
        for _ in batch.share(workers):
            display.planned()
    with display.shown():
        good = False
        for done in batch.through(workers, display.progress):
            error = done.error
            if error and not isinstance(error, PhotoError) and not good:
                raise error  # a network that is not installed: none could be restored
            good = good or not error
            display.done(done)


@contextmanager
def stopping(workers: Pool | Cluster, display: Display) -> Iterator[list[int]]:
    """Let a Ctrl-C finish what is running, and another one stop at once.

    The list has an item once it has been pressed.
    """
    import signal
    import time

    pressed: list[float] = []
    stopped: list[int] = []

    def stop(number: int, frame: object) -> None:
        if pressed and time.monotonic() - pressed[0] > 1.0:  # not the same one
            raise KeyboardInterrupt
        if not pressed:
            pressed.append(time.monotonic())
            stopped.append(number)
            workers.stop()
            display.stopping()

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield stopped
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def _absolute(path: str) -> Path:
    """A path that means the same from any folder; a URL stays what it is."""
    from restore.work.remote import is_url

    return Path(path) if is_url(path) else Path(path).absolute().resolve()


def _absolute_source(source: str) -> str:
    """A SOURCE that means the same from any folder."""
    import glob
    import os

    from restore.work.remote import is_url

    if is_url(source):
        return source
    if source.startswith("@"):
        return "@" + os.path.abspath(source[1:])  # noqa: PTH100
    if glob.has_magic(source) and not os.path.lexists(source):
        return _absolute_pattern(source)
    return os.path.abspath(source)  # noqa: PTH100


def _absolute_pattern(pattern: str) -> str:
    import glob
    import os

    return os.path.join(glob.escape(str(Path.cwd())), pattern)  # noqa: PTH118
