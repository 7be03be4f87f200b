"""Hues that the light left, and a network's colours: one distribution of both. Arrays in and out.

The light of a cell says how likely each natural colour makes its channels; the network, how likely
each colour is for what the photo shows. The product of both is evened out within objects and muted
where it is unsure, as the network's own colours are (`analysis.chroma.settle`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restore.analysis.chroma import light_of_cells, settled
from restore.analysis.stage_light.lamps import broad, palette
from restore.analysis.stage_light.light import Cells
from restore.analysis.stage_light.lightings import Lighting
from restore.color import Array
from restore.colorizers import _distribution
from restore.colorizers._grid import grid

POWER = 1.0
"""Of the likelihood. More brings colours nearer where the lamps mix smoothly, and paints rims,
shadows of a lamp and what is beside a lamp in the frame in wrong colours."""
WRONG = 0.05
"""Share of the cells where the lamps explain nothing: noise, a screen, a lamp in the picture."""
MUTED = 2.0
"""Times the caution for the network's own colours, in addition to it, where the light's hues are
trusted fully: the product of two distributions is surer than it is right."""
WIDTH = 8.0
"""Standard deviation in Lab units with which the palette's colours stand for those around them."""
STEPS = 12
"""Steps of chroma from black to L* = 50: cells in one step share a table."""


def likelihood(seen: Cells, lightings: Sequence[Lighting]) -> Array:
    """(n, 90) how well each colour of the palette explains a cell, relative to the mean colour.

    The mean over the lightings. A narrow lamp alone tells nothing: 1 for all.
    """
    total = np.zeros((seen.shape[0] * seen.shape[1], len(palette()[0])), np.float32)
    for lighting in lightings:
        lamps, fits = lighting.mixture.lamps, lighting.mixture.likelihood
        if len(lamps) == 1 and not broad(lamps[0], seen.camera):
            total += lighting.chance
        else:
            mean = np.maximum(fits @ palette()[1], 1e-20)
            total += lighting.chance * fits / mean[:, None]
    return total


def weighed(logits: Array, light: Array, likely: Array, trust: Array) -> Array:
    """Logits (313, h, w) of a network times the likelihood (n, 90) of the palette's colours.

    `light` (h, w) is the CIE L* of the cells: the chroma of one reflectance varies with the cube
    root of the light on it. The likelihood is raised to `POWER` times `trust` (n,) 0 … 1.
    """
    colours = palette()[0]
    step = np.round((light.ravel() + 16) * (STEPS / 66)).astype(int)
    fits = np.empty((len(step), len(grid())), np.float32)
    for number in np.unique(step):
        far = ((grid()[:, None] - colours * np.float32(number / STEPS)) ** 2).sum(-1)
        near = np.exp(far * np.float32(-0.5 / WIDTH**2)) + np.float32(1e-12)
        cells = step == number
        fits[cells] = likely[cells] @ (near / near.sum(1, keepdims=True)).T
    evidence = np.log((1 - WRONG) * fits + np.float32(WRONG))
    evidence *= np.float32(POWER) * trust[:, None]
    return logits + evidence.T.reshape(logits.shape)


def colours(
    logits: Array,
    lightness: Array,
    before: Array,
    likely: Array,
    trust: Array,
    temperature: float,
    caution: float,
) -> Array:
    """(h, w, 2) a* b* of the cells when the light's hues are weighed in.

    What the light changes in the network's colours is added to those that the cells have, but never
    beyond these, the product of both, and grey: where they were evened out otherwise than here, on
    fewer cells, the change alone leaves a complement, cyan where the network thinks of skin.

    Parameters
    ----------
    logits
        (313, h, w) of the network.
    lightness
        (height, width) CIE L* of the whole photo.
    before
        (h, w, 2) a* b* that the cells have.
    likely, trust
        (n, 90) and (n,) 0 … 1, as in `weighed`.
    temperature, caution
        With which the network's colours were made.
    """

    def even(logits: Array, caution: float | Array) -> Array:
        p = _distribution.probabilities(logits)
        return settled(logits, p, lightness, temperature, caution)

    cautious = caution * (1 + np.float32(MUTED) * trust.reshape(*before.shape[:2], 1))
    both = even(weighed(logits, light_of_cells(lightness, before), likely, trust), cautious)
    changed: Array = before + both - even(logits, caution)
    ends = before, both, np.zeros_like(both)
    return changed.clip(np.minimum.reduce(ends), np.maximum.reduce(ends))
