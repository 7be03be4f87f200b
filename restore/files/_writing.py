"""Write a file completely or not at all, and never over an original."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from restore.errors import PhotoError, ResultExists
from restore.files import _part

NO_LINKS = frozenset(
    (errno.EPERM, errno.EACCES, errno.EINVAL, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP)
) | {errno.EOPNOTSUPP}
"""Errors of file systems without hard links (FAT, some network drives)."""


def whole(
    path: Path, write: Callable[[BinaryIO], None], *, overwrite: bool, originals: Iterable[Path]
) -> None:
    """Let `write` fill a file beside `path`, then give it that name.

    The opened file itself is written and named: nobody else with access to the folder can redirect
    it. Its mode is never wider than an original's, nor than that of
    the result it replaces.

    Raises
    ------
    PhotoError
        If `path` is an original (also by a link), exists and may not be replaced, or the disk
        refuses; nothing is left behind then.
    """
    originals = list(originals)
    refuse_originals(path, originals)
    if not overwrite:
        refuse_existing(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        files = (above for above in path.parents if above.exists() and not above.is_dir())
        where = next(files, path.parent)
        raise PhotoError(f"{path}: cannot be written: {where} is not a folder") from error
    except OSError as error:
        raise _refused(path, error) from error
    _sweep_once(path.parent)
    try:
        part, file = _part.begin(path)
        try:
            with file:
                write(file)
                file.flush()
                _set_mode(file, path, originals)
                os.fsync(file.fileno())
                refuse_originals(path, originals)
                if os.name == "nt":
                    file.close()  # open files cannot be renamed there
                if overwrite:
                    part.replace(path)
                else:
                    _name(part, path)
                _refuse_others(path, file)
            _sync_folder(path.parent)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise _refused(path, error) from error


@functools.cache
def _sweep_once(folder: Path) -> None:
    """Remove what earlier runs left in a folder when they were killed or lost power."""
    _part.sweep(folder)


def _set_mode(file: BinaryIO, path: Path, originals: Iterable[Path]) -> None:
    """The mode the umask allows, restricted to that of an original or of a replaced result."""
    umask = os.umask(0o077)  # the umask cannot be read without setting it
    os.umask(umask)
    mode = 0o666 & ~umask
    for other in (path, *originals):
        with suppress(OSError):
            if other is not path or not path.is_symlink():  # a link's target is not replaced
                mode &= other.stat().st_mode
    with suppress(OSError, AttributeError):  # FAT; Windows
        os.fchmod(file.fileno(), mode | 0o600)


def _refuse_others(path: Path, file: BinaryIO) -> None:
    """PhotoError if another file has the name just given; a link there is removed."""
    if file.closed or _part.is_own(path, file):
        return
    if path.is_symlink():
        path.unlink()
    raise PhotoError(f"{path}: another user of the folder put something else in its place")


def refuse_existing(path: Path) -> None:
    """PhotoError if `path` exists, even as a dangling link."""
    if os.path.lexists(path):
        raise _exists(path)


def refuse_originals(path: Path, originals: Iterable[Path]) -> None:
    """PhotoError if `path` is one of the originals, also through links."""
    for original in originals:
        with suppress(OSError, ValueError):
            if path.samefile(original):
                raise PhotoError(f"{path}: is the original itself, which is never replaced")


def _refused(path: Path, error: OSError) -> PhotoError:
    return PhotoError(f"{path}: cannot be written: {error.strerror or error}")


def _exists(path: Path) -> PhotoError:
    return ResultExists(f"{path} exists already")


def _name(part: Path, path: Path) -> None:
    """Give `part` its final name unless it is taken, without a race with other processes."""
    if os.name == "nt":
        part.rename(path)  # where it never replaces anything
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
    """Make the new name survive a power cut, where the system can open folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
