"""What a person marked as damage: filled as a whole, whatever a detector says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.scratches.fill import SEEN, filled, filled_wide
from restore.analysis.scratches.patched import patched
from restore.analysis.scratches.wide import Wide
from restore.image.field import Field
from restore.image.photo import Proxy
from restore.image.window import Window
from restore.values import Value

HALF = 0.5
"""Cover from which a pixel is a mark's."""
BROAD = 32
"""Width in pixels of the proxy from which a mark is filled with pieces of the photo: ramps would be
long, and tiles of a large photo would have to see far. What lies at the photo's border counts as
twice as wide: it has no other side. Across narrower marks ramps are nearer to the truth."""
COARSE = 12
"""Width likewise from which a mark on a larger photo is filled on coarser cells."""
MARGIN = 2
"""Pixels of the proxy around a broad mark that nothing is taken from: torn paper has a pale rim."""


@dataclass(frozen=True, eq=False)
class ByHand(Value):
    """Marked damage, and what the tiles need to fill it.

    Attributes
    ----------
    narrow
        (h, w) how far marks cover each place, 0 … 1, but for broad ones.
    widest
        Width of the widest of them, in pixels of the proxy.
    broad
        What fills broad marks; its share is how far they cover each place.
    ratio
        Pixels of the photo for one of the proxy.
    """

    narrow: Field
    widest: float
    broad: Wide | None
    ratio: float

    @classmethod
    def planned(cls, proxy: Proxy, cover: color.Array, damaged: NDArray[np.bool_]) -> ByHand:
        """Of how far marks cover the proxy's pixels (h, w), and where others are damaged (h, w)."""
        import cv2

        view = proxy.view.pixels
        ratio = max(proxy.size) / max(cover.shape)
        mask = (cover >= HALF).astype(np.uint8)
        label = cv2.connectedComponents(mask)[1]
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
        width = np.zeros(int(label.max()) + 1, np.float32)
        np.maximum.at(width, label.ravel(), 2 * depth.ravel())
        if width.max() < BROAD:
            return cls(Field(cover), float(width.max()), None, ratio)
        square = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
        own = cv2.dilate((width >= BROAD)[label].astype(np.uint8), square) > 0
        new = view.copy()
        new[own] = patched(view, own, damaged)
        broad = Wide.of(proxy, new, own, np.where(own, cover, np.float32(0)))
        narrow = np.where(own, np.float32(0), cover)
        widest = float(width[width < BROAD].max())
        return cls(Field(narrow), widest, broad, ratio)

    @property
    def halo(self) -> int:
        """Pixels of the full photo around a tile that it looks at."""
        return reach(self.widest, self.ratio) + SEEN

    def fill(
        self, pixels: color.Array, window: Window, kept: NDArray[np.bool_], ratio: float
    ) -> color.Array:
        """The pixels of a tile (h, w, 3), filled; but for those that are `kept` (h, w)."""
        if self.broad:
            new, cover = self.broad.painted(window)
            pixels = np.where(((cover >= HALF) & ~kept)[..., None], new, pixels)
        gap = (self.narrow.at(window) >= HALF) & ~kept
        if not gap.any():
            return pixels
        far, cell, result = reach(self.widest, ratio), int(ratio), pixels.copy()
        if cell > 1 and self.widest > COARSE:
            result[gap] = filled_wide(pixels, gap, far, cell, (window.top, window.left))
        else:
            result[gap] = filled(pixels, gap, far)
        return result


def reach(wide: float, ratio: float) -> int:
    """How far to look for sound pixels from damage so wide in pixels of the proxy."""
    return int(np.ceil((wide + 6) * ratio))
