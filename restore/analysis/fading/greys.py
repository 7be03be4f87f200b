"""Places that a person knows to have been neutral correct the estimate of a photo's fading.

The estimator's numbers, with its doubt, are the prior; each grey place is a noisy measurement of
how far neutral is from neutral at its density. Bayesian linear regression then moves each channel's
density and contrast against those of the others: brightness and contrast on the whole, of which a
grey says nothing, stay. One place moves mainly the level; places of different density tell the
gains as well. The constants were fitted on simulated fades of other photos than those of
`docs/research/fade.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from restore import color
from restore.analysis.fading.dyes import Fading
from restore.image.marks import Mark, covered

CONTRASTS = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
"""Two directions across grey, each of length 1: red less green, and both less blue."""
LEVEL, GAIN = 0.02, 0.025
"""Standard deviations, for each CIEDE2000 of doubt, of the estimate's error across grey: of the
density at `MIDDLE`, and of the gain."""
LEAST = 2.0
"""Doubt that is assumed at least: a person saw something amiss."""
NOISE = 0.025
"""Standard deviation of a true grey's restored density across grey, where it is white; in the dark
it grows as a density's share in CIE a* b* falls: with the cube root of the light."""
MIDDLE = 0.8
"""Density at which level and gain are independent."""
FULL = 0.985
"""Encoded value from which a channel may be clipped."""


def densities(picture: color.Array, marks: Sequence[Mark]) -> color.Array:
    """(n, 3) mean densities of the grey places of a picture (h, w, 3); clipped ones are left out.

    Each point of a mark is a place by itself.
    """
    means = []
    density = color.to_density(picture.clip(0, 1))
    for mark in marks:
        points = mark.points if mark.shape == "points" else [None]
        for point in points:
            one = mark if point is None else replace(mark, points=(point,))
            place = covered([one], *picture.shape[:2])
            if place.max(initial=0) == 0:
                continue  # a crop has cut it off
            if (picture[place == place.max()] >= FULL).any(1).mean() < 0.5:
                means.append(np.average(density, (0, 1), np.repeat(place[..., None], 3, -1)))
    return np.array(means, np.float32).reshape(-1, 3)


def corrected(fading: Fading, measured: color.Array) -> Fading:
    """The fading that densities (n, 3) of places that were neutral make likely."""
    restored = measured @ fading.matrix.T + fading.shift
    # across grey: CONTRASTS (restored + level + gain (restored - MIDDLE)) = noise, where level
    # and gain (3,) are CONTRASTS.T times the (2,) unknowns
    of_level = np.broadcast_to(CONTRASTS @ CONTRASTS.T, (len(measured), 2, 2))
    of_gain = np.einsum("ic,nc,jc->nij", CONTRASTS, restored - MIDDLE, CONTRASTS)
    design = np.concatenate([of_level, of_gain], -1).reshape(-1, 4)
    off = -(restored @ CONTRASTS.T).ravel()
    doubt = max(fading.doubt, LEAST)
    precision = np.diag(1 / (doubt * np.repeat([LEVEL, GAIN], 2)) ** 2)
    noise = NOISE * 10 ** (restored.mean(1).clip(0, 3) / 3)
    weighted = design.T / np.repeat(noise, 2) ** 2
    solved = np.linalg.solve(precision + weighted @ design, weighted @ off)
    level, gain = (CONTRASTS.T @ part for part in (solved[:2], solved[2:]))
    return fading.moved(level - gain * MIDDLE, gain)
