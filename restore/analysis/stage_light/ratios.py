"""Unknown ratios of lamps: the grid of candidates, and sums of probabilities on it.

A mixture of m lamps has m - 1 coordinates: contrasts of the logarithms of the lamps' light.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from restore.color import Array


@cache
def nodes(lamps: int) -> Array:
    """(K, lamps - 1) candidate mixtures: 17 of two lamps, 49 of three."""
    if lamps == 1:
        return np.zeros((1, 0), np.float32)
    axis = np.linspace(-4, 4, 17) if lamps == 2 else np.linspace(-3, 3, 7)
    grid = np.meshgrid(*[axis] * (lamps - 1), indexing="ij")
    return np.stack(grid, -1).reshape(-1, lamps - 1).astype(np.float32)


@cache
def basis(lamps: int) -> Array:
    """(lamps, lamps - 1) from coordinates of a mixture to the logarithms of the lamps' light."""
    if lamps == 3:
        return np.array([[0.5, 12**-0.5], [-0.5, 12**-0.5], [0, -2 * 12**-0.5]], np.float32)
    return np.array([[0.5], [-0.5]], np.float32) if lamps == 2 else np.zeros((1, 0), np.float32)


def log_normal(nodes: Array, place: Array, spread: float) -> Array:
    """(n, K) log probability of the nodes, sum 1, under a normal one about each place."""
    off = ((nodes[None] - place[:, None]) ** 2).sum(-1) / spread**2
    return -0.5 * off - log_sum(-0.5 * off)[:, None]


def log_sum(logs: Array) -> Array:
    """Log of the sum of exponentials over the last axis."""
    top = logs.max(-1, keepdims=True)
    return (top + np.log(np.exp(logs - top).sum(-1, keepdims=True)))[..., 0]


def softmax(logs: NDArray[np.floating]) -> Array:
    """Exponentials over the last axis, sum 1."""
    p = np.exp(logs - logs.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return p
