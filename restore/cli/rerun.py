"""`restore rerun`: make a result again, as recorded in its metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli._limit import limited
from restore.cli._paths import FilePath

if TYPE_CHECKING:
    from restore.timeouts import Allow
    from restore.work.job import Job, Outcome
    from restore.work.worker import Tell, Work

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


@click.command(
    epilog="Example:  restore rerun restored/scan.tif --from scan.tif -o again/",
)
@click.argument("result", type=FilePath())
@click.option(
    "--from",
    "original",
    required=True,
    type=FilePath(),
    metavar="ORIGINAL",
    help="The photo that RESULT was made from.",
)
@click.option(
    "-o",
    "--out",
    default="restored",
    show_default=True,
    type=FilePath(file_okay=False),
    metavar="FOLDER",
    help="Folder for the new result; created if missing.",
)
@limited
@click.option("--overwrite", is_flag=True, help="Replace an existing result.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
def rerun(
    result: Path,
    original: Path,
    out: Path,
    limit: int,
    memory: float | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Restore ORIGINAL again with the recipe that made RESULT.

    The recipe and its settings are read from the metadata of RESULT. A warning is
    printed if the original, the version of restore or the network has changed.
    """
    from restore.cli._console import progress, say, stderr, warn
    from restore.errors import printable
    from restore.work.job import Job
    from restore.work.targets import stem
    from restore.work.worker import Worker

    console = stderr()
    target = out / (stem(original) + result.suffix)
    job = Job(original, target, limit=limit, overwrite=overwrite, memory=memory)
    worker = Worker(partial(as_made, result))
    try:
        worker.ready()
        with progress(console, quiet) as bar:
            task = bar.add_task(printable(original.name), total=1)
            outcome = worker.run(job, lambda share: bar.update(task, completed=share))
    finally:
        worker.close()
    for path in outcome.written:
        say(path)
    for line in () if quiet else outcome.warnings:
        warn(console, line)
    for line in () if quiet else outcome.headlines:
        console.print(printable(f"{original}: {line}"), markup=False)


def as_made(result: Path) -> Work:
    """The task of restoring a file as `result` was made, warning of any difference."""

    def again(job: Job, tell: Tell, allow: Allow) -> Outcome:
        from restore import files
        from restore.errors import PhotoError, printable
        from restore.recipe import Recipe
        from restore.timeouts import Patience
        from restore.work.job import restore_file

        patience = Patience(result, allow)
        patience.reads()
        made = files.load(result, limit=job.limit, sized=patience.reads, memory=job.memory)
        record = made.source.record
        if "print" in record:
            raise PhotoError(
                f"{result}: was cut from a scan of several prints; restore the scan again with "
                "restore run --split"
            )
        if "recipe" not in record:
            raise PhotoError(f"{result}: its metadata does not name the recipe that made it")
        # which anybody may have written
        name = printable(record.get("name", "recipe"))[:64]
        recipe = Recipe.parse(
            record["recipe"], f"{result}, its recipe", name, job.path.absolute().parent
        )
        profile = "srgb" if record.get("profile") == "srgb" else "original"
        then = record.get("modified", "")  # the same result is made again, not another one
        modified = then if DATE.fullmatch(then) else ""
        salvage = record.get("salvage") == "yes"
        job = replace(job, profile=profile, modified=modified, salvage=salvage)
        outcome = restore_file(job, recipe, tell, allow)
        changes = []
        now = outcome.record
        if record.get("originalSha256", "") != now.get("originalSha256", ""):
            changes.append(f"{job.path} is not the file that {result} was made from")
        then, today = record.get("version", "?")[:64], now.get("version", "?")
        if then != today:
            changes.append(f"restore {then} then, {today} now")
        if record.get("networkSha256") != now.get("networkSha256"):
            changes.append(f"network {network(record)} then, {network(now)} now")
        return replace(outcome, warnings=(*outcome.warnings, *changes))

    return again


def network(record: Mapping[str, str]) -> str:
    """The network's name and how its SHA-256 begins, as a record has them."""
    digest = record.get("networkSha256", "")[:12]
    return f"{record.get('network', 'none'):.64} ({digest})" if digest else "none"
