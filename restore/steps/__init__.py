"""One effect a file: `fade.py` defines `fade(proxy, *, …) -> Render`. Found by file name."""

from __future__ import annotations

import sys

from restore import folder
from restore.errors import RecipeError
from restore.step import Step


def names() -> list[str]:
    """Names of all steps."""
    return folder.names(sys.modules[__name__])


def get(name: str, where: str = "steps") -> Step:
    """The step called `name`; RecipeError with the nearest name if there is none."""
    module = folder.module(sys.modules[__name__], name, where, "step", RecipeError)
    return Step.of(module)
