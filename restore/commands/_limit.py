"""The option that says how large a photo may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def limited(command: Command) -> Command:
    """The command with an option `--limit`; it gets pixels."""
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
