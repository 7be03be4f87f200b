"""How far a photo's dyes have faded, from the photo alone: gains and shifts of its densities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restore import color

SIDE = 200
"""Long side in pixels on which the densities are looked at: any scan then looks alike."""
NARROWEST = 0.08
"""Range of densities below which a channel is taken as flat."""
LOW, MIDDLE, HIGH = range(3)


@dataclass(frozen=True, eq=False)
class Fading:
    """What turns the densities of a faded photo into those it had: D' = gain D + shift.

    Attributes
    ----------
    gain, shift
        (3,) for red, green, blue light, that is for the cyan, magenta and yellow dye.
    """

    gain: color.Array
    shift: color.Array


def estimate(picture: color.Array) -> Fading:
    """Estimate the fading of a (height, width, 3) picture of at most about `SIDE` pixels.

    Two stages, ten coefficients, alike for the three channels. First the gain, from the range of
    densities: about half of the missing range is stretched in common, and half of the
    differences between the channels. Then the level, on the stretched densities: a third of the
    tint of the highlights (the stain) and a little of that of the shadows goes. The coefficients
    were fitted on simulated fades of 220 photos.
    """
    import cv2

    density = color.to_density(cv2.GaussianBlur(picture, (0, 0), 0.8)).reshape(-1, 3)
    low, _, high = np.percentile(density, (0.5, 50, 99.5), axis=0)
    spread = np.log(np.maximum(high - low, NARROWEST))
    common = spread.mean()
    log_gain = 0.482 - 0.289 * low.mean() - 0.474 * common - 0.484 * (spread - common)
    gain = np.exp(log_gain.clip(-0.1, 1.5))

    stretched = density * gain.astype(np.float32)
    levels = np.percentile(stretched, (0.5, 50, 99.5), axis=0)
    mean = levels.mean(1)
    codes = (color.from_density(stretched).clip(0, 0.999) * 16).astype(np.int32)
    _, first = np.unique(codes @ np.array([256, 16, 1]), return_index=True)
    distinct = stretched[first].mean()
    middle = 0.110 - 0.096 * mean[LOW] + 1.079 * mean[MIDDLE] - 0.207 * distinct
    tint = (levels - mean[:, None]) * np.array([[-0.336], [1.051], [-0.069]])
    shift = middle + tint.sum(0) - levels[MIDDLE]
    return Fading(gain.astype(np.float32), shift.astype(np.float32))
