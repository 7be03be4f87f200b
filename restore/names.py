"""Which files a command line means, and what their results are called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def expanded(paths: Sequence[Path]) -> list[Path]:
    """The paths, a folder replaced by the photos in it (by suffix, sorted, not deeper).

    PhotoError for a folder without any.
    """
    from restore import files
    from restore.errors import PhotoError

    known = files.suffixes()
    found: list[Path] = []
    for path in paths:
        # os.path: what may not be looked at is no folder here, and told where it is read
        if os.path.isdir(path):  # noqa: PTH112
            inside = [each for each in sorted(path.iterdir()) if each.suffix.lower() in known]
            inside = [each for each in inside if not each.name.startswith(".")]
            inside = [each for each in inside if os.path.isfile(each)]  # noqa: PTH113
            if not inside:
                raise PhotoError(f"{path}: there are no photos in this folder")
            found += inside
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def target_of(path: Path, folder: Path, form: str | None = None) -> Path:
    """Where the result of a photo goes: the same name, the suffix of the format written.

    Camera RAW becomes TIFF. PhotoError if the format cannot be written.

    Parameters
    ----------
    form
        A format's name or one of its suffixes, such as "tiff" or "tif".
    """
    from restore import files

    if form is not None:
        form = form.lower().removeprefix(".")
        for name, module in files.formats().items():
            if f".{form}" in module.SUFFIXES:
                form = name
    return folder / (path.stem + files.written_suffix(path, form))


def identities(photos: Sequence[Path]) -> frozenset[tuple[int, int]]:
    """What tells the photos' files from all others, whatever they are called."""
    found = set()
    for photo in photos:
        with suppress(OSError):
            status = photo.stat()
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def refuse_inputs(path: Path, photos: frozenset[tuple[int, int]]) -> None:
    """PhotoError if a result would replace one of the photos (`identities`), also through links."""
    from restore.errors import PhotoError

    if identities([path]) & photos:
        raise PhotoError(
            f"{path}: is one of the photos to be restored, which are never replaced; "
            "choose another --out"
        )
