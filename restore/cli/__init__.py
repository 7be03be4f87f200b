"""The command line: a RestoreError becomes one line on stderr and an exit status.

Exit status: 0 success; 1 some photos failed; 2 the command, a recipe or weights are wrong and
nothing was done; 130 interrupted.
"""

from __future__ import annotations

import io
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

import click

import restore
from restore import registry
from restore.cli._group import Group
from restore.errors import PhotoError, RestoreError, printable

INTERRUPTED = 130
HASTE = 1.0
"""Seconds after a Ctrl-C in which another one is the same."""


class Commands(Group):
    """The commands in this folder, found by file name and imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return registry.names(sys.modules[__name__])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in registry.names(sys.modules[__name__]):
            return None
        module = registry.module(sys.modules[__name__], name, "restore", "command", RestoreError)
        return getattr(module, name)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  restore run faded-print scan.tif -o restored/",
)
@click.version_option(restore.__version__, "-V", "--version", prog_name="restore")
def cli() -> None:
    """Restore faded photos, photos under coloured light, and black-and-white photos."""


def _fill_closed() -> None:
    """Open what the shell has closed (`>&-`) on the null device.

    Else the next file opened, a result for instance, would take its number, and what native code
    prints would go into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def _warn(*lines: str) -> None:
    """Print to stderr if possible; the exit status says the same."""
    with suppress(OSError):
        print(*lines, sep="\n", file=sys.stderr)


def main() -> None:
    """Run the command line and leave with its exit status."""
    _fill_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal or pipe can encode "…"
    try:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, _interrupter())
        status = cli(standalone_mode=False) or 0
    except click.exceptions.Exit as leave:
        status = leave.exit_code
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        signal.signal(signal.SIGINT, lambda number, frame: None)
        _warn("interrupted; what was finished stays")
        status = INTERRUPTED
    except OSError as error:
        status = _failed(error)
    except RestoreError as error:
        from restore.cli._console import advised

        _warn(f"restore: {advised(error)}", *getattr(error, "__notes__", ()))
        status = 1 if isinstance(error, PhotoError) else 2
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done; a Python taken down would die of it
    try:
        sys.stdout.flush()
    except OSError as error:
        status = _failed(error)
    try:
        sys.stderr.flush()
    except OSError:
        _drop(sys.stderr)
    if status == INTERRUPTED:  # at once: another Ctrl-C would meet a Python half taken down
        os._exit(status)
    sys.exit(status)


def _interrupter() -> Callable[[int, object], None]:
    """The handler of Ctrl-C; a second press in haste must not interrupt the cleanup."""
    last = -math.inf

    def interrupted(number: int, frame: object) -> None:
        nonlocal last
        if time.monotonic() - last > HASTE:
            last = time.monotonic()
            raise KeyboardInterrupt

    return interrupted


def _failed(error: OSError) -> int:
    """Report a file or stdout that cannot be written; a broken pipe goes unmentioned."""
    if not error.filename:
        _drop(sys.stdout)
    if not isinstance(error, BrokenPipeError):
        _warn(f"restore: {printable(error.filename or 'standard output')}: {error.strerror}")
    return 1


def _drop(stream: TextIO) -> None:
    """Discard what a stream could not write: Python would retry at exit, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
