"""TOML that the parser can read in little memory: a file may come from a stranger."""

from __future__ import annotations

import re
import tomllib
from typing import Any

DOTS = 64
"""Most dots on a line apart from decimal points; keys of recipes and notes need none."""


def loads(text: str) -> dict[str, Any]:
    """Parse TOML without lines of many dots: memory for a key grows with their square.

    Raises
    ------
    ValueError
        If the text is not TOML, has such a line, or an integer too long to read.
    RecursionError
        If it is nested too deeply.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > DOTS and re.sub(r"\d\.\d", "", line).count(".") > DOTS:
            raise ValueError(f"line {number} has more than {DOTS} dots")
    return tomllib.loads(text)
