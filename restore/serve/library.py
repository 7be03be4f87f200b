"""The photos that the page may show: those of the folders named, by an id and never by a path."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from restore.errors import PhotoError
from restore.work.targets import search


class Library:
    """The photos by id, found again at each `scan`.

    Parameters
    ----------
    paths
        Photos and folders.
    recursive
        Search subfolders too.
    out
        Folder of the results, which is not searched.
    """

    def __init__(self, paths: Sequence[Path], recursive: bool, out: Path) -> None:
        self.paths, self.recursive, self.out = tuple(paths), recursive, out
        self.photos: dict[str, Path] = {}
        self.below: dict[Path, Path] = {}
        self.troubles: list[str] = []
        self.left_out: list[str] = []

    def scan(self) -> None:
        """Look for photos; ids of those already known stay."""
        sought = search(self.paths, recursive=self.recursive, out=self.out)
        roots = [Path(os.path.realpath(path)) for path in self.paths]
        self.below = {
            path: below for path, below in sought.photos.items() if self._inside(path, roots)
        }
        self.photos = {_id(path): path for path in self.below}
        self.troubles = [str(error) for error in sought.troubles.values()]
        self.left_out = []
        for folder, count in sought.left_out.items():
            some = "a subfolder was" if count == 1 else f"{count} subfolders were"
            self.left_out.append(f"{folder}: {some} left out; use -r to show subfolders too")

    @staticmethod
    def _inside(path: Path, roots: Sequence[Path]) -> bool:
        """Whether a photo is in the folders named: a link in them may lead elsewhere."""
        real = Path(os.path.realpath(path))
        return any(real == root or root in real.parents for root in roots)

    def path(self, id: str) -> Path:
        """The photo of an id; KeyError if there is none, PhotoError if it is gone or has moved."""
        path = self.photos[id]
        if not self._inside(path, [Path(os.path.realpath(root)) for root in self.paths]):
            raise PhotoError(f"{path}: now leads outside the folders of this page")
        return path

    def listing(self) -> list[dict[str, str]]:
        """Id, name and folder below the one named of each photo."""
        return [
            {"id": id, "name": path.name, "folder": str(self.below[path])}
            for id, path in self.photos.items()
        ]


def _id(path: Path) -> str:
    return hashlib.blake2b(os.fsencode(path.absolute()), digest_size=9).hexdigest()
