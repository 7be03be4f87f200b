"""Paths as arguments: an empty one is a mistake, not the current folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class FilePath(click.Path):
    """A path; refuses the empty string that an unset shell variable leaves.

    Readability is checked when the file is read: one bad photo must not stop the others.
    """

    def __init__(self, *, file_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, readable=False, path_type=Path)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """The path, or a usage error."""
        if not str(value):
            self.fail("is empty", param, ctx)
        return super().convert(value, param, ctx)
