"""Which lamps may have lit a photo, and what each would mean for the hues. Arrays in, arrays out.

How well a set of lamps explains a photo (`light.mixture`) does not settle which lamps there were:
green may come from a lamp or from grass, and one blue lamp resembles two. So no set is chosen. A
small network sees how every set explains the photo, which colours the photo would have under it,
and the light of the channels. It predicts how likely each set is, and hues and recoverability are
means over the likeliest. Sets that claim nothing, such as one narrow lamp, make the photo paler
and recoverability lower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore.analysis.stage_light import light
from restore.analysis.stage_light.lamps import (
    CANDIDATES,
    FIXTURES,
    LAMPS,
    WHITES,
    broad,
    constants,
    palette,
)
from restore.analysis.stage_light.light import Cells, Mixture
from restore.analysis.stage_light.ratios import softmax
from restore.color import Array

FEW = 14
"""Cells on the long side when all sets are compared."""
BLACK = 0.01
"""Linear light of the strongest channel below which a cell is black."""
SETS, LEFT_OUT = 4, 0.05
"""How many sets are used on all cells, and the probability below which one is left out."""
ALONE, ALONE_ON_STAGE = 0.25, 0.1
"""Total probability of single narrow lamps above which no hues are claimed. Less than a half: hues
invented under one lamp are worse than hues not recovered under two."""
SETTLED, REACH, ALIKE = 2.0, 5, 0.5
"""Smoothing of uncertain cells: standard deviation and reach in cells, and standard deviation in
nats of the channel ratios of similar cells."""
FULL = 0.1
"""Weight of a cell with a full channel: else hues would change at the edges of clipped areas."""
UNKNOWN = 0.01
"""Certainty of a network's evidence where coloured light leaves no hues."""
BEYOND = 1.0
"""Standard deviation of a full channel's light, as a share of what it holds."""
DIM = 0.5
"""Linear light above which a channel may have been clipped before it was stored."""


@dataclass(frozen=True, eq=False)
class Lighting:
    """A set of lamps that may have lit the photo.

    Attributes
    ----------
    chance
        Its probability, 0 … 1.
    mixture
        The amount of each lamp's light on each cell.
    """

    chance: float
    mixture: Mixture


@dataclass(frozen=True, eq=False)
class Hues:
    """The chroma of each cell, as the mean over the lightings.

    Attributes
    ----------
    weight
        (n,) 0 … 1 of the light's own hues: the root of recoverability, which leaves less colour
        than was there, while recoverability itself would leave too little.
    weighted
        (n, 2) a* b* that the surface would have at L* = 50, times that weight.
    cautious
        (n, 2) the same, drawn to the natural colours' mean as far as they are uncertain.
    sure
        (n,) recoverability 0 … 1.
    """

    weight: Array
    weighted: Array
    cautious: Array
    sure: Array

    def evidence(self, shape: tuple[int, int]) -> Array:
        """(*shape, 3) for a network that weighs it: cautious a* b* at L* = 50, and certainty.

        The certainty is `UNKNOWN` at least: that a photo was taken under coloured light is
        evidence, too, if not of its colours.
        """
        sure = np.maximum(self.sure, np.float32(UNKNOWN))
        return np.concatenate([self.cautious, sure[:, None]], 1).reshape(*shape, 3)


def find(seen: Cells, stage: bool = False, measured: Array | None = None) -> list[Lighting]:
    """The likeliest sets of lamps, the best first.

    On a stage, neither daylight nor a white lamp is alone, and the network is one fitted on
    fixtures that mix red, green and blue, on haze, beams and lamps in the frame.

    Their probabilities sum to 1; but if single narrow lamps together are likelier than `ALONE`,
    nothing can be recovered, and the likeliest such lamp stands alone.
    """
    measured = measures(seen) if measured is None else measured
    chosen = likeliest(seen, measured, stage)
    bounded = _bounded(seen)
    return [Lighting(chance, light.mixture(bounded, lamps)) for chance, lamps in chosen]


def measures(seen: Cells) -> Array:
    """(sets, f) what the networks see of each set of `CANDIDATES`; see `features`."""
    few = seen.every(FEW)
    return features(few, tried(few))


def likeliest(
    seen: Cells, measured: Array, stage: bool = False
) -> list[tuple[float, Sequence[str]]]:
    """The sets of lamps that `find` gives, and their probabilities, without their mixtures."""
    chances = softmax(predict(measured, _weights("stage-lamps" if stage else "lamps")))
    alone = np.array([len(c) == 1 for c in CANDIDATES])
    narrow = np.array([not broad(c[0], seen.camera) for c in CANDIDATES]) & alone
    left_out = alone & ~narrow if stage else np.array([c in FIXTURES for c in CANDIDATES])
    chances = np.where(left_out, 0, chances)
    chances /= max(float(chances.sum()), 1e-6)
    if chances[narrow].sum() > (ALONE_ON_STAGE if stage else ALONE):
        k = int(np.where(narrow, chances, 0).argmax())
        return [(float(chances[k]), CANDIDATES[k])]
    first, *others = np.argsort(-chances)[:SETS].tolist()
    best = [first, *(k for k in others if chances[k] >= LEFT_OUT)]
    total = chances[best].sum()
    return [(float(chances[k] / total), CANDIDATES[k]) for k in best]


def given(seen: Cells, lamps: Sequence[str]) -> list[Lighting]:
    """The one lighting that is known."""
    return [Lighting(1.0, light.mixture(_bounded(seen), lamps))]


def hues(seen: Cells, lightings: Sequence[Lighting], likely: Array | None = None) -> Hues:
    """The chroma of each cell; `likely` as in `light.colours`."""
    count = seen.shape[0] * seen.shape[1]
    weight, sure = np.zeros((2, count), np.float32)
    weighted = np.zeros((count, 2), np.float32)
    mean = np.array(constants()["hue_prior"]["mean_ab50"], np.float32)
    bounded = _bounded(seen)
    for lighting in lightings:
        own, recoverable = light.colours(bounded, lighting.mixture, likely)
        share, root = np.float32(lighting.chance), np.sqrt(recoverable)
        weight += share * root
        sure += share * recoverable
        weighted += share * root[:, None] * own
    if len(sure) > 1:
        average = (weighted / np.maximum(weight, 1e-6)[:, None]).astype(np.float32)
        weighted = (weight[:, None] * _settled(average, sure, seen)).astype(np.float32)
    cautious = mean * (1 - weight)[:, None] + weighted
    return Hues(weight, weighted, cautious, sure)


def _bounded(seen: Cells) -> Cells:
    """The cells, a channel full beside others as measured roughly: it held at least that much.

    Left out, a full blue would be what it usually is beside the other channels: less, and white
    haze would turn warm where clipping begins. Where all channels are full, nothing was measured.
    """
    full = seen.variance >= 1
    beside = full & ~full.all(-1, keepdims=True)
    rough = (np.float32(BEYOND) * seen.values) ** 2
    return Cells(seen.values, np.where(beside, rough, seen.variance), seen.camera)


def _settled(own: Array, sure: Array, seen: Cells) -> Array:
    """(n, 2) hues of cells, as smooth as they are uncertain: from similar neighbours.

    Similar cells have about the same channel ratios, like one object in one light.
    """
    full = (seen.variance >= 1).any(-1, keepdims=True)
    certain = np.where(full, np.float32(FULL), np.float32(1)) * sure.reshape(*seen.shape, 1)
    light = np.maximum(seen.values, 0)
    logs = np.log(light + 0.05 * light.max(-1, keepdims=True) + 1e-4)
    ratios = logs[..., :2] - logs[..., 1:]
    planes = np.concatenate([ratios, certain, certain * own.reshape(*seen.shape, 2)], -1)
    padded = np.pad(planes, ((REACH, REACH), (REACH, REACH), (0, 0)))
    total = np.full((*seen.shape, 3), 1e-6, np.float32)
    rows, columns = seen.shape
    for down in range(-REACH, REACH + 1):
        for across in range(-REACH, REACH + 1):
            top, left = REACH + down, REACH + across
            other = padded[top : top + rows, left : left + columns]
            unlike = ((other[..., :2] - ratios) ** 2).sum(-1, keepdims=True) / ALIKE**2
            far = (down * down + across * across) / SETTLED**2
            total += np.exp(-0.5 * (unlike + far)) * other[..., 2:]
    smooth = (total[..., 1:] / total[..., :1]).reshape(-1, 2)
    certain = certain.reshape(-1, 1)
    return (certain * own + (1 - certain) * smooth).astype(np.float32)


def tried(few: Cells) -> list[Mixture]:
    """The mixture under every set of `CANDIDATES`."""
    return [light.mixture(few, lamps) for lamps in CANDIDATES]


def features(few: Cells, tried: Sequence[Mixture]) -> Array:
    """(sets, 48) the features of each set of `CANDIDATES` on a photo's cells."""
    lit = _lit(few)
    evidence = np.array([mixture.evidence[lit].mean() for mixture in tried])
    alone = dict(zip(CANDIDATES, evidence, strict=True))
    gain = [e - max(alone[name,] for name in c) for c, e in alone.items()]
    slopes = np.linalg.pinv(few.plane()[lit])[1:]
    own = np.stack([_under(mixture, lit, slopes) for mixture in tried])
    channels = _channels(few.values.reshape(-1, 3)[lit])
    photo = np.concatenate([channels, [few.camera], scatter(few, lit)])
    return np.concatenate(
        [
            np.stack([evidence - evidence.max(), evidence - evidence[0], gain], 1),
            own,
            _names(),
            np.broadcast_to(photo, (len(tried), len(photo))),
        ],
        1,
    ).astype(np.float32)


def _lit(few: Cells) -> NDArray[np.bool_]:
    """(n,) the cells to use: all, or if most are black, those that are not.

    Noise in black is clipped at 0, so its mean is grey, as if there had been a white lamp too.
    """
    lit = few.values.reshape(-1, 3).max(1) >= BLACK
    return lit if 3 < lit.sum() < 0.5 * len(lit) else np.ones_like(lit)


def _under(mixture: Mixture, lit: NDArray[np.bool_], slopes: Array) -> Array:
    """(13,) how a set explains the cells, the colours they would have, and its lamps' ratio.

    Colours: their mean's distance from that of natural photos, their variation, and their gradient
    over the photo, which is large if the set lacks a lamp.
    """
    evidence = mixture.evidence[lit]
    low, high = np.percentile(evidence, (10, 90)) - evidence.mean()
    ab = mixture.colours()[lit] @ palette()[0]
    off = (ab.mean(0) - constants()["hue_prior"]["mean_ab50"]) / 10
    runs = np.abs(slopes @ ab).max(0) / 10
    place = mixture.place if mixture.place.shape[1] else np.zeros((1, 1))
    ratio = place[:, 0].mean(), place[:, 0].std(), place.std(0).max()
    varies = ab.std(0).mean() / 10
    return np.array(
        [low, high, *off, (off**2).sum(), *runs, varies, *mixture.reach, *ratio], np.float32
    )


def _channels(values: Array) -> Array:
    """(7,) decades of light: of the weakest channel to the strongest, of each channel, of all."""
    top, mean = np.maximum(values.max(1), 1e-4), values.mean(0)
    weakest = values.min(1) / top
    shares = [
        values.min(1).mean() / max(top.mean(), 1e-6),
        np.median(weakest),
        np.percentile(weakest, 90),
        *(mean / max(float(mean.max()), 1e-6)),
    ]
    return np.append(np.log10(np.clip(shares, 1e-3, 1)), np.log10(top.mean() + 1e-3))


def scatter(few: Cells, lit: NDArray[np.bool_]) -> Array:
    """(8,) decades of the difference between the channels, on all cells and on dim ones.

    Under one narrow lamp every channel is the same picture, and what cameras leak is a constant
    share of it. A second lamp, even a weak one, makes that share vary from object to object.
    """
    values = few.values.reshape(-1, 3)[lit].astype(np.float64)
    known = (few.variance.reshape(-1, 3)[lit] < 1).all(1)
    values = values[known] if known.sum() >= 4 else values
    dim = values.max(1) <= DIM
    enough = dim.sum() >= max(4, 0.25 * len(values))
    shares = [*_unlike(values), *_unlike(values[dim] if enough else values)]
    return np.log10(np.clip(shares, 1e-3, 10)).astype(np.float32)


def _unlike(values: NDArray[np.float64]) -> list[float]:
    """Residuals of the two other channels after a multiple of the strongest, the weaker first.

    Each relative to the strongest channel, and to that multiple.
    """
    weak, middle, top = values[:, np.argsort(values.mean(0))].T
    top = np.maximum(top, 1e-4)
    power = top @ top
    residuals = []
    for channel in (weak, middle):
        share = channel @ top / power
        rest = np.sqrt(((channel - share * top) ** 2).sum() / power)
        residuals += [rest, rest / max(share, 1e-3)]
    return residuals


@cache
def _names() -> Array:
    """(sets, 16) which kind of set it is, and which lamps are in it."""
    rows = []
    for lamps in CANDIDATES:
        white = lamps[0] in WHITES
        kinds = [
            lamps == ("daylight",),
            len(lamps) == 1 and lamps != ("daylight",) and not white,
            len(lamps) == 1 and white,
            len(lamps) == 2 and not white,
            len(lamps) == 2 and white,
            len(lamps) == 3,
        ]
        rows.append([*kinds, *(name in lamps for name in LAMPS)])
    return np.array(rows, np.float32)


@cache
def _weights(name: str) -> dict[str, Array]:
    with np.load(Path(__file__).parents[2] / "data" / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


def predict(seen: Array, w: dict[str, Array]) -> Array:
    """(sets,) logits from `features`, by a network with weights `w`."""
    seen = (seen - w["mean"]) / w["deviation"]
    logits: Array = np.tanh(seen @ w["hidden"] + w["hidden_bias"]) @ w["out"] + seen @ w["linear"]
    return logits
