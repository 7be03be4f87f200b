"""The likeliest colourings of a whole photo: things coloured one way or another, not noise."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from restore.color import Array
from restore.colorizers import _distribution
from restore.figures import paper
from restore.figures.modes import Mode, kmeans, modes
from restore.figures.subject import Distribution, Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REGIONS, MODES = 7, 3
"""Most regions of a photo, and colours of a region: 3⁷ combinations are counted one by one."""
SMALL = 0.03
"""Share of the photo below which a region goes to the one most like it."""
ALIKE = 1.0
"""How much likelier than by themselves two alike regions are to be of one colour: exp(2 ALIKE)."""
APART = 3.0
"""Lab units by which two alternatives must differ on the mean, chroma and hue."""
SOFT = 12.0
"""Lab units over which a bin goes from one colour of a region to the next."""


@dataclass(frozen=True, eq=False)
class Alternative:
    """A colouring of the whole photo.

    Attributes
    ----------
    ab
        (h, w, 2) CIE a* b* of the cells.
    likelihood
        Share of the probability of all combinations of the regions' colours, 0 … 1.
    choice
        Which colour each region has: 0 is its likeliest.
    """

    ab: Array
    likelihood: float
    choice: tuple[int, ...]


def regions(seen: Distribution) -> NDArray[np.intp]:
    """(h, w) which region each cell belongs to, 0 …: cells that the network holds alike.

    Superpixels are joined by a weighted k-means over what colours they may have, their lightness
    and, a little, their place; so two patches of one sky may be one region.
    """
    import cv2
    from skimage.segmentation import slic

    rows, columns = seen.entropy.shape
    light = cv2.resize(seen.lightness, (columns, rows), interpolation=cv2.INTER_AREA) / 100
    root = np.sqrt(seen.p).reshape(len(seen.p), -1).T
    root = root - root.mean(0)
    _, vectors = np.linalg.eigh(root.T @ root)
    parts = (root @ vectors[:, -6:]).reshape(rows, columns, 6)
    features = np.dstack([parts, light])
    cells = slic(
        features.astype(np.float64),
        n_segments=min(150, rows * columns // 4 + 1),
        compactness=0.05,
        start_label=0,
        channel_axis=-1,
        convert2lab=False,
    )
    y, x = np.mgrid[:rows, :columns]
    place = np.dstack([y, x]) / max(rows, columns)
    described = np.dstack([2 * parts, light, 0.25 * place]).reshape(-1, 9)
    flat = cells.ravel()
    count = np.bincount(flat).astype(np.float64)
    means = np.stack([np.bincount(flat, column) for column in described.T], 1) / count[:, None]
    members = kmeans(means, count, REGIONS)
    area = np.bincount(members, count, REGIONS) / count.sum()
    large = np.flatnonzero(area >= min(SMALL, area.max()))
    centres = np.stack(
        [count[members == k] @ means[members == k] / count[members == k].sum() for k in large]
    )
    off = ((means[:, None] - centres) ** 2).sum(2)
    own = np.isin(members, large)
    joined = np.where(own, np.searchsorted(large, members.clip(0, large[-1])), off.argmin(1))
    return joined[cells]


def alternatives(seen: Distribution, count: int = 4) -> list[Alternative]:
    """At most `count` colourings of the whole photo, the likeliest first, no two alike.

    Each region has a few colours with probabilities (the modes of its mean distribution). All
    combinations are counted: a combination is as likely as its colours together, more where
    regions that are alike have like colours. Within a region a cell has the annealed mean of its
    own distribution over the bins of that colour, so that shading and texture stay.
    """
    of = regions(seen)
    names = range(int(of.max()) + 1)
    spread = [seen.p[:, of == n].mean(1) for n in names]
    likely = [modes(p, seen.grid, MODES) for p in spread]
    root = np.sqrt(np.stack(spread))
    alike = (root @ root.T) ** 16  # Bhattacharyya's coefficient: 1 for equal distributions
    combinations = np.array(list(product(*(range(len(m)) for m in likely))))
    score = np.zeros(len(combinations))
    for n in names:
        score += np.log([m.probability for m in likely[n]])[combinations[:, n]]
        for other in range(n):
            off = np.stack([m.ab for m in likely[n]])[:, None]
            off = np.hypot(*np.moveaxis(off - np.stack([m.ab for m in likely[other]]), -1, 0))
            near = 2 * np.exp(-((off / 20) ** 2)) - 1
            score += ALIKE * alike[n, other] * near[combinations[:, n], combinations[:, other]]
    chance = np.exp(score - score.max())
    chance /= chance.sum()

    area = np.bincount(of.ravel()) / of.size
    chosen: list[int] = []
    for k in np.argsort(-chance, kind="stable"):
        if len(chosen) == count:
            break
        if all(_apart(likely, area, combinations[k], combinations[j]) >= APART for j in chosen):
            chosen.append(int(k))
    return [
        Alternative(
            _coloured(seen, of, [likely[n][combinations[k, n]] for n in names]),
            float(chance[k]),
            tuple(map(int, combinations[k])),
        )
        for k in chosen
    ]


def _apart(
    likely: list[list[Mode]],
    area: NDArray[np.floating],
    one: NDArray[np.intp],
    other: NDArray[np.intp],
) -> float:
    """Mean distance in a* b* of two combinations, weighted by the regions' areas."""
    off = [
        np.hypot(*(likely[n][i].ab - likely[n][j].ab))
        for n, (i, j) in enumerate(zip(one, other, strict=True))
    ]
    return float(area @ off)


def _coloured(seen: Distribution, of: NDArray[np.intp], chosen: list[Mode]) -> Array:
    """(h, w, 2) a* b*, each cell with the colour of its region that was chosen."""
    import cv2

    rows, columns = of.shape
    ab = np.zeros((rows, columns, 2), np.float32)
    total = np.zeros((rows, columns, 1), np.float32)
    annealed = _distribution.probabilities(seen.logits, seen.temperature)
    blur = max(0.6, min(rows, columns) / 60)
    for n, mode in enumerate(chosen):
        nearest = np.hypot(*(seen.grid[:, None] - seen.grid[mode.bins]).transpose(2, 0, 1)).min(1)
        weight = np.exp(-((nearest / SOFT) ** 2)).astype(np.float32)
        sums = np.tensordot(np.column_stack([weight[:, None] * seen.grid, weight]).T, annealed, 1)
        held = sums[2:] + np.float32(1e-6)
        own = np.moveaxis(sums[:2] / held, 0, -1)
        sure = np.moveaxis(held / (held + np.float32(0.05)), 0, -1)
        own = sure * own + (1 - sure) * mode.ab.astype(np.float32)
        share = cv2.GaussianBlur((of == n).astype(np.float32), (0, 0), blur)[..., None]
        ab += share * own
        total += share
    return ab / total


def alternative_sheet(subject: Subject, count: int = 4) -> Figure:
    """The likeliest colourings side by side, with their likelihoods and what they are made of."""
    seen = subject.distribution
    shown = alternatives(seen, count)
    upright = seen.lightness.shape[0] > 1.2 * seen.lightness.shape[1]
    columns = max(len(shown), 3) if upright else 2
    rows = -(-len(shown) // columns)
    panel_width = paper.WIDTH / columns
    figure = paper.sheet(
        paper.WIDTH, rows * (paper.tall(seen.lightness, panel_width) * 0.97 + 0.22)
    )
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for empty in axes[len(shown) :]:
        empty.set_axis_off()
    for number, (panel, one) in enumerate(zip(axes, shown, strict=False), 1):
        text = f"{number}   likelihood {_share(one.likelihood)}"
        paper.picture(panel, seen.coloured(one.ab, 720), text)
    return figure


def _share(value: float) -> str:
    """ "12%", "0.4%", "below 0.1%"."""
    if value < 0.001:
        return "below 0.1%"
    return f"{value:.1%}" if value < 0.01 else f"{value:.0%}"
