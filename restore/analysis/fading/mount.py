"""A mount's edge: the border of a photo that a mount, frame or slide rebate kept from light.

There less of the dyes has faded: from the edge inwards the density and the contrast of details
fall, on all four sides, in each channel by as much as that channel has faded. Scenes seldom do so.
Sixteen lines of strips, four on each side, are compared with what an edge would do to them: from
strip to strip a scene wanders at random, as far as on other photos (`WANDERS`), each line with an
unrest of its own. That turns the normal law into Student's t, so one object at the edge does not
decide.

A tilt, more fading towards one side, could be found in the same way, but not be distinguished from
daylight that changes colour across a scene: docs/steps/fade.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.fading import dyes

CONTRASTS = np.array([[1 / 3, 1, 0], [1 / 3, -1, -1], [1 / 3, 0, 1]], np.float32)
"""From the channels to their mean, red less green, blue less green."""
STRIPS = np.arange(11) * 0.02
"""Borders of the strips, as shares of the picture's width or height from the edge inwards."""
LINES = np.linspace(0.08, 0.92, 5)
"""Borders of the lines, as shares along the edge."""
WANDERS = np.array([0.075, 0.0264, 0.0326, 0.2652, 0.0959, 0.104], np.float32)
"""Scale of the steps from strip to strip: density, then natural log contrast, each `CONTRASTS`.

Found on 75 photos as `benchmarks/measure_mount.py` does.
"""
CALM = 2
"""Degrees of freedom of the lines' unrest."""
APART = 0.35
"""Share of the lines that is independent evidence: neighbours see the same objects."""
WIDTHS = np.array([0.03, 0.05, 0.075, 0.1, 0.13])
"""Widths of the edge, as the strips."""
SOFTNESS = 0.02
"""How gently it ends, likewise."""
KEPT = np.array([0.2, 0.35, 0.55, 0.7, 0.85])
"""Shares of the fading that it may have kept off."""
CLEAR = 3.0
"""Natural logarithm of the evidence from which an edge is believed."""
SMALLEST = 50
"""Least side in pixels for a comparison."""


def exposure(picture: color.Array, fading: dyes.Fading) -> color.Array | None:
    """How much of the fading each place received.

    Parameters
    ----------
    picture
        (h, w, 3) sRGB-encoded, at most about `dyes.SIDE` pixels.
    fading
        The fading estimated for it.

    Returns
    -------
    (h, w) float32: 1 inside, less at the edges. None if no edge is visible.
    """
    rows, columns = dyes.inside(picture)
    within = picture[rows, columns]
    if min(within.shape[:2]) < SMALLEST:
        return None
    density = restored(within, fading)
    middle = (STRIPS[:-1] + STRIPS[1:]) / 2
    places = 1 - KEPT[:, None, None] * _covered(middle)
    expected = _expected(places, density.mean((0, 1)), fading)
    likely = np.stack([_likely(pair, expected) for pair in sides(density)])  # (2, KEPT, WIDTHS)
    top = likely.max((1, 2), keepdims=True)
    weight = np.exp(likely - top) + 1e-150  # so that no product is 0
    of_kept = weight.mean(2).prod(0)
    if top.sum() + np.log(of_kept.mean()) < CLEAR:
        return None
    share = weight / weight.sum(2, keepdims=True)
    down, across = (
        share[axis] @ _covered(_aside(size, part))
        for axis, size, part in ((1, picture.shape[0], rows), (0, picture.shape[1], columns))
    )
    covered = np.maximum(down[:, :, None], across[:, None])
    return (1 - np.tensordot(KEPT * of_kept / of_kept.sum(), covered, 1)).astype(np.float32)


def restored(picture: color.Array, fading: dyes.Fading) -> color.Array:
    """Original densities (h, w, 3) of the picture, by one matrix and shift."""
    density = color.to_density(dyes.softened(picture))
    return (density @ fading.matrix.T + fading.shift).clip(-0.3, 3)


def sides(density: color.Array) -> color.Array:
    """The lines from the left and right sides, and from the top and bottom (2, lines, strips, 6).

    From strip to strip inwards: by how much the mean density and the natural log contrast change.
    """
    turned = density.swapaxes(0, 1)
    pairs = [(part, part[:, ::-1]) for part in (density, turned)]
    return np.stack([np.concatenate([_steps(one) for one in pair]) for pair in pairs])


def evening(fading: dyes.Fading, places: color.Array) -> tuple[color.Array, color.Array]:
    """Gain and shift (h, w, 3) that leave the fading of exposure 1 where it was `places` (h, w)."""
    loss, stain = _lost(fading)
    places = places[..., None]
    gain = (1 - loss) / (1 - loss * places)
    return gain, stain * (1 - gain * places)


def _lost(fading: dyes.Fading) -> tuple[color.Array, color.Array]:
    """Share of each dye lost and density of the stain, (3,)."""
    return (1 - 1 / fading.gain).clip(None, 0.8), -fading.shift / fading.gain


def _aside(size: int, inside: slice) -> color.Array:
    """(size,) distance of each pixel from the nearer end of `inside`, as a share of that."""
    place = (np.arange(size) + 0.5 - inside.start) / (inside.stop - inside.start)
    return np.minimum(place, 1 - place)


def _covered(aside: NDArray[np.floating]) -> NDArray[np.floating]:
    """(widths, n) how far places at n distances from the side are covered by an edge, 0 … 1."""
    return 1 / (1 + np.exp((aside - WIDTHS[:, None]) / SOFTNESS))


def _expected(places: color.Array, mean: color.Array, fading: dyes.Fading) -> color.Array:
    """What exposures (..., k) of k strips do to the k - 1 steps between them, (..., k - 1, 6).

    `mean` is the picture's density (3,) once restored, as that of `_steps` is.
    """
    loss, stain = _lost(fading)
    places = places[..., None]
    denser = (1 - places) * fading.gain * (loss * mean - stain)
    steeper = np.log(1 - loss * places)
    return np.diff(np.concatenate([denser @ CONTRASTS, steeper @ CONTRASTS], -1), axis=-2)


def _steps(density: color.Array) -> color.Array:
    """(lines, strips - 1, 6) from the left side of densities (h, w, 3), see `sides`."""
    across = np.abs(np.diff(density, axis=1, append=density[:, -1:]))
    steep = across + np.abs(np.diff(density, axis=0, append=density[-1:]))
    tops, lefts = (
        np.round(shares * size).astype(int)
        for shares, size in zip((LINES, STRIPS), density.shape[:2], strict=True)
    )
    area = np.diff(tops)[:, None, None] * np.diff(lefts)[:, None]
    mean, contrast = (
        np.add.reduceat(np.add.reduceat(part[: tops[-1], : lefts[-1]], tops[:-1]), lefts[:-1], 1)
        / area
        for part in (density, steep)
    )
    return np.diff(
        np.concatenate([mean @ CONTRASTS, np.log(contrast + 0.01) @ CONTRASTS], -1), axis=1
    )


def _likely(measured: color.Array, expected: color.Array) -> color.Array:
    """Log likelihood (...) of each idea (..., k, 6), over none, given the lines (m, k, 6)."""
    measured, expected = measured / WANDERS, expected / WANDERS
    alone = (measured**2).sum((1, 2)) + CALM
    nearer = 2 * np.tensordot(expected, measured, ((-2, -1), (1, 2)))
    nearer -= (expected**2).sum((-2, -1))[..., None]
    return -APART * (measured[0].size + CALM) / 2 * np.log1p(-nearer / alone).sum(-1)
