"""The few colours that a distribution over 313 bins comes down to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore.color import Array

APART = 16.0
"""Lab units by which two colours must differ to count as two."""
FEW = 0.03
"""Probability below which a colour is not worth a mention."""


@dataclass(frozen=True, eq=False)
class Mode:
    """One of the colours that a place may have.

    Attributes
    ----------
    ab
        (2,) a* b*: the mean of its bins.
    probability
        Of all its bins, 0 … 1.
    bins
        (313,) which bins are its own.
    """

    ab: Array
    probability: float
    bins: NDArray[np.bool_]


def modes(p: Array, grid: Array, count: int = 4) -> list[Mode]:
    """At most `count` colours of a distribution (313,) over bins (313, 2), the likeliest first.

    A weighted k-means over the bins; colours that are nearly alike are joined, and those that are
    next to impossible go to the nearest of the others. Together they have all of the probability.
    """
    members = kmeans(grid.astype(np.float64), p.astype(np.float64), count)
    while True:
        names = np.unique(members)
        share = np.array([p[members == n].sum() for n in names])
        centres = np.stack(
            [
                p[members == n] @ grid[members == n] / max(s, 1e-12)
                for n, s in zip(names, share, strict=True)
            ]
        )
        if len(names) == 1:
            break
        away = np.hypot(*(centres[:, None] - centres).transpose(2, 0, 1))
        np.fill_diagonal(away, np.inf)
        least = int(share.argmin())
        one, other = np.unravel_index(away.argmin(), away.shape)
        if share[least] < FEW:
            one, other = least, away[least].argmin()
        elif away[one, other] >= APART:
            break
        members[members == names[one]] = names[other]
    order = np.argsort(-share, kind="stable")
    return [Mode(centres[k], float(share[k]), members == names[k]) for k in order]


def kmeans(
    points: NDArray[np.floating], weights: NDArray[np.floating], count: int
) -> NDArray[np.intp]:
    """Which of at most `count` clusters each of (n, d) points with (n,) weights belongs to.

    Deterministic: the first centre is the heaviest point, each next one the point of the largest
    weight times squared distance to the centres so far; then Lloyd's iterations.
    """
    centres = points[weights.argmax()][None]
    off = ((points - centres[0]) ** 2).sum(1)
    for _ in range(count - 1):
        if not (weights * off).max() > 0:
            break
        centres = np.concatenate([centres, points[(weights * off).argmax()][None]])
        off = np.minimum(off, ((points - centres[-1]) ** 2).sum(1))
    members = np.zeros(len(points), np.intp)
    for _ in range(40):
        away = (points**2).sum(1)[:, None] - 2 * points @ centres.T + (centres**2).sum(1)
        nearest = away.argmin(1)
        if (nearest == members).all():
            break
        members = nearest
        for k in range(len(centres)):
            own = weights * (members == k)
            if own.sum() > 0:
                centres[k] = own @ points / own.sum()
    return members
