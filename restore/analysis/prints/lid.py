"""The lid of a flatbed, or the page of an album: what a scan shows between its prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color

RING = 3
"""Width in pixels of the scan's edge, where the lid is looked for."""
SHARE = 0.06
"""Least share of the edge and of the scan that the lid must have."""
CANDIDATES = 3
NEAR = 3.0
"""Least distance from the lid that counts as another colour, in L*a*b*."""
FAR = 11.0
"""The same at most: a lid that varies more is not recognised."""


@dataclass(frozen=True)
class Lid:
    """The scan as seen against its lid.

    Attributes
    ----------
    lab
        (rows, columns, 3) CIE L*a*b*, slightly smoothed.
    away
        (rows, columns) distance from the lid's colour there.
    limit
        The distance from which a pixel is not lid.
    """

    lab: color.Array
    away: color.Array
    limit: float

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(rows, columns) what is not lid."""
        return self.away > self.limit


def candidates(lab: color.Array) -> Iterator[color.Array]:
    """The commonest colours of the scan's edge, which may be the lid's."""
    from scipy.ndimage import uniform_filter

    edge = np.concatenate(
        [part.reshape(-1, 3) for part in (lab[:RING], lab[-RING:], lab[:, :RING], lab[:, -RING:])]
    )
    cell = 4.0
    bins = np.floor((edge + np.array([0, 128, 128], np.float32)) / cell).astype(int).clip(0, 63)
    counts = np.zeros((64, 64, 64), np.float32)
    np.add.at(counts, tuple(bins.T), 1)
    counts = uniform_filter(counts, 3, mode="constant") * 27
    for _ in range(CANDIDATES):
        peak = np.unravel_index(int(counts.argmax()), counts.shape)
        if counts[peak] < SHARE * len(edge):
            return
        near = (np.abs(bins - peak) <= 1).all(1)
        yield np.median(edge[near], 0).astype(np.float32)
        counts[tuple(slice(max(at - 3, 0), at + 4) for at in peak)] = 0


def against(lab: color.Array, colour: color.Array) -> Lid | None:
    """The scan against a lid of about that colour, which may shade off; None if there is none."""
    import cv2

    height, width = lab.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    for sigma in (0.8, 2.0):  # a texture needs more
        smooth = cv2.GaussianBlur(lab, (0, 0), sigma)
        away = np.linalg.norm(smooth - colour, axis=-1)
        reach = 10.0
        for _ in range(4):
            lies = away < reach
            if lies.mean() < SHARE / 2:
                return None
            some, seen = terms[lies][::7], smooth[lies][::7]
            # the higher terms only where the lid shows them
            damped = some.T @ some + np.diag([0, 1, 1, 4, 4, 4]) * (1e-3 * len(some))
            weights = np.linalg.solve(damped, some.T @ (seen - colour))
            away = np.linalg.norm(smooth - colour - terms @ weights.astype(np.float32), axis=-1)
            spread = float(np.median(away[away < reach]))
            reach = min(max(5 * spread, 3.0), 10.0)
        limit = max(4.5 * spread, NEAR)
        if limit <= FAR:
            return Lid(cv2.GaussianBlur(lab, (0, 0), 0.8), away, limit)
    return None
