"""Render a photo tile by tile on a few threads, never holding it whole as float."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from restore import color
from restore.color.space import Samples, Space
from restore.context import Context, default
from restore.image.photo import Photo, Tile, Window

TILE = 2**18
"""Target pixels of a tile, which should fit the processor's cache."""
SQUARE = 512
"""Least side of a square tile."""
LONGEST = 2**15
"""Most columns of a tile: it has at least 16 rows."""


class Renders(Protocol):
    """What restores tiles: the effect of a step, or a plan."""

    @property
    def halo(self) -> int:
        """Pixels around a tile that its result depends on."""

    def tile(self, t: Tile) -> color.Array:
        """The restored pixels of a tile, same shape."""


def windows(
    height: int, width: int, halo: int, rows: int | None = None, part: Window | None = None
) -> list[Window]:
    """Windows that cover a photo or a part of it: bands, or squares where a halo doubles them."""
    part = part or Window.whole(height, width)
    tall, wide = rows or max(16, TILE // part.width), LONGEST
    if not rows and tall < 4 * halo:
        tall = wide = max(SQUARE, 4 * halo)
    bottom, right = part.top + part.height, part.left + part.width
    return [
        Window(top, left, min(tall, bottom - top), min(wide, right - left), (height, width))
        for top in range(part.top, bottom, tall)
        for left in range(part.left, right, wide)
    ]


def render_photo(
    photo: Photo,
    effect: Renders,
    space: Space,
    *,
    channels: int = 3,
    rows: int | None = None,
    window: Window | None = None,
    context: Context | None = None,
) -> Samples:
    """The restored samples (height, width, channels) in the photo's dtype.

    Parameters
    ----------
    space
        How working RGB becomes the result's samples.
    channels
        3, or 1 where the result is grey.
    rows
        Height of a tile; the result does not depend on it.
    window
        The part of the photo that is wanted; the whole if None.

    Raises
    ------
    Cancelled
        If the context is cancelled, at most a tile later.
    """
    context = context or default()
    whole = window or Window.whole(*photo.size)
    result = np.empty((whole.height, whole.width, channels), photo.samples.dtype)
    held = Window.whole(*photo.size)

    def one(window: Window) -> None:
        context.check()
        padded = window.grown(effect.halo)
        tile, inside = photo.tile(padded), window.inside(padded)
        pixels = effect.tile(tile)[inside]
        kept = None
        if space == photo.space:
            kept = photo.samples[window.inside(held)], tile.original[inside]
        samples = space.from_working(pixels, result.dtype, window.top, window.left, kept)
        result[window.inside(whole)] = samples[..., :channels]

    parts = windows(*photo.size, effect.halo, rows, whole)
    pool = ThreadPoolExecutor(min(context.workers, len(parts)))
    with _single_threaded_opencv(context.alone):
        try:
            running = [pool.submit(one, part) for part in parts]
            for count, future in enumerate(as_completed(running), 1):
                future.result()
                context.advance(count / len(parts))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return result


@contextmanager
def _single_threaded_opencv(alone: bool) -> Iterator[None]:
    """The tiles are the parallel work: more threads would compete for the cache.

    OpenCV's thread count is process-wide, so it is changed only if the process does nothing
    else.
    """
    if not alone:
        yield
        return
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
