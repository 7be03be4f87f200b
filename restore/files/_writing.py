"""Write a file so that it is there whole or not at all, and never in place of an original."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from restore.errors import PhotoError
from restore.files import _part

NO_LINKS = frozenset(
    (errno.EPERM, errno.EACCES, errno.EINVAL, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP)
) | {errno.EOPNOTSUPP}
"""What file systems without hard links say (FAT, some network drives)."""


def whole(
    path: Path, write: Callable[[Path], None], *, overwrite: bool, originals: Iterable[Path]
) -> None:
    """Let `write` fill a file beside `path`, then give it that name.

    Raises
    ------
    PhotoError
        If `path` is an original (also by a link), exists and may not be replaced, or the disk
        refuses; nothing is left behind then.
    """
    refuse_originals(path, originals)
    if not overwrite:
        refuse_existing(path)
    part = _part.beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        files = (above for above in path.parents if above.exists() and not above.is_dir())
        where = next(files, path.parent)
        raise PhotoError(f"{path}: cannot be written: {where} is no folder") from error
    except OSError as error:
        raise _refused(path, error) from error
    try:
        # exclusively: nobody can have put a link there
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            write(part)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            refuse_originals(path, originals)
            if overwrite:
                part.replace(path)
            else:
                _name(part, path)
            _sync_folder(path.parent)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise _refused(path, error) from error


def refuse_existing(path: Path) -> None:
    """PhotoError if there is something at `path`, a dangling link included."""
    if os.path.lexists(path):
        raise _exists(path)


def refuse_originals(path: Path, originals: Iterable[Path]) -> None:
    """PhotoError if `path` is one of the originals, also through links."""
    for original in originals:
        with suppress(OSError, ValueError):
            if path.samefile(original):
                raise PhotoError(
                    f"{path}: is the original itself, which is never replaced; choose another --out"
                )


def _refused(path: Path, error: OSError) -> PhotoError:
    return PhotoError(f"{path}: cannot be written: {error.strerror or error}")


def _exists(path: Path) -> PhotoError:
    return PhotoError(f"{path} exists; use --overwrite, or another --out")


def _name(part: Path, path: Path) -> None:
    """Give `part` its final name unless that is taken; a second process cannot come between."""
    if os.name == "nt":
        part.rename(path)  # which never replaces anything there
        return
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # a file system without hard links (FAT, some network drives): take the name, then replace
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            part.replace(path)
        except BaseException:
            path.unlink()
            raise


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system lets a folder be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
