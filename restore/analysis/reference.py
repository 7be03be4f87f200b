"""The colours of another photo, as evidence: what looks alike there, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from restore.color import Array
from restore.colorizers._distribution import probabilities
from restore.colorizers._grid import grid

COMPONENTS = 16
"""Principal components of the square-rooted distributions of both photos."""
NEAR, FAR = 1 / 12, 1 / 4
"""Half sides of the surroundings that describe a cell, in short sides of the photo."""
WIDEST = 6
"""Most cells between those of a pattern."""
MOST = 4096
"""Most cells of the reference that are compared with, spread evenly."""
BLOCK = 1024
"""Cells that are compared at a time."""
HALF = 50.0
"""L* to which colours are brought: the chroma of one reflectance varies with the cube root of the
light on it."""
# Fitted by the error of the colours of training photos: docs/research/colorize.md.
WEIGHTS = (6.15, 3.98, 2.64, 8.77, 7.61, 9.95, 1.59, 3.32, 6.61, 9.75, 0.6)
"""Of a difference in each group of `_features`."""
WIDTH = (0.179, 0.112)
"""Squared width of the kernel: a constant, and a share of the squared distance of the nearest:
where a cell finds its like, only that counts."""
FARTHEST = 40.0
"""Greatest distance, as minus the logarithm of a density: farther is all the same."""
OF_CELL = (0.079, 0.477, -0.514, 0.29)
OF_PAIR = (0.455, -1.317, -0.416)
"""Logarithm of the variance in squared Lab units: a constant, and factors on the signs of a cell
and of the two photos in `look_up`."""
GREATEST = 12.0
"""Logarithm of a variance that says nothing."""
LEAST = -30.0
"""Logarithm of the least density, relative to the greatest: no colour is impossible."""
DEVIATION = 16.0
"""Standard deviation of a* and of b* (at L* = 50) over photos."""


@dataclass(frozen=True, eq=False)
class Cells:
    """A photo as the network sees it.

    Attributes
    ----------
    logits
        (n, h, w) of n colours.
    lightness
        (height, width) CIE L* of the whole photo.
    """

    logits: Array
    lightness: Array

    @cached_property
    def p(self) -> Array:
        """(n, h, w) how likely each colour is."""
        return probabilities(self.logits)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return self.logits.shape[1], self.logits.shape[2]

    @cached_property
    def light(self) -> Array:
        """(h, w) CIE L* of the cells."""
        return averaged(self.lightness, self.shape)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Colours that something other than the network says.

    Attributes
    ----------
    ab
        (h, w, 2) a* b* that the object would have at L* = 50.
    variance
        (h, w) of a* and of b*.
    """

    ab: Array
    variance: Array

    @property
    def sure(self) -> Array:
        """(h, w) 0, as unsure as without any evidence … 1."""
        sure: Array = DEVIATION**2 / (self.variance + DEVIATION**2)
        return sure

    def told(self, cells: Cells) -> Array:
        """The logits (n, h, w) of a photo in the light of this evidence.

        Those of the product of both distributions, the evidence's being normal.
        """
        return cells.logits + _likelihood(self, cells)


def at_half(ab: Array, light: Array) -> Array:
    """a* b* (h, w, 2) of objects brought to L* = 50 from their L* `light` (h, w)."""
    scale = np.float32(HALF + 16) / (light.clip(10) + np.float32(16))
    return ab * scale[..., None]


def averaged(values: Array, shape: tuple[int, int]) -> Array:
    """Values (height, width, …) averaged over (h, w) cells."""
    import cv2

    return cv2.resize(np.ascontiguousarray(values), shape[::-1], interpolation=cv2.INTER_AREA)


def look_up(photo: Cells, reference: Cells, ab: Array) -> Evidence:
    """What a reference says of a photo's colours.

    Each cell is compared with all of the reference: what the network makes of it and of its
    surroundings, lightness relative to the rest of the photo, texture, height in the picture. The
    colour is the mean of the reference's, weighted by likeness.

    Parameters
    ----------
    ab
        (h, w, 2) true a* b* of the reference's cells.
    """
    count = reference.light.size
    used = np.linspace(0, count - 1, min(MOST, count)).astype(int)
    ours, theirs = _described(photo, reference)
    theirs = theirs[used]
    colours = at_half(ab, reference.light).reshape(-1, 2)[used]
    moments = np.concatenate([colours, colours**2], 1)
    squares = (theirs**2).sum(1)
    mean, apart, alike, nearest = (np.empty((len(ours), n), np.float32) for n in (2, 1, 1, 1))
    for start in range(0, len(ours), BLOCK):
        block = slice(start, start + BLOCK)
        part = ours[block]
        distance = (part**2).sum(1, keepdims=True) + squares - 2 * part @ theirs.T
        closest = distance.min(1, keepdims=True)
        beyond = distance - closest
        total = np.exp(-0.5 * beyond).sum(1, keepdims=True)
        closest = closest.clip(0)
        weight = np.exp(-0.5 * beyond / np.float32(WIDTH[0] + WIDTH[1] * closest))
        known = weight @ moments / weight.sum(1, keepdims=True)
        mean[block] = known[:, :2]
        apart[block] = (known[:, 2:] - known[:, :2] ** 2).clip(0).mean(1, keepdims=True)
        alike[block] = np.log(total / len(used)) - closest / 2
        nearest[block] = closest
    signs = np.concatenate(
        [
            np.log(apart + 4) - 3,
            alike.clip(-FARTHEST) / 5,
            nearest.clip(0, 2 * FARTHEST) / 10,
        ],
        1,
    )
    shape = photo.shape
    level = (OF_CELL[0] + signs @ np.array(OF_CELL[1:], np.float32)).reshape(shape)
    colour = mean.reshape(*shape, 2)
    alone = Evidence(colour, np.exp(level.clip(0, GREATEST)))
    agrees = (photo.p * np.exp(_likelihood(alone, photo, relative=True))).sum(0)
    means = [np.sqrt(cells.p).reshape(len(cells.p), -1).mean(1) for cells in (photo, reference)]
    of_pair = (
        np.log(agrees + 1e-3).clip(-4, 3).mean(),
        signs[:, 1].mean(),
        5 * ((means[0] - means[1]) ** 2).sum(),
    )
    level = level + np.float32(np.dot(OF_PAIR, of_pair))
    return Evidence(colour, np.exp(level.clip(0, GREATEST)).astype(np.float32))


def _likelihood(evidence: Evidence, cells: Cells, relative: bool = False) -> Array:
    """(n, h, w) logarithm of the evidence's density at each colour, for the cells' lightness.

    If `relative`, to a uniform density; else to its own greatest.
    """
    scale = (cells.light + 16) / np.float32(HALF + 16)
    at = evidence.ab * scale[..., None]
    variance = evidence.variance * scale.clip(0.5) ** 2
    a, b = grid().T[:, :, None, None]
    square = (a - at[..., 0]) ** 2 + (b - at[..., 1]) ** 2
    density: Array = (-0.5 * square / variance).clip(LEAST)
    if relative:
        density += np.log(np.float32(100 * len(grid()) / (2 * np.pi)) / variance)
    return density


def _described(photo: Cells, reference: Cells) -> tuple[Array, Array]:
    """(cells, d) weighted features of both photos; their squared distance says how alike."""
    roots = [np.sqrt(cells.p).reshape(len(cells.p), -1) for cells in (photo, reference)]
    both = np.concatenate(roots, 1)
    middle = both.mean(1, keepdims=True)
    both = both - middle
    axes = np.linalg.eigh(both @ both.T)[1][:, -COMPONENTS:]
    first, second = (
        _features(cells, (root - middle).T @ axes)
        for cells, root in zip((photo, reference), roots, strict=True)
    )
    return first, second


def _features(cells: Cells, components: Array) -> Array:
    """(cells, d) weighted features of one photo, from its components (cells, k)."""
    rows, columns = cells.shape
    short = min(rows, columns)
    near, far = NEAR * short, FAR * short
    content = components.reshape(rows, columns, -1).astype(np.float32)
    order = cells.light.ravel().argsort(kind="stable").argsort()
    rank = (order / np.float32(order.size - 1)).astype(np.float32).reshape(rows, columns)
    relief = rank - _around(rank, near)
    groups = (
        *(content, _around(content, near), _around(content, far)),
        *(rank, _around(rank, near), _around(rank, far)),
        _detail(cells),
        np.log(np.sqrt(_around(relief**2, near).clip(0)) + np.float32(0.02)),
        np.repeat(np.linspace(0, 1, rows, dtype=np.float32)[:, None], columns, 1),
        _normalised(_around(_directions(cells), short / 24)),
        _pattern(rank, min(max(1, round(short / 16)), WIDEST)),
    )
    flat = [group.reshape(rows * columns, -1) for group in groups]
    weighted = (part * np.float32(weight) for part, weight in zip(flat, WEIGHTS, strict=True))
    return np.concatenate([*weighted], 1)


def _seen(cells: Cells) -> Array:
    """(4 h, 4 w) CIE L* at the size of the network's input."""
    rows, columns = cells.shape
    return averaged(cells.lightness, (4 * rows, 4 * columns))


def _detail(cells: Cells) -> Array:
    """(h, w) logarithm of the contrast inside each cell."""
    import cv2

    seen = _seen(cells)
    fine = averaged((seen - cv2.GaussianBlur(seen, (0, 0), 2)) ** 2, cells.shape)
    return np.log(np.sqrt(fine) + np.float32(0.5))


def _directions(cells: Cells) -> Array:
    """(h, w, 8) gradients by direction: histograms of oriented gradients before normalising."""
    import cv2

    seen = cv2.GaussianBlur(_seen(cells), (0, 0), 1.5)
    right, down = (cv2.Sobel(seen, cv2.CV_32F, *axes) / 8 for axes in ((1, 0), (0, 1)))
    size, angle = np.hypot(right, down), np.arctan2(down, right)
    parts = [
        averaged(size * np.cos(angle - turn * np.float32(np.pi / 4)).clip(0) ** 2, cells.shape)
        for turn in range(8)
    ]
    return np.stack(parts, -1)


def _normalised(gradients: Array) -> Array:
    """(h, w, 8) square roots of shares of a cell's gradients; small where there are few."""
    gradients = gradients.clip(0)  # a blur may end below 0
    return np.sqrt(gradients / (gradients.sum(-1, keepdims=True) + 1))


def _pattern(rank: Array, apart: int) -> Array:
    """(h, w, 9) lightness of a cell and of eight around it, `apart` cells away, normalised."""
    rows, columns = rank.shape
    wide = np.pad(rank, apart, "symmetric" if min(rank.shape) >= apart else "edge")
    places = [(down, right) for down in (0, apart, 2 * apart) for right in (0, apart, 2 * apart)]
    seen = np.stack([wide[y : y + rows, x : x + columns] for y, x in places], -1)
    seen = seen - seen.mean(-1, keepdims=True)
    return seen / (np.sqrt((seen**2).mean(-1, keepdims=True)) + np.float32(0.05))


def _around(values: Array, half: float) -> Array:
    """Values (h, w, …) averaged over squares around each cell."""
    import cv2

    side = 2 * max(round(half), 1) + 1
    blurred = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)
    return blurred.reshape(values.shape)
