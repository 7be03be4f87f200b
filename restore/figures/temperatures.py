"""The annealed mean from patchy to dull: one strip over the temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from restore.figures import paper
from restore.figures.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRIP = (0.1, 0.2, 0.38, 0.5, 0.75, 1.0)
"""0.38 is the paper's choice."""


def temperatures(subject: Subject, strip: Sequence[float] = STRIP) -> Figure:
    """The photo with the mean colours of each temperature, from the likeliest to the mean of all.

    Nothing is evened out or muted here: these are the network's own colours.
    """
    seen = subject.distribution
    columns = len(strip) if seen.lightness.shape[0] > 1.2 * seen.lightness.shape[1] else 3
    rows = -(-len(strip) // columns)
    between = "   " if columns == 3 else "\n"
    panel_width = paper.WIDTH / columns
    figure = paper.sheet(paper.WIDTH, rows * (paper.tall(seen.lightness, panel_width) * 0.97 + 0.3))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for empty in axes[len(strip) :]:
        empty.set_axis_off()
    for panel, temperature in zip(axes, strip, strict=False):
        ab = seen.mean(temperature)
        chroma = float(np.hypot(ab[..., 0], ab[..., 1]).mean())
        paper.picture(
            panel, seen.coloured(ab, 720), f"T = {temperature:g}{between}mean chroma {chroma:.0f}"
        )
    return figure
