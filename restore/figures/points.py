"""What colours a place may have: its distribution on the ab gamut, its modes, its mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from restore.color import Array
from restore.colorizers import _distribution
from restore.figures import paper
from restore.figures.modes import Mode, modes
from restore.figures.subject import Distribution, Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Place = tuple[float, float]
"""x and y in shares of the width and height, 0 … 1."""
CROP = 0.36
"""Side of a crop in short sides of the photo."""


def at(seen: Distribution, place: Place) -> tuple[Array, list[Mode], Array]:
    """Of a place: (313,) probabilities, its modes, the annealed mean (2,) a* b*."""
    row, column = seen.cell(*place)
    p = seen.p[:, row, column]
    annealed = _distribution.probabilities(
        seen.logits[:, row : row + 1, column : column + 1], seen.temperature
    )
    return p, modes(p, seen.grid), _distribution.mean(annealed)[0, 0]


def points(subject: Subject, places: Sequence[Place]) -> Figure:
    """For each place a row: the photo around it, its distribution, its modes as chips."""
    figure = paper.sheet(paper.WIDTH, 2.35 * len(places) + 0.1)
    grid = figure.subplots(
        len(places), 3, squeeze=False, gridspec_kw={"width_ratios": (1, 1.15, 1.05)}
    )
    for number, (row, place) in enumerate(zip(grid, places, strict=True), 1):
        p, likely, mean = at(subject.distribution, place)
        _crop(row[0], subject, place, number)
        light = _lightness(subject, place)
        _on_gamut(row[1], p, subject.distribution.grid, likely, mean, light, number == 1)
        bits = float(-(p * np.log2(p + 1e-30)).sum())
        _chips(row[2], likely, mean, light, bits)
    return figure


def _lightness(subject: Subject, place: Place) -> float:
    """CIE L* at a place, kept where chips can be told apart."""
    height, width = subject.distribution.lightness.shape
    row, column = min(int(place[1] * height), height - 1), min(int(place[0] * width), width - 1)
    return float(np.clip(subject.distribution.lightness[row, column], 35, 80))


def _crop(axes: Axes, subject: Subject, place: Place, number: int) -> None:
    """The photo around a place, with a ring on it."""
    pixels = subject.pixels
    height, width = pixels.shape[:2]
    side = max(8, min(round(CROP * min(height, width)), height, width))
    x, y = place[0] * width, place[1] * height
    left = int(np.clip(x - side / 2, 0, width - side))
    top = int(np.clip(y - side / 2, 0, height - side))
    own = (
        round(place[0] * subject.size[1] - 0.5),
        round(place[1] * subject.size[0] - 0.5),
    )
    paper.picture(
        axes, pixels[top : top + side, left : left + side], f"{number}   x {own[0]}, y {own[1]}"
    )
    for ink, wide in (("black", 2.6), ("white", 1.2)):
        axes.plot(
            x - left - 0.5,
            y - top - 0.5,
            "o",
            markersize=9,
            markerfacecolor="none",
            markeredgecolor=ink,
            markeredgewidth=wide,
        )


def _on_gamut(
    axes: Axes,
    p: Array,
    grid: Array,
    likely: Sequence[Mode],
    mean: Array,
    light: float,
    first: bool,
) -> None:
    """Bins as small squares, their probability as the area of a disc of their own colour."""
    paper.plane(axes)
    axes.plot(*grid.T, "s", markersize=1.1, color=paper.LINE, linestyle="none", zorder=0)
    shown = p > 2e-4
    axes.scatter(
        grid[shown, 0],
        grid[shown, 1],
        s=1600 * p[shown],
        c=[paper.patch(ab, light) for ab in grid[shown]],
        edgecolors=paper.INK,
        linewidths=0.35,
        zorder=2,
        label="bin: area is probability",
    )
    axes.plot(
        *mean,
        "X",
        markersize=7,
        color="white",
        markeredgecolor="black",
        markeredgewidth=0.9,
        zorder=4,
        linestyle="none",
        label="annealed mean",
    )
    for number, mode in enumerate(likely, 1):
        axes.annotate(
            str(number),
            (mode.ab[0], mode.ab[1]),
            ha="center",
            va="center",
            fontsize=paper.TEXT - 1.5,
            fontweight="bold",
            color=paper.INK,
            zorder=5,
            bbox={
                "boxstyle": "circle,pad=0.15",
                "fc": "white",
                "ec": paper.QUIET,
                "lw": 0.5,
                "alpha": 0.85,
            },
        )
    if first:
        marker = axes.legend(
            fontsize=paper.TEXT - 2, frameon=False, loc="lower left", borderpad=0, handletextpad=0.2
        )
        for handle in marker.legend_handles[:1]:
            handle.set_sizes([24])  # type: ignore[union-attr]


def _chips(axes: Axes, likely: Sequence[Mode], mean: Array, light: float, bits: float) -> None:
    """The modes as patches of colour beside bars of their probability, and the mean below."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(5.2, -0.6)
    paper.title(axes, f"entropy {bits:.1f} bits")
    rows: list[tuple[str, Array, float | None]] = [
        (str(number), mode.ab, mode.probability) for number, mode in enumerate(likely, 1)
    ]
    rows.append(("×", mean, None))
    for line, (name, ab, share) in enumerate(rows):
        axes.text(0.04, line, name, fontsize=paper.TEXT, ha="center", va="center", color=paper.INK)
        axes.add_patch(_box(0.1, line - 0.36, 0.2, 0.72, paper.patch(ab, light), paper.INK))
        a, b = ab
        if share is None:
            axes.text(0.34, line, f"annealed mean\n{_named(a, b)}", fontsize=6.5, va="center")
            continue
        axes.text(0.34, line - 0.17, f"{share:.0%}", fontsize=paper.TEXT, va="center")
        axes.text(0.99, line - 0.17, _named(a, b), fontsize=6.5, va="center", ha="right")
        axes.add_patch(_box(0.34, line + 0.16, 0.65, 0.14, "#e6e9ed", "none"))
        axes.add_patch(_box(0.34, line + 0.16, 0.65 * share, 0.14, paper.INK, "none"))


def _named(a: float, b: float) -> str:
    return f"a* {paper.signed(a)}, b* {paper.signed(b)}"


def _box(x: float, y: float, width: float, height: float, fill: Any, edge: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, facecolor=fill, edgecolor=edge, linewidth=0.5)
