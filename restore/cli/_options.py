"""Options that several commands have: they mean and say the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from restore.cli import _complete
from restore.cli._paths import FilePath
from restore.cli._within import within
from restore.work.targets import PAIRS

Command = Callable[..., Any]

results = click.option(
    "-o",
    "--out",
    default="restored",
    show_default=True,
    type=FilePath(file_okay=False),
    metavar="FOLDER",
    help="Folder for the results; created if missing.",
)
settings = click.option(
    "-s",
    "--set",
    "assignments",
    multiple=True,
    metavar="STEP.NAME=VALUE",
    shell_complete=_complete.settings,
    help="Override a setting, e.g. fade.amount=0.5; a recipe's second fade is fade#2. Repeatable.",
)
pairs = click.option(
    "--pairs",
    "keep",
    type=click.Choice(PAIRS),
    default="both",
    show_default=True,
    help="Which of a camera's RAW and JPEG of the same name to restore.",
)
salvage = click.option(
    "--salvage", is_flag=True, help="Restore what is left of a truncated JPEG, PNG or TIFF."
)
jobs = click.option(
    "-j",
    "--jobs",
    type=int,
    callback=within(1),
    metavar="NUMBER",
    help="Photos to restore at a time (default: what processors and memory allow).",
)


def written(command: Command) -> Command:
    """The command with options `--format` and `--profile`: what the results are like."""
    command = click.option(
        "--profile",
        type=click.Choice(["original", "srgb"]),
        default="original",
        show_default=True,
        help="Colour profile of the results.",
    )(command)
    return click.option(
        "--format",
        "form",
        metavar="NAME",
        shell_complete=_complete.formats,
        help="Write this format (jpeg, png, tiff, webp …) instead of the original's.",
    )(command)


def splitting(command: Command) -> Command:
    """The command with options `--split` and `--slides`: "prints", "slides" or ""."""
    command = click.option(
        "--slides",
        "split",
        flag_value="slides",
        help="The same for slides, cropped to the picture.",
    )(command)
    return click.option(
        "--split",
        "split",
        flag_value="prints",
        default="",
        help="Cut out, straighten and restore each print on a scan separately.",
    )(command)
