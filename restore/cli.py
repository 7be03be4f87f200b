"""The command line: a RestoreError becomes one line on stderr and an exit status.

Exit status: 0 all well; 1 some photos failed; 2 the command, a recipe or weights are wrong and
nothing was done; 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

import click

import restore
from restore import commands, folder
from restore.errors import PhotoError, RestoreError, printable


class Commands(click.Group):
    """Commands are found by file name in `restore/commands/` and imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return folder.names(commands)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in folder.names(commands):
            return None
        found = folder.module(commands, name, "restore", "command", RestoreError)
        return getattr(found, name)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  restore run faded-print scan.tif -o restored/",
)
@click.version_option(restore.__version__, "-V", "--version", prog_name="restore")
def cli() -> None:
    """Restore faded, single-colour-lit and black-and-white photos with named recipes."""


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


def _tell(*lines: str) -> None:
    """Print to stderr, where that is possible: the exit status tells, too."""
    with suppress(OSError):
        print(*lines, sep="\n", file=sys.stderr)


def main() -> None:
    """Run the command line and leave with its exit status."""
    _fill_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal or pipe has a letter for "…"
    try:
        status = cli(standalone_mode=False) or 0
    except click.exceptions.Exit as leave:
        status = leave.exit_code
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _tell("interrupted; what was finished stays")
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except OSError as error:
        _tell(f"restore: {printable(error.filename or 'standard output')}: {error.strerror}")
        status = 1
    except RestoreError as error:
        _tell(f"restore: {error}", *getattr(error, "__notes__", ()))
        status = 1 if isinstance(error, PhotoError) else 2
    sys.exit(status)
