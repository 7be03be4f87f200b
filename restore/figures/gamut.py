"""The photo's colours before and after in the ab plane, and what was clipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.color import Array
from restore.figures import paper
from restore.figures.subject import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INSIDE = 0.5 / 255
"""Linear light by which a channel may pass 0 … 1 and still count as inside."""

CELLS = 92
"""Of a histogram, each way."""


def outside(lab: Array) -> NDArray[np.bool_]:
    """Which of (..., 3) L*a*b* colours sRGB cannot show; shape (...)."""
    linear = color.lab_to_linear(lab)
    beyond: NDArray[np.bool_] = (linear < -INSIDE) | (linear > 1 + INSIDE)
    return np.logical_or.reduce(beyond, -1)


def lost(unbounded: Array, result: Array) -> Array:
    """(h, w) chroma, in Lab units, that colours outside the gamut gave up."""
    wanted = np.hypot(unbounded[..., 1], unbounded[..., 2])
    kept = color.to_lab(result.clip(0, 1))
    return np.where(outside(unbounded), wanted - np.hypot(kept[..., 1], kept[..., 2]), 0).clip(0)


def gamut(subject: Subject) -> Figure:
    """How many pixels have each a* b*, before and after, and where chroma was given up."""
    from matplotlib.colors import LogNorm

    before = color.to_lab(subject.pixels)
    after = color.to_lab(subject.result)
    clipped = outside(subject.unbounded)
    figure = paper.sheet(paper.WIDTH, 3.2)
    one, two, three = figure.subplots(1, 3)
    far = max(float(np.quantile(np.abs(lab[..., 1:]), 0.9995)) for lab in (before, after))
    reach = float(np.clip(1.25 * far, 25, 115))
    edges = np.linspace(-reach, reach, CELLS + 1)
    drawn: Any = None
    for axes, lab, words in ((one, before, "before"), (two, after, "after")):
        a, b = lab[..., 1].ravel(), lab[..., 2].ravel()
        count = np.histogram2d(b, a, edges)[0] / a.size * 100
        paper.plane(axes, reach)
        drawn = axes.pcolormesh(
            edges,
            edges,
            np.ma.masked_less(count, 1e-3),
            cmap="viridis",
            norm=LogNorm(1e-3, 10),
            rasterized=True,
            zorder=2,
        )
        chroma = float(np.hypot(a, b).mean())
        paper.title(axes, f"{words}: mean chroma {chroma:.0f}")
    two.set_ylabel("")
    side = 2 * reach / CELLS
    bar = figure.colorbar(
        drawn, ax=[one, two], orientation="horizontal", fraction=0.06, pad=0.03, aspect=40
    )
    bar.set_label(f"pixels in each {side:.1f} x {side:.1f} Lab units, %", fontsize=paper.TEXT - 1)
    bar.ax.tick_params(labelsize=paper.TEXT - 2, length=2, width=0.5)
    _clipped(figure, three, subject, clipped)
    return figure


def _clipped(figure: Figure, axes: Axes, subject: Subject, clipped: NDArray[np.bool_]) -> None:
    """The result in grey, and over it what chroma was given up where it was clipped."""
    import cv2

    given_up = lost(subject.unbounded, subject.result)
    grey = color.grey(color.lightness(subject.result.clip(0, 1)))
    paper.picture(axes, np.dstack([0.55 * grey + 0.45] * 3))
    paper.title(axes, f"clipped: {clipped.mean():.1%} of the pixels")
    wide = cv2.dilate(given_up.astype(np.float32), np.ones((3, 3), np.uint8))
    shown = axes.imshow(
        np.ma.masked_less(wide, 0.5), cmap="plasma", vmin=0, vmax=max(5.0, float(wide.max()))
    )
    bar = figure.colorbar(shown, ax=axes, orientation="horizontal", fraction=0.06, pad=0.03)
    bar.set_label("chroma given up, Lab units", fontsize=paper.TEXT - 1)
    bar.ax.tick_params(labelsize=paper.TEXT - 2, length=2, width=0.5)
