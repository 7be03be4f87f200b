"""One scan of several prints, split: each print becomes a photo of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from restore.timeouts import Allow, Patience

if TYPE_CHECKING:
    from restore.image.photo import Photo
    from restore.image.rectangle import Rectangle


@dataclass(frozen=True)
class Scan:
    """One scan to split.

    Attributes
    ----------
    path, copy
        The scan, and where it is copied to if it stays whole.
    target
        The path of which the prints' are made by numbers.
    slides
        Crop slides to the picture in their frames.
    limit, memory
        Most pixels it may have, and most bytes of memory to use.
    overwrite
        Replace existing results.
    dry
        Write nothing.
    """

    path: Path
    copy: Path
    target: Path
    slides: bool = False
    limit: int = 10**9
    memory: float | None = None
    overwrite: bool = False
    dry: bool = False

    @property
    def folder(self) -> Path:
        """The folder it writes to."""
        return self.copy.parent


@dataclass(frozen=True)
class Pieces:
    """What became of a scan.

    Attributes
    ----------
    written
        The prints, or the copy of a scan that stayed whole.
    places
        Where each print lies on its page: x and y of the centre, width, height, angle.
    warnings
        What the results' format cannot hold.
    """

    written: tuple[Path, ...]
    places: tuple[Mapping[str, float], ...]
    warnings: tuple[str, ...] = ()


def split_file(
    scan: Scan, tell: object = None, allow: Allow = lambda seconds, what: None
) -> Pieces:
    """Split one scan; copy it as it is if it does not show several prints.

    Raises
    ------
    PhotoError
        If it cannot be read, or a result cannot be written.
    """
    from restore import files

    patience = Patience(scan.path, allow)
    patience.reads()
    pages = files.load_pages(
        scan.path, limit=scan.limit, sized=patience.reads, digest=True, memory=scan.memory
    )
    patience.works("finding the prints on it")
    prints = cut(pages, slides=scan.slides)
    if not prints:
        if scan.dry and not scan.overwrite:
            files.refuse_existing(scan.copy)
        if not scan.dry:
            files.copy(scan.path, scan.copy, overwrite=scan.overwrite)
        return Pieces((scan.copy,), ())
    targets = numbered(scan.target, len(prints))
    refuse_others(targets, replaceable(scan.overwrite))
    warnings: dict[str, None] = {}
    for one, target in zip(prints, targets, strict=True):
        warnings |= dict.fromkeys(files.losses(one.photo, target))
        if not scan.dry:
            files.save(one.photo, target, overwrite=scan.overwrite)
    places = tuple(
        {name: round(value, 2) for name, value in vars(one.place).items()} for one in prints
    )
    return Pieces(tuple(targets), places, tuple(warnings))


@dataclass(frozen=True)
class Print:
    """A print on a page of a scan: the photo that was cut out, and where it lies."""

    photo: Photo
    place: Rectangle


def cut(pages: Sequence[Photo], *, slides: bool = False) -> list[Print]:
    """The prints on a scan, cut out and straightened; none if a page does not show several.

    Parameters
    ----------
    slides
        Cut out the pictures in the frames of slides instead.
    """
    from restore.analysis.prints import mounts, prints

    places = [(mounts if slides else prints)(page.proxy()) for page in pages]
    if not all(places):
        return []
    count = sum(map(len, places))
    several = [(page, one) for page, some in zip(pages, places, strict=True) for one in some]
    return [
        Print(_cut(page, place, f"{number} of {count}"), place)
        for number, (page, place) in enumerate(several, 1)
    ]


def _cut(page: Photo, place: Rectangle, number: str) -> Photo:
    """One print of a page, with the scan's metadata; `number` is for the record."""
    from restore.files.metadata import _xmp
    from restore.image.rectangle import straightened

    photo = straightened(page, place)
    source = photo.source
    record = {**source.record, "print": number, "originalSha256": source.sha256}
    xmp = _xmp.without_regions(source.xmp)
    source = replace(source, xmp=xmp, page=0, pages=1, record=record)
    return replace(photo, source=source)


def numbered(target: Path, count: int) -> list[Path]:
    """The paths of so many prints: scan-1.tif, scan-2.tif; with zeros from ten on.

    A single one keeps the name.
    """
    if count == 1:
        return [target]
    digits = len(str(count))
    return [
        target.with_name(f"{target.stem}-{number:0{digits}}{target.suffix}")
        for number in range(1, count + 1)
    ]


def refuse_others(targets: Sequence[Path], may_replace: Callable[[Path], bool]) -> None:
    """PhotoError if a path has a file that may not be replaced."""
    from restore import files

    for target in targets:
        if os.path.lexists(target) and not may_replace(target):
            files.refuse_existing(target)


def replaceable(overwrite: bool) -> Callable[[Path], bool]:
    """Which files prints may replace: none, or those that are prints of a scan themselves.

    Another photo may have the name that a print gets.
    """
    from restore import files

    return lambda path: overwrite and "print" in files.load(path).source.record
