"""One process at a time: a lock on a file, given back by the system whatever happens."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock `path`; `waiting` is called once if another process has it.

    The file stays: to remove it would let a third process lock another one of its name.
    """
    told = False
    with path.open("ab") as file:
        while True:
            try:
                _take(file)
            except BlockingIOError:
                if not told:
                    waiting()
                told = True
                time.sleep(0.1)
            else:
                break
        yield
