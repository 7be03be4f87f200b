"""A window of a photo, as it travels from step to step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from restore import color
from restore.image.window import Window

Found = TypeVar("Found")


class _Once(Generic[Found]):
    """A property calculated on first access.

    Like functools.cached_property, without the lock shared by all instances before Python 3.12,
    which would make the rendering threads wait for each other.
    """

    def __init__(self, compute: Callable[[Any], Found]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __get__(self, tile: Any, owner: type) -> Found:
        value = self.compute(tile)
        vars(tile)[self.compute.__name__] = value  # from now on this shadows the property
        return value


@dataclass(frozen=True, eq=False)
class Tile:
    """A window of the photo.

    It stays as the step before left it, working RGB or L*a*b*, and is converted only when a step
    asks for the other: a chain of steps in L*a*b* is brought into the gamut once, at its end.

    Attributes
    ----------
    content
        (rows, columns, 3) float32 working RGB, or the planes of L*a*b*, as the step before left it.
    original
        (rows, columns, 3) float32 working RGB, as the file held it.
    window
        The tile's position.
    infrared
        (rows, columns) float32, 0 … 1: what a film scanner saw in infrared, linear, which dyes let
        through and dust and scratches do not. None for most photos.
    """

    content: color.Array | color.Lab
    original: color.Array
    window: Window
    infrared: color.Array | None = None

    @_Once
    def pixels(self) -> color.Array:
        """(rows, columns, 3) float32 working RGB."""
        if not isinstance(self.content, color.Lab):
            return self.content
        import cv2

        return color.into_gamut(cv2.merge(self.content))

    @_Once
    def lab(self) -> color.Lab:
        """CIE L*a*b* in three planes (rows, columns)."""
        if isinstance(self.content, color.Lab):
            return self.content
        if color.plane(self.content) is not None:
            none = np.zeros(self.content.shape[:2], np.float32)
            return color.Lab(self.lightness, none, none)
        import cv2

        return color.Lab(*cv2.split(color.to_lab(self.content)))

    @_Once
    def lightness(self) -> color.Array:
        """(rows, columns) CIE L*, nominally 0 … 100."""
        if isinstance(self.content, color.Lab):
            return self.content.lightness
        return color.lightness(self.content)

    def holding(self, content: color.Array | color.Lab) -> Tile:
        """The same tile with new content."""
        return replace(self, content=content)

    def inner(self, margin: int) -> Tile:
        """The tile without its outer `margin` pixels, except on sides shared with the picture."""
        window = self.window.shrunk(margin)
        if window == self.window:
            return self
        place = window.inside(self.window)
        if isinstance(self.content, color.Lab):
            content: color.Array | color.Lab = color.Lab(*(plane[place] for plane in self.content))
        else:
            content = self.content[place]
        infrared = None if self.infrared is None else self.infrared[place]
        return Tile(content, self.original[place], window, infrared)
