"""How unsure the network is: entropy in bits, and the places where it is most unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from restore.color import Array
from restore.figures import paper
from restore.figures.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNSURE = 4.0
"""Bits from which a cell counts as unsure: as much as 16 colours that are equally likely."""
FULL = float(np.log2(313))


def share_unsure(entropy: Array) -> float:
    """Share of the cells (h, w) over `UNSURE` bits, 0 … 1."""
    return float((entropy > UNSURE).mean())


def most_unsure(entropy: Array, count: int = 6) -> list[tuple[float, float]]:
    """x, y of the middles of the most uncertain regions, in shares of the width and height.

    A region is a square of a twelfth of the short side; each next one is the most uncertain that
    keeps a fifth of the long side away from those before, less where there is no room.
    """
    import cv2

    rows, columns = entropy.shape
    side = max(1, min(rows, columns) // 12)
    even = cv2.blur(entropy, (side, side), borderType=cv2.BORDER_REFLECT)
    y, x = np.mgrid[:rows, :columns]
    rim = min(side // 2 + 1, (rows - 1) // 2, (columns - 1) // 2)
    open_ = np.zeros(entropy.shape, bool)
    open_[rim : rows - rim, rim : columns - rim] = True
    away = max(rows, columns) / 5
    chosen: list[tuple[int, int]] = []
    while len(chosen) < count and away >= 1:
        free = open_.copy()
        for row, column in chosen:
            free &= np.hypot(y - row, x - column) >= away
        if free.any():
            chosen.append(divmod(int(np.where(free, even, -1).argmax()), columns))
        else:
            away /= 1.5
    return [((column + 0.5) / columns, (row + 0.5) / rows) for row, column in chosen]


def uncertainty(subject: Subject) -> Figure:
    """The photo as the network sees it, and its entropy in bits, the share over 4 bits said."""
    from restore import color

    seen = subject.distribution
    upright = seen.lightness.shape[0] > 1.2 * seen.lightness.shape[1]
    width = paper.WIDTH * (0.75 if upright else 1)
    figure = paper.sheet(width, paper.tall(seen.lightness, width / 2 * 0.9) + 0.25)
    left, right = figure.subplots(1, 2)
    light = paper.fitted(np.dstack([color.grey(seen.lightness)] * 3), 800)
    paper.picture(left, light, "what the network sees: lightness")
    drawn = paper.picture(
        right,
        seen.entropy,
        f"entropy: mean {seen.entropy.mean():.1f} bits, {share_unsure(seen.entropy):.0%} "
        f"over {UNSURE:.0f} bits",
        cmap=paper.MAP,
        vmin=0,
        vmax=FULL,
        interpolation="bilinear",
    )
    if seen.entropy.min() < UNSURE < seen.entropy.max() and min(seen.entropy.shape) > 1:
        import cv2

        smooth = cv2.GaussianBlur(seen.entropy, (0, 0), 1.2)
        right.contour(smooth, [UNSURE], colors="white", linewidths=0.6)
    paper.scale(figure, drawn, right, f"bits (0 certain, {FULL:.1f} no idea; line at 4)")
    return figure
