"""Read and write photos. Each format family is one module, found by its file name.

A format's module is a `_contract.Format`, or a `_contract.Writer` where it can be written as well.
It imports numpy and what is heavier inside its functions: suffixes are asked for by processes that
must stay small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from restore import registry
from restore.errors import PhotoError, nearest
from restore.files._contract import Format, Writer

if TYPE_CHECKING:
    from restore.image.photo import Photo

LIMIT = 10**9
"""Most pixels a photo may have by default."""
HEAD = 64 * 1024


@cache
def formats() -> dict[str, Format]:
    """The formats by name."""
    import sys

    here = sys.modules[__name__]
    return {
        name: registry.module(here, name, "restore", "format", PhotoError)
        for name in registry.names(here)
    }


def suffixes() -> frozenset[str]:
    """Suffixes of all files that can be read, in lower case, with the dot."""
    return frozenset(suffix for format in formats().values() for suffix in format.SUFFIXES)


def load(
    path: Path | str,
    *,
    raw: str = "developed",
    limit: int = LIMIT,
    salvage: bool = False,
    sized: Callable[[int], None] | None = None,
    digest: bool = False,
    memory: float | None = None,
) -> Photo:
    """Read a photo (of a multi-page file, the first page), with the hints and marks beside it.

    Parameters
    ----------
    raw
        How camera RAW is opened: "developed" (camera white balance and colour matrix) or "camera"
        (the camera's own channels, linear, before the matrix).
    limit
        Most pixels it may have; refused before decoding.
    salvage
        Read the rows that are left of a truncated JPEG, PNG or TIFF.
    sized
        Called with the number of pixels a page claims, before it is decoded.
    digest
        Also compute the file's SHA-256, as `source.sha256`.
    memory
        Bytes that may be used; None for three quarters of what is free.

    Raises
    ------
    PhotoError
        If it cannot be read.
    """
    return _read(Path(path), raw, limit, False, salvage, sized, digest, memory)[0]


def load_pages(
    path: Path | str,
    *,
    raw: str = "developed",
    limit: int = LIMIT,
    salvage: bool = False,
    sized: Callable[[int], None] | None = None,
    digest: bool = False,
    memory: float | None = None,
) -> list[Photo]:
    """Read all pages of a file in order; see `load`."""
    return _read(Path(path), raw, limit, True, salvage, sized, digest, memory)


def _read(
    path: Path,
    raw: str,
    limit: int,
    every: bool,
    salvage: bool,
    sized: Callable[[int], None] | None,
    digest: bool,
    memory: float | None,
) -> list[Photo]:
    from dataclasses import replace

    from restore.files._reading import opened
    from restore.image import notes

    _known("raw", raw, ("developed", "camera"))
    with opened(path, limit, raw, every, salvage, sized, digest, memory) as ask:
        fitting = _fitting(path, ask.peek(0, HEAD))
        if not fitting:
            if _is_film(ask.peek(0, HEAD)):
                raise ask.error("is a film, not a photo; use: restore video RECIPE IN OUT")
            known = ", ".join(formats())
            raise ask.error(f"is not a supported photo (checked by content): {known}")
        sha256 = ask.sha256() if digest else ""
        pages = fitting[0].read(ask)
    first, *others = (
        replace(page, source=replace(page.source, sha256=sha256)) if digest else page
        for page in pages
    )
    noted = notes.beside(path)
    return [replace(first, hints=noted.hints, marks=noted.marks), *others]


def save(
    photo: Photo | Sequence[Photo],
    path: Path | str,
    *,
    overwrite: bool = False,
    format: str | None = None,
    profile: str = "original",
) -> Path:
    """Write a photo, or the pages of one file, with all its metadata.

    What the format cannot hold is left out; `losses` lists it.

    Parameters
    ----------
    overwrite
        Replace what is there; the photo's own original is never replaced.
    format
        Name of a format; by the path's suffix if it is not given.
    profile
        "original", or "srgb" to convert the colours to sRGB.

    Raises
    ------
    PhotoError
        If it cannot be written; nothing is left behind.
    """
    from restore.files import _preparing, _writing

    _known("profile", profile, ("original", "srgb"))
    path = Path(path)
    pages, module = _fit(photo, path, format)
    ready = [_preparing.ready(page, module, profile) for page in pages]
    originals = {page.source.path for page in pages if page.source.path}

    def write(file: BinaryIO) -> None:
        module.write(file, ready)
        file.flush()
        module.check(file, ready)

    _writing.whole(path, write, overwrite=overwrite, originals=originals)
    return path


def copy(path: Path, target: Path, *, overwrite: bool = False) -> Path:
    """Copy a photo as it is, with its modification time; see `save`."""
    import os
    import shutil

    from restore.files import _writing

    def write(file: BinaryIO) -> None:
        try:
            with path.open("rb") as original:
                shutil.copyfileobj(original, file, 2**20)
        except OSError as error:
            raise PhotoError(f"{path}: cannot be copied: {error.strerror}") from error

    before = path.stat()
    _writing.whole(target, write, overwrite=overwrite, originals=[path])
    with suppress(OSError):
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    return target


def losses(
    photo: Photo | Sequence[Photo], path: Path | str, *, format: str | None = None
) -> tuple[str, ...]:
    """What `save` would have to leave out of a photo or pages at `path`, as lines.

    Raises
    ------
    PhotoError
        If they cannot be written at all: too many pages or pixels per side.
    """
    from restore.files import _preparing

    path = Path(path)
    pages, module = _fit(photo, path, format)
    lost = dict.fromkeys(line for page in pages for line in _preparing.losses(page, module))
    return tuple(f"{path}: {_name(module)} {line}" for line in lost)


def _fit(
    photo: Photo | Sequence[Photo], path: Path, format: str | None
) -> tuple[list[Photo], Writer]:
    """The pages and their format; PhotoError if it cannot hold so many, or so large ones."""
    from restore.image.photo import Photo

    if "\0" in str(path):
        raise PhotoError(f"{path}: the path contains a NUL byte")
    pages = [photo] if isinstance(photo, Photo) else list(photo)
    module = _writer(path, format)
    if not pages:
        raise PhotoError(f"{path}: no pages to write")
    if len(pages) > 1 and not module.HOLDS.pages:
        raise PhotoError(
            f"{path}: the photo has {len(pages)} pages, but {_name(module)} holds only one; "
            "write a TIFF"
        )
    longest = max(max(page.size) for page in pages)
    if longest > module.HOLDS.side:
        raise PhotoError(
            f"{path}: has a side of {longest} pixels; at most {module.HOLDS.side:.0f} fit; "
            "write a TIFF"
        )
    return pages, module


def _name(module: Format) -> str:
    return module.__name__.rpartition(".")[2]


def _known(option: str, value: str, allowed: Sequence[str]) -> None:
    """PhotoError if `value` is not allowed."""
    if value not in allowed:
        words = " or ".join(f'"{choice}"' for choice in allowed)
        raise PhotoError(f'{option} is "{value!s:.60}"; it must be {words}')


def refuse_existing(path: Path) -> None:
    """PhotoError if `path` already exists."""
    from restore.files._writing import refuse_existing

    refuse_existing(path)


def written_suffix(path: Path, format: str | None = None) -> str:
    """Suffix of the result of the photo at `path`: its own, or that of the format asked for.

    A photo whose suffix is wrong gets the one its content has. Formats that are only read (camera
    RAW) become TIFF. PhotoError if a format asked for cannot be written.
    """
    if format is not None:
        return str(_writer(path, format).SUFFIXES[0])
    suffix = path.suffix.lower()
    owners = _fitting(path, _head(path))
    owners = owners or [module for module in formats().values() if suffix in module.SUFFIXES]
    if not owners or not isinstance(owners[0], Writer):
        return ".tif"
    return path.suffix if suffix in owners[0].SUFFIXES else str(owners[0].SUFFIXES[0])


def _head(path: Path) -> bytes:
    """The beginning of a regular file; empty for anything else."""
    with suppress(OSError):
        # some empty files in /proc never stop reading
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                return file.read(HEAD)
    return b""


def _is_film(head: bytes) -> bool:
    """Whether a file that is no photo begins like MP4, QuickTime, Matroska, AVI or MPEG."""
    boxes = (b"ftyp", b"moov", b"mdat", b"wide")
    return (
        head[4:8] in boxes
        or head.startswith((b"\x1aE\xdf\xa3", b"\0\0\1\xba"))
        or (head[:4], head[8:12]) == (b"RIFF", b"AVI ")
    )


def _fitting(path: Path, head: bytes) -> list[Format]:
    """The formats that match a file's beginning, that of its suffix first."""
    fitting = [format for format in formats().values() if format.matches(head)]
    return sorted(fitting, key=lambda format: path.suffix.lower() not in format.SUFFIXES)


def _writer(path: Path, name: str | None) -> Writer:
    can = {key: module for key, module in formats().items() if isinstance(module, Writer)}
    if name is None:
        for module in can.values():
            if path.suffix.lower() in module.SUFFIXES:
                return module
        known = " ".join(module.SUFFIXES[0] for module in can.values())
        raise PhotoError(
            f'{path}: no format is written with suffix "{path.suffix}"; supported are {known}'
        )
    if name not in can:
        raise PhotoError(f'cannot write format "{name:.60}"; {nearest(name, list(can))}')
    return can[name]
