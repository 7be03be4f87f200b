"""What the commands share: a console on stderr for progress and errors; results go to stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

from restore.errors import (
    CutOff,
    InTheWay,
    RestoreError,
    ResultExists,
    TooLittleMemory,
    TooManyPixels,
    printable,
)

OPTIONS: dict[type[RestoreError], str] = {
    InTheWay: "move it away, or choose another TARGET",
    ResultExists: "use --overwrite, or another --out",
    CutOff: "restore run --salvage restores what is there",
    TooManyPixels: "raise --limit if you trust the file",
    TooLittleMemory: "close other programs, or raise --memory",
}
"""What helps on the command line; the errors themselves do not name its options."""


class Unhindered:
    """A stream that drops what it cannot write: a full disk must not stop the photos."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream if possible."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def stderr() -> Console:
    """A console for progress and messages."""
    from rich.console import Console

    stream = cast("IO[str]", Unhindered(sys.stderr))
    return Console(file=stream, highlight=False, soft_wrap=True)


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
    """A progress bar that disappears when done; silent where stderr is not a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=quiet or not console.is_terminal,
    )


@contextmanager
def cleared(bar: Progress | None) -> Iterator[None]:
    """Take progress bars away while something is written to stdout: they would draw over it."""
    if bar is None or not sys.stdout.isatty():
        yield
        return
    bar.stop()
    yield
    sys.stdout.flush()
    bar.start()


def warn(console: Console, text: str) -> None:
    """Print a warning, which may quote a file."""
    console.print("warning: ", printable(text), sep="", markup=False, style="yellow")


def fail(console: Console, error: RestoreError) -> None:
    """Print why a photo failed."""
    console.print("failed: ", advised(error), sep="", markup=False, style="red")
    for note in getattr(error, "__notes__", ()):
        console.print(note, markup=False)


def advised(error: RestoreError) -> str:
    """What is wrong, and which option helps."""
    return "; ".join(filter(None, (str(error), OPTIONS.get(type(error)))))


def say(path: Path) -> None:
    """Print a path to stdout: for a program as it is, on a terminal as `ls` would."""
    click.echo(printable(path) if sys.stdout.isatty() else os.fsencode(path), color=True)


def say_json(record: Mapping[str, Any]) -> None:
    """Print one JSON object on one line of stdout."""
    click.echo(json.dumps(record))
