"""How far a photo's dyes have faded, from the photo alone: a map of its densities.

A small network sees a thumbnail, which shows sky, skin and what was grey, and statistics of the
densities. It predicts how to mix the channels' densities, where their middles belong, how certain
it is that anything has faded, and how far off the result may be. Its weights,
`data/fade.npz`, were fitted on simulated fades (`restore/training/fade.py`). A smaller one that
sees the statistics alone, fitted on other photos, has a weight of a quarter: `data/fade-looks.npz`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis import mixes
from restore.errors import WeightsError
from restore.models import own as trained

SIDE = 200
"""Long side in pixels at which borders and edges are searched for: all scans then look alike."""
LOOK = 128
"""Long side in pixels at which the densities are measured."""
THUMBNAIL = 64
"""Side in pixels of the square that the network sees."""
WIDEST = 0.25
"""Share of a side that a border may take."""
ALIKE = 0.05
"""Encoded difference up to which two lines of a border are alike."""
BLACK = 0.1
"""Encoded value below which a border is black."""
CORNER = 0.02
"""Share of a line that may have a black border's tone after the border has ended."""
LEVELS = (0.005, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 0.995)
"""Quantiles of each channel's density."""
BANDS = ((0, 0.01), (0, 0.05), (0.05, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 0.95), (0.95, 1))
"""Bands from the lightest (0) to the darkest (1) pixels, whose mean colours are measured."""
MIDDLE = LEVELS.index(0.5)
NARROWEST = 0.08
"""Range of densities below which a channel is taken as flat."""
GREY = 2 / 255
"""Difference of the channels up to which a photo is black and white: it stays neutral."""
STEEPEST = (-0.4, 2.0)
"""Limits of the logarithm of a gain."""
BELIEVED = (0.6, 0.95)
"""Certainties up to which nothing is changed, and from which all is: sound photos stay sound."""
OF_FEATURES = 0.25
"""Share in the estimate of the network that sees the statistics alone."""
CROSS = 0.3
"""Unit of the network's cross terms."""


@dataclass(frozen=True, eq=False)
class Fading:
    """What turns the densities of a faded photo into those it had: D' = matrix D + shift.

    Attributes
    ----------
    matrix, shift
        (3, 3) and (3,) for red, green, blue light, that is for the cyan, magenta and yellow dye.
    certainty
        0 (nothing seems faded) … 1.
    doubt
        Expected error of the restored colours, CIEDE2000.
    """

    matrix: color.Array
    shift: color.Array
    certainty: float
    doubt: float

    @property
    def gain(self) -> color.Array:
        """(3,) factor on the contrast of a grey in each channel."""
        return self.matrix.sum(1)

    def moved(self, level: NDArray[np.floating], gain: NDArray[np.floating]) -> Fading:
        """The fading that leaves densities of (1 + gain) D' + level; both (3,)."""
        matrix = (1 + gain)[:, None] * self.matrix
        shift = (1 + gain) * self.shift + level
        return replace(self, matrix=matrix.astype(np.float32), shift=shift.astype(np.float32))


def estimate(picture: color.Array, *, known: bool = False) -> Fading:
    """Estimate the fading of a (height, width, 3) picture of at most about `SIDE` pixels.

    If it is `known` that it has faded, the numbers are taken whatever the certainty.
    """
    picture = np.ascontiguousarray(picture[inside(picture)].clip(0, 1))
    picture = mixes.shrunk(picture, LOOK)
    own, common, middle = features(picture)
    log_gain, level, cross, certainty, doubt = predict(thumbnail(picture), own, common)
    learned_gain, learned_level = predict_from_features(own, common)
    log_gain = log_gain + OF_FEATURES * (learned_gain - log_gain)
    level = level + OF_FEATURES * (learned_level - level)
    share = np.float32(1 if known else np.interp(certainty, BELIEVED, (0, 1)))
    log_gain, level, cross = share * log_gain, share * level, share * cross
    ends = own[:, [0, len(LEVELS) - 1]]
    if np.ptp(ends, axis=1).max() < NARROWEST:  # an empty sheet is no evidence of what it was
        return Fading(np.eye(3, dtype=np.float32), np.zeros(3, np.float32), 0.0, 0.0)
    if not share:
        return Fading(np.eye(3, dtype=np.float32), np.zeros(3, np.float32), certainty, doubt)
    matrix = np.diag(np.exp(log_gain))
    matrix[~np.eye(3, dtype=bool)] = cross
    if np.ptp(picture, axis=2).max() < GREY:
        matrix = np.eye(3) * matrix.sum(1).mean()
        level, middle = (part.mean(keepdims=True) for part in (level, middle))
    shift = middle + level - matrix @ (middle * np.ones(3))
    return Fading(matrix.astype(np.float32), shift.astype(np.float32), certainty, doubt)


def weights(name: str) -> Mapping[str, color.Array]:
    """A network's arrays by name: "fade", which may be the user's own, or "fade-looks".

    Raises
    ------
    WeightsError
        If the user's own is damaged.
    """
    included = Path(__file__).parents[2] / "data" / f"{name}.npz"
    own = trained.path(name) if name == "fade" else None
    return _arrays(own or included, own is not None)


@functools.cache
def _arrays(path: Path, own: bool) -> Mapping[str, color.Array]:
    if own and trained.kind(path) != "fade":
        raise WeightsError(
            f"{path}: is damaged, or no network for fading; restore models remove own-fade"
        )
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def predict(
    thumbnail: color.Array, own: color.Array, common: color.Array
) -> tuple[color.Array, color.Array, color.Array, float, float]:
    """The network's prediction from a photo's thumbnail and features.

    Returns
    -------
    Logarithm of the gain (3,); move of the middle density (3,); cross terms (6,), row by row;
    certainty 0 … 1 that anything is faded; doubt, CIEDE2000.
    """
    w = weights("fade")
    density = color.to_density(thumbnail)
    low, high = own[:, 0], own[:, len(LEVELS) - 1]
    stretched = (density - low) / np.maximum(high - low, NARROWEST)
    seen = np.concatenate([density - np.float32(0.8), 2 * stretched - 1], -1).transpose(2, 0, 1)
    for layer in range(4):
        seen = _convolved(seen, w[f"conv{layer}.weight"], w[f"conv{layer}.bias"])
    features = (np.concatenate([own.ravel(), common]) - w["middle"]) / w["spread"]
    hidden = np.concatenate([seen.mean((1, 2)), seen.max((1, 2)), features.clip(-6, 6)])
    for layer in range(2):
        hidden = w[f"hidden{layer}.weight"] @ hidden + w[f"hidden{layer}.bias"]
        hidden = np.maximum(hidden, 0)
    out = w["out.weight"] @ hidden + w["out.bias"] + w["skip.weight"] @ features.clip(-6, 6)
    gate, certainty = 1 / (1 + np.exp(-out[12:14]))
    log_gain = gate * out[:3].clip(*STEEPEST)
    return (
        log_gain,
        gate * out[3:6],
        gate * CROSS * out[6:12],
        float(certainty),
        float(np.exp(out[14].clip(-2, 4))),
    )


def predict_from_features(own: color.Array, common: color.Array) -> tuple[color.Array, color.Array]:
    """Logarithm of the gain and move of the middle density, each (3,), from the features alone.

    Each channel is judged by the same weights: by how it differs from the mean of the three, and
    by that mean. Only a small bias knows which channel is which.
    """
    w = weights("fade-looks")
    mean = own.mean(0)
    deviation = (own - mean) / w["own_spread"]
    mean = (mean - w["mean_middle"]) / w["mean_spread"]
    common = (common - w["common_middle"]) / w["common_spread"]
    base = mean @ w["hidden_mean"] + common @ w["hidden_common"] + w["hidden_bias"]
    hidden = np.tanh(deviation @ w["hidden_own"] + base + w["hidden_channel"])
    pooled = hidden.mean(0)
    shared = pooled @ w["out_pooled"] + mean @ w["out_mean"] + common @ w["out_common"]
    out = hidden @ w["out_hidden"] + deviation @ w["out_own"] + w["out_channel"] + shared
    gate = pooled @ w["gate_pooled"] + mean @ w["gate_mean"] + common @ w["gate_common"]
    faded = 1 / (1 + np.exp(-gate - w["gate_bias"]))
    return faded * out[:, 0].clip(*STEEPEST), faded * out[:, 1]


def _convolved(planes: color.Array, kernels: color.Array, bias: color.Array) -> color.Array:
    """3 x 3 convolution of (c, h, w) planes at every other pixel, edges of 0, negatives cut off."""
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))[:, ::2, ::2]
    rows, columns = windows.shape[1:3]
    patches = windows.transpose(0, 3, 4, 1, 2).reshape(-1, rows * columns)
    mixed = kernels.reshape(len(kernels), -1) @ patches + bias[:, None]
    return np.maximum(mixed, 0).reshape(-1, rows, columns)


def features(picture: color.Array) -> tuple[color.Array, color.Array, color.Array]:
    """Statistics of a picture's densities that show how far it has faded.

    Returns
    -------
    For each channel (3, f): quantiles, mean colours from light to dark, the distinct colours,
    contrasts of edges, spreads, shares of clipped pixels. For the picture (g,): how the channels
    correlate. The middle density of each channel (3,).
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


def thumbnail(picture: color.Array) -> color.Array:
    """(THUMBNAIL, THUMBNAIL, 3) of a (h, w, 3) picture, whatever its proportions."""
    import cv2

    small = cv2.resize(picture, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return small.clip(0, 1)


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
    """Number of first lines that may belong to a plain border, and its lightness."""
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
