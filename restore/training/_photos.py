"""The photos of folders and tar files."""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")


def named(paths: Sequence[Path], without: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each photo, those named in `without` left out.

    Names count without their suffix.
    """
    for path in paths:
        if path.is_dir():
            yield from named(sorted(path.iterdir()), without)
        elif path.suffix == ".tar":
            with tarfile.open(path) as archive:
                for member in archive:
                    name = Path(member.name)
                    content = archive.extractfile(member)
                    if content and name.suffix.lower() in SUFFIXES and name.stem not in without:
                        yield name.stem, content.read()
        elif path.suffix.lower() in SUFFIXES and path.stem not in without:
            yield path.stem, path.read_bytes()


def files(paths: Sequence[Path], without: Collection[str] = ()) -> Iterator[bytes]:
    """The bytes of each photo."""
    for _, content in named(paths, without):
        yield content
