"""Small chroma maps: smoothed, muted, and upsampled along the photo's edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore.color import Array
from restore.colorizers import _distribution
from restore.image.field import Field
from restore.image.photo import Window
from restore.values import Value

FINE = 8
"""Side in lightness pixels at which a cell is sampled: more change nothing."""
BEYOND = 1.0
"""How far colours may exceed those of the cells around, or grey, in Lab units. A share of their
range would leave a cyan rim where something white is in front of orange."""
FINER = 4
"""The maps are this much finer than the cells, so that linear interpolation is smooth."""
REACH = 0.3
"""How far colours even out inside an object, in short sides of the photo."""
EDGE = 5.0
"""Difference in L* between cells across which colours hardly even out."""
KIN = 16
"""Power of the likeness of two cells' distributions: one neighbour in twenty is under 0.95, and
one in a hundred, where objects meet, under 0.87."""

STRONG, UNSURE = 20.0, 250.0
"""Chroma in Lab units, and variance, beyond which annealed colours are often wrong."""


@dataclass(frozen=True, eq=False)
class Guided(Value):
    """a* b* as a locally linear function of lightness: ab = slope L*/100 + offset.

    Attributes
    ----------
    coefficients
        Map (h, w, 4) in Lab units: slopes of a* and b*, offsets of a* and b*.
    """

    coefficients: Field

    def at(self, lightness: Array, window: Window) -> Array:
        """(rows, columns, 2) a* b* of a tile whose CIE L* (rows, columns) is given."""
        return np.stack([*self.planes(lightness, window)], -1)

    def planes(self, lightness: Array, window: Window) -> Array:
        """As `at`, as separate planes of a* and b*: (2, rows, columns)."""
        coefficients = self.coefficients.planes(window)
        ab = coefficients[:2]
        ab *= lightness * np.float32(0.01)
        ab += coefficients[2:]
        return ab


def light_of_cells(lightness: Array, ab: Array) -> Array:
    """(h, w) CIE L* of the cells of a map (h, w, 2), from that of the whole photo."""
    import cv2

    return cv2.resize(lightness, ab.shape[1::-1], interpolation=cv2.INTER_AREA)


def settle(
    ab: Array,
    p: Array,
    variance: Array,
    lightness: Array,
    caution: float | Array,
    annealed: float = 0,
) -> Array:
    """Even out a network's colours inside objects, and mute them where it is unsure.

    The result is closest to the network's colours, weighted by certainty, and to those of its
    neighbours: a banded linear system (a Gaussian Markov random field; Levin, Lischinski, Weiss,
    10.1145/1015706.1015780, with the network in place of scribbles). Cells belong together if
    their lightness and the network's distributions are alike: a coat has one colour, and none
    runs from a face into the sky. Then a colour of chroma C and variance V keeps the share
    C² / (C² + caution V): little on haze and walls, which may be any colour. Annealing makes a
    colour the stronger the less sure it is; so, as far as it is annealed, C counts as at most
    `STRONG`, and V as more from `UNSURE` on.

    Parameters
    ----------
    ab
        (h, w, 2) a* b* of the cells.
    p
        (n, h, w) how likely each of n colours is.
    variance
        (h, w) of the distribution, the mean of a* and b*.
    lightness
        (height, width) CIE L* of the whole photo.
    caution
        0 or more: one number, or (h, w, 1) where it varies.
    annealed
        0 for the mean of the distribution, 1 for that at a temperature of 0.5.
    """
    from scipy.linalg import solveh_banded

    rows, columns = ab.shape[:2]
    light = light_of_cells(lightness, ab)
    root = np.sqrt(p)
    reach = np.float32((REACH * min(rows, columns)) ** 2)
    right, down = np.zeros((2, rows, columns))  # how strongly a cell is tied to those beside it
    for tie, one, other in (
        (right, np.s_[..., :-1], np.s_[..., 1:]),
        (down, np.s_[..., :-1, :], np.s_[..., 1:, :]),
    ):
        alike = np.einsum("n...,n...", root[one], root[other])  # Bhattacharyya's coefficient
        step = (light[one] - light[other]) / np.float32(EDGE)
        tie[one] = reach * np.exp(-(step**2)) * alike**KIN
        tie[one] += 1e-4
    sure = (variance.mean() / (variance + np.float32(1))).astype(np.float64)
    whole = sure + right + down
    whole[:, 1:] += right[:, :-1]
    whole[1:] += down[:-1]
    wide = rows <= columns  # cells in lines along the short side: the narrowest band

    def in_lines(cells: NDArray[np.floating]) -> NDArray[np.floating]:
        return cells.swapaxes(0, 1) if wide else cells

    band = np.empty((min(rows, columns) + 1, rows * columns), order="F")
    band[2:-1] = 0
    near, far = (down, right) if wide else (right, down)
    for at, cells in ((0, whole), (1, -near), (-1, -far)):
        band[at] = in_lines(cells).ravel()
    maps = in_lines(np.dstack([ab, variance]) * sure[..., None])
    band = band[: rows * columns]  # a single cell is tied to nothing
    even = solveh_banded(
        band, maps.reshape(-1, 3), lower=True, overwrite_ab=True, check_finite=False
    )
    even = in_lines(even.reshape(maps.shape)).astype(np.float32)
    ab, variance = even[..., :2], even[..., 2:]
    square = (ab**2).sum(-1, keepdims=True)
    if annealed > 0:
        square = np.minimum(square, np.float32((STRONG / annealed) ** 2))
        variance = variance * np.maximum(1, variance * np.float32(annealed / UNSURE))
    return ab * (square / (square + caution * variance + np.float32(1e-6)))


def settled(
    logits: Array, p: Array, lightness: Array, temperature: float, caution: float | Array
) -> Array:
    """A network's colours at a temperature, evened out (h, w, 2).

    Of logits (313, h, w) and their probabilities `p`, for a photo's CIE L* (height, width).
    """
    mean, covariance = _distribution.moments(p)
    variance = covariance[..., ::2].mean(-1)
    if temperature != 1:
        mean = _distribution.mean(_distribution.probabilities(logits, temperature))
    annealed = 2 * max(0.0, 1 - temperature)
    return settle(mean, p, variance, lightness, caution, annealed)


def guide(ab: Array, lightness: Array, eps: float = 1e-3) -> Guided:
    """Fit a chroma map to the edges of the photo.

    A guided filter (He, Sun, Tang, 10.1109/TPAMI.2012.213) whose coefficients are found on the
    cells, 3 x 3 at a time, and two back-projections: the mean of the result over each cell is
    again the network's, as far as that gives no lightness a colour beyond those of the cells
    around.

    Parameters
    ----------
    ab
        (h, w, 2) a* b* of the cells.
    lightness
        (height, width) CIE L* of the whole photo, larger than the map.
    eps
        Variance of L*/100 below which a cell counts as flat.
    """
    import cv2

    rows, columns = (min(pair) for pair in zip(ab.shape, lightness.shape, strict=False))

    def cells(values: Array) -> Array:
        return cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA).reshape(
            rows, columns, *values.shape[2:]
        )

    def box(values: Array) -> Array:
        return cv2.blur(values, (3, 3), borderType=cv2.BORDER_REFLECT).reshape(values.shape)

    if lightness.shape[0] > FINE * rows and lightness.shape[1] > FINE * columns:
        size = FINE * columns, FINE * rows
        lightness = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA)
    ab = cells(ab)
    light: Array = cells(lightness * np.float32(0.01))[..., None]
    middle, mean = box(light), box(ab)
    variance: Array = box(light * light) - middle * middle
    slope: Array = (box(light * ab) - middle * mean) / (variance + np.float32(eps))
    least, most = _limits(ab)
    lightest, darkest = _ends(lightness, rows, columns)
    slope *= _within(slope, mean, least, most, lightest - middle, darkest - middle)
    offset: Array = box(mean - slope * middle)
    slope = box(slope)

    fine = (FINER * columns, FINER * rows)

    def finer(values: Array) -> Array:
        return cv2.resize(values, fine, interpolation=cv2.INTER_LINEAR).reshape(*fine[::-1], -1)

    slope, offset, least, most = (finer(values) for values in (slope, offset, least, most))
    lightest, darkest = finer(lightest), finer(darkest)
    middle = cv2.resize(lightness * np.float32(0.01), fine, interpolation=cv2.INTER_AREA)
    middle = middle[..., None].clip(darkest, lightest)
    whole = Window.whole(*lightness.shape)
    for _ in range(2):
        guided = Guided(Field(np.dstack([slope, offset])))
        missed = ab - np.dstack([cells(plane) for plane in guided.planes(lightness, whole)])
        offset += cv2.resize(missed, fine, interpolation=cv2.INTER_CUBIC)
        # What was missed moves a line, and rings around a small spot of colour.
        level = (slope * middle + offset).clip(least, most)
        slope *= _within(slope, level, least, most, lightest - middle, darkest - middle)
        offset = level - slope * middle
    return Guided(Field(np.dstack([slope, offset])))


def _ends(lightness: Array, rows: int, columns: int) -> tuple[Array, Array]:
    """(rows, columns, 1) lightest and darkest L*/100 in each cell and those around it."""
    import cv2

    tall, wide = (round(n / m) for n, m in zip(lightness.shape, (rows, columns), strict=True))
    cell, around = np.ones((tall, wide), np.uint8), np.ones((3, 3), np.uint8)
    extremes = []
    for spread in (cv2.dilate, cv2.erode):
        ends = cv2.resize(spread(lightness, cell), (columns, rows), interpolation=cv2.INTER_NEAREST)
        extremes.append(spread(ends, around)[..., None] * np.float32(0.01))
    return extremes[0], extremes[1]


def _limits(ab: Array) -> tuple[Array, Array]:
    """(h, w, 2) least and most a* b* near each cell: those of the cells around, and grey."""
    import cv2

    around = np.ones((3, 3), np.uint8)
    least, most = cv2.erode(ab, around), cv2.dilate(ab, around)
    return np.minimum(least, 0) - np.float32(BEYOND), np.maximum(most, 0) + np.float32(BEYOND)


def _within(slope: Array, level: Array, least: Array, most: Array, *ends: Array) -> Array:
    """(h, w, 2) factors on slopes, 0 … 1, that keep colours about as the cells around have them.

    Otherwise, something white in front of orange turns cyan: its cell holds orange too, and a line
    through both continues beyond white.

    Parameters
    ----------
    level
        (h, w, 2) a* b* where the lines are turned, between `least` and `most` (`_limits`).
    ends
        (h, w, 1) L*/100 of the lightest and the darkest there, relative to that point.
    """
    factor = np.ones_like(slope)
    for end in ends:
        reached = slope * end
        limit = np.where(reached > 0, most, least) - level
        np.minimum(
            factor, limit / np.where(reached == 0, np.inf, reached), out=factor, where=reached != 0
        )
    return factor
