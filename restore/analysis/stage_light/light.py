"""What is left of colours under known lamps. Arrays in, arrays out.

A camera's channels under lamps l are `t * sum_l w_l M_l rho`: rho is the surface's colour (linear
sRGB of luminance 1), M_l a fixed 3 x 3 matrix of the lamp (means of 50 cameras), w_l the lamps'
light and t an unknown scale. One narrow lamp has a matrix of rank 1: a photo under it has one
number per pixel, and no colour can be recovered from it by any means. Two lamps leave one number
of chroma, mixed up with their unknown ratio; a white lamp leaves nearly all.

So: the lamps' ratio is estimated as a field that falls across the photo (`mixture`), and the chroma
of a cell is the mean of all natural colours, weighted by how well each explains the channels under
all likely ratios (`colours`). Everything happens on cells of about 1/48 of the long side. Which
lamps lit the photo is decided by `lightings`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.stage_light import ratios
from restore.analysis.stage_light.lamps import broad, constants, matrix, palette
from restore.color import Array

SIDE = 48
"""Cells on the long side."""
LEAK = (0.06, 0.04)
"""Error of the model relative to the brightest channel: of a JPEG, and of camera channels."""
WRONG, WIDER = 0.3, 100.0
"""Share of places where a network is simply wrong, and variance added to its estimate."""
NOTHING = np.float32(1e3)
"""A relative variance as uninformative as any larger one, whose powers are still finite."""
BLOCK = 2**15
"""Numbers processed at once."""
POWERS, COLOURS = 0.35, 0.48
"""Standard deviations in nats: of lamps' relative power, and of its estimate from one photo."""

SLOPES = (0.9, 0.25)
"""How much of a ratio's slope across and down a photo is the lamps'; the rest is the scene's:
skies are above and the ground below. Fitted on simulated shots; lamps stood at sides and above."""
SPREAD = 0.45
"""Standard deviation in nats of a cell's ratio around the fitted one."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Linear light of a photo's cells.

    Attributes
    ----------
    values
        (h, w, 3) linear channels.
    variance
        (h, w, 3) of the values: noise and rounding; huge where a channel is full.
    camera
        The camera's own channels, not linear sRGB.
    """

    values: Array
    variance: Array
    camera: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[0], self.values.shape[1]

    def plane(self) -> Array:
        """(n, 3) a constant, and a cell's position: across and down, -1 … 1 on the long side."""
        rows, columns = self.shape
        across, down = (
            np.broadcast_to(axis, self.shape).ravel() * (length / max(self.shape))
            for axis, length in ((_even(columns), columns), (_even(rows)[:, None], rows))
        )
        return np.stack([np.ones_like(across), across, down], 1).astype(np.float32)

    def every(self, number: int) -> Cells:
        """At most `number` cells on the long side, picked evenly."""
        step = math.ceil(max(self.shape) / number)
        picked = slice(step // 2 if min(self.shape) > step else 0, None, step)
        return Cells(self.values[picked, picked], self.variance[picked, picked], self.camera)


@dataclass(frozen=True, eq=False)
class Mixture:
    """The amount of each lamp's light on each cell.

    Attributes
    ----------
    lamps
        Names, keys of `lamps.LAMPS`.
    place
        (n, m - 1) logarithms of the m lamps' light, in the coordinates of
        `ratios.basis`: for two lamps, ln(w_1 / w_2).
    likelihood
        (n, 90) of the palette's colours for each cell, over its likely ratios.
    evidence
        (n,) log evidence of each cell.
    reach
        5th and 95th percentile over the cells of each one's own estimate of ln(w_1 / w_2).
    """

    lamps: tuple[str, ...]
    place: Array
    likelihood: Array
    evidence: Array
    reach: tuple[float, float] = (0.0, 0.0)

    def colours(self, likely: Array | None = None) -> Array:
        """(n, 90) probability of the palette's colours, sum 1, for each cell.

        `likely` (n, 90) is their prior besides the light; by default, that they are natural.
        """
        p: Array = self.likelihood * (palette()[1] if likely is None else likely)
        p /= p.sum(1, keepdims=True)
        return p

    def shares(self) -> Array:
        """(n, m) share of each lamp in the light, sum 1."""
        weights: Array = np.exp(self.place @ ratios.basis(len(self.lamps)).T)
        return weights / weights.sum(1, keepdims=True)


def cells(view: Array, noise: Array, averaged: float, camera: bool, side: int = SIDE) -> Cells:
    """A photo's linear light on cells, with its variance.

    Parameters
    ----------
    view
        (height, width, 3) sRGB-encoded: the photo as its file held it, reduced or not.
    noise
        (3,) standard deviation of one encoded pixel of the full photo.
    averaged
        Pixels of the full photo in one of the view.
    """
    import cv2

    height, width = view.shape[:2]
    shrink = min(1.0, side / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))

    def mean(values: Array) -> Array:
        return cv2.resize(values, size, interpolation=cv2.INTER_AREA)

    averaged *= height * width / (size[0] * size[1])
    linear = color.decode(view)
    below = view < 0.985
    # One mask for all channels, or hues would shift; `all` over that axis takes ten times as long.
    whole = (below[..., 0] & below[..., 1] & below[..., 2]).astype(np.float32)[..., None]
    share = mean(whole)[..., None]
    enough = share > 0.2
    full = ~enough & (mean(below.astype(np.float32)) < 0.98)
    values = np.where(
        enough, mean(np.multiply(linear, whole)) / np.maximum(share, 1e-3), mean(linear)
    )
    slope = 2.4 / 1.055 * ((color.encode(values).clip(0.04, None) + 0.055) / 1.055) ** 1.4
    # A quarter: JPEG and demosaicking make neighbours' noise alike. 0.6 / 255 is 8 bits' rounding.
    variance = (noise**2 + (0.6 / 255) ** 2) * slope**2 / max(averaged / 4, 1) + 1e-7
    if not camera:  # negative values of the colour matrix were clipped at 0
        top = values.max(-1, keepdims=True)
        cut = values < 0.01 * top
        variance = variance + cut * (0.05 * top) ** 2
    variance = np.where(full, 1e3, variance)
    return Cells(values.astype(np.float32), variance.astype(np.float32), camera)


def mixture(seen: Cells, lamps: Sequence[str]) -> Mixture:
    """The mixture of known lamps on each cell.

    A single cell is weak evidence: a red object under blue light looks like a grey one under red
    light. So the ratios are fitted by a plane over the photo: lamps stand somewhere. Its slopes are
    those of all cells, minus what natural photos alone would suggest; its level that of surfaces
    that are bright under every lamp, which are the most nearly neutral, drawn towards lamps of
    equal strength.
    """
    lamps = tuple(lamps)
    likelihood = _explain(seen, lamps)
    nodes = ratios.nodes(len(lamps))
    flat = likelihood.reshape(-1, likelihood.shape[-1])
    evidence_at = np.log(flat @ palette()[1]).reshape(likelihood.shape[:2])
    if len(lamps) == 1:
        empty = np.zeros((len(evidence_at), 0), np.float32)
        return Mixture(lamps, empty, likelihood[:, 0], evidence_at[:, 0])

    posterior = ratios.softmax(evidence_at - 0.5 * (nodes**2).sum(1) / 9)
    mean = posterior @ nodes
    doubt = (posterior @ (nodes**2) - mean**2).mean(1)
    sure = 1 / (doubt + 0.1)
    plane = seen.plane()
    level = _fit(plane, mean, sure * _lit_by_all(seen, lamps))[0]
    level *= POWERS**2 / (POWERS**2 + COLOURS**2)
    slope = plane[:, 1:] @ (_fit(plane, mean, sure)[1:] * np.array(SLOPES)[:, None])
    place = (level + slope).astype(np.float32)
    likely = ratios.log_normal(nodes, place, SPREAD)
    evidence = ratios.log_sum(evidence_at + likely)
    likelihood = (np.exp(likely)[:, None] @ likelihood)[:, 0]
    low, high = np.percentile(mean[:, 0], (5, 95))
    return Mixture(lamps, place, likelihood, evidence, (float(low), float(high)))


def colours(seen: Cells, mixture: Mixture, likely: Array | None = None) -> tuple[Array, Array]:
    """The chroma of each cell, and how far the light determines it.

    Parameters
    ----------
    likely
        (n, 90) probability of the palette's colours for each cell, if more is known than that
        they are natural.

    Returns
    -------
    (n, 2) a* b* that the surface would have at L* = 50, the mean over all colours that explain the
    channels; (n,) recoverability 0 … 1.
    """
    sure = recoverability(seen, mixture)
    if len(mixture.lamps) == 1 and broad(mixture.lamps[0], seen.camera):
        return _divided(seen, mixture.lamps[0]), sure
    return mixture.colours(likely) @ palette()[0], sure


def likely(ab: Array, covariance: Array) -> Array:
    """Probability of the palette's colours given a network's estimate.

    Parameters
    ----------
    ab
        (n, 2) a* b* at L* = 50.
    covariance
        (n, 3) variances and covariance (a, ab, b).

    Returns
    -------
    (n, 90). The network is assumed to be entirely wrong in a share `WRONG` of the places.
    """
    colour, share, _ = palette()
    aa, cross, bb = (covariance * np.float32(1) + (WIDER, 0, WIDER)).T[..., None]
    a, b = (colour[:, k] - ab[:, k, None] for k in range(2))
    far = (bb * a * a - 2 * cross * a * b + aa * b * b) / (aa * bb - cross * cross)
    near = ratios.softmax(-0.5 * far)
    return ((1 - WRONG) * near + WRONG * share).astype(np.float32)


def recoverability(seen: Cells, mixture: Mixture) -> Array:
    """(n,) share of the natural variance of chroma that the light determines, 0 … 1.

    1 - trace(C) / trace(C0) with C the covariance after, C0 before, of the linear estimate: it
    depends on the lamps, their mixture and its doubt, noise and clipping, not on the colour found.
    """
    prior = {key: np.array(value) for key, value in constants()["hue_prior"].items()}
    if len(mixture.lamps) == 1 and not broad(mixture.lamps[0], seen.camera):
        return np.zeros(
            len(mixture.place), np.float32
        )  # its leaks are smaller than the differences of cameras
    matrices = np.stack([matrix(name, seen.camera) for name in mixture.lamps])
    coordinates = ratios.basis(len(mixture.lamps))
    top = np.maximum(seen.values.reshape(-1, 3).max(1), 1e-4)
    weights = np.exp(mixture.place @ coordinates.T)
    mixed = np.einsum("nm,mij->nij", weights, matrices)
    neutral = mixed @ prior["mu_rel"]
    scale = np.maximum(neutral.max(1), 1e-6)
    mixed, neutral = mixed / scale[:, None, None], neutral / scale[:, None]
    slope = mixed @ prior["G_rel_per_ab50"]
    noise = mixed @ prior["Q_rel"] @ mixed.transpose(0, 2, 1)
    noise += 25 * neutral[:, :, None] * neutral[:, None, :]
    own = seen.variance.reshape(-1, 3) / top[:, None] ** 2
    # Lamps and cameras differ, more so after an unknown colour matrix.
    own += (0.15 * neutral) ** 2 + 0.05**2 if seen.camera else (0.25 * neutral) ** 2 + 0.1**2
    if not seen.camera:
        own += neutral < 0.01  # clipped at 0, it is no evidence
    noise += own[:, :, None] * np.eye(3)
    shift = np.einsum("nm,mc,mk->nck", weights, coordinates, matrices @ prior["mu_rel"])
    shift *= (SPREAD / scale)[:, None, None]
    noise += shift.transpose(0, 2, 1) @ shift
    information = slope.transpose(0, 2, 1) @ np.linalg.inv(noise) @ slope
    before = prior["C0_ab50"]
    after = np.linalg.inv(np.linalg.inv(before) + information)
    share = 1 - np.trace(after, axis1=1, axis2=2) / np.trace(before)
    return share.clip(0, 1).astype(np.float32)


def _explain(seen: Cells, lamps: tuple[str, ...]) -> Array:
    """(n, K, 90) likelihood of every colour under every mixture in `ratios.nodes`, for each cell.

    Student's t about the predicted channels, the unknown scale integrated out. Besides noise there
    is 8% of each channel and a leak of 4% (camera channels) or 6% of the brightest one: cameras
    and lamps differ by that much.

    With predicted p, seen z and variance t of the three channels, and (i, j, k) in turn, the best
    scale leaves sum t_i (p_j z_k - p_k z_j)^2 / a, where a = sum p_i^2 t_j t_k (Lagrange's
    identity). t is the colour's variance plus the cell's, so both sums are a matrix of the colours
    times one of the cells.
    """
    colours, of_a = _predicted(lamps, seen.camera)
    values = seen.values.reshape(-1, 3)
    top = np.maximum(values.max(1, keepdims=True), np.float32(1e-4))
    z, variance = values / top, np.minimum(seen.variance.reshape(-1, 3) / top**2, NOTHING)
    cells = np.concatenate([_for_a(variance), _for_rest(z, variance)], 1)
    likelihood = np.empty((len(z), colours.shape[1]), np.float32)
    block = max(1, BLOCK // colours.shape[1])
    for start in range(0, len(z), block):  # small enough to stay in the processor's cache
        rows = slice(start, start + block)
        a = cells[rows, :of_a] @ colours[:of_a]
        wrong = cells[rows] @ colours  # a (1 + rest / 5)
        np.maximum(wrong, a, out=wrong)  # where rounding made the rest negative
        share = np.divide(a, wrong, out=a)
        np.maximum(share, 1 / NOTHING, out=share)
        cube = share * share
        cube *= share
        np.sqrt(wrong, out=wrong)
        np.divide(cube, wrong, out=likelihood[rows])  # a^-1/2 (1 + rest / 5)^-7/2
    return likelihood.reshape(len(z), -1, len(palette()[0]))


_TURNS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


def _for_a(variance: Array) -> Array:
    """(n, 7) what `a` needs of cells of a variance (n, 3); in step with `_predicted`."""
    terms = [variance[:, j] * variance[:, k] for _, j, k in _TURNS]
    return np.stack([np.ones_like(variance[:, 0]), *variance.T, *terms], 1)


def _for_rest(z: Array, variance: Array) -> Array:
    """(n, 18) what the rest needs of cells of channels and variance (n, 3)."""
    squares = [(z[:, k] ** 2, -2 * z[:, j] * z[:, k], z[:, j] ** 2) for _, j, k in _TURNS]
    terms = [
        term * factor
        for (i, _, _), three in zip(_TURNS, squares, strict=True)
        for term in three
        for factor in (1, variance[:, i])
    ]
    return np.stack(terms, 1) * np.float32(1 / 5)


@cache
def _predicted(lamps: tuple[str, ...], camera: bool) -> tuple[Array, int]:
    """(25, K * 90) what the sums in `_explain` need of every colour under every mixture.

    And how many of the rows are for `a`.
    """
    weights = np.exp(ratios.nodes(len(lamps)) @ ratios.basis(len(lamps)).T)
    mixed = np.einsum("km,mij->kij", weights, [matrix(name, camera) for name in lamps])
    predicted = mixed @ palette()[2].T
    if not camera:
        predicted = np.maximum(predicted, 0)
    predicted /= np.maximum(predicted.max(1, keepdims=True), 1e-3)
    p = np.moveaxis(predicted, 1, 0).reshape(3, -1).astype(np.float64)
    own, square = (0.08 * p) ** 2 + LEAK[camera] ** 2, p * p
    terms_a = [
        sum(square[i] * own[j] * own[k] for i, j, k in _TURNS),
        *(square[j] * own[k] + square[k] * own[j] for _, j, k in _TURNS),
        *(square[i] for i, _, _ in _TURNS),
    ]
    terms_rest = [
        factor * row
        for i, j, k in _TURNS
        for factor in (square[j], p[j] * p[k], square[k])
        for row in (own[i], 1)
    ]
    return np.stack([*terms_a, *terms_rest]).astype(np.float32), len(terms_a)


def _fit(
    plane: Array, values: NDArray[np.floating], weight: NDArray[np.floating]
) -> NDArray[np.floating]:
    """(3, k) the plane through (n, k) values, weighted."""
    normal = (plane.T * weight) @ plane + 1e-6 * weight.sum() * np.eye(3)
    return np.linalg.solve(normal, (plane.T * weight) @ values)


def _divided(seen: Cells, lamp: str) -> Array:
    """(n, 2) a* b* at L* = 50 of cells under one broad lamp, its colour divided out."""
    linear = seen.values.reshape(-1, 3) @ np.linalg.inv(matrix(lamp, seen.camera)).T
    luminance = np.maximum(linear @ color.LUMA, 1e-5)
    middle = color.lab_to_linear(np.array([50, 0, 0], np.float32))[0]
    return color.to_lab(color.encode(linear * (middle / luminance)[:, None]))[:, 1:].clip(-80, 80)


def _lit_by_all(seen: Cells, lamps: tuple[str, ...]) -> Array:
    """(n,) brightness of a cell under every lamp at once, relative to its surroundings, squared."""
    import cv2

    neutral = constants()["hue_prior"]["mu_rel"]
    lights = np.stack([matrix(name, seen.camera) @ neutral for name in lamps], 1)
    shares = np.maximum(seen.values, 0) @ np.linalg.pinv(lights).T
    shares = np.maximum(shares, np.maximum(0.01 * shares.max(-1, keepdims=True), 1e-9))
    both = np.exp(np.log(shares).mean(-1)).astype(np.float32)
    around = cv2.GaussianBlur(both, (0, 0), 0.25 * max(seen.shape), borderType=cv2.BORDER_REFLECT)
    return np.minimum(both / around, 5).ravel() ** 2


def _even(count: int) -> NDArray[np.float64]:
    """-1 … 1 evenly; a single one is 0."""
    return np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
