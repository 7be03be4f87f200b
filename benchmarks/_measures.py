"""Measures between a restored photo and the truth, and statistics over photos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restore import color

LEVELS = 1024
"""Tones that a monotone fit tells apart."""


def colours(result: color.Array, truth: color.Array) -> dict[str, float]:
    """CIEDE2000 (mean, 90th percentile of the pixels), ab-RMSE a channel, SSIM of L*.

    Parameters
    ----------
    found, truth
        (h, w, 3) CIE L*a*b*.
    """
    from skimage.color import deltaE_ciede2000

    apart = deltaE_ciede2000(truth, result)
    return {
        "dE": float(apart.mean()),
        "p90": float(np.percentile(apart, 90)),
        "ab": float(np.sqrt(((result - truth)[..., 1:] ** 2).mean())),
        "ssim": ssim(result[..., 0], truth[..., 0]),
    }


def lightness(result: color.Array, truth: color.Array) -> dict[str, float]:
    """PSNR in dB (peak 100) and SSIM of two (h, w) CIE L* 0 … 100."""
    wrong = max(float(((result - truth) ** 2).mean()), 1e-9)
    return {"psnr": 10 * np.log10(1e4 / wrong), "ssim": ssim(result, truth)}


def toned(grey: color.Array, truth: color.Array) -> color.Array:
    """`grey` (h, w) through the monotone curve that brings it nearest to `truth` (h, w).

    Least squares over `LEVELS` tones (pool-adjacent-violators). It removes exposure and contrast,
    so that what is left is which surfaces are brighter than which.
    """
    from scipy.optimize import isotonic_regression

    tone = (grey.clip(0, 1) * (LEVELS - 1) + 0.5).astype(np.intp).ravel()
    count = np.bincount(tone, minlength=LEVELS)
    used = count > 0
    mean = np.bincount(tone, truth.ravel(), LEVELS)[used] / count[used]
    curve = np.zeros(LEVELS, np.float32)
    curve[used] = isotonic_regression(mean, weights=count[used]).x
    return curve[tone].reshape(truth.shape)


def ssim(one: color.Array, other: color.Array) -> float:
    """Structural similarity of two (h, w) L* (Wang 2004, Gaussian of 1.5 px, no edges)."""
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(
            one.astype(np.float32),
            other.astype(np.float32),
            data_range=100,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95% bootstrap interval of the mean (2000 draws of the photos, fixed seed)."""
    drawn = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(np.asarray(values)[drawn].mean(1), [2.5, 97.5])
    return float(low), float(high)


def ranks(values: Sequence[float]) -> color.Array:
    """Ranks, ties shared."""
    from scipy.stats import rankdata

    return rankdata(values).astype(np.float32)


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Rank correlation; 0 where a side does not vary."""
    first, second = ranks(one), ranks(other)
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
