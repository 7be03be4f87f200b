"""What the commands share: a console on stderr for progress and errors; results go to stdout."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

from restore.errors import PhotoError, printable


def stderr() -> Console:
    """A console for progress and messages."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def stdout() -> Console:
    """A console for results."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def table(*columns: str) -> Table:
    """An empty plain table with these column heads."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def progress(console: Console, quiet: bool) -> Progress:
    """A progress bar that disappears when done; silent where stderr is no terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )


def warn(console: Console, text: str) -> None:
    """Print a warning: it may hold what a file says."""
    console.print("warning: ", printable(text), sep="", markup=False, style="yellow")


def fail(console: Console, error: PhotoError) -> None:
    """Print why a photo failed."""
    console.print("failed: ", error, sep="", markup=False, style="red")
    for note in getattr(error, "__notes__", ()):
        console.print(note, markup=False)


def say(path: Path) -> None:
    """Print a path to stdout: for a program as it is, on a terminal as `ls` would."""
    click.echo(printable(path) if sys.stdout.isatty() else os.fsencode(path), color=True)
