"""The block sheet: for each block of the ab gamut, where in the photo its colour is likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from restore.color import Array
from restore.figures import paper
from restore.figures.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COVERED = 0.9
"""Share of the probability that the blocks must cover together."""
FEWEST, MOST = 12, 24
SIDES = (10, 20, 30, 40, 50)
"""Sides of a block in Lab units: of one bin, of four, of nine …"""


@dataclass(frozen=True, eq=False)
class Block:
    """A square of the ab gamut.

    Attributes
    ----------
    ab
        (2,) the mean colour of its bins, weighted by their probability.
    mass
        Its share of the photo's probability, 0 … 1.
    p
        (h, w) its probability in each cell.
    """

    ab: Array
    mass: float
    p: Array


def blocks(p: Array, grid: Array) -> tuple[int, list[Block]]:
    """The side of the blocks in Lab units, and 12 to 24 of them, the weightiest first.

    The smallest blocks of which at most 24 have 90% of the photo's probability mass. A photo of
    so few colours that 12 blocks do not have any mass gets those that do.

    Parameters
    ----------
    p
        (n, h, w) probabilities in each cell, of n bins.
    grid
        (n, 2) their centres, CIE a* b*.
    """
    mass = p.mean((1, 2), dtype=np.float64)
    for side in SIDES:
        place = np.floor((grid + side / 2) / side).astype(int)  # a block about neutral, if odd
        _, members = np.unique(place, axis=0, return_inverse=True)
        members = members.ravel()
        shares = np.bincount(members, mass)
        order = np.argsort(-shares, kind="stable")
        needed = int(np.searchsorted(np.cumsum(shares[order]), COVERED)) + 1
        if needed <= MOST or side == SIDES[-1]:
            break
    count = min(max(needed, FEWEST), MOST, int((shares > 1e-6).sum()))
    return side, [_block(p, grid, mass, members == k) for k in order[:count]]


def _block(p: Array, grid: Array, mass: Array, own: NDArray[np.bool_]) -> Block:
    share = float(mass[own].sum())
    return Block(mass[own] @ grid[own] / share, share, p[own].sum(0))


def block_sheet(subject: Subject) -> Figure:
    """The final colours, and a panel for each block, framed in its colour.

    High probability is high luminance (Zhang, Isola, Efros, 10.1007/978-3-319-46487-9_40), in each
    panel on a scale of its own from 0 to the peak that it states.
    """
    seen = subject.distribution
    side, chosen = blocks(seen.p, seen.grid)
    covered = sum(block.mass for block in chosen)
    wide = seen.lightness.shape[1] > 1.7 * seen.lightness.shape[0]
    columns = 4 if wide else 5
    rows = -(-(len(chosen) + 1) // columns)
    panel_width = paper.WIDTH / columns
    figure = paper.sheet(
        paper.WIDTH, rows * (paper.tall(subject.result, panel_width) * 0.93 + 0.26) + 0.4
    )
    figure.suptitle(
        f"{len(chosen)} blocks of {side} x {side} Lab units hold {covered:.1%} of the probability",
        x=0.012,
        ha="left",
        fontsize=paper.TEXT + 1,
        color=paper.INK,
    )
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for empty in axes[len(chosen) + 1 :]:
        empty.set_axis_off()
    paper.picture(axes[0], paper.fitted(subject.result, 640), "final colours")
    for panel, block in zip(axes[1:], chosen, strict=False):
        peak = float(block.p.max())
        a, b = block.ab
        paper.picture(
            panel, block.p, cmap="gray", vmin=0, vmax=max(peak, 1e-6), interpolation="bicubic"
        )
        paper.title(
            panel,
            f"a* {paper.signed(a)}  b* {paper.signed(b)}\n{block.mass:.1%}, peak {peak:.0%}",
            6.5,
        )
        paper.frame(panel, paper.patch(block.ab), 3)
    return figure
