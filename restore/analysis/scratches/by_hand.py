"""What a person marked as damage: filled as a whole, whatever a detector says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.scratches.fill import SEEN, filled, filled_wide
from restore.image.field import Field
from restore.image.window import Window
from restore.values import Value

HALF = 0.5
"""Cover from which a pixel is a mark's."""
BROAD = 32
"""Width in pixels of the proxy from which a mark on a larger photo is filled on the proxy: tiles
would have to see too far."""
COARSE = 12
"""Width likewise from which a mark on a larger photo is filled on coarser cells."""
MARGIN = 2
"""Pixels of the proxy around a broad mark that are held with it, to interpolate from."""


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
        (h, w, 4) working RGB that fills broad marks, and how far they cover each place, 0 … 1.
    ratio
        Pixels of the photo for one of the proxy.
    """

    narrow: Field
    widest: float
    broad: Field | None
    ratio: float

    @classmethod
    def planned(cls, view: color.Array, cover: color.Array, ratio: float) -> ByHand:
        """Of the proxy's pixels (h, w, 3), and how far marks cover them (h, w)."""
        import cv2

        mask = (cover >= HALF).astype(np.uint8)
        label = cv2.connectedComponents(mask)[1]
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
        width = np.zeros(int(label.max()) + 1, np.float32)
        np.maximum.at(width, label.ravel(), 2 * depth.ravel())
        if ratio == 1 or width.max() < BROAD:
            return cls(Field(cover), float(width.max()), None, ratio)
        square = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
        own = cv2.dilate((width >= BROAD)[label].astype(np.uint8), square) > 0
        edge = own & (mask == 0) & (cover > 0)  # partly damaged pixels of the view
        gap = (own & (mask > 0)) | edge
        new = np.where(own[..., None], view, np.float32(0))
        new[gap] = filled(view, gap, reach(float(width.max()), 1))
        broad = Field(np.dstack([new, np.where(own, cover, np.float32(0))]))
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
            new = self.broad.at(window)
            gap = (new[..., 3] >= HALF) & ~kept
            pixels = np.where(gap[..., None], new[..., :3], pixels)
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
