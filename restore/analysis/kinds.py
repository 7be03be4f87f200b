"""Which kind of photo it is: sound, under coloured lamps, faded, or black and white.

Measures of tone and colour of a small copy, weighed by a few small networks. Their weights,
`data/kinds.npz`, are fitted by `restore.training.kinds` on sound photos and on simulated damage.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from restore import color
from restore.analysis import mixes

KINDS = ("sound", "lamps", "faded", "grey")
SIDE = 128
"""Long side in pixels of the copy that is measured: chroma noise of a JPEG is averaged away."""
RIM = 0.06
"""Share of each side left out: borders, mounts and worn edges."""
FURTHEST = 4.0
"""Standard deviations from the mean of the fitted photos at which features are clipped."""
SHARES = (0.5, 5, 25, 50, 75, 95, 99.5)
BANDS = ((0, 0.1), (0.1, 0.35), (0.35, 0.65), (0.65, 0.9), (0.9, 1))
"""Shares of the pixels, sorted by lightness, whose mean colours are measured."""


def probabilities(view: color.Array) -> dict[str, float]:
    """How likely a photo (h, w, 3), sRGB-encoded, is of each of `KINDS`; they sum to 1."""
    mean = chances(weights(), measures(view)[None])[0]
    return dict(zip(KINDS, mean.tolist(), strict=True))


def chances(networks: Mapping[str, color.Array], seen: color.Array) -> color.Array:
    """(n, 4) chances of the kinds, from (n, f) `measures`: the mean of k networks."""
    count = len(networks["bias"])
    parts = [network({n: w[k] for n, w in networks.items()}, seen) for k in range(count)]
    odds = [np.exp(logits - logits.max(1, keepdims=True)) for logits in parts]
    shares: color.Array = np.mean([part / part.sum(1, keepdims=True) for part in odds], 0)
    return shares


def network(w: Mapping[str, color.Array], seen: color.Array) -> color.Array:
    """(n, 4) logits of one network, from (n, f) `measures`."""
    near: color.Array = ((seen - w["mean"]) / w["deviation"]).clip(-FURTHEST, FURTHEST)
    hidden = np.tanh(near @ w["hidden"] + w["hidden_bias"])
    return hidden @ w["out"] + w["bias"]


@functools.cache
def weights() -> Mapping[str, color.Array]:
    """The fitted weights, networks first."""
    with np.load(Path(__file__).parents[1] / "data" / "kinds.npz", allow_pickle=False) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def inner(picture: color.Array, rim: float = RIM) -> color.Array:
    """The picture without a rim, a share of each side."""
    height, width = picture.shape[:2]
    down, across = round(height * rim), round(width * rim)
    return picture[down : height - down, across : width - across]


def off_tone(lab: color.Array) -> tuple[float, float]:
    """How far colours lie from one tone, and from grey: root mean squares in Lab units.

    The tone is the cubic in L* that best fits the a* b* of (n, 3): black-and-white photos, toned or
    not, follow it.
    """
    lightness = lab[:, :1] / 100
    powers = np.concatenate([np.ones_like(lightness), lightness, lightness**2, lightness**3], 1)
    fit = powers @ np.linalg.lstsq(powers, lab[:, 1:], rcond=None)[0]
    away, chroma = (float(np.sqrt((d**2).sum(1).mean())) for d in (lab[:, 1:] - fit, lab[:, 1:]))
    return away, chroma


def measures(view: color.Array) -> color.Array:
    """(f,) what the network sees of a photo (h, w, 3), sRGB-encoded."""
    picture = inner(mixes.shrunk(view, SIDE)).clip(0, 1)
    rgb = picture.reshape(-1, 3)
    lab = color.to_lab(rgb)
    return np.concatenate(
        [_tones(rgb), _bands(lab), _chroma(lab), _channels(rgb), _places(picture)]
    ).astype(np.float32)


def _tones(rgb: color.Array) -> color.Array:
    """Percentiles of each channel, and the shares at each end."""
    ends = [(rgb < 0.02).mean(0), (rgb > 0.98).mean(0)]
    return np.concatenate([np.percentile(rgb, SHARES, axis=0).ravel(), *np.sqrt(ends)])


def _bands(lab: color.Array) -> color.Array:
    """Mean L* a* b* of the darkest to the brightest pixels."""
    ordered = lab[np.argsort(lab[:, 0], kind="stable")]
    edges = [(int(low * len(lab)), max(int(high * len(lab)), 1)) for low, high in BANDS]
    means = np.concatenate([ordered[low:high].mean(0) for low, high in edges])
    return (means / 50).astype(np.float32)


def _chroma(lab: color.Array) -> color.Array:
    """How much colour there is, how far it is from one tone, and which hues it has."""
    a, b = lab[:, 1], lab[:, 2]
    chroma = np.hypot(a, b)
    away, strength = off_tone(lab)
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(lab[:, 1:].T)).clip(0))
    hues = np.histogram(np.arctan2(b, a), 12, (-np.pi, np.pi), weights=chroma)[0]
    shares = [np.percentile(chroma, share) for share in (5, 25, 50, 75, 95, 99)]
    return np.concatenate(
        [
            np.log1p([away, strength, *spread, *shares]),
            [away / (strength + 1), (chroma < 6).mean(), (chroma > 60).mean()],
            np.sqrt(hues / (chroma.sum() + len(chroma))),
        ]
    )


def _channels(rgb: color.Array) -> color.Array:
    """How the channels' light correlates: pale or coloured, together or apart."""
    linear = color.decode(rgb)
    total = linear.sum(0) / max(float(linear.sum()), 1e-6)
    pale = linear.min(1).sum() / max(float(linear.max(1).sum()), 1e-6)
    bright = linear.max(1) > 0.1
    missing = [float(((rgb[:, k] < 0.03) & bright).mean()) for k in range(3)]
    density = color.to_density(rgb)
    covariance = np.cov(density.T) + 1e-4 * np.eye(3)
    deviation = np.sqrt(np.diag(covariance))
    pairs = [covariance[i, j] / (deviation[i] * deviation[j]) for i, j in ((0, 1), (1, 2), (0, 2))]
    slopes = np.log(deviation[[0, 2]] / deviation[1])
    values = [total, [np.sqrt(pale)], np.sqrt(missing), pairs, deviation, slopes]
    return np.concatenate(values).astype(np.float32)


def _places(picture: color.Array) -> color.Array:
    """How tones and colours differ from place to place, and between the middle and the edge."""
    import cv2

    cells = color.to_lab(cv2.resize(picture, (6, 6), interpolation=cv2.INTER_AREA)).astype(float)
    middle, top, bottom = cells[1:5, 1:5], cells[:2], cells[4:]
    rim = (cells.sum((0, 1)) - middle.sum((0, 1))) / 20
    means = [middle.mean((0, 1)) - rim, top.mean((0, 1)) - bottom.mean((0, 1))]
    return (np.concatenate([cells.std((0, 1)), *means]) / 25).astype(np.float32)
