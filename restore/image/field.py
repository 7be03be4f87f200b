"""Small maps over a whole photo, sampled for a tile."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from restore.values import Value

if TYPE_CHECKING:
    from restore.image.window import Window

FEW = 2**15
"""Pixels between two rows of a map below which they are interpolated many rows at a time: each
call of numpy costs as much as some thousand pixels."""


@dataclass(frozen=True, eq=False)
class Field(Value):
    """A small map over the whole photo, part of an effect: (h, w) or (h, w, n) float32."""

    values: NDArray[np.float32]

    def at(self, window: Window) -> NDArray[np.float32]:
        """The map over a tile, (rows, columns) or (rows, columns, n), bilinear.

        Sample centres are at (i + 1/2) / h of the photo; beyond the outermost the map is constant.
        """
        planes = self.planes(window)
        return planes[0] if self.values.ndim == 2 else np.stack([*planes], -1)

    def planes(self, window: Window) -> NDArray[np.float32]:
        """As `at`, as n separate planes: (n, rows, columns)."""
        import cv2

        own = slice(window.top, window.top + window.height)
        rows, below, lower = (w[own] for w in _weights(window.size[0], len(self.values)))
        first = max(min(int(rows[0]), len(self.values) - 2), 0)  # of one row OpenCV rounds apart
        used = self.values[first : max(below[-1], first + 1) + 1]
        used = used.reshape(*used.shape[:2], -1).transpose(2, 0, 1)  # (n, rows, columns)
        count, height = used.shape[:2]
        wide = cv2.resize(
            np.ascontiguousarray(used).reshape(count * height, -1),
            (window.size[1], count * height),
            interpolation=cv2.INTER_LINEAR,
        )
        wide = wide.reshape(count, height, -1)[:, :, window.left :][:, :, : window.width]
        slope = np.zeros_like(wide)
        np.subtract(wide[:, 1:], wide[:, :-1], out=slope[:, :-1])
        out = np.empty((count, window.height, window.width), np.float32)
        cells, lower = (rows - first).astype(np.intp), lower[:, None]
        if window.size[0] * window.width < FEW * len(self.values):
            step = max(1, FEW // window.width)
            for start in range(0, window.height, step):
                lines = slice(start, start + step)
                for k in range(count):
                    part = out[k, lines]
                    np.take(slope[k], cells[lines], 0, out=part, mode="clip")
                    part *= lower[lines]
                    part += wide[k].take(cells[lines], 0)
            return out
        starts = np.flatnonzero(np.diff(cells, prepend=-1))
        for top, end in zip(starts, [*starts[1:], window.height], strict=True):
            cell = cells[top]
            np.multiply(lower[top:end], slope[:, None, cell], out=out[:, top:end])
            out[:, top:end] += wide[:, None, cell]
        return out


@functools.lru_cache(16)
def _weights(
    size: int, cells: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The cell before, the cell after and the latter's weight, for all pixels of a line."""
    place = ((np.arange(size) + 0.5) / size * cells - 0.5).clip(0, cells - 1)
    cell = place.astype(np.intp)
    return cell, np.minimum(cell + 1, cells - 1), (place - cell).astype(np.float32)
