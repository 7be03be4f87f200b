"""Options that limit the size of a photo, in pixels and in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from restore.cli._within import within

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
    return round(1e6 * (within(0.001, 1e6)(context, option, megapixels) or 0))


def _bytes(
    context: click.Context, option: click.Parameter, gigabytes: float | None
) -> float | None:
    checked = within(0.1)(context, option, gigabytes)
    return None if checked is None else checked * 1e9
