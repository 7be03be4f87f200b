"""What survived of a photo: channels, lamps, hues, dyes, the black-and-white mix, scratches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from restore import color
from restore.analysis.noise import channel_noise
from restore.analysis.stage_light import lamps
from restore.color import Array
from restore.effect import Findings
from restore.figures import paper
from restore.figures.subject import Stage, Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDS = 0.5 / 255, 254.5 / 255
"""Encoded values below and above which a sample is clipped."""
CHANGED = 0.02
"""Encoded difference from which the step that fills scratches has filled something."""
LAMP_COLOURS = {
    "daylight": "#d9d9d9",
    "white": "#eef1f5",
    "warm-white": "#ffdca8",
    "tungsten": "#ffb866",
    "deep-blue": "#2a22c8",
    "blue": "#2f6bff",
    "cyan": "#19c3d6",
    "green": "#2fb84a",
    "amber": "#f29a1f",
    "red": "#dd2a1c",
}


def channels(subject: Subject) -> Figure:
    """Histograms of the photo's channels, each with its clipping; noise and range in a table."""

    figure = paper.sheet(paper.WIDTH, 2.5)
    axes, beside = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.5, 1)})
    edges = np.linspace(0, 1, 129)
    sample = subject.sample.clip(0, 1)
    rows = []
    side = int(np.sqrt(len(sample) / max(len(sample) // 4096, 1)))
    patches = [part.reshape(side, -1, 3) for part in _parts(sample, side)]
    noise = channel_noise(patches) * 255 if patches else np.full(3, np.nan)
    for k, (name, ink) in enumerate(paper.CHANNELS.items()):
        share = np.histogram(sample[:, k], edges)[0] / len(sample)
        axes.plot(
            (edges[1:] + edges[:-1]) / 2,
            100 * share,
            color=ink,
            linestyle=paper.DASHES[name],
            linewidth=1.1,
            label=name,
        )
        black, white = (sample[:, k] <= ENDS[0]).mean(), (sample[:, k] >= ENDS[1]).mean()
        low, high = np.percentile(sample[:, k], (1, 99))
        rows.append(
            (name, f"{black:.1%}", f"{white:.1%}", f"{noise[k]:.1f}", f"{low:.2f} … {high:.2f}")
        )
    axes.set_yscale("symlog", linthresh=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, None)
    axes.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    axes.set_ylim(0, max(20, axes.dataLim.y1 * 1.3))
    paper.chart(axes, "encoded value, 0 black … 1 white", "samples, % (linear below 1)")
    paper.legend(axes, loc="upper center", ncols=3)
    beside.set_axis_off()
    heads = ("", "black", "white", "noise", "1st … 99th %")
    table = beside.table(
        [heads, *rows],
        loc="upper left",
        edges="horizontal",
        cellLoc="left",
        colWidths=(0.17, 0.17, 0.17, 0.15, 0.34),
    )
    table.auto_set_font_size(False)
    table.set_fontsize(paper.TEXT - 1)
    table.scale(1, 1.5)
    for (row, _), cell in table.get_celld().items():
        cell.set_edgecolor(paper.LINE)
        cell.get_text().set_color(paper.QUIET if row == 0 else paper.INK)
    paper.title(beside, "clipped; noise in levels of 255; range")
    return figure


def _parts(sample: Array, side: int) -> list[Array]:
    """The sample in pieces of side² pixels: the windows that it was taken from, where it is so."""
    size = side * side
    return [sample[start : start + size] for start in range(0, len(sample) - size + 1, size)]


def lit(stage: Stage) -> Figure:
    """The lamps found, where each lights the photo, and which hues can be recovered."""
    findings = stage.findings
    names = findings.names("lamps")
    mixture = findings.maps["mixture"].values
    sure = findings.maps["recoverability"].values
    count = len(names) + 2
    columns = 2 if count == 4 else min(count, 3)
    rows = -(-count // columns)
    panel_width = paper.WIDTH / columns
    figure = paper.sheet(paper.WIDTH, rows * (paper.tall(stage.before, panel_width) * 0.88 + 0.3))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for empty in axes[count:]:
        empty.set_axis_off()
    paper.picture(axes[0], paper.fitted(stage.before, 640), "before this step")
    planes = mixture.reshape(*mixture.shape[:2], -1)
    for panel, name, plane in zip(axes[1:], names, np.moveaxis(planes, -1, 0), strict=False):
        drawn = paper.picture(
            panel,
            plane,
            f"      {lamps.listed([name])}: {plane.mean():.0%} of the light",
            cmap=paper.MAP,
            vmin=0,
            vmax=1,
            interpolation="bilinear",
        )
        panel.annotate(
            "   ",
            (0, 1),
            (4, 6.5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=3,
            va="center",
            bbox={
                "boxstyle": "square,pad=0.4",
                "fc": LAMP_COLOURS.get(name, paper.LINE),
                "ec": paper.INK,
                "lw": 0.6,
            },
        )
    last = axes[count - 1]
    drawn = paper.picture(
        last,
        sure,
        f"recoverability: mean {sure.mean():.0%}",
        cmap=paper.MAP,
        vmin=0,
        vmax=1,
        interpolation="bilinear",
    )
    paper.scale(figure, drawn, list(axes[:count]), "share, 0 … 1")
    return figure


def mix(stage: Stage) -> Figure:
    """The weights of the black-and-white mix and what they follow from: detail, noise, clipping."""
    values = stage.findings.values
    weights = _numbers(stage.findings, "as channels")
    figure = paper.sheet(paper.WIDTH, 1.9)
    first, second, third = figure.subplots(1, 3)
    names = list(weights)
    inks = [paper.CHANNELS.get(name, paper.QUIET) for name in names]
    bars = first.barh(names, list(weights.values()), color=inks, height=0.62)
    first.bar_label(bars, fmt="%.0f %%", fontsize=paper.TEXT - 1, padding=2)
    first.margins(x=0.2)
    paper.chart(first, "weight, % of the grey")
    y = np.arange(len(names))
    for offset, key, hatch in ((-0.18, "detail", ""), (0.18, "noise", "////")):
        lengths = list(_numbers(stage.findings, key).values())
        second.barh(
            y + offset,
            lengths,
            0.34,
            label=key,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
            color=inks if not hatch else "#9aa3ad",
        )
    second.set_yticks(y, names)
    paper.chart(second, "detail and (hatched) noise, encoded")
    if "clipped" in values:
        shares = [100 * share for share in _numbers(stage.findings, "clipped").values()]
        bars = third.barh(names, shares, color=inks, height=0.62)
        third.bar_label(bars, fmt="%.1f %%", fontsize=paper.TEXT - 1, padding=2)
        third.margins(x=0.25)
        third.set_xlim(0, max(1.0, 1.3 * max(shares)))
    paper.chart(third, "clipped, % of the samples")
    for axes in (first, second, third):
        axes.invert_yaxis()
    return figure


def dyes(stage: Stage) -> Figure:
    """How dense each dye was over the photo, before and after, and what it had lost."""
    figure = paper.sheet(paper.WIDTH, 2.35)
    panels = figure.subplots(1, 3, sharey=True)
    shares = np.linspace(0, 100, 201)
    before, after = (color.to_density(p.reshape(-1, 3)) for p in (stage.before, stage.after))
    loss, stain = (_numbers(stage.findings, name) for name in ("loss", "stain"))
    for k, (axes, (name, ink)) in enumerate(zip(panels, paper.DYES.items(), strict=True)):
        axes.plot(
            shares,
            np.percentile(before[:, k], shares),
            color=paper.QUIET,
            label="before",
            linewidth=1.2,
            linestyle=(0, (4, 1.5)),
        )
        axes.plot(
            shares, np.percentile(after[:, k], shares), color=ink, label="after", linewidth=1.6
        )
        paper.chart(axes, "pixels, % from light to dark", "optical density" if k == 0 else "")
        paper.title(
            axes, f"{name}: lost {max(loss[name], 0):.0%}, stain {max(stain[name], 0) + 0.0:.2f}"
        )
        axes.set_xlim(0, 100)
        paper.legend(axes, loc="upper left")
    panels[0].set_ylim(0, None)
    return figure


def scratches(stage: Stage) -> Figure:
    """Where scratches and dust were filled, in the photo and as a mask."""
    filled = np.abs(stage.after - stage.before).max(-1) > CHANGED
    upright = filled.shape[0] > 1.2 * filled.shape[1]
    width = paper.WIDTH * (0.75 if upright else 1)
    figure = paper.sheet(width, paper.tall(stage.before, width / 2) + 0.25)
    left, right = figure.subplots(1, 2)
    paper.picture(left, paper.fitted(stage.before, 900), "before this step")
    grey = np.dstack([color.grey(color.lightness(stage.before)) * 0.5 + 0.5] * 3)
    import cv2

    wide = cv2.dilate(filled.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    grey[wide] = (0.84, 0.15, 0.05)
    share = f"filled: {filled.mean():.2%} of the photo (drawn wider)"
    paper.picture(right, grey, share if filled.any() else "nothing was filled")
    return figure


def _numbers(findings: Findings, name: str) -> Mapping[str, float]:
    """A value that is numbers by name."""
    value = findings.values[name].value
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is {value!r}, not numbers by name")
    return value


def _has(findings: Findings, values: tuple[str, ...], maps: tuple[str, ...] = ()) -> bool:
    return all(v in findings.values for v in values) and all(m in findings.maps for m in maps)


def figures(subject: Subject) -> dict[str, tuple[Callable[[], Figure], str]]:
    """What can be drawn of this photo and its recipe: how, and what it shows, by name."""
    drawn: dict[str, tuple[Callable[[], Figure], str]] = {
        "channels": (
            lambda: channels(subject),
            "Histograms of the channels with clipping and noise",
        )
    }
    wants = {
        "hue_blend": (
            lit,
            ("lamps",),
            ("mixture", "recoverability"),
            "lamps",
            "Where each lamp lights the photo, and which hues can be recovered",
        ),
        "monochrome": (
            mix,
            ("as channels", "detail", "noise"),
            (),
            "mix",
            "Weights of the black-and-white mix, beside detail, noise and clipping",
        ),
        "fade": (
            dyes,
            ("loss", "stain"),
            (),
            "dyes",
            "Density of each dye over the photo, before and after",
        ),
    }
    for step, (draw, values, maps, name, words) in wants.items():
        stage = subject.stage(step)
        if stage and _has(stage.findings, values, maps):
            drawn[name] = (lambda draw=draw, stage=stage: draw(stage), words)  # type: ignore[misc]
    stage = subject.stage("scratches")
    if stage:
        last = stage
        drawn["scratches"] = (lambda: scratches(last), "Where scratches and dust were filled")
    return drawn
