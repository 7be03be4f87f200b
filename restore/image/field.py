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
        out = np.empty((count, window.height, window.width), np.float32)
        starts = np.flatnonzero(np.diff(rows, prepend=rows[0] - 1))
        for start, stop in zip(starts, [*starts[1:], window.height], strict=True):
            above = wide[:, None, rows[start] - first]
            slope = wide[:, None, below[start] - first] - above
            np.multiply(lower[start:stop, None], slope, out=out[:, start:stop])
            out[:, start:stop] += above
        return out


@functools.lru_cache(16)
def _weights(
    size: int, cells: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The cell before, the cell after and the latter's weight, for all pixels of a line."""
    place = ((np.arange(size) + 0.5) / size * cells - 0.5).clip(0, cells - 1)
    cell = place.astype(np.intp)
    return cell, np.minimum(cell + 1, cells - 1), (place - cell).astype(np.float32)
