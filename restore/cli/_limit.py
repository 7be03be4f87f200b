"""Options that limit the size of a photo, in pixels and in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from restore import memory

Command = Callable[..., Any]


def limited(command: Command) -> Command:
    """The command with options `--limit`, of which it gets pixels, and `--memory`."""
    command = click.option(
        "--memory",
        type=click.FloatRange(min=0.1),
        callback=_memory,
        expose_value=False,
        envvar=memory.VARIABLE,
        metavar="GIGABYTES",
        help="Refuse photos that need more memory (default: three quarters of what is free).",
    )(command)
    return click.option(
        "--limit",
        type=click.FloatRange(min=0.001, max=1e6),
        callback=_pixels,
        default=1000,
        show_default=True,
        metavar="MEGAPIXELS",
        help="Refuse larger photos before they are decoded.",
    )(command)


def _pixels(context: click.Context, option: click.Parameter, megapixels: float) -> int:
    if megapixels != megapixels:  # not a number
        raise click.BadParameter("is not a number")
    return round(megapixels * 1e6)


def _memory(context: click.Context, option: click.Parameter, gigabytes: float | None) -> None:
    """Store it where this process and its worker look it up."""
    if gigabytes is not None:
        if gigabytes != gigabytes:
            raise click.BadParameter("is not a number")
        os.environ[memory.VARIABLE] = str(gigabytes)
