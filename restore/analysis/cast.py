"""The colour of a photo's light: several estimators of what should be grey, and their vote.

Each takes linear light and gives the colour that a grey surface has in the photo; the vote is
their geometric median. Colours of light are given as log ratios (ln R/G, ln B/G), where all
errors of a light are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from restore import color

CLIPPED = (0.003, 0.97)
"""Range of linear light outside which a sample is no evidence of the light's colour."""
LIKELY = 0.7
"""Limit of a log ratio: no light redder than a candle's is corrected."""
NEUTRAL = np.zeros(2)
TRUST = {"grey-world": 0.3, "shades-of-grey": 0.7, "grey-edge": 2, "white-patch": 1, "near-grey": 1}
"""Weight of each estimator's vote: by its error on tinted photos."""
PRIOR = 2.0
"""Weight of the vote for "neutral", which is what photos mostly are."""
LOOSE, LOOSER = 0.16, 0.3
"""Spread of the estimators (log ratio) at which half of their vote is believed, and how much it
grows per unit of cast."""
UNSEEN = 0.035
"""Cast (log ratio) below which a photo passes as neutral."""
NAMES = ("red", "orange", "yellow", "green", "cyan", "blue", "violet", "magenta")


@dataclass(frozen=True, eq=False)
class Cast:
    """The colour cast of a photo.

    Attributes
    ----------
    light
        (3,) linear RGB of a grey in the photo, its luminance that of neutral (1, 1, 1).
    confidence
        0 … 1: how well the estimators agree that there is a cast.
    """

    light: color.Array
    confidence: float

    @property
    def strength(self) -> float:
        """CIE a* b* distance from neutral of a middle grey under this light."""
        _, a, b = color.to_lab(color.encode(self.light * np.float32(0.184)))
        return float(np.hypot(a, b))

    @property
    def name(self) -> str:
        """The cast's hue in a word, or "neutral"."""
        _, a, b = color.to_lab(color.encode(self.light * np.float32(0.184)))
        if np.hypot(a, b) < 2.5:
            return "neutral"
        # CIE L*a*b* hue angles between the unique and intermediate hues
        edges = (0, 42, 86, 110, 170, 230, 292, 320, 345)
        angle = np.degrees(np.arctan2(b, a)) % 360
        return (NAMES[-1], *NAMES)[int(np.searchsorted(edges, angle, "right")) - 1 + (angle < 345)]


def grey_world(light: color.Array) -> color.Array:
    """The mean of the photo is grey (Buchsbaum, J. Franklin Inst. 310, 1980)."""
    return _usable(light).mean(0)


def shades_of_grey(light: color.Array) -> color.Array:
    """The Minkowski mean of degree 6 is grey (Finlayson, Trezzi, CIC 12, 2004)."""
    return _mean_of_degree_6(_usable(light))


def white_patch(light: color.Array) -> color.Array:
    """The lightest colours are white (Land, Retinex): the 98th percentile of each channel."""
    return np.quantile(_usable(light), 0.98, axis=0)


def grey_edge(light: color.Array) -> color.Array:
    """Differences between neighbours are grey on average (van de Weijer, Gevers, Gijsenij, 2007).

    IEEE Trans. Image Processing 16/9, first order, Minkowski degree 6, sigma of 1 pixel.
    """
    import cv2

    if min(light.shape[:2]) < 2:
        return np.ones(3, np.float32)
    smooth = cv2.GaussianBlur(light, (0, 0), 1)
    inside = (light > CLIPPED[0]) & (light < CLIPPED[1])
    valid = np.asarray(inside[1:, 1:].all(-1))
    down = smooth[1:, 1:] - smooth[:-1, 1:]
    across = smooth[1:, 1:] - smooth[1:, :-1]
    edges = np.sqrt(down**2 + across**2)
    edges = edges[valid] if valid.any() else edges.reshape(-1, 3)
    return _mean_of_degree_6(edges)


def near_grey(light: color.Array) -> color.Array:
    """Colours that are nearly grey are grey (Huo et al., IEEE Trans. Consumer El. 52/2, 2006).

    Found by steps: the mean of the pixels within a shrinking distance of the grey found so far.
    """
    pixels = _usable(light).clip(CLIPPED[0])
    ratios = np.log(pixels[:, [0, 2]] / pixels[:, 1:2])
    centre = NEUTRAL
    for reach in (0.4, 0.25, 0.15, 0.15):
        near = np.hypot(*(ratios - centre).T) < reach
        if not near.any():
            break
        centre = ratios[near].mean(0)
    return np.exp([centre[0], 0, centre[1]])


ESTIMATORS: Mapping[str, Callable[[color.Array], color.Array]] = {
    "grey-world": grey_world,
    "shades-of-grey": shades_of_grey,
    "grey-edge": grey_edge,
    "white-patch": white_patch,
    "near-grey": near_grey,
}


def cast(picture: color.Array) -> Cast:
    """The colour cast of a (height, width, 3) picture of working RGB, by vote.

    The weighted geometric median of the estimators and of "neutral". The more
    they differ, the less it is believed; casts too small to be seen shrink further.
    """
    light = color.decode(picture).clip(0)
    votes = [*(ratios(estimate(light)) for estimate in ESTIMATORS.values()), NEUTRAL]
    trust = np.array([*(TRUST[name] for name in ESTIMATORS), PRIOR])
    middle, spread = _median(np.array(votes), trust / trust.sum())
    size = float(np.hypot(*middle))
    loose = LOOSE + LOOSER * size
    confidence = size**2 / (size**2 + UNSEEN**2) / (1 + (spread / loose) ** 2)
    return Cast(of_ratios(confidence * middle), confidence)


def ratios(light: color.Array) -> color.Array:
    """(2,) ln R/G and ln B/G of (3,) linear light, limited to the likely range."""
    log = np.log(np.maximum(np.asarray(light, np.float64), 1e-6))
    return (log[[0, 2]] - log[1]).clip(-LIKELY, LIKELY)


def of_ratios(log: color.Array) -> color.Array:
    """(3,) linear light of (2,) ln R/G and ln B/G; its luminance is that of neutral (1, 1, 1)."""
    light = np.exp([log[0], 0, log[1]])
    return (light / (light @ color.LUMA)).astype(np.float32)


def _usable(light: color.Array) -> color.Array:
    """(n, 3) pixels with no channel clipped; all if there are none."""
    flat = light.reshape(-1, 3)
    good = ((flat > CLIPPED[0]) & (flat < CLIPPED[1])).all(1)
    return flat[good] if good.any() else flat


def _mean_of_degree_6(pixels: color.Array) -> color.Array:
    """(3,) Minkowski mean of (n, 3); in double precision, for floats far beyond white."""
    mean = (pixels.astype(np.float64) ** 6).mean(0)
    return (mean ** (1 / 6)).astype(np.float32)


def _median(points: color.Array, weights: color.Array) -> tuple[color.Array, float]:
    """Geometric median (Weiszfeld) of (n, 2) points, and their mean distance from it.

    `weights` (n,) have the sum 1.
    """
    centre = weights @ points
    for _ in range(30):
        pull = weights / np.hypot(*(points - centre).T).clip(1e-4)
        centre = pull @ points / pull.sum()
    return centre, float(weights @ np.hypot(*(points - centre).T))
