"""One scan of several prints, split: each print becomes a photo of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

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
    cut = [(page, one) for page in pages for one in rectangles(page, slides=scan.slides)]
    if len({id(page) for page, _ in cut}) < len(pages):  # a page shows one print, or none
        if scan.dry and not scan.overwrite:
            files.refuse_existing(scan.copy)
        if not scan.dry:
            _copied(scan)
        return Pieces((scan.copy,), ())
    targets = numbered(scan.target, len(cut))
    if not scan.overwrite:
        for target in targets:
            files.refuse_existing(target)
    warnings: dict[str, None] = {}
    for (page, rectangle), target, number in zip(cut, targets, range(1, len(cut) + 1), strict=True):
        photo = piece(page, rectangle, f"{number} of {len(cut)}")
        warnings |= dict.fromkeys(files.losses(photo, target))
        if not scan.dry:
            files.save(photo, target, overwrite=scan.overwrite)
    return Pieces(
        tuple(targets),
        tuple(
            {name: round(value, 2) for name, value in vars(rectangle).items()}
            for _, rectangle in cut
        ),
        tuple(warnings),
    )


def rectangles(photo: Photo, *, slides: bool = False) -> tuple[Rectangle, ...]:
    """The prints on a page of a scan, or the pictures in the slides on it."""
    from restore.analysis.prints import mounts, prints

    proxy = photo.proxy()
    return mounts(proxy) if slides else prints(proxy)


def piece(page: Photo, rectangle: Rectangle, number: str) -> Photo:
    """One print of a page, straightened, with the scan's metadata.

    Parameters
    ----------
    number
        Which print it is, such as "2 of 4", for the record.
    """
    from restore.files.metadata import _xmp
    from restore.image.rectangle import straightened

    photo = straightened(page, rectangle)
    source = photo.source
    record = {**source.record, "print": number, "originalSha256": source.sha256}
    xmp = _xmp.without_regions(source.xmp)
    source = replace(source, xmp=xmp, page=0, pages=1, record=record)
    return replace(photo, source=source)


def numbered(target: Path, count: int) -> list[Path]:
    """The paths of so many prints: scan-1.tif, scan-2.tif; with zeros from ten on."""
    digits = len(str(count))
    return [
        target.with_name(f"{target.stem}-{number:0{digits}}{target.suffix}")
        for number in range(1, count + 1)
    ]


def _copied(scan: Scan) -> None:
    """Copy the scan, byte for byte."""
    import shutil

    from restore.files import _writing

    def copy(file: BinaryIO) -> None:
        with scan.path.open("rb") as original:
            shutil.copyfileobj(original, file)

    _writing.whole(scan.copy, copy, overwrite=scan.overwrite, originals=[scan.path])
