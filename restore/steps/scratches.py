"""Thin scratches and dust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.photo import Field, Proxy, Tile
from restore.step import Amount, Param, Render
from restore.steps import _defects
from restore.steps._fill import bridged

LINE, SPECK = 11, 0.75
"""How far scratches and specks stand out from their surroundings at medium sensitivity."""


def scratches(
    proxy: Proxy,
    *,
    width: Annotated[float, Param("the widest scratch, of the short side", 0.05, 1, "%")] = 0.5,
    sensitivity: Annotated[
        float, Param("higher finds fainter scratches, and takes more lines for some", 0, 100, "%")
    ] = 50,
    amount: Amount = 1,
) -> Render:
    """Find thin straight scratches and dust, bright or dark, and fill them from beside.

    Defects are looked for on the proxy, averaged along lines, and outlined in the full photo.
    Known failures: straight thin lines that belong to the photo and lie alone (wires, masts,
    single whiskers) are taken for scratches, stars and freckles on smooth ground for dust, lower
    `sensitivity`; curved scratches and those on hair or foliage stay; defects much thinner than a
    pixel of the proxy (1024 on the long side) fade there and are missed unless they are strong.
    """
    import cv2

    if amount == 0:
        return Render(lambda t: t.pixels)
    view = proxy.view
    wide = max(_defects.WIDTH, width / 100 * view.window.short_side)
    factor = 2 ** (1 - sensitivity / 50)
    grey = view.pixels.mean(2)
    lines = _at_all_sizes(_defects.scratches, grey, wide, LINE * factor)
    dots = _at_all_sizes(_defects.specks, grey, wide, SPECK * factor)
    margin = 3 if proxy.size == view.window.size else 5  # pixels of the view are blurred
    around = cv2.dilate(dots, np.ones((margin, margin), np.uint8))
    zone = Field(np.dstack([around, lines.any(2)]).astype(np.float32))

    def lengths(ratio: float) -> tuple[int, int]:
        """How far to look for sound pixels, and half the side of where a defect must stick out."""
        return int(np.ceil((wide + 6) * ratio)), int(np.ceil(ratio))

    def tile(t: Tile) -> color.Array:
        bright, dark, gap = np.moveaxis(zone.at(t.window) > (0.2, 0.2, 0.4), -1, 0)
        doubtful = bright | dark
        if not doubtful.any() and not gap.any():
            return t.pixels
        reach, near = lengths(t.window.short_side / view.window.short_side)
        grey = t.pixels.mean(2, keepdims=True)
        off = (grey[doubtful] - bridged(grey, doubtful, reach, (near + 1) // 2))[:, 0]
        sides = bright[doubtful], dark[doubtful]
        off = np.where(sides[0] & sides[1], np.abs(off), np.where(sides[0], off, -off))
        gap = gap | _outlined(doubtful, off, near)
        result = t.pixels.copy()
        result[gap] += np.float32(amount) * (bridged(t.pixels, gap, reach) - t.pixels[gap])
        return result

    reach, near = lengths(max(proxy.size) / max(view.window.size))
    kinds = (("scratches", lines), ("dust", dots))
    notes = {f"{name} (% of the photo)": 100 * float(both.any(2).mean()) for name, both in kinds}
    return Render(tile, 2 * (reach + near), notes)


def _at_all_sizes(
    find: Callable[[color.Array, float], tuple[_defects.Mask, _defects.Mask]],
    grey: color.Array,
    wide: float,
    threshold: float,
) -> _defects.Mask:
    """(h, w, 2) masks of bright and dark defects up to `wide` pixels."""
    import cv2

    height, width = grey.shape
    found = np.stack(find(grey, threshold), -1)
    while wide > 1.25 * _defects.WIDTH and min(grey.shape) > 2:
        wide /= 2
        grey = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        half = np.stack(find(grey, threshold), -1)
        found |= cv2.resize(half, (width, height), interpolation=cv2.INTER_NEAREST)
    return found


def _outlined(doubtful: NDArray[np.bool_], off: color.Array, near: int) -> NDArray[np.bool_]:
    """The pixels of doubtful places that really stick out by `off` (n,), and those beside them."""
    import cv2

    square = np.ones((2 * near + 1, 2 * near + 1), np.uint8)
    height = np.zeros(doubtful.shape, np.float32)
    height[doubtful] = off
    top = cv2.dilate(height, square)
    sticks = ((height > 0.25 * top) & (height > 0.01)).astype(np.uint8)
    rim = (height > 0.04 * top) & (height > 0.004)
    return (sticks | (cv2.dilate(sticks, square) & rim)) > 0
