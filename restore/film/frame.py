"""A frame of a film as it was decoded, its photo, and a small still of it for analysis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from restore import color
from restore.film.coding import RGB, Coding, Planes
from restore.image.photo import PATCH, Photo, Proxy, Tile, Window


@dataclass(frozen=True)
class Orientation:
    """How stored pictures are turned to stand upright: transposed first, then mirrored."""

    transposed: bool = False
    rows: bool = False
    columns: bool = False

    def upright(self, stored: color.Array) -> color.Array:
        """A stored picture (rows, columns, …) as it is shown."""
        shown = stored.swapaxes(0, 1) if self.transposed else stored
        shown = shown[:: -1 if self.rows else 1, :: -1 if self.columns else 1]
        return np.ascontiguousarray(shown)

    def stored(self, upright: color.Array) -> color.Array:
        """The inverse of `upright`."""
        back = upright[:: -1 if self.rows else 1, :: -1 if self.columns else 1]
        return np.ascontiguousarray(back.swapaxes(0, 1) if self.transposed else back)

    def size(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Height and width as shown."""
        return stored[::-1] if self.transposed else stored

    def window(self, stored: Window) -> Window:
        """Where a window of the stored picture lies as shown."""
        top, left, height, width = stored.top, stored.left, stored.height, stored.width
        if self.transposed:
            top, left, height, width = left, top, width, height
        size = self.size(stored.size)
        if self.rows:
            top = size[0] - top - height
        if self.columns:
            left = size[1] - left - width
        return Window(top, left, height, width, size)


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a film.

    Attributes
    ----------
    index
        Its number in the film, from 0.
    pts
        When it is shown, in the film's time base.
    time
        When it is shown, in seconds.
    planes
        As decoded (views of the decoder's memory, read-only); luma alone if there is no colour.
    coding, orientation
        How the planes become upright RGB.
    duration
        How long it is shown, in the film's time base; 0 if the file does not say.
    """

    index: int
    pts: int
    time: Fraction
    planes: Planes
    coding: Coding
    orientation: Orientation = Orientation()
    duration: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, upright."""
        height, width = self.planes[0].shape
        return self.orientation.size((height, width))

    @property
    def photo(self) -> Photo:
        """The frame as a photo: upright, float, so that nothing is rounded or cut off twice.

        One channel if it has no colour. Made anew on each call.
        """
        samples = self.orientation.upright(self.coding.to_rgb(self.planes))
        return Photo(samples, self.coding.space)

    def coded(self, restored: Photo, coding: Coding, *, keep_luma: bool = False) -> Planes:
        """The planes of the restored frame, in the coding of the result.

        Parameters
        ----------
        restored
            The frame's photo, restored.
        keep_luma
            Take luma as it was decoded, to the bit: only colours were added.
        """
        planes = coding.from_rgb(self.orientation.stored(restored.samples))
        own = self.coding
        alike = RGB not in (own.matrix, coding.matrix) and own.depth == coding.depth
        if keep_luma and alike and own.full == coding.full:
            return (self.planes[0], *planes[1:])
        return planes

    def still(self, side: int) -> Still:
        """A small copy, at most `side` pixels on the long side."""
        import cv2

        height, width = self.planes[0].shape
        planes = self.planes[:1] if self.coding.neutral(self.planes) else self.planes
        shrink = min(1.0, side / max(height, width))
        small = max(1, round(width * shrink)), max(1, round(height * shrink))
        averaged = tuple(
            cv2.resize(plane.astype(np.float32), small, interpolation=cv2.INTER_AREA)
            for plane in planes
        )
        alike = replace(self.coding, across=1, down=1)
        rgb = self.orientation.upright(alike.to_rgb(averaged))
        across, down = self.coding.across, self.coding.down
        crops = []
        for window in _windows(height, width, across, down):
            top, left, tall, wide = window.top, window.left, window.height, window.width
            coarse = slice(top // down, -(-(top + tall) // down))
            rough = slice(left // across, -(-(left + wide) // across))
            luma, *chroma = planes
            cut = (luma[top : top + tall, left : left + wide], *(c[coarse, rough] for c in chroma))
            crops.append((window, tuple(plane.copy() for plane in cut)))
        return Still(
            self.index,
            self.pts,
            self.time,
            rgb,
            self.size,
            self.coding,
            self.orientation,
            tuple(crops),
        )


@dataclass(frozen=True, eq=False)
class Still:
    """A frame made small, for analysis: a megabyte or less.

    Attributes
    ----------
    index, pts, time
        As the frame's.
    rgb
        (rows, columns, 3) float32 encoded RGB, upright; 1 channel if the frame has no colour.
    size
        Height and width of the frame itself, upright.
    coding, orientation
        The frame's.
    crops
        Windows of the stored frame, unaveraged, with their planes.
    """

    index: int
    pts: int
    time: Fraction
    rgb: color.Array
    size: tuple[int, int]
    coding: Coding
    orientation: Orientation
    crops: tuple[tuple[Window, Planes], ...]

    @property
    def pixels(self) -> color.Array:
        """(rows, columns, 3) float32 working RGB, read-only; one plane, spread, if grey."""
        return self._working(self.rgb)

    @property
    def lightness(self) -> color.Array:
        """(rows, columns) float32 CIE L*, 0 … 100."""
        return color.lightness(self.pixels).clip(0, 100)

    @property
    def proxy(self) -> Proxy:
        """What a recipe plans on: as of a photo, but the view may be smaller."""
        view = self.pixels
        patches = []
        for window, planes in self.crops:
            pixels = self._working(self.orientation.upright(self.coding.to_rgb(planes)))
            patches.append(Tile(pixels, pixels, self.orientation.window(window)))
        tile = Tile(view, view, Window.whole(*view.shape[:2]))
        return Proxy(tile, tuple(patches), self.size, grey=self.rgb.shape[2] == 1)

    def _working(self, rgb: color.Array) -> color.Array:
        pixels = self.coding.space.to_working(rgb)
        if rgb.shape[2] == 1:
            return color.spread(np.ascontiguousarray(pixels[..., 0]))
        pixels.flags.writeable = False
        return pixels


def _windows(height: int, width: int, across: int, down: int) -> list[Window]:
    """4 x 4 windows spread evenly over a stored frame, none twice, on whole chroma samples.

    A photo's proxy has four times as many; of a film, dozens are held at a time.
    """

    def starts(size: int, step: int) -> list[int]:
        ends = np.linspace(0, max(size - PATCH, 0), 4)
        return sorted({int(start) // step * step for start in ends})

    tall, wide = min(PATCH, height), min(PATCH, width)
    return [
        Window(top, left, tall, wide, (height, width))
        for top in starts(height, down)
        for left in starts(width, across)
    ]
