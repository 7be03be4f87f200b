"""The position of a tile in its picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """The position of a tile, in pixels of a picture of `size` (height, width).

    The picture is the photo itself, or its proxy: maps and lengths are taken relative to `size`,
    so that a step renders both alike.
    """

    top: int
    left: int
    height: int
    width: int
    size: tuple[int, int]

    @classmethod
    def whole(cls, height: int, width: int) -> Window:
        """The window that is the whole picture."""
        return cls(0, 0, height, width, (height, width))

    @property
    def short_side(self) -> int:
        """Short side of the whole picture in pixels: lengths of steps are shares of it."""
        return min(self.size)

    def grown(self, margin: int) -> Window:
        """This window with `margin` pixels more on each side, within the picture."""
        top, left = max(self.top - margin, 0), max(self.left - margin, 0)
        bottom = min(self.top + self.height + margin, self.size[0])
        right = min(self.left + self.width + margin, self.size[1])
        return Window(top, left, bottom - top, right - left, self.size)

    def within(self, outer: Window) -> Window:
        """The part of this window inside `outer`, as a window of `outer` as a picture."""
        top, left = max(self.top - outer.top, 0), max(self.left - outer.left, 0)
        bottom = min(self.top + self.height - outer.top, outer.height)
        right = min(self.left + self.width - outer.left, outer.width)
        return Window(top, left, bottom - top, right - left, (outer.height, outer.width))

    def shrunk(self, margin: int) -> Window:
        """This window with `margin` pixels less on each side, except on sides of the picture."""
        bottom, right = self.top + self.height, self.left + self.width
        top = self.top + margin * (self.top > 0)
        left = self.left + margin * (self.left > 0)
        height = max(bottom - margin * (bottom < self.size[0]) - top, 0)
        width = max(right - margin * (right < self.size[1]) - left, 0)
        return Window(top, left, height, width, self.size)

    def inside(self, outer: Window) -> tuple[slice, slice]:
        """Rows and columns of this window in an array that holds `outer`."""
        top, left = self.top - outer.top, self.left - outer.left
        return slice(top, top + self.height), slice(left, left + self.width)
