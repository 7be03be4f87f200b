"""Colours that a person knows at some places, carried to where the photo is alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restore.color import Array
from restore.image.hints import Hint

FEATURES = 16
"""Principal components of the square-rooted distribution: what the network takes a cell for."""
MOST = 1500
"""Cells with a hint that are used; of more, these are spread evenly."""
WIDTHS = ((1.5, 40.0, 0.5), (0.25, 25.0, 0.4))
"""Of the two kernels: in short sides of the photo, in L*, in the features."""
DOUBT = 0.05
"""Variance of a hint, of that of the network's error."""


def carry(ab: Array, p: Array, lightness: Array, hints: Sequence[Hint]) -> tuple[Array, Array]:
    """The network's colours corrected by hints, and how well the corrections are known.

    Gaussian-process regression of what the network missed at the hints, over place, lightness and
    the distribution that the network gives: far from the hints, and in other things, its own
    colours stay. The mean of a wide and a narrow kernel.

    Parameters
    ----------
    ab
        (h, w, 2) the network's a* b*.
    p
        (n, h, w) how likely each of n colours is.
    lightness
        (h, w) CIE L* of the cells.
    hints
        Where they overlap, the later one counts.

    Returns
    -------
    The colours (h, w, 2), and the share of the network's doubt that is left (h, w), 0 … 1.
    """
    rows, columns = lightness.shape
    wanted = np.zeros_like(ab)
    marked = np.zeros((rows, columns), bool)
    for hint in hints:
        place = hint.cells(rows, columns)
        light, *chroma = hint.colour
        # chroma of one reflectance goes with the cube root of the light on it
        scale = (lightness[place] + 16) / np.float32(light + 16)
        wanted[place] = scale[:, None] * np.array(chroma, np.float32)
        marked |= place
    if not marked.any():
        return ab, np.ones_like(lightness)
    known = np.flatnonzero(marked)
    known = known[np.linspace(0, len(known) - 1, min(MOST, len(known))).astype(int)]
    described = _features(p, lightness)
    kernel = sum(
        np.exp(-0.5 * _distances(described / width, known))
        for width in (np.repeat(widths, (2, 1, FEATURES)).astype(np.float32) for widths in WIDTHS)
    ) / np.float32(len(WIDTHS))
    inner = kernel[known].astype(np.float64) + DOUBT * np.eye(len(known))
    missed = (wanted - ab).reshape(-1, 2)[known]
    solved = np.linalg.solve(inner, np.concatenate([missed, kernel.T], 1))
    corrected = ab.reshape(-1, 2) + kernel @ solved[:, :2]
    left = 1 - np.einsum("nk,kn->n", kernel, solved[:, 2:])
    return (
        corrected.reshape(ab.shape).astype(np.float32),
        left.clip(0, 1).reshape(rows, columns).astype(np.float32),
    )


def _features(p: Array, lightness: Array) -> Array:
    """(cells, 3 + FEATURES) x and y in short sides, L*, components of the distribution."""
    rows, columns = lightness.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32) / min(rows, columns)
    root = np.sqrt(p).reshape(len(p), -1)
    root = root - root.mean(1, keepdims=True)
    axes = np.linalg.eigh(root @ root.T)[1][:, -FEATURES:]
    components = root.T @ axes
    missing = np.zeros((rows * columns, FEATURES - components.shape[1]), np.float32)
    planes = (x.reshape(-1, 1), y.reshape(-1, 1), lightness.reshape(-1, 1))
    return np.concatenate([*planes, components, missing], 1).astype(np.float32)


def _distances(values: Array, known: Array) -> Array:
    """(n, k) squared distances of rows of values (n, d) from those of index `known`."""
    squares = (values**2).sum(1)
    return np.maximum(squares[:, None] + squares[known] - 2 * values @ values[known].T, 0)
