"""Files that survive a crash: written aside, synced, renamed; and read only if complete.

A file exists as it was written or not at all, whatever ends the program or the machine. One that
has changed since (a failing disk, a stray write) counts as missing: it ends with its SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

SIZE = hashlib.sha256().digest_size
ABANDONED = 3600.0
"""Seconds after which an unfinished file counts as abandoned."""
_SUFFIX = ".begun"


def stamp(path: Path) -> tuple[int, ...]:
    """A value that changes when a file is written to or replaced."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def read(path: Path) -> bytes | None:
    """The content that `write` wrote; None if it is missing or has changed."""
    with suppress(OSError), path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size - SIZE
        if size > 0:
            data = file.read(size)
            if hashlib.sha256(data).digest() == file.read():
                return data
    return None


def write(path: Path, data: bytes | memoryview) -> None:
    """Write a file followed by its SHA-256, replacing any existing one."""
    with NamedTemporaryFile(dir=path.parent, suffix=_SUFFIX, delete=False) as file:
        try:
            file.write(data)
            file.write(hashlib.sha256(data).digest())
            file.close()
            settle(Path(file.name), path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def begun(folder: Path) -> Iterator[Path]:
    """Files in a folder that may still be written."""
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < ABANDONED:
                yield path


def settle(part: Path, path: Path) -> None:
    """Rename a finished file so that content and name survive a power cut."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
    with suppress(OSError):  # folders cannot be opened, as on Windows
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
