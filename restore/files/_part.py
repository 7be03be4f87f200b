"""Unfinished files: hidden, private to their owner, and locked while being written.

The system releases a lock whatever happens to its holder, so an unlocked part file was left
behind by a kill or a power cut, and can be removed.

Imports nothing heavy: the process that cleans up after another stays small.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":

    def _hold(handle: int) -> None:
        """Do nothing: Windows does not remove open files."""
else:
    import fcntl

    def _hold(handle: int) -> None:
        """Lock an open file; BlockingIOError if somebody else has."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


mark = secrets.token_hex(8)
"""Identifies this process; not by its number, which is not unique across containers."""
_made: set[Path] = set()
_NAME = re.compile(r"\.restore-[0-9a-f]{16}-[0-9a-f]{8}\.part")
_TRIES = 10
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def begin(path: Path) -> tuple[Path, BinaryIO]:
    """Create a part file for `path`; returns its name and the open, locked file.

    Its mode is 0600, and it cannot be somebody else's file or a link.
    """
    for _ in range(_TRIES):
        part = beside(path)
        file = open(part, "x+b", opener=_private)  # noqa: SIM115
        if _held(file) and is_own(part, file):  # not removed between creation and locking
            return part, file
        file.close()
    raise OSError(errno.EBUSY, "another process removes files that are being written there")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | _FLAGS, 0o600)


def _held(file: BinaryIO) -> bool:
    """Lock a new part file; False if another process is removing it."""
    try:
        _hold(file.fileno())
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks, where nothing is removed
        pass
    return True


def is_own(path: Path, file: BinaryIO) -> bool:
    """Whether `path` is this open file, not another one or a link."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    return False


def beside(path: Path) -> Path:
    """A name for the part file of `path`."""
    part = path.with_name(f".restore-{mark}-{secrets.token_hex(4)}.part")
    _made.add(part.parent)
    return part


def sweep(folder: Path) -> None:
    """Remove the part files in a folder that no process holds, on any machine."""
    with suppress(OSError):
        for left in folder.glob(".restore-*.part"):
            if _NAME.fullmatch(left.name):
                _remove_if_free(left)


def _remove_if_free(left: Path) -> None:
    with suppress(OSError):  # held, another user's, or gone by now
        # without waiting: a FIFO of that name would block for ever
        handle = os.open(left, _FLAGS | getattr(os, "O_NONBLOCK", 0))
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return
            _hold(handle)
            if sys.platform != "win32":
                left.unlink()
        finally:
            os.close(handle)
        if sys.platform == "win32":
            left.unlink()


def remove(folder: Path, mark: str) -> None:
    """Remove what a dead process left in a folder."""
    for left in folder.glob(f".restore-{mark}-*.part"):
        with suppress(OSError):
            left.unlink()


def remove_own() -> None:
    """Remove this process's unfinished files before it exits."""
    for folder in _made:
        remove(folder, mark)
