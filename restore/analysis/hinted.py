"""Colours that a person knows at some places, carried to where the photo is alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restore.color import Array
from restore.image.hints import Hint

FEATURES = 16
"""Principal components of the square-rooted distribution: what the network takes a cell for."""
MOST = 200
"""Cells with a hint that are used; of more, these are spread evenly."""
STEP, OTHER = 1.0, 30.0
"""How much longer a way is for each L* between two cells, and between things that the network
tells apart wholly, than over a plain."""
STEEPEST = 20.0
"""L* between two cells beyond which a step counts no more."""
WIDTHS = ((3.0, 30.0, 0.4), (0.7, 20.0, 0.4))
"""Of the two kernels: in short sides of the photo (the way's length), in L*, in the features."""
DOUBT = 0.05
"""Variance of a hint, of that of the network's error."""


def carry(ab: Array, p: Array, lightness: Array, hints: Sequence[Hint]) -> tuple[Array, Array]:
    """The network's colours corrected by hints, and how well the corrections are known.

    Gaussian-process regression of what the network missed at the hints, over place, lightness and
    the distribution that the network gives: far from the hints, and in other things, its own
    colours stay. The mean of a wide and a narrow kernel. How far a cell is from a hint is the
    length of the shortest way there, and edges make a way long: a colour fills the thing it is on.

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
    ways, described = _ways(p, lightness, known), _features(p, lightness)
    kernel = np.zeros_like(ways)
    for way, light, feature in WIDTHS:
        width = np.array([light, *[feature] * FEATURES], np.float32)
        apart = (ways / np.float32(way)) ** 2 + _distances(described / width, known)
        kernel += np.exp(-0.5 * apart) / np.float32(len(WIDTHS))
    # ways over a graph: the kernel may be a little less than positive, which is cut off
    values, axes = np.linalg.eigh((kernel[known] + kernel[known].T).astype(np.float64) / 2)
    inverse = (axes / (values.clip(0) + DOUBT)) @ axes.T
    missed = (wanted - ab).reshape(-1, 2)[known]
    solved = inverse @ np.concatenate([missed, kernel.T], 1)
    corrected = ab.reshape(-1, 2) + kernel @ solved[:, :2]
    left = 1 - np.einsum("nk,kn->n", kernel, solved[:, 2:])
    return (
        corrected.reshape(ab.shape).astype(np.float32),
        left.clip(0, 1).reshape(rows, columns).astype(np.float32),
    )


def _ways(p: Array, lightness: Array, known: Array) -> Array:
    """(cells, k) length of the shortest way to each known cell, in short sides of the photo."""
    from scipy import sparse
    from scipy.sparse.csgraph import dijkstra

    number = np.arange(lightness.size).reshape(lightness.shape)
    root = np.sqrt(p)
    lengths, ends = [], []
    for one, other in ((np.s_[..., :-1], np.s_[..., 1:]), (np.s_[..., :-1, :], np.s_[..., 1:, :])):
        alike = np.einsum("n...,n...", root[one], root[other])  # Bhattacharyya's coefficient
        step = np.abs(lightness[one] - lightness[other]).clip(0, STEEPEST)
        lengths.append((1 + STEP * step + OTHER * (1 - alike)).ravel())
        ends.append((number[one].ravel(), number[other].ravel()))
    i, j = np.concatenate(ends, 1)
    length = np.concatenate(lengths) / min(lightness.shape)
    graph = sparse.coo_matrix((length, (i, j)), (number.size, number.size)).tocsr()
    return dijkstra(graph, directed=False, indices=known).T.astype(np.float32)


def _features(p: Array, lightness: Array) -> Array:
    """(cells, 1 + FEATURES) L*, and components of the distribution."""
    root = np.sqrt(p).reshape(len(p), -1)
    root = root - root.mean(1, keepdims=True)
    axes = np.linalg.eigh(root @ root.T)[1][:, -FEATURES:]
    components = root.T @ axes
    missing = np.zeros((lightness.size, FEATURES - components.shape[1]), np.float32)
    return np.concatenate([lightness.reshape(-1, 1), components, missing], 1).astype(np.float32)


def _distances(values: Array, known: Array) -> Array:
    """(n, k) squared distances of rows of values (n, d) from those of index `known`."""
    squares = (values**2).sum(1)
    return np.maximum(squares[:, None] + squares[known] - 2 * values @ values[known].T, 0)
