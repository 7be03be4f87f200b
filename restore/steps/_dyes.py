"""How far a photo's dyes have faded, from the photo alone: gains and shifts of its densities.

Two estimators, fitted on simulated fades of different photos, are averaged. A small network looks
at statistics of the densities and answers, for each channel, how much its contrast must grow and
where its middle belongs, and for the photo how sure it is that anything is faded at all. Its
weights, `data/fade.npz`, are from 280 photos (`benchmarks/train_fade.py`). A formula of ten
coefficients, from 220 others, keeps it from going astray where its photos were too alike.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore import color

SIDE = 200
"""Long side in pixels on which the densities are looked at: any scan then looks alike."""
WIDEST = 0.25
"""Share of a side that a border may take."""
ALIKE = 0.05
"""Encoded difference up to which two lines of a border are alike."""
BLACK = 0.1
"""Encoded value below which a border is black."""
CORNER = 0.02
"""Share of a line that may be of a black border's tone where that has ended."""
LEVELS = (0.005, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 0.995)
"""Quantiles of each channel's density."""
BANDS = ((0, 0.01), (0, 0.05), (0.05, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 0.95), (0.95, 1))
"""Pixels from the lightest (0) to the darkest (1), whose mean colours are looked at."""
MIDDLE = LEVELS.index(0.5)
NARROWEST = 0.08
"""Range of densities below which a channel is taken as flat."""
GREY = 2 / 255
"""Difference of the channels up to which a photo is black and white: it stays neutral."""
OF_FORMULA = 0.25
"""Share of the formula in the estimate."""
STEEPEST = (-0.5, 1.6)
"""Limits of the logarithm of a gain."""


@dataclass(frozen=True, eq=False)
class Fading:
    """What turns the densities of a faded photo into those it had: D' = gain D + shift.

    Attributes
    ----------
    gain, shift
        (3,) for red, green, blue light, that is for the cyan, magenta and yellow dye.
    faded
        0 (nothing seems to be faded; gain is near 1) … 1.
    """

    gain: color.Array
    shift: color.Array
    faded: float


def estimate(picture: color.Array) -> Fading:
    """Estimate the fading of a (height, width, 3) picture of at most about `SIDE` pixels."""
    picture = np.ascontiguousarray(picture[inside(picture)].clip(0, 1))
    own, common, middle = looks(picture)
    log_gain, level, faded = (part[0] for part in answer(weights(), own[None], common[None]))
    ends = own[:, [0, len(LEVELS) - 1]]
    if np.ptp(ends, axis=1).max() < NARROWEST:  # an empty sheet tells nothing of what it was
        faded = np.zeros_like(faded)
    formula_gain, formula_level = formula(picture, middle)
    log_gain += OF_FORMULA * (formula_gain - log_gain)
    level += OF_FORMULA * (formula_level - level)
    if np.ptp(picture, axis=2).max() < GREY:
        log_gain, level, middle = (part.mean(keepdims=True) for part in (log_gain, level, middle))
    gain = np.exp(faded * log_gain) * np.ones(3)
    shift = middle + faded * level - gain * middle
    return Fading(gain.astype(np.float32), shift.astype(np.float32), float(faded[0]))


def formula(picture: color.Array, middle: color.Array) -> tuple[color.Array, color.Array]:
    """Logarithm of the gain and move of the middle density, each (3,), alike for the channels.

    First the gain, from the range of densities: about half of the missing range is stretched in
    common, and half of the differences between the channels. Then the level, on the stretched
    densities: a third of the tint of the highlights (the stain) and a little of that of the
    shadows goes.
    """
    flat = _planes(color.to_density(softened(picture)))
    low, high = _quantiles(flat, (0.005, 0.995))
    spread = np.log(np.maximum(high - low, NARROWEST))
    common = spread.mean()
    log_gain = 0.482 - 0.289 * low.mean() - 0.474 * common - 0.484 * (spread - common)
    log_gain = log_gain.clip(-0.1, 1.5)
    gain = np.exp(log_gain)
    codes = (color.from_density(flat * gain[:, None]).clip(0, 0.999) * 16).astype(np.int32)
    _, first = np.unique(np.array([256, 16, 1]) @ codes, return_index=True)
    distinct = (flat[:, first].mean(1) * gain).mean()
    low, high, centre = low * gain, high * gain, middle * gain
    target = 0.110 - 0.096 * low.mean() + 1.079 * centre.mean() - 0.207 * distinct
    target += 1.051 * (centre - centre.mean())
    target -= 0.336 * (low - low.mean()) + 0.069 * (high - high.mean())
    return log_gain, target - middle


@functools.cache
def weights() -> Mapping[str, color.Array]:
    """The network's arrays by name."""
    with np.load(Path(__file__).parents[1] / "data" / "fade.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def answer(
    weights: Mapping[str, color.Array], own: color.Array, common: color.Array
) -> tuple[color.Array, color.Array, color.Array]:
    """What the network makes of n photos' looks.

    Each channel is judged by the same weights: by how it differs from the mean of the three, and
    by that mean. Only a small bias knows which channel is which.

    Parameters
    ----------
    own, common
        (n, 3, f) and (n, g), as `looks` gives them.

    Returns
    -------
    Logarithm of the gain (n, 3); move of the middle density (n, 3); faded 0 … 1 (n, 1).
    """
    w = weights
    mean = own.mean(1)
    deviation = (own - mean[:, None]) / w["own_spread"]
    mean = (mean - w["mean_middle"]) / w["mean_spread"]
    common = (common - w["common_middle"]) / w["common_spread"]
    base = mean @ w["hidden_mean"] + common @ w["hidden_common"] + w["hidden_bias"]
    hidden = np.tanh(deviation @ w["hidden_own"] + base[:, None] + w["hidden_channel"])
    pooled = hidden.mean(1)
    shared = pooled @ w["out_pooled"] + mean @ w["out_mean"] + common @ w["out_common"]
    out = hidden @ w["out_hidden"] + deviation @ w["out_own"] + w["out_channel"] + shared[:, None]
    gate = pooled @ w["gate_pooled"] + mean @ w["gate_mean"] + common @ w["gate_common"]
    faded = 1 / (1 + np.exp(-gate - w["gate_bias"]))
    return out[..., 0].clip(*STEEPEST), out[..., 1], faded


def looks(picture: color.Array) -> tuple[color.Array, color.Array, color.Array]:
    """Statistics of a picture's densities that tell how far it has faded.

    Returns
    -------
    For each channel (3, f): quantiles, mean colours from light to dark, the distinct colours,
    contrasts of edges, spreads, shares of clipped pixels. For the picture (g,): how the channels
    go together. The middle density of each channel (3,).
    """
    density = color.to_density(softened(picture))
    steps = (density[:, 1:] - density[:, :-1], density[1:] - density[:-1], np.zeros((1, 1, 3)))
    edges = np.concatenate([_planes(np.abs(step)) for step in steps], axis=1)
    contrast = edges.sum(0)
    steep = edges[:, contrast >= np.quantile(contrast, 0.95)]
    flat = _planes(density)
    count = flat.shape[1]

    levels = _quantiles(flat, LEVELS)
    grey = flat.mean(0)
    order = flat[:, np.argsort(grey)]
    bands = [
        order[:, int(a * count) : max(int(b * count), int(a * count) + 1)].mean(1) for a, b in BANDS
    ]
    codes = (picture.clip(0, 0.999) * 16).astype(np.int32).reshape(-1, 3)
    _, first = np.unique(codes @ np.array([256, 16, 1]), return_index=True)
    distinct = flat[:, first]
    light = _planes(color.decode(picture))
    dark_shares = [np.sqrt((light < limit).mean(1)) for limit in (0.0025, 0.006, 0.012, 0.02)]
    light_shares = [np.sqrt((light > limit).mean(1)) for limit in (0.7, 0.9, 0.97)]
    blackest = np.log10(_quantiles(light, (0.001, 0.01)) + 0.002)

    mean = flat.mean(1)
    away, centred = grey - grey.mean(), flat - mean[:, None]
    covariance = centred @ centred.T / count + 1e-4 * np.eye(3)
    spread = np.sqrt(np.diag(covariance))
    together = covariance / np.outer(spread, spread)
    own = np.stack(
        [
            *levels,
            *bands,
            distinct.mean(1),
            np.log(distinct.std(1) + 0.03),
            distinct.min(1),
            distinct.max(1),
            np.log(edges.mean(1) + 0.002),
            np.log(steep.mean(1) + 0.01),
            np.log(spread),
            np.log((levels[-1] - levels[0]).clip(0.08)),
            np.log((levels[-2] - levels[1]).clip(0.05)),
            centred @ away / count / (away.var() + 1e-4),
            together.sum(0),
            mean,
            *dark_shares,
            *light_shares,
            *blackest,
        ],
        axis=1,
    )
    colourful = np.sqrt(((centred - away) ** 2).mean())
    common = np.array(
        [
            colourful / (away.std() + 0.05),
            np.log(colourful + 0.02),
            len(first) / 500,
            together[0, 1],
            together[1, 2],
            together[0, 2],
        ]
    )
    middle = levels[MIDDLE].astype(np.float32)
    return own.astype(np.float32), common.astype(np.float32), middle


def softened(picture: color.Array) -> color.Array:
    """The picture (h, w, 3) with noise and JPEG blocks a little blurred."""
    import cv2

    return cv2.GaussianBlur(picture, (0, 0), 0.8)


def inside(picture: color.Array) -> tuple[slice, slice]:
    """Rows and columns of the picture without a plain border (paper, mount, scanner lid), if any.

    A border is even in itself and alike on all four sides, or lighter or darker than nearly all
    of the picture on at least two; one side is enough for black. A black one may be tilted or have
    round corners.
    """
    height, width = picture.shape[:2]
    grey = picture.clip(0, 1).mean(2, np.float32)
    centre = grey[height // 4 : height - height // 4, width // 4 : width - width // 4]
    low, high = np.quantile(centre, 0.03) - 0.02, np.quantile(centre, 0.97) + 0.02
    sides = [_border(lines) for lines in (grey, grey[::-1], grey.T, grey.T[::-1])]
    levels = [level for end, level in sides if end]
    all_round = len(levels) == 4 and max(levels) - min(levels) < ALIKE
    if not all_round:
        sides = [(end if level <= low or level >= high else 0, level) for end, level in sides]
    black = [level < BLACK and level <= low for end, level in sides if end]
    if len(black) < 2 and not any(black):
        return slice(0, height), slice(0, width)
    ends = [end + 2 if end else 0 for end, _ in sides]
    for side in np.flatnonzero(ends) if all(black) else ():
        top, bottom, left, right = ends
        within = grey[top : height - bottom, left : width - right]
        lines = (within, within[::-1], within.T, within.T[::-1])[side]
        still = (lines[: len(lines) // 8] < sides[side][1] + ALIKE).mean(1) > CORNER
        ends[side] += 0 if still.all() else int(np.argmin(still))
    top, bottom, left, right = ends
    return slice(top, height - bottom), slice(left, width - right)


def _border(lines: color.Array) -> tuple[int, float]:
    """How many of the first lines may belong to a plain border, and how light it is."""
    if len(lines) < 16:
        return 0, 0.0
    first = lines[: int(WIDEST * len(lines))]
    level = np.median(first, axis=1)
    even = np.quantile(np.abs(first - level[:, None]), 0.8, axis=1) < 0.03
    even &= np.abs(level - level[0]) < ALIKE
    return (0 if even.all() else int(np.argmin(even))), float(level[0])


def _planes(pixels: color.Array) -> color.Array:
    """(3, n) contiguous: sums along pixels are then ten times as fast."""
    return np.ascontiguousarray(pixels.reshape(-1, 3).T, np.float32)


def _quantiles(planes: color.Array, shares: tuple[float, ...]) -> color.Array:
    """(len(shares), 3) quantiles of (3, n) values, by one sort."""
    ordered = np.sort(planes, axis=1)
    return ordered[:, [round(share * (planes.shape[1] - 1)) for share in shares]].T
