"""`restore serve`: the page, on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from restore.cli import _options
from restore.cli._limit import limited
from restore.cli._paths import FilePath
from restore.cli._within import within


@click.command(epilog="Example:  restore serve scans/")
@click.argument("photos", nargs=-1, type=FilePath(), metavar="[FOLDER|PHOTO]...")
@_options.results
@click.option("-r", "--recursive", is_flag=True, help="Show the photos in subfolders too.")
@click.option(
    "--port",
    type=int,
    callback=within(0, 65535),
    help="Port; 0 takes any that is free.  [default: the first free one from 8765]",
)
@click.option("--no-browser", is_flag=True, help="Print the address only; open no browser.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on. Any other than this machine's own is open to the network.",
)
@limited
def serve(
    photos: tuple[Path, ...],
    out: Path,
    recursive: bool,
    port: int | None,
    no_browser: bool,
    host: str,
    limit: int,
    memory: float | None,
) -> None:
    """Open a page that restores photos live.

    The browser shows the photos of the folders named (default: the current folder), with a slider
    for every setting; the page writes results and recipes. It is for this machine only: its
    address contains a secret. Originals are never changed. Ctrl-C ends it.
    """
    from restore.serve import running
    from restore.serve.limits import Limits

    running.serve(
        photos or (Path(),),
        out,
        recursive,
        Limits(limit, memory),
        host=host,
        port=port,
        browser=not no_browser,
    )
