"""Fit the regression that decides which of the network's marks are damage.

On photos that the network was not trained on, at the sizes at which damage is searched for: as they
are, scratched, and creased.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from restore import color
from restore.analysis.scratches import damage
from restore.models import engines
from restore.simulate import crease, scratch

SIZES = (1024, 512)
"""Long sides in pixels."""
MOST, ENLARGED = 60, 1.3
"""Photos at most, and how far they may be enlarged."""
DECAY = 2e-3
"""Penalty on the squares of the coefficients."""

Rows = tuple[color.Array, color.Array, color.Array]
"""Features (n, f), shares of damaged pixels (n,), weights (n,)."""


def cases(photo: color.Array, seed: int) -> Iterator[tuple[color.Array, NDArray[np.bool_]]]:
    """Brightness (h, w) and where it is damaged, from the brightness of a good photo."""
    longest = max(photo.shape)
    for size in [size for size in SIZES if size <= ENLARGED * longest] or [longest]:
        scale = size / longest
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        clean = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=how).clip(0, 1)
        yield clean, np.zeros(clean.shape, bool)
        pixels = np.repeat(clean[..., None], 3, 2)
        for made in (scratch(pixels, seed=seed, even=0.5), crease(pixels, seed=seed)):
            scan = (made.scan[..., 0] * 255 + np.float32(0.5)).clip(0, 255).astype(np.uint8)
            yield (scan / np.float32(255)).astype(np.float32), made.damaged


def rows(photos: Sequence[color.Array], network: engines.Network) -> Rows:
    """The marks of the cases of all photos."""
    parts = []
    for seed, photo in enumerate(photos[:: max(1, len(photos) // MOST)]):
        for grey, damaged in cases(photo, seed):
            given = damage.marks(grey, damage.kinds(grey, network))
            near = cv2.dilate(damaged.astype(np.uint8), np.ones((3, 3), np.uint8))
            hit = np.bincount(given.label.ravel(), near.ravel(), len(given.area) + 1)[1:]
            large = given.area >= damage.SMALLEST
            share = hit / given.area
            parts.append((given.features[large], share[large], np.sqrt(given.area[large])))
    features, shares, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return features, shares, weights


def fitted(given: Rows) -> dict[str, color.Array]:
    """The regression's arrays: logistic, linear and square in the standardised features."""
    features, shares, weights = given
    mean, deviation = features.mean(0), features.std(0) + np.float32(1e-4)
    near = ((features - mean) / deviation).clip(-damage.FURTHEST, damage.FURTHEST)
    table = np.column_stack([near, near**2 * 0.3, np.ones(len(near))]).astype(np.float64)
    sign = np.where(shares > 0.5, 1.0, -1.0)
    penalty = np.append(np.full(table.shape[1] - 1, DECAY), 0)

    def cost(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (table @ values)
        slope = -sign * weights / (1 + np.exp(np.minimum(margin, 500)))
        value = (weights * np.logaddexp(0, -margin)).sum() / weights.sum()
        return value + (
            penalty * values**2
        ).sum(), table.T @ slope / weights.sum() + 2 * penalty * values

    best = minimize(cost, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B").x
    count = features.shape[1]
    arrays = {
        "mean": mean,
        "deviation": deviation,
        "linear": best[:count],
        "square": 0.3 * best[count:-1],
        "bias": best[-1:],
    }
    return {name: np.asarray(values, np.float32) for name, values in arrays.items()}


def written(arrays: dict[str, color.Array]) -> dict[str, str]:
    """The regression's arrays as `damage.coefficients` reads them."""
    return {
        name: " ".join(f"{value:.4g}" for value in arrays[name]) for name in damage.COEFFICIENTS
    }
