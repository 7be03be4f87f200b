"""Unfinished files: hidden names that tell whose they are, so that they can be cleared up.

Imports nothing heavy: the process that clears up after another one stays small.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

mark = secrets.token_hex(8)
"""Of this process; not its number, which one in another container may have, too."""
_made: set[Path] = set()


def beside(path: Path) -> Path:
    """A name for what is to become `path`."""
    part = path.with_name(f".restore-{mark}-{secrets.token_hex(4)}.part")
    _made.add(part.parent)
    return part


def remove(folder: Path, mark: str) -> None:
    """Remove what a process that is gone has left in a folder."""
    for left in folder.glob(f".restore-{mark}-*.part"):
        with suppress(OSError):
            left.unlink()


def remove_own() -> None:
    """Remove what this process has not finished: it is about to go."""
    for folder in _made:
        remove(folder, mark)
