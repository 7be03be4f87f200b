"""The photos of folders and tar files."""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from restore import color
from restore.errors import RestoreError

LONGEST = 1400
"""Long side in pixels that larger photos are reduced to when they are read: none needs more."""
LARGE = 400_000
"""Bytes from which a file may hold a larger photo."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")


def named(paths: Sequence[Path], without: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each photo, those named in `without` left out.

    Names count without their suffix. A folder in a folder is not searched.

    Raises
    ------
    RestoreError
        If a path cannot be read.
    """
    for path in paths:
        try:
            if path.is_dir():
                inside = [part for part in sorted(path.iterdir()) if part.is_file()]
                yield from named(inside, without)
            elif path.suffix == ".tar":
                yield from _packed(path, without)
            elif not path.exists():
                raise RestoreError(f"{path}: does not exist")
            elif path.suffix.lower() in SUFFIXES and path.stem not in without:
                yield path.stem, path.read_bytes()
        except (OSError, tarfile.TarError) as error:
            raise RestoreError(f"{path}: cannot be read: {error}") from error


def _packed(path: Path, without: Collection[str]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name)
            content = archive.extractfile(member) if member.isfile() else None  # no links
            if content and name.suffix.lower() in SUFFIXES and name.stem not in without:
                yield name.stem, content.read()


def files(paths: Sequence[Path], without: Collection[str] = ()) -> Iterator[bytes]:
    """The bytes of each photo that can be read, reduced where it is larger than `LONGEST`."""
    for _, content in named(paths, without):
        if content and _readable(content):
            yield _reduced(content) if len(content) > LARGE else content


def _readable(content: bytes) -> bool:
    small = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    return small is not None


def decoded(content: bytes) -> color.Array | None:
    """(h, w, 3) uint8 RGB of a photo file's bytes; None if it cannot be read."""
    codes = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return None if codes is None else np.ascontiguousarray(codes[..., ::-1])


def _reduced(content: bytes) -> bytes:
    codes = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if codes is None or max(codes.shape) <= LONGEST:
        return content
    shrink = LONGEST / max(codes.shape)
    small = cv2.resize(codes, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
