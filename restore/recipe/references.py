"""The photos that a recipe's settings name: which may be named, and where they are looked for."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restore import files
from restore.context import Context
from restore.errors import PhotoError, RecipeError
from restore.image.photo import Photo
from restore.image.reference import MARK, Reference
from restore.step import Step

LARGEST = 2**30
"""Most bytes of a photo that a recipe names: it is hashed whenever the recipe is read."""
PINNED = re.compile(rf"(.+){MARK}([0-9a-f]{{64}})", re.DOTALL)


def resolved(
    step: Step, values: Mapping[str, Any], where: str, folder: Path | None, pinned: bool = False
) -> dict[str, Any]:
    """A step's settings with each photo that they name opened and hashed.

    Parameters
    ----------
    folder
        The recipe's own: only files in it or below may be named, for who wrote a recipe must not
        choose what is read elsewhere on the user's disk. None for what the user says: any file,
        from the working directory.
    pinned
        Only files whose SHA-256 is given: a stranger cannot know that of what is not theirs.

    Raises
    ------
    RecipeError
        If a file may not be named, cannot be read, or is not the one whose SHA-256 is given.
    """
    opened = dict(values)
    for name, value in values.items():
        setting = step.settings.get(name)
        if setting and setting.kind is Reference and not isinstance(value, Reference):
            opened[name] = reference(f"{where}: {name}", name, value, folder, pinned)
    return opened


def reference(where: str, name: str, value: object, folder: Path | None, must: bool) -> Reference:
    """The photo that a setting names; see `resolved`."""
    if not isinstance(value, (str, os.PathLike)):
        raise RecipeError(f"{where} = {value!r:.60} is not the path of a photo")
    text = os.fspath(value)
    said = f'{where} = "{text:.200}"'
    pinned = PINNED.fullmatch(text)
    given, expected = pinned.groups() if pinned else (text, "")
    if must and not expected:
        raise RecipeError(f"{said} does not state its SHA-256; write NAME{MARK}…")
    if "://" in given:
        raise RecipeError(f"{said} is an address; save the photo as a file and name that")
    path = (folder or Path()).absolute() / given
    try:
        if folder and not _inside(path, given, folder):
            raise RecipeError(
                f"{said} is outside the recipe's folder; copy the photo there, or name it with "
                f"-s STEP.{name}=PATH"
            )
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise RecipeError(f"{said} is not a regular file")
        if status.st_size > LARGEST:
            raise RecipeError(f"{said} is larger than {LARGEST // 2**20} MiB")
        sha256 = _sha256(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        problem = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise RecipeError(f"{said} cannot be read: {problem}") from error
    except (ValueError, RuntimeError) as error:  # a NUL byte; links in a circle
        raise RecipeError(f"{said} is not the path of a photo") from error
    if expected and sha256 != expected:
        raise RecipeError(f"{said} is another file: its SHA-256 is {sha256}")
    named = given if folder else path.name
    return Reference.of(named, sha256, functools.partial(_load, path, sha256))


def _inside(path: Path, given: str, folder: Path) -> bool:
    """Whether a file is in a folder or below, also once links are followed."""
    return not Path(given).is_absolute() and path.resolve().is_relative_to(folder.resolve())


@functools.lru_cache(maxsize=256)
def _sha256(path: Path, size: int, mtime: int) -> str:
    """SHA-256 of a file, which is read again only if its size or time has changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(path: Path, sha256: str, context: Context) -> Photo:
    photo = files.load(path, digest=True, memory=context.memory)
    if photo.source.sha256 != sha256:
        raise PhotoError(f"{path}: has changed since the recipe was read")
    return photo
