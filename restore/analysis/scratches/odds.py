"""How likely a line is a scratch and not a thin object: a mast, a wire, a whisker, a twig.

A small network decides from the line's profile, the edges along it, its bend, evenness and ends,
what is beyond its ends, and which lines run near it or meet it. Its weights, `data/scratches.npz`,
were fitted by `benchmarks/train_scratches.py` on simulated scratches and objects in photos.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from restore import color
from restore.analysis.scratches.judged import AWAY, REACH, Strip
from restore.analysis.scratches.lines import Line

FURTHEST = 4.0
"""Standard deviations from the training mean at which features are clipped."""
BEYOND = np.arange(3, 15)
"""Rows beyond a line's end in which its continuation is measured."""


def odds(grey: color.Array, strips: list[Strip], lines: list[Line]) -> color.Array:
    """(n,) log odds that the `strips` are scratches, among all `lines` of a picture (h, w)."""
    if not strips:
        return np.zeros(0, np.float32)
    return predict(weights(), features(grey, strips, lines))


def predict(w: Mapping[str, color.Array], seen: color.Array) -> color.Array:
    """(n,) log odds from (n, f) `features`, by a network with weights `w`."""
    near: color.Array = ((seen - w["mean"]) / w["deviation"]).clip(-FURTHEST, FURTHEST)
    hidden = np.tanh(near @ w["hidden"] + w["hidden_bias"])
    return hidden @ w["out"] + near @ w["linear"] + w["bias"]


def features(grey: color.Array, strips: list[Strip], lines: list[Line]) -> color.Array:
    """(n, f) the features of each strip: of itself, its ends, and lines near it."""
    short_side = min(grey.shape)
    own = [_own(strip, short_side) + _ends(grey, strip) for strip in strips]
    near = _company([strip.line for strip in strips], lines, short_side)
    return np.hstack([np.array(own, np.float32), near])


def _ground(strip: Strip) -> tuple[color.Array, float]:
    """(n,) brightness beside a line, and how far it rises from there, at least a little."""
    sides = [np.median(strip.height[:, (at >= 5) & (at <= 9)], 1) for at in (-AWAY, AWAY)]
    ground = ((sides[0] + sides[1]) / 2).astype(np.float32)
    return ground, max(float(np.median(strip.height[:, REACH] - ground)), 2e-3)


def _own(strip: Strip, short_side: int) -> list[float]:
    """Features of a line alone; brightness in units of its contrast unless noted."""
    height, count = strip.height, len(strip.height)
    ground, contrast = _ground(strip)
    rise = height[:, REACH] - ground
    room = np.maximum((0 if strip.line.dark else 1) - ground, np.float32(0.02))

    profile = np.clip((height - ground[:, None]).mean(0) / contrast, -2, 2)
    right, left = profile[REACH + 1 :], profile[REACH - 1 :: -1]
    both, unlike = (right + left) / 2, np.abs(right - left)

    aside = height[:, (np.abs(AWAY) >= 5) & (np.abs(AWAY) <= 9)]
    away = AWAY[1:-1]
    edges = strip.edges.mean(0)
    mine = min(edges[(away >= -3) & (away <= 0)].max(), -edges[(away >= 0) & (away <= 3)].min())
    near, far = (
        np.abs(edges[(np.abs(away) >= low) & (np.abs(away) <= high)]).max()
        for low, high in ((4, 6), (5, 12))
    )

    row = np.linspace(-1, 1, count)
    column = strip.line.column
    straight, waved = (
        np.abs(column - np.polyval(np.polyfit(row, column, min(degree, count - 1)), row))
        for degree in (1, 3)
    )

    along = _smooth(rise) / contrast
    share = along * contrast / room  # what a scratch takes of the way to white or black
    varies = float(along.std())
    share_varies = float(share.std()) / max(abs(float(np.median(share))), 0.02)
    starts = np.arange(4) * count // 4
    quarters = [along[start : start + max(count // 4, 1)].mean() for start in starts]
    end = max(count // 8, 4)
    return [
        strip.line.dark,
        np.log(count / short_side),
        np.log(contrast / (strip.spread.mean() + 0.004)),  # to the noise
        min(contrast / float(np.median(room)), 1.5),  # opacity
        both[0],
        both[2],
        both[5:8].mean(),
        np.abs(both[4:]).max(),
        *(unlike[part].mean() for part in (slice(1, 2), slice(3, 5), slice(5, 8), slice(8, None))),
        far,
        near / max(mine, 0.05),
        np.log(straight.max() / count + 0.003),
        np.log(straight.max() + 0.5),
        np.log(waved.std() + 0.2),
        np.clip(np.percentile(along, 90), -2, 4),
        min(varies, 3),
        min(np.abs(rise / contrast - along).mean(), 3),
        np.clip(min(quarters), -2, 3),
        np.clip(min(along[:end].mean(), along[-end:].mean()), -2, 3),
        np.log((min(share_varies, 3) + 0.05) / (min(varies, 3) + 0.05)),
        np.log(_smooth(ground).std() + 0.01),
        np.log((_grain(height[:, REACH - 1 : REACH + 2]) + 0.003) / (_grain(aside) + 0.003)),
    ]


def _grain(height: color.Array) -> float:
    """How much (n, k) values differ from row to row, usually."""
    if len(height) < 2:
        return 0.0
    return float(np.median(np.abs(np.diff(height, axis=0)), 0).mean())


def _smooth(values: color.Array) -> color.Array:
    """(n,) means over 9 values."""
    import cv2

    return cv2.blur(values[:, None], (1, 9), borderType=cv2.BORDER_REPLICATE)[:, 0]


def _ends(grey: color.Array, strip: Strip) -> list[float]:
    """Features beyond a line's ends: a scratch fades into its ground, a mast has a foot.

    Larger and smaller step of the ground there; larger and smaller continuation of the line; number
    of ends at the picture's edge. All but the last in units of the line's contrast.
    """
    height, width = grey.shape
    sign = -1 if strip.line.dark else 1
    ground, contrast = _ground(strip)
    row, column = strip.line.row, strip.line.column
    steps, on = [], []
    for way, last in ((-1, 0), (1, -1)):
        inner = slice(0, 16) if way < 0 else slice(-16, None)
        part, place = row[inner], column[inner]
        lean = (place[-1] - place[0]) / max(part[-1] - part[0], 1)
        further = row[last] + way * BEYOND
        ahead = np.rint(column[last] + lean * way * BEYOND).astype(np.intp)
        inside = (further >= 0) & (further < height) & (ahead >= 0) & (ahead < width)
        if inside.sum() < len(BEYOND) // 2:
            continue
        beside = (ahead[inside][:, None] + AWAY).clip(0, width - 1)
        there = sign * grey[further[inside][:, None], beside]
        sides = there[:, (np.abs(AWAY) >= 4) & (np.abs(AWAY) <= 9)].mean()
        middle = there[:, REACH - 1 : REACH + 2].mean(0).max()
        steps.append(min(abs(sides - ground[inner].mean()) / contrast, 3))
        on.append(np.clip((middle - sides) / contrast, -1, 2))
    if not steps:
        return [0, 0, 0, 0, 2]
    return [max(steps), min(steps), max(on), min(on), 2 - len(steps)]


def _company(own: list[Line], lines: list[Line], short_side: int) -> color.Array:
    """(n, 3) logs of how much runs beside or into each line within a sixth of the short side.

    Lines of its direction and brightness, in its own lengths; all lines, in short sides; and how
    many would meet it, if both went on a little, as wires at a pole and whiskers do.
    """

    def parts(given: list[Line]) -> tuple[color.Array, ...]:
        first, last = (np.array([line.row[end] for line in given]) for end in (0, -1))
        start, stop = (np.array([line.column[end] for line in given]) for end in (0, -1))
        lean = (stop - start) / np.maximum(last - first, 1)
        return first, last, lean, start - lean * first, np.array([line.dark for line in given])

    first, last, lean, begin, dark = (part[:, None] for part in parts(own))
    others_first, others_last, others_lean, others_begin, others_dark = parts(lines)
    length = last - first + 1
    top, bottom = np.maximum(first, others_first), np.minimum(last, others_last)
    turn, off = others_lean - lean, others_begin - begin
    apart = np.abs(off + turn * (top + bottom) / 2)
    beside = (apart > 4) & (apart < short_side / 6)
    shared = bottom - top + 1
    alike = beside & (shared > 0.3 * length) & (np.abs(turn) < 0.15) & (dark == others_dark)
    near = beside & (shared > -short_side / 8)
    meeting = -off / np.where(np.abs(turn) < 0.02, np.inf, turn)
    room = short_side / 12
    meets = (np.abs(turn) >= 0.02) & (meeting > top - room) & (meeting < bottom + room)
    company = np.stack(
        [
            (alike * np.minimum(shared / length, 1)).sum(1),
            (near * (others_last - others_first + 1)).sum(1) / short_side,
            (meets & (apart > 1)).sum(1),
        ],
        1,
    )
    return np.log1p(company).astype(np.float32)


@functools.cache
def weights() -> Mapping[str, color.Array]:
    """The network's arrays by name."""
    with np.load(Path(__file__).parents[2] / "data" / "scratches.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
