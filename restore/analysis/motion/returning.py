"""What left the picture and comes back: recognised by its looks, it keeps its colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore.analysis.motion.flow import Codes, pulled
from restore.color import Array

MOST = 4000
"""Cells that are remembered; the oldest are forgotten."""
POINTS, APART = 7, 3.0
"""Points each way of the pattern around a cell, and pixels of the planes between them."""
PLAIN = 8.0
"""Standard deviation in codes of a pattern that has no features."""
ALIKE = 0.9
"""Correlation of two patterns from which they are of one thing."""
BRIGHTER = 20.0
"""Difference of their means in codes up to which they are."""
FEWEST = 6
"""Cells that must be recognised at once: a thing is larger than that."""
LOST, NEW = 0.3, 0.5
"""Shares of a cell seen in the next keyframe, and in the last, up to which it left, or is new."""
TRUST = 10.0
"""Weight of what is remembered, in guesses."""


class Memory:
    """Cells that are out of sight: their patterns and logits."""

    def __init__(self) -> None:
        self._patterns = np.zeros((0, POINTS**2), np.float32)
        self._means = np.zeros(0, np.float32)
        self._logits: NDArray[np.float16] | None = None

    def keep(self, light: Codes, logits: NDArray[np.float16], seen: Array) -> None:
        """Remember the cells of a keyframe that the next one does not show.

        Parameters
        ----------
        logits
            (cells, n): what is known of them.
        seen
            (h, w) whether the next keyframe shows a cell, 0 … 1.
        """
        left = np.flatnonzero(seen.ravel() < LOST)
        patterns, means, featured = _patterns(light, seen.shape, left)
        left = left[featured]
        if not len(left):
            return
        own = logits[left]
        held = own if self._logits is None else np.concatenate([self._logits, own])
        self._logits = held[-MOST:]
        self._patterns = np.concatenate([self._patterns, patterns])[-MOST:]
        self._means = np.concatenate([self._means, means])[-MOST:]

    def recall(self, light: Codes, mean: Array, weight: Array, seen: Array) -> tuple[Array, Array]:
        """A keyframe's logits and weights, with what is known of cells that have returned.

        Parameters
        ----------
        mean, weight
            (cells, n) and (cells,).
        seen
            (h, w) whether the last keyframe showed a cell, 0 … 1.
        """
        new = np.flatnonzero(seen.ravel() < NEW)
        if self._logits is None or not len(new):
            return mean, weight
        patterns, means, featured = _patterns(light, seen.shape, new)
        new = new[featured]
        if not len(new):
            return mean, weight
        alike = patterns @ self._patterns.T
        alike[np.abs(means[:, None] - self._means) > BRIGHTER] = 0
        best = alike.argmax(1)
        sure = alike[np.arange(len(new)), best]
        known = sure > ALIKE
        if known.sum() < FEWEST:
            return mean, weight
        new, best = new[known], best[known]
        mean, weight, own = mean.copy(), weight.copy(), weight[new, None]
        known_before = np.float32(TRUST) * self._logits[best]
        mean[new] = (own * mean[new] + known_before) / (own + np.float32(TRUST))
        weight[new] += np.float32(TRUST)
        return mean, weight


def _patterns(
    light: Codes, shape: tuple[int, ...], cells: np.ndarray
) -> tuple[Array, Array, np.ndarray]:
    """Patterns (m, d) of unit length around cells, their mean codes (m,), and which have features.

    Parameters
    ----------
    shape
        Rows and columns of cells that cover the plane.
    cells
        (k,) numbers of cells.
    """
    import cv2

    rows, columns = shape[:2]
    height, width = light.shape
    blurred = cv2.GaussianBlur(light, (0, 0), APART / 2)
    offsets = (np.arange(POINTS, dtype=np.float32) - (POINTS - 1) / 2) * np.float32(APART)
    x = (cells % columns + np.float32(0.5)) * np.float32(width / columns) - np.float32(0.5)
    y = (cells // columns + np.float32(0.5)) * np.float32(height / rows) - np.float32(0.5)
    places = np.empty((len(cells), POINTS, POINTS, 2), np.float32)
    places[..., 0] = x[:, None, None] + offsets
    places[..., 1] = y[:, None, None] + offsets[:, None]
    if not len(cells):
        return np.zeros((0, POINTS**2), np.float32), np.zeros(0, np.float32), np.zeros(0, bool)
    codes = pulled(blurred, places.reshape(len(cells), -1, 2)).astype(np.float32)
    means = codes.mean(1)
    codes -= means[:, None]
    length = np.sqrt((codes**2).sum(1))
    featured = length > PLAIN * POINTS
    patterns = codes[featured] / length[featured, None]
    return patterns, means[featured], featured
