"""How much two photos of one size differ: numbers at full size, and maps of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from restore import color
from restore.color import Array
from restore.errors import PhotoError
from restore.figures import paper
from restore.image.averaging import averaged
from restore.image.photo import Photo, Window

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEN = 1.0, 2.3, 5.0
"""ΔE00 that shares are given for: just visible side by side, noticeable, plainly different."""
STRIP = 2**18
"""Pixels compared at a time."""
WINDOW = 7
"""Side of the window of SSIM in pixels (Wang et al., 10.1109/TIP.2003.819861; uniform)."""
BINS = 4001
"""Of the histogram of ΔE00 that percentiles are read from: 0.025 units each, up to 100."""
SIDE = 1400
"""Long side in pixels of what figures show."""


@dataclass(frozen=True)
class Numbers:
    """How much two photos differ.

    Attributes
    ----------
    mean, median, p95, worst
        CIEDE2000 over the pixels.
    over_1, over_2_3, over_5
        Shares of the pixels whose ΔE00 is larger, 0 … 1.
    ssim
        Structural similarity of L*, 1 for equal photos; None below 7 pixels a side.
    psnr
        Peak signal-to-noise ratio of L*, dB (peak 100); None for equal photos.
    lightness, chroma
        Mean of L* and of chroma of the second photo less that of the first, Lab units.
    colourfulness
        Mean chroma of the second photo as a share of the first's; None for a grey one.
    """

    mean: float
    median: float
    p95: float
    worst: float
    over_1: float
    over_2_3: float
    over_5: float
    ssim: float | None
    psnr: float | None
    lightness: float
    chroma: float
    colourfulness: float | None

    def to_dict(self) -> dict[str, float | None]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two photos side by side.

    Attributes
    ----------
    first, second
        (height, width, 3) sRGB of both, averaged to at most `SIDE` pixels.
    difference
        (height, width) ΔE00, averaged likewise.
    numbers
        At full size.
    """

    first: Array
    second: Array
    difference: Array
    numbers: Numbers


def compare(first: Photo, second: Photo) -> Comparison:
    """Compare two photos pixel by pixel, in strips: memory does not grow with their size.

    Raises
    ------
    PhotoError
        If they are not of one size.
    """
    if first.size != second.size:
        (height, width), (tall, wide) = first.size, second.size
        raise PhotoError(
            f"the photos differ in size: {width} x {height} and {wide} x {tall} pixels; "
            "only photos of one size can be compared"
        )
    height, width = first.size
    bins = np.zeros(BINS)
    sums = np.zeros(4)  # ΔE00, squares of the difference in L*, chroma of both
    shift = worst = 0.0
    similar, inner, edge = 0.0, 0, WINDOW // 2
    step = max(16, STRIP // width)
    for top in range(0, height, step):
        window = Window(top, 0, min(step, height - top), width, (height, width))
        grown = window.grown(edge)
        labs = [color.to_lab(photo.tile(grown).pixels.clip(0, 1)) for photo in (first, second)]
        if min(height, width) >= WINDOW:
            map_ = _similarity(labs[0][..., 0], labs[1][..., 0])
            rows = slice(max(edge - grown.top, 0), min(height - edge - grown.top, grown.height))
            rows = slice(
                max(rows.start, window.top - grown.top),
                min(rows.stop, window.top + window.height - grown.top),
            )
            part = map_[rows, edge : width - edge]
            similar += float(part.sum(dtype=np.float64))
            inner += part.size
        a, b = (lab[window.inside(grown)] for lab in labs)
        off = _delta_e(a, b)
        place = np.minimum(off * (BINS - 1) / 100, BINS - 1).astype(np.intp)
        bins += np.bincount(place.ravel(), minlength=BINS)
        worst = max(worst, float(off.max()))
        light = (b[..., 0] - a[..., 0]).astype(np.float64)
        shift += float(light.sum())
        sums += (
            off.sum(dtype=np.float64),
            (light**2).sum(),
            np.hypot(a[..., 1], a[..., 2]).sum(dtype=np.float64),
            np.hypot(b[..., 1], b[..., 2]).sum(dtype=np.float64),
        )
    count = height * width
    mean, square, own, other = sums / count
    cumulative = np.cumsum(bins) / count
    middle, high = (float(np.searchsorted(cumulative, q)) * 100 / (BINS - 1) for q in (0.5, 0.95))
    over = [float(1 - cumulative[int(limit * (BINS - 1) / 100) - 1]) for limit in SEEN]
    numbers = Numbers(
        float(mean),
        middle,
        high,
        worst,
        over[0],
        over[1],
        over[2],
        similar / inner if inner else None,
        float(10 * np.log10(100**2 / square)) if square > 0 else None,
        shift / count,
        float(other - own),
        float(other / own) if own > 0.5 else None,
    )
    views = [_view(photo) for photo in (first, second)]

    def differing(top: int, end: int) -> Array:
        rows = Window(top, 0, end - top, width, (height, width))
        pair = (color.to_lab(photo.tile(rows).pixels.clip(0, 1)) for photo in (first, second))
        return _delta_e(*pair)[..., None]

    return Comparison(
        views[0], views[1], averaged((height, width), SIDE, differing)[..., 0], numbers
    )


def _view(photo: Photo) -> Array:
    return photo.proxy(SIDE).view.pixels.clip(0, 1)


def _delta_e(one: Array, other: Array) -> Array:
    from skimage.color import deltaE_ciede2000

    return deltaE_ciede2000(one, other).astype(np.float32)


def _similarity(one: Array, other: Array) -> Array:
    """(h, w) SSIM of each pixel's window, of L*."""
    from skimage.metrics import structural_similarity

    if min(one.shape) < WINDOW:  # a last strip of a few rows
        return np.ones_like(one)
    return structural_similarity(one, other, data_range=100, win_size=WINDOW, full=True)[1]


def difference_map(compared: Comparison, names: tuple[str, str] = ("A", "B")) -> Figure:
    """Both photos, and the map of ΔE00 between them."""
    upright = compared.first.shape[0] > 1.2 * compared.first.shape[1]
    layout: list[Any] = (
        [["first", "second", "map"]] if upright else [["first", "map"], ["second", "map"]]
    )
    panel_width = paper.WIDTH / 3
    height = len(layout) * (paper.tall(compared.first, panel_width) * 0.9 + 0.24)
    figure = paper.sheet(paper.WIDTH, height)
    widths = (1, 1, 1.15) if upright else (1, 2.1)
    panels = figure.subplot_mosaic(layout, width_ratios=widths)
    axes = [panels[name] for name in ("first", "second", "map")]
    for panel, pixels, name in zip(axes, (compared.first, compared.second), names, strict=False):
        paper.picture(panel, paper.fitted(pixels, 1000), name)
    top = max(5.0, float(np.percentile(compared.difference, 99.5)))
    drawn = paper.picture(
        axes[2],
        compared.difference,
        f"difference: mean {compared.numbers.mean:.1f}, 95% below {compared.numbers.p95:.1f}",
        cmap=paper.MAP,
        vmin=0,
        vmax=top,
    )
    paper.scale(figure, drawn, axes[2], "ΔE00 (1: just visible)")
    return figure


def histograms(compared: Comparison, names: tuple[str, str] = ("A", "B")) -> Figure:
    """How L*, chroma and ΔE00 are spread over the pixels."""
    figure = paper.sheet(paper.WIDTH, 2.3)
    panels = figure.subplots(1, 3)
    labs = [color.to_lab(pixels).reshape(-1, 3) for pixels in (compared.first, compared.second)]
    values = [
        [lab[:, 0] for lab in labs],
        [np.hypot(lab[:, 1], lab[:, 2]) for lab in labs],
    ]
    styles = ((paper.QUIET, (0, (4, 1.5))), (paper.CHANNELS["blue"], "solid"))
    reach = max(10.0, *(float(v.max()) for v in values[1]))
    for axes, pair, end, label in zip(panels, values, (100, reach), ("L*", "chroma"), strict=False):
        edges = np.linspace(0, end, 81)
        for name, v, (ink, dash) in zip(names, pair, styles, strict=True):
            share = 100 * np.histogram(v, edges)[0] / v.size
            axes.plot(
                (edges[1:] + edges[:-1]) / 2,
                share,
                color=ink,
                linestyle=dash,
                linewidth=1.3,
                label=name,
            )
        axes.set_xlim(0, end)
        axes.set_ylim(0, None)
        paper.chart(axes, f"{label}, Lab units", "pixels, %")
    paper.legend(panels[0], loc="best")
    last = panels[2]
    off = np.sort(compared.difference.ravel())
    shares = np.linspace(0, 100, len(off))
    last.plot(off, shares, color=paper.INK, linewidth=1.3)
    last.set_xlim(0, max(5.0, float(np.percentile(off, 99.5))))
    last.set_ylim(0, 100)
    for limit in SEEN:
        last.axvline(limit, color=paper.LINE, linewidth=0.7, zorder=0)
    paper.chart(last, "ΔE00", "pixels that differ less, %")
    return figure
