"""Render a whole photo tile by tile on a few threads; float arrays of the photo never exist."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress

import numpy as np

from restore.photo import Photo, Window
from restore.space import Samples, Space
from restore.step import Render

TILE = 2**18
"""Pixels a tile aims at: it must stay in the processor's cache."""
SQUARE = 512
"""Least side of a square tile."""
LONGEST = 2**15
"""Columns a tile may have: its rows are at least 16."""


def cores() -> int:
    """Processors this process may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def windows(height: int, width: int, halo: int, rows: int | None = None) -> list[Window]:
    """Windows that cover the photo: bands, or squares where a halo would double them."""
    tall, wide = rows or max(16, TILE // width), LONGEST
    if not rows and tall < 4 * halo:
        tall = wide = max(SQUARE, 4 * halo)
    return [
        Window(top, left, min(tall, height - top), min(wide, width - left), (height, width))
        for top in range(0, height, tall)
        for left in range(0, width, wide)
    ]


def render_photo(
    photo: Photo,
    render: Render,
    space: Space,
    *,
    channels: int = 3,
    rows: int | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Samples:
    """The restored samples (height, width, channels) in the photo's dtype.

    Parameters
    ----------
    space
        How working RGB becomes the result's samples.
    channels
        3, or 1 where the result is grey.
    rows, threads
        Height of a tile and number of threads; the result does not depend on them.
    progress
        Called with the share done, 0 … 1, from the calling thread.
    """
    import cv2

    result = np.empty((*photo.size, channels), photo.samples.dtype)
    whole = Window.whole(*photo.size)

    def one(window: Window) -> None:
        padded = window.grown(render.halo)
        tile, inside = photo.tile(padded), window.inside(padded)
        pixels = render.tile(tile)[inside]
        place = window.inside(whole)
        kept = (photo.samples[place], tile.original[inside]) if space == photo.space else None
        samples = space.from_working(pixels, result.dtype, window.top, window.left, kept)
        result[place] = samples[..., :channels]

    parts = windows(*photo.size, render.halo, rows)
    workers = min(threads or cores(), len(parts))
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the tiles are the parallel work; more threads only fight for the cache
    pool = ThreadPoolExecutor(workers)
    try:
        running = [pool.submit(one, window) for window in parts]
        for count, future in enumerate(as_completed(running), 1):
            future.result()
            if progress:
                progress(count / len(parts))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        cv2.setNumThreads(before)
    return result
