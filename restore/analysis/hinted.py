"""Spread colours known at some places to similar parts of the photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restore.color import Array
from restore.image.hints import Hint

FEATURES = 16
"""Principal components of the square-rooted distribution, which describe a cell's content."""
MOST = 200
"""Most cells with a hint that are used, spread evenly."""
STEP, OTHER = 1.0, 30.0
"""Extra path length per L* between two cells, and between objects the network fully
distinguishes."""
STEEPEST = 20.0
"""L* between two cells at which the cost of a step is capped."""
WIDTHS = ((3.0, 30.0, 0.4), (0.7, 20.0, 0.4))
"""Length scales of the two kernels: path in short sides of the photo, L*, features."""
DOUBT = 0.05
"""Variance of a hint, relative to that of the network's error."""

FEW = 3
"""Places with a hint up to which colours of a network that weighed the hints count more."""


def trusted(hints: Sequence[Hint]) -> float:
    """Weight of such colours against those without hints, before the regression."""
    places = sum(len(hint.points) if hint.shape == "points" else 1 for hint in hints)
    return 0.5 if places <= FEW else 0.25


def marked(hints: Sequence[Hint], rows: int, columns: int) -> Array:
    """(rows, columns, 4) hints for a network that weighs them; see `colorizers._evidence`.

    A point marks the cells around it, too: the network was trained on such.
    """
    import cv2

    known = np.zeros((rows, columns, 4), np.float32)
    for reach in (3, 1):  # a point's own cell has its own colour, whatever is marked beside it
        for hint in hints:
            light, a, b = hint.colour
            scale = 66 / (light + 16)
            place = hint.cells(rows, columns)
            if hint.shape == "points":
                place = cv2.dilate(place.astype(np.uint8), np.ones((reach, reach))) > 0
            known[place] = (a * scale, b * scale, 1, 1)
    return known


def carry(ab: Array, p: Array, lightness: Array, hints: Sequence[Hint]) -> tuple[Array, Array]:
    """The network's colours corrected by hints, and how certain the corrections are.

    Gaussian-process regression of the network's errors at the hints, over place, lightness and the
    network's distribution: far from the hints, and in other objects, its own colours stay. The
    mean of a wide and a narrow kernel. The distance of a cell from a hint is the length of the
    shortest path, which edges lengthen: a colour fills the object it is on.

    Parameters
    ----------
    ab
        (h, w, 2) the network's a* b*.
    p
        (n, h, w) how likely each of n colours is.
    lightness
        (h, w) CIE L* of the cells.
    hints
        Where they overlap, the last one wins.

    Returns
    -------
    The colours (h, w, 2), and the share of the network's variance that is left (h, w), 0 … 1.
    """
    rows, columns = lightness.shape
    wanted = np.zeros_like(ab)
    marked = np.zeros((rows, columns), bool)
    for hint in hints:
        place = hint.cells(rows, columns)
        light, *chroma = hint.colour
        # the chroma of one reflectance varies with the cube root of the light on it
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
    # paths over a graph: small negative eigenvalues of the kernel are clipped
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
    """(cells, k) length of the shortest path to each known cell, in short sides of the photo."""
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
