"""`restore split`: a scan of several prints in, each print as a photo of its own out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli._limit import limited
from restore.cli._paths import FilePath

if TYPE_CHECKING:
    from restore.work.worker import Work


@click.command(epilog="Example:  restore split album/*.tif -o prints/")
@click.argument("scans", nargs=-1, required=True, type=FilePath(), metavar="SCAN...")
@click.option(
    "-o",
    "--out",
    default="prints",
    show_default=True,
    type=FilePath(file_okay=False),
    metavar="FOLDER",
    help="Folder for the prints; created if missing.",
)
@click.option("--slides", is_flag=True, help="Crop slides to the picture within their frames.")
@limited
@click.option(
    "-r", "--recursive", is_flag=True, help="Search subfolders too; the tree is kept below --out."
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@click.option("--dry-run", is_flag=True, help="Print what would be written; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per scan.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.pass_context
def split(
    ctx: click.Context,
    scans: tuple[Path, ...],
    out: Path,
    slides: bool,
    limit: int,
    memory: float | None,
    recursive: bool,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Split SCANs of several prints: each print is cut out, straightened and numbered.

    Prints keep the bit depth, profile and metadata of the scan. A scan that shows a single print,
    or whose prints cannot be told apart with certainty, is copied unchanged. A SCAN may be a
    folder: it stands for the scans in it.
    """
    from restore.cli._console import fail, progress, say, say_json, stderr, warn
    from restore.errors import PhotoError, printable
    from restore.work.splitting import Scan
    from restore.work.targets import folders_of, identities, refuse_inputs, search, target_of
    from restore.work.worker import Worker

    console, failed = stderr(), False
    sought = search(scans, recursive=recursive, out=out)
    for trouble in sought.troubles.values():
        fail(console, trouble)
        failed = True
    originals = identities(list(sought.photos))
    worker = Worker(splitting)
    try:
        worker.ready()
        with progress(console, quiet) as bar:
            whole = bar.add_task(f"{len(sought.photos)} scans", total=len(sought.photos))
            for path, folder in folders_of(sought.photos, out, None).items():
                copy = folder / path.name
                record: dict[str, object] = {
                    "path": str(path),
                    "prints": [],
                    "results": [],
                    "error": None,
                }

                try:
                    target = target_of(path, folder)
                    refuse_inputs(copy, originals)
                    scan = Scan(path, copy, target, slides, limit, memory, overwrite, dry_run)
                    pieces = worker.run(scan)
                except PhotoError as error:
                    failed = True
                    if as_json:
                        say_json({**record, "error": str(error)})
                    fail(console, error)
                else:
                    record |= {"prints": pieces.places, "results": [*map(str, pieces.written)]}
                    if as_json:
                        say_json(record)
                    for one in () if as_json else pieces.written:
                        say(one)
                    for line in () if quiet else pieces.warnings:
                        warn(console, line)
                    if not quiet:
                        count = len(pieces.places)
                        outcome = f"{count} prints" if count > 1 else "copied as it is"
                        if slides and count:
                            outcome = f"{count} slide{'s' * (count > 1)}"
                        console.print(printable(f"{path}: {outcome}"), markup=False)
                bar.advance(whole)
    finally:
        worker.close()
    ctx.exit(1 if failed else 0)


def splitting() -> Work:
    """The task of the child process: split a scan."""
    from restore.work.splitting import split_file

    return split_file
