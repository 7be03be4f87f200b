"""`SHA256SUMS` of a folder, as `sha256sum -c` reads it."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from restore.errors import PhotoError
from restore.files import _writing

NAME = "SHA256SUMS"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal; OSError if it cannot be read, or has no end."""
    refuse_endless(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_endless(path: Path) -> None:
    """OSError if this is a device or a pipe, whose end may never come."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "is not a regular file", path)


def line(digest: str, name: str) -> bytes:
    """One line; a name with a backslash or line break is escaped as GNU's sha256sum does."""
    escaped = "".join(_ESCAPES.get(char, char) for char in name)
    start = "\\" if escaped != name else ""
    return os.fsencode(f"{start}{digest}  {escaped}\n")


def write(folder: Path, digests: Mapping[str, str]) -> Path:
    """Write the sums of a folder's files, by their names relative to it; replaces older ones."""

    def fill(file: BinaryIO) -> None:
        file.writelines(line(digest, name) for name, digest in sorted(digests.items()))

    _writing.whole(folder / NAME, fill, overwrite=True, originals=())
    return folder / NAME


def read(folder: Path) -> Iterator[tuple[str, str]]:
    """Names, relative to the folder, and digests.

    Raises
    ------
    PhotoError
        If there are none, or a line is not one.
    """
    path = folder / NAME
    try:
        refuse_endless(path)
        with path.open("rb") as file:
            for number, content in enumerate(file, 1):
                text = os.fsdecode(content).removesuffix("\n")
                escaped = text.startswith("\\")
                digest, name = text[escaped : 64 + escaped], text[66 + escaped :]
                between = text[64 + escaped : 66 + escaped]
                if len(digest) < 64 or not name or between not in ("  ", " *"):
                    raise PhotoError(f"{path}, line {number}: is not a SHA-256 and a name")
                yield (_unescaped(name) if escaped else name), digest.lower()
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read: {error.strerror}") from error


def _unescaped(name: str) -> str:
    """A name as it was before `line` escaped it."""
    plain = {escape[1]: char for char, escape in _ESCAPES.items()}
    parts = iter(name)
    return "".join(plain.get(next(parts, ""), "") if char == "\\" else char for char in parts)
