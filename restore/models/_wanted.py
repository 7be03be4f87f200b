"""A downloadable file of weights, apart from the code that downloads it: quick to import."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Report = Callable[[str, int], None]
"""Called with the source's host and the bytes received so far."""


@dataclass(frozen=True)
class Wanted:
    """A file to download: its name, size in bytes, SHA-256 and sources."""

    file: str
    size: int
    sha256: str
    places: tuple[str, ...]


def by_hand(wanted: Wanted) -> str:
    """Instructions for a machine without a connection."""
    where = wanted.places[0] if wanted.places else wanted.file
    return (
        f"on a connected machine, download {where} ({wanted.size} bytes, SHA-256 "
        f"{wanted.sha256[:12]}…), then run: restore models add FILE"
    )


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
