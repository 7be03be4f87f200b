"""Derived from logits over the 313 colours: annealed mean, entropy, covariance.

`logits` is (313, h, w) float32 throughout; the distribution at temperature T is
softmax(logits / T) along the first axis, and T = 0 is the likeliest colour alone.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from restore.color import Array
from restore.colorizers._grid import grid


@functools.cache
def rebalancing() -> Array:
    """(313,) weights that made rare colours count more in training, mean 1 over natural photos.

    w = 1 / ((1 - λ) p + λ / 313) with λ = 1/2, p how often a bin occurs (Zhang 2016, section 2.2);
    p from the compact network's training photos.
    """
    return np.loadtxt(Path(__file__).parents[1] / "data" / "rebalancing.txt", np.float32)


def natural(logits: Array, vividness: float) -> Array:
    """Logits of a class-rebalanced network moved back towards natural frequencies.

    Vividness 1 leaves them, 0 removes the rebalancing: logits - (1 - vividness) log w.
    """
    shift = np.float32(vividness - 1) * np.log(rebalancing())
    return logits + shift[:, None, None]


def probabilities(logits: Array, temperature: float = 1) -> Array:
    """(313, h, w) probabilities at a temperature >= 0, summing to 1 in each cell."""
    best = logits.max(0)
    if temperature == 0:
        mode = (logits == best).astype(np.float32)
        return mode / mode.sum(0)
    p = logits - best
    p *= np.float32(1 / max(temperature, 1e-6))
    np.exp(p, out=p)
    p /= p.sum(0)
    return p


def mean(p: Array) -> Array:
    """(h, w, 2) expected a* b* of probabilities (313, h, w): at T the annealed mean."""
    return _expected(p, grid())


def covariance(p: Array, vividness: float = 0) -> Array:
    """(h, w, 3) variance of a*, covariance of a* and b*, variance of b*, in squared Lab units.

    Of the natural frequencies, where `p` are probabilities at temperature 1 of this vividness.
    """
    return moments(p, vividness)[1]


def moments(p: Array, vividness: float = 0) -> tuple[Array, Array]:
    """`mean` and `covariance` at once."""
    a, b = grid().T
    values = np.stack([np.ones_like(a), a, b, a * a, a * b, b * b], 1)
    if vividness:
        expected = _expected(p, values * (rebalancing() ** np.float32(-vividness))[:, None])
        expected = expected[..., 1:] / expected[..., :1]
    else:
        expected = _expected(p, values[:, 1:])
    at, squares = expected[..., :2], expected[..., 2:]
    squares[..., 0] -= at[..., 0] ** 2
    squares[..., 1] -= at[..., 0] * at[..., 1]
    squares[..., 2] -= at[..., 1] ** 2
    np.maximum(squares[..., ::2], 0, out=squares[..., ::2])
    return at, squares


def _expected(p: Array, values: Array) -> Array:
    """(h, w, k) means of values (313, k) of the bins, for probabilities (313, h, w)."""
    means = values.T @ p.reshape(len(p), -1)
    return np.ascontiguousarray(means.T).reshape(*p.shape[1:], -1)


def entropy(p: Array) -> Array:
    """(h, w) uncertainty in bits: 0 (one colour) … 8.29 (all 313 alike)."""
    bits = p + np.float32(1e-30)  # 0 log 0 is 0
    np.log2(bits, out=bits)
    return -np.einsum("i...,i...", p, bits)


def likeliest(p: Array, count: int = 5) -> list[tuple[tuple[float, float], float]]:
    """The likeliest colours of one cell's probabilities (313,): ((a*, b*), probability)."""
    order = np.argsort(-p)[:count]
    return [((float(grid()[i, 0]), float(grid()[i, 1])), float(p[i])) for i in order]
