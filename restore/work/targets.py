"""Which photos a command line means, and what their results are called."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from restore.errors import PhotoError


@dataclass
class Search:
    """What the paths of a command line stand for.

    Attributes
    ----------
    photos
        The photos, and the folder below `--out` that each one's result goes to.
    troubles
        Folders that cannot be read or hold no photos: the others go on.
    left_out
        Folders given, and how many subfolders of theirs were not searched.
    """

    photos: dict[Path, Path] = field(default_factory=dict)
    troubles: dict[Path, PhotoError] = field(default_factory=dict)
    left_out: dict[Path, int] = field(default_factory=dict)


def search(paths: Sequence[Path], *, recursive: bool = False, out: Path | None = None) -> Search:
    """Replace folders by the photos in them: by suffix, sorted, without hidden ones.

    Parameters
    ----------
    recursive
        Search subfolders too, but not through links, which may lead round in a circle.
    out
        A folder that is not searched: its photos are results.
    """
    search = Search()
    for path in paths:
        # os.path: what may not be looked at is not a folder here, and refused when it is read
        if os.path.isdir(path):  # noqa: PTH112
            _search_folder(path, search, recursive, out)
        else:
            search.photos.setdefault(path, Path())
    return search


def _search_folder(top: Path, search: Search, recursive: bool, out: Path | None) -> None:
    from restore import files

    known = files.suffixes()
    results = identities([out] if out else [])
    empty = True
    todo = [top]
    while todo:
        folder = todo.pop(0)
        try:
            inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            search.troubles[folder] = PhotoError(f"{folder}: cannot be read: {error.strerror}")
            empty = False
            continue
        for path in inside:
            if path.suffix.lower() in known and os.path.isfile(path):  # noqa: PTH113
                search.photos.setdefault(path, folder.relative_to(top))
                empty = False
        deeper = [path for path in inside if os.path.isdir(path)]  # noqa: PTH112
        deeper = [path for path in deeper if not identities([path]) & results]
        if recursive:
            todo = [path for path in deeper if not path.is_symlink()] + todo
        elif deeper:
            search.left_out[top] = len(deeper)
    if empty:
        search.troubles[top] = PhotoError(f"{top}: there are no photos in this folder")


def folders_of(photos: Mapping[Path, Path], out: Path, form: str | None) -> dict[Path, Path]:
    """The folder for each photo's result.

    Photos of one name from several folders get a folder each, called as theirs.

    Parameters
    ----------
    photos
        As in `Search`.
    form
        The format asked for, if any: then names differ without their suffixes only.
    """
    names: dict[Path, list[Path]] = {}
    for photo, below in photos.items():
        names.setdefault(below / (stem(photo) if form else photo.name), []).append(photo)
    folders = {photo: out / below for photo, below in photos.items()}
    for alike in names.values():
        parents = [os.path.abspath(photo.parent) for photo in alike]  # noqa: PTH100
        if len(set(parents)) == 1:
            continue
        with suppress(ValueError):  # on two drives: refused when the second is to be written
            common = os.path.commonpath(parents)
            for photo, parent in zip(alike, parents, strict=True):
                folders[photo] = out / os.path.relpath(parent, common)
    return folders


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
    files = set()
    for photo in photos:
        with suppress(OSError):
            status = photo.stat()
            files.add((status.st_dev, status.st_ino))
    return frozenset(files)


def refuse_inputs(path: Path, photos: frozenset[tuple[int, int]]) -> None:
    """PhotoError if a result would replace one of the photos (`identities`), also through links."""
    from restore.errors import PhotoError

    if identities([path]) & photos:
        raise PhotoError(
            f"{path}: is one of the photos to restore, which are never replaced; "
            "choose another --out"
        )
