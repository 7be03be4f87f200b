"""What things usually look like corrects a doubtful estimate of a photo's fading.

Where a dye is nearly gone, the estimate leaves a cast: one error of the channels' levels and
contrasts that all of the photo shares. A network of colours predicts from the lightness which
colours each place may have. Each place says little, and the network is wrong in the same way all
over a photo; together they still tell a likely cast from an unlikely one. The estimate and its
doubt are the prior, as in `greys`; the corrected numbers are the likeliest given both. The photo's
colours stay its own: nothing is painted in. The constants were chosen on simulated fades of
training photos: docs/research/fade.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.fading.dyes import Fading
from restore.analysis.fading.greys import CONTRASTS, GAIN, LEVEL, MIDDLE
from restore.colorizers import _distribution
from restore.colorizers._grid import grid

DOUBTED = (4.0, 8.0)
"""Doubts, CIEDE2000, up to which the estimate is taken as right, and from which its whole doubt
counts."""
VIVIDNESS = 0.5
"""Of the network's distribution: with natural frequencies everything is drawn towards grey."""
COUNT = 3.0
"""As how many independent places all of a photo counts."""
REMAINDER = 0.7
"""Standard deviation of a place's a* and b* (at L* = 50), for each CIEDE2000 of doubt, from what
it would be without the cast."""
WIDTH = 5.0
"""Standard deviation in Lab units with which each of the 313 colours stands for those around it."""
ROUNDS = 2
"""Gauss-Newton steps: more change nothing."""
SMALL = 0.02
"""Change of density for derivatives."""
ACROSS = CONTRASTS - (CONTRASTS @ color.LUMA)[:, None]
"""(2, 3) changes of density from red to green, and from both to blue, at the same luminance."""


def doubted(fading: Fading) -> float:
    """The part of the doubt, CIEDE2000, that a network's expectation is weighed against."""
    return fading.doubt * float(np.interp(fading.doubt, DOUBTED, (0, 1)))


def restored(density: color.Array, fading: Fading, ends: tuple[float, float]) -> color.Array:
    """CIE L*a*b* (..., 3) of densities (..., 3) of the faded photo.

    `ends` are the black point in linear light, and the factor on the rest.
    """
    light = 10 ** -(density @ fading.matrix.T + fading.shift)
    return color.to_lab(color.encode(((light - ends[0]) * ends[1]).clip(0, 1)))


def corrected(
    fading: Fading, density: color.Array, ends: tuple[float, float], logits: color.Array
) -> Fading:
    """The fading that a network's expectation makes likely.

    Parameters
    ----------
    fading
        The estimate. Its doubt is the prior.
    density
        (n, 3) of places of the faded photo.
    ends
        See `restored`.
    logits
        (313, n) of the network for these places, rebalanced as in training (vividness 1).
    """
    doubt = doubted(fading)
    if not doubt:
        return fading
    logits = _distribution.natural(logits[..., None], VIVIDNESS)[..., 0]
    spread = _distribution.covariance(_distribution.probabilities(logits))[:, [0, 1, 1, 2]]
    prior = np.diag((doubt * np.repeat([LEVEL, GAIN], 2)) ** -2.0)
    share = COUNT / len(density)
    numbers, covariance = np.zeros(4), np.linalg.inv(prior)
    for _ in range(ROUNDS):
        moved = _moved(fading, numbers)
        lab, slopes = restored(density, moved, ends), _slopes(moved, density, ends)
        scale = (lab[:, :1, None] + 16) / 66
        own = ((REMAINDER * doubt * scale) ** 2 + WIDTH**2) * np.eye(2)
        sure = np.linalg.inv(spread.reshape(-1, 2, 2) + own)
        near = np.linalg.inv(own + slopes @ covariance @ slopes.transpose(0, 2, 1))
        pull = np.einsum("nij,nj->ni", near, _likely(logits, lab[:, 1:], near) - lab[:, 1:])
        gradient = share * np.einsum("nik,ni->k", slopes, pull) - prior @ numbers
        covariance = np.linalg.inv(
            share * np.einsum("nik,nij,njl->kl", slopes, sure, slopes) + prior
        )
        numbers = numbers + covariance @ gradient
    return _moved(fading, numbers)


def _moved(fading: Fading, numbers: NDArray[np.floating]) -> Fading:
    """The fading with its levels (first two of 4) and gains (last two) moved along `ACROSS`."""
    level, gain = numbers[:2] @ ACROSS, numbers[2:] @ ACROSS
    return fading.moved(level - gain * MIDDLE, gain)


def _slopes(fading: Fading, density: color.Array, ends: tuple[float, float]) -> color.Array:
    """(n, 2, 4) derivatives of a* b* by the levels and gains."""
    columns = []
    for unit in np.eye(4) * SMALL:
        more, less = (restored(density, _moved(fading, way * unit), ends) for way in (1, -1))
        columns.append((more - less)[:, 1:] / (2 * SMALL))
    return np.stack(columns, -1)


def _likely(logits: color.Array, at: color.Array, precision: color.Array) -> color.Array:
    """(n, 2) mean of the network's colours, each weighted by how near it is to `at` (n, 2)."""
    away = (grid()[:, None] - at).astype(np.float32)
    near = np.einsum("gni,nij,gnj->gn", away, precision.astype(np.float32), away)
    return _distribution.mean(_distribution.probabilities(logits - near / 2))
