"""The command line: a RestoreError becomes one line on stderr and an exit status.

Exit status: 0 all well; 1 some photos failed; 2 the command, a recipe or weights are wrong and
nothing was done; 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys

import click

import restore
from restore import commands, folder
from restore.errors import PhotoError, RestoreError


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


def main() -> None:
    """Run the command line and leave with its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal or pipe has a letter for "…"
    try:
        status = cli(standalone_mode=False) or 0
    except click.exceptions.Exit as leave:
        status = leave.exit_code
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print("interrupted; what was finished stays", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except OSError as error:
        print(f"restore: {error.filename or 'standard output'}: {error.strerror}", file=sys.stderr)
        status = 1
    except RestoreError as error:
        print(f"restore: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        status = 1 if isinstance(error, PhotoError) else 2
    sys.exit(status)
