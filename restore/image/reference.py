"""A photo that a setting names, by its file's name and its content."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.context import Context
    from restore.image.photo import Photo
    from restore.image.tile import Tile

MARK = "#sha256="
"""Between a file's name and its SHA-256 in 64 hexadecimal digits."""


class Reference(str):
    """Another photo that a step looks at: "other.jpg#sha256=…", whatever folder it is in.

    A string, so that a recipe with another file, or a changed one, is another recipe wherever it is
    compared, recorded or hashed.

    Attributes
    ----------
    load
        Reads the photo; PhotoError if it cannot be read, or is no longer the one that was named.
    """

    load: Callable[[Context], Photo]

    @classmethod
    def of(cls, name: str, sha256: str, load: Callable[[Context], Photo]) -> Reference:
        """The reference of a file's name and digest."""
        made = cls(f"{name}{MARK}{sha256}")
        made.load = load
        return made

    @property
    def name(self) -> str:
        """The file's name."""
        return self.rpartition(MARK)[0]

    @property
    def sha256(self) -> str:
        """The file's SHA-256, hexadecimal."""
        return self.rpartition(MARK)[2]

    def view(self, context: Context) -> Tile:
        """The photo, averaged as a proxy is; read once per context, as networks are."""
        return context.network(("reference", str(self)), lambda: self._view(context))

    def _view(self, context: Context) -> Tile:
        photo = self.load(context)
        return photo.cropped(photo.visible()).proxy().view
