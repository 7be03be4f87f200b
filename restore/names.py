"""Which files a command line means, and what their results are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def expanded(paths: Sequence[Path]) -> list[Path]:
    """The paths, a folder replaced by the photos in it (by suffix, sorted, not deeper)."""
    from restore import files

    known = files.suffixes()
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in known)
            found += [each for each in inside if not each.name.startswith(".")]
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def target_of(path: Path, folder: Path, form: str | None = None) -> Path:
    """Where the result of a photo goes: the same name, the suffix of the format written.

    Camera RAW becomes TIFF. PhotoError if the format cannot be written.
    """
    from restore import files

    return folder / (path.stem + files.written_suffix(path, form))
