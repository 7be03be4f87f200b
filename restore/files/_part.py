"""Unfinished files: hidden, their owner's alone, and locked for as long as somebody writes them.

The system gives a lock back whatever happens to its holder, so that a part file nobody holds was
left behind by a kill or a power cut, and can be swept.

Imports nothing heavy: the process that clears up after another one stays small.
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
        """Nothing: Windows removes no file that is open."""
else:
    import fcntl

    def _hold(handle: int) -> None:
        """Lock an open file; BlockingIOError if somebody else has."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


mark = secrets.token_hex(8)
"""Of this process; not its number, which one in another container may have, too."""
_made: set[Path] = set()
_NAME = re.compile(r"\.restore-[0-9a-f]{16}-[0-9a-f]{8}\.part")
_TRIES = 10
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def begin(path: Path) -> tuple[Path, BinaryIO]:
    """A new part file for what is to become `path`: its name, and the file, held by a lock.

    Its mode is 0600; nobody else can have made it, nor put a link in its place.
    """
    for _ in range(_TRIES):
        part = beside(path)
        file = open(part, "x+b", opener=_private)  # noqa: SIM115
        if _held(file) and is_own(part, file):  # not swept between its making and its lock
            return part, file
        file.close()
    raise OSError(errno.EBUSY, "another process removes what is written there")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | _FLAGS, 0o600)


def _held(file: BinaryIO) -> bool:
    """Lock a new part file; False if somebody who sweeps has it."""
    try:
        _hold(file.fileno())
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks, where nothing is swept
        pass
    return True


def is_own(path: Path, file: BinaryIO) -> bool:
    """Whether `path` is this very file: not another one, nor a link."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    return False


def beside(path: Path) -> Path:
    """A name for what is to become `path`."""
    part = path.with_name(f".restore-{mark}-{secrets.token_hex(4)}.part")
    _made.add(part.parent)
    return part


def sweep(folder: Path) -> None:
    """Remove the part files in a folder that no living process holds, on whichever machine."""
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
    """Remove what a process that is gone has left in a folder."""
    for left in folder.glob(f".restore-{mark}-*.part"):
        with suppress(OSError):
            left.unlink()


def remove_own() -> None:
    """Remove what this process has not finished: it is about to go."""
    for folder in _made:
        remove(folder, mark)
