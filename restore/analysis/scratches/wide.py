"""What fills the wide gaps of a photo: found on its proxy, laid into its tiles with grain."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis import noise
from restore.analysis.scratches.fill import outlined
from restore.analysis.scratches.patched import patched
from restore.image.field import Field
from restore.image.photo import Proxy, Tile
from restore.image.window import Window
from restore.values import Value

Mask = NDArray[np.bool_]

BLOCK = 8
"""Side in pixels of the blocks that grain is measured in and made of."""
GRAIN = 256
"""Side in pixels of the square of grain that is repeated."""
FINER = 1.25
"""Pixels of a tile for one of the proxy from which the proxy lacks its grain."""
BESIDE = 8
"""Pixels of the proxy around wide gaps within which other damage is filled with pieces as well, so
that the gaps' rims are."""


@dataclass(frozen=True, eq=False)
class Wide(Value):
    """What lies in gaps.

    Attributes
    ----------
    content
        (h, w, 4) R G B on the proxy, in the gaps and just around them, and the gaps' share of each
        place, 0 … 1.
    grain
        Noise of the photo's own pixels.
    ratio
        Pixels of the photo for one of the proxy.
    """

    content: Field
    grain: noise.Noise
    ratio: float

    @classmethod
    def of(cls, proxy: Proxy, filled: color.Array, near: Mask, share: color.Array) -> Wide:
        """Of the filled proxy (h, w, 3), where it counts, and the gaps' share (h, w)."""
        content = np.dstack([np.where(near[..., None], filled, np.float32(0)), share])
        grain = noise.measure([patch.pixels for patch in proxy.patches], BLOCK)
        return cls(Field(content), grain, max(proxy.size) / max(proxy.view.window.size))

    def painted(self, window: Window) -> tuple[color.Array, color.Array]:
        """What fills a tile's gaps (h, w, 3), with grain, and their share (h, w)."""
        content = self.content.at(window)
        filled, share = content[..., :3], content[..., 3]
        finer = max(window.size) / max(self.content.values.shape[:2])
        if finer > FINER and share.any():
            filled = filled + self._grain(window, filled) * np.float32(min(finer / self.ratio, 1))
        return filled, share

    def laid(self, t: Tile) -> tuple[color.Array, Mask]:
        """The pixels of a tile (h, w, 3) with its gaps filled, and where they are (h, w)."""
        filled, share = self.painted(t.window)
        if not share.any():
            return t.pixels, share > 0
        return t.pixels + share[..., None] * (filled - t.pixels), share > 0

    def _grain(self, window: Window, pixels: color.Array) -> color.Array:
        """(h, w, 3) noise as strong as it is in the photo where it is as bright."""
        rows, columns = (
            np.arange(start, start + length) % GRAIN
            for start, length in ((window.top, window.height), (window.left, window.width))
        )
        drawn = _drawn(self.grain, round(self.ratio))[rows[:, None], columns]
        bright = pixels.mean(2)
        for channel in range(3):
            level = np.interp(bright, self.grain.brightness, self.grain.level[:, channel])
            drawn[..., channel] *= level
        return drawn @ noise.OPPONENT


def wide(proxy: Proxy, bright: Mask, dark: Mask, damaged: Mask) -> Wide:
    """Fill wide gaps where they are brighter or darker than what belongs there.

    Parameters
    ----------
    bright, dark
        (h, w) where wide gaps may be brighter and darker than the photo. A person's mark is both.
    damaged
        (h, w) other damage, that nothing is taken from.
    """
    import cv2

    view = proxy.view.pixels
    filled = view.copy()
    marked = bright | dark
    square = np.ones((2 * BESIDE + 1, 2 * BESIDE + 1), np.uint8)
    whole = marked | (damaged & (cv2.dilate(marked.astype(np.uint8), square) > 0))
    filled[whole] = patched(view, whole, damaged)
    gap = outlined((view - filled).mean(2), bright, dark, 1)
    near = cv2.dilate(gap.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return Wide.of(proxy, filled, near, gap.astype(np.float32))


@functools.lru_cache(maxsize=2)
def _drawn(grain: noise.Noise, cell: int) -> color.Array:
    """(GRAIN, GRAIN, 3) luminance, red-blue, green-magenta of noise, relative to its level.

    Without what is larger than `cell` pixels, which the proxy shows.
    """
    import cv2

    rng, count = np.random.default_rng(0), GRAIN // BLOCK
    random = rng.standard_normal((count, count, 3, BLOCK * BLOCK), np.float32)
    blocks = (random * grain.spectrum) @ noise.cosines(BLOCK)
    blocks = blocks.reshape(count, count, 3, BLOCK, BLOCK).transpose(0, 3, 1, 4, 2)
    drawn = np.ascontiguousarray(blocks.reshape(GRAIN, GRAIN, 3))
    room = [(cell, cell), (cell, cell), (0, 0)]
    around = np.pad(drawn, room, mode="wrap")
    return drawn - cv2.blur(around, (cell, cell))[cell:-cell, cell:-cell]
