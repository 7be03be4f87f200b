"""The photos a command line names, and the names of their results."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from restore.errors import PhotoError


@dataclass
class Search:
    """The photos that the paths of a command line stand for.

    Attributes
    ----------
    photos
        The photos, and the folder below `--out` that each one's result goes to.
    troubles
        Folders that cannot be read or hold no photos; the others are still searched.
    left_out
        Folders given, and how many of their subfolders were not searched.
    """

    photos: dict[Path, Path] = field(default_factory=dict)
    troubles: dict[Path, PhotoError] = field(default_factory=dict)
    left_out: dict[Path, int] = field(default_factory=dict)


def search(paths: Sequence[Path], *, recursive: bool = False, out: Path | None = None) -> Search:
    """Replace folders by the photos in them: by suffix, sorted, without hidden ones.

    Parameters
    ----------
    recursive
        Search subfolders too, but follow no links, which may form a loop.
    out
        A folder that is not searched: its photos are results.
    """
    search = Search()
    for path in paths:
        # os.path: an unreadable path is not a folder here, and is refused when it is read
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
        search.troubles[top] = PhotoError(f"{top}: contains no photos")


PAIRS = ("both", "raw", "jpeg")


def pair_partners(photos: Sequence[Path], keep: str) -> frozenset[Path]:
    """The photos to leave out where a camera wrote a RAW and a JPEG (or HEIF) of one name.

    Parameters
    ----------
    keep
        Which of the two is restored: one of `PAIRS`.
    """
    from restore import files

    known = files.formats()
    kinds = {"raw": known["raw"].SUFFIXES, "jpeg": known["jpeg"].SUFFIXES + known["heif"].SUFFIXES}
    if keep not in kinds:
        return frozenset()
    of_kind = {
        kind: {path.with_suffix(""): path for path in photos if path.suffix.lower() in suffixes}
        for kind, suffixes in kinds.items()
    }
    kept = of_kind.pop(keep)
    (others,) = of_kind.values()
    return frozenset(path for name, path in others.items() if name in kept)


def folders_of(photos: Mapping[Path, Path], out: Path, form: str | None) -> dict[Path, Path]:
    """The folder for each photo's result.

    Photos with the same name from several folders each get a folder named after theirs.

    Parameters
    ----------
    photos
        As in `Search`.
    form
        The format requested, if any: names are then compared without suffixes.
    """
    names: dict[Path, list[Path]] = {}
    for photo, below in photos.items():
        names.setdefault(below / (stem(photo) if form else photo.name), []).append(photo)
    folders = {photo: out / below for photo, below in photos.items()}
    for alike in names.values():
        parents = [os.path.abspath(photo.parent) for photo in alike]  # noqa: PTH100
        if len(set(parents)) == 1:
            continue
        with suppress(ValueError):  # on two drives: refused when the second result is due
            common = os.path.commonpath(parents)
            for photo, parent in zip(alike, parents, strict=True):
                folders[photo] = out / os.path.relpath(parent, common)
    return folders


def target_of(path: Path, folder: Path, form: str | None = None) -> Path:
    """The path of a photo's result: same name, suffix of the format written.

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
    """The name of a photo without a format's suffix: "scan.001" stays whole."""
    from restore import files

    return path.stem if path.suffix.lower() in files.suffixes() else path.name


def identities(photos: Sequence[Path]) -> frozenset[tuple[int, int]]:
    """Device and inode of each photo, the same under any name."""
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
