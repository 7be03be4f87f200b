"""Options that limit the size of a photo, in pixels and in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]
VARIABLE = "RESTORE_MEMORY"
"""Environment variable: the default of `--memory`, in gigabytes."""


def limited(command: Command) -> Command:
    """The command with options `--limit`, in pixels, and `--memory`, in bytes or None."""
    command = click.option(
        "--memory",
        type=float,
        callback=_bytes,
        envvar=VARIABLE,
        metavar="GIGABYTES",
        help="Refuse photos that need more memory (default: three quarters of what is free).",
    )(command)
    return click.option(
        "--limit",
        type=float,
        callback=_pixels,
        default=1000,
        show_default=True,
        metavar="MEGAPIXELS",
        help="Refuse larger photos before they are decoded.",
    )(command)


def _pixels(context: click.Context, option: click.Parameter, megapixels: float) -> int:
    if not 0.001 <= megapixels <= 1e6:  # nor if it is not a number
        raise click.BadParameter(f"{megapixels:g} is outside 0.001 … 1000000 megapixels")
    return round(megapixels * 1e6)


def _bytes(
    context: click.Context, option: click.Parameter, gigabytes: float | None
) -> float | None:
    if gigabytes is None:
        return None
    if not gigabytes >= 0.1:
        raise click.BadParameter(f"{gigabytes:g} is less than 0.1 gigabytes")
    return gigabytes * 1e9
