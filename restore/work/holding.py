"""Where the journal of a TARGET lies, and which process holds it."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from restore import places
from restore.errors import RestoreError
from restore.work.remote import url_of

PATIENCE = 15.0
"""Seconds in which the workers of a killed batch end and let go of the lock."""


def place(target: Path) -> Path:
    """The path of the journal of TARGET."""
    home = places.own("state")
    if home is None and url_of(target):
        raise RestoreError(f"{url_of(target)}: a batch into a store needs a home for its journal")
    if home is None:
        return target / ".restore-batch.sqlite"
    key = hashlib.sha256(os.fsencode(target)).hexdigest()[:16]
    name = "".join(char if char.isalnum() or char in "-_." else "-" for char in target.name)[:48]
    return home / "batches" / f"{name}-{key}.sqlite"


@contextmanager
def held(where: Path, target: Path) -> Iterator[None]:
    """Hold a journal: no other process can meanwhile.

    Raises
    ------
    RestoreError
        If one does, or the journal cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(f"{where}.lock")
    try:
        where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire(timeout=0 if lives(where) else PATIENCE)
    except Timeout:
        raise RestoreError(
            f"{target}: another batch is working on it; wait for it, or choose another TARGET"
        ) from None
    except OSError as error:
        raise RestoreError(f"{where}: cannot be written: {error.strerror}") from error
    try:
        holder(where).write_text(f"{os.getpid()} {socket.gethostname()}\n")
        yield
    finally:
        holder(where).unlink(missing_ok=True)
        lock.release()


def holder(where: Path) -> Path:
    """The file that says which process works with a journal."""
    return where.with_suffix(".pid")


def lives(where: Path) -> bool:
    """Whether the process that last worked with a journal still does, as far as can be seen."""
    with suppress(OSError, ValueError):
        number, host = holder(where).read_text().split()
        if host == socket.gethostname() and os.name != "nt":  # where it would end the process
            os.kill(int(number), 0)
        return True
    return False
