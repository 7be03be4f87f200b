"""Numbers with limits: a callback for options, so that help shows units instead of "[x>=1]"."""

from __future__ import annotations

import math
from collections.abc import Callable

import click

Check = Callable[[click.Context, click.Parameter, float | None], float | None]


def within(low: float, high: float = math.inf) -> Check:
    """What checks that an option's number is in a range, ends included, if it is given."""

    def check(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
        if value is None or low <= value <= high:
            return value
        limits = (
            f"less than {low:.10g}" if math.isinf(high) else f"outside {low:.10g} … {high:.10g}"
        )
        raise click.BadParameter(f"{value:.10g} is {limits}")  # also what is not a number

    return check
