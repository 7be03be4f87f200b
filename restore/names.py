"""Which files a command line means, and what their results are called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from restore.errors import PhotoError


def expanded(paths: Sequence[Path]) -> tuple[list[Path], list[PhotoError]]:
    """The photos meant, a folder replaced by those in it (by suffix, sorted, not deeper).

    And what is wrong with folders that have none or cannot be read: that must not stop the others.
    """
    found: list[Path] = []
    troubles = []
    for path in paths:
        # os.path: what may not be looked at is no folder here, and told where it is read
        if not os.path.isdir(path):  # noqa: PTH112
            found.append(path)
            continue
        try:
            inside = _photos_in(path)
        except OSError as error:
            troubles.append(PhotoError(f"{path}: cannot be read: {error.strerror}"))
            continue
        if not inside:
            troubles.append(PhotoError(f"{path}: there are no photos in this folder"))
        found += inside
    return list(dict.fromkeys(found)), troubles


def _photos_in(folder: Path) -> list[Path]:
    from restore import files

    known = files.suffixes()
    inside = [each for each in sorted(folder.iterdir()) if each.suffix.lower() in known]
    inside = [each for each in inside if not each.name.startswith(".")]
    return [each for each in inside if os.path.isfile(each)]  # noqa: PTH113


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
    return folder / (stem(path) + files.written_suffix(path, form))


def stem(path: Path) -> str:
    """The name of a photo without its suffix; what no format is called stays: scan.001 is whole."""
    from restore import files

    return path.stem if path.suffix.lower() in files.suffixes() else path.name


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
