"""Where a picture of about a megapixel is damaged: a network's opinion, and what of it is sure.

The network says for each pixel how likely it is to be on a line (a scratch, crease, crack or
fibre), on a spot, or lost. Likely pixels that touch are a mark; how likely it is to be damage is
decided from its features by a logistic regression, whose coefficients are in the network's file. A
print with some sure marks is a damaged print, and less sure ones count there too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.context import Context
from restore.errors import WeightsError
from restore.models import engines, own

Mask = NDArray[np.bool_]

WEIGHTS = Path(__file__).parents[2] / "data" / "damage.onnx"
RELIEFS = (3, 7, 19)
"""Sides in pixels of the squares that define narrow."""
STRIDE = 16
"""Sides of the network's input are multiples of it."""
SPOT, LOSS = 2, 3
"""The network's planes for spots and losses; 0 is sound, 1 lines."""
LIKELY, SURE = 0.5, 0.9
"""Probabilities from which a pixel may be part of a mark, and from which it is certain."""
COEFFICIENTS = ("mean", "deviation", "linear", "square", "bias")
"""Arrays of the regression: a mark's features are standardised and clipped first."""
FURTHEST = 3.0
"""Standard deviations from the mean at which features are clipped."""
BORDER = 2
"""Pixels from the picture's side within which a mark touches it."""
SMALLEST = 4
"""Fewest pixels of a mark."""
BACKED = 0.1
"""Mean probability along a line that rules found, from which the network agrees."""
ODDS, DAMAGED = 4.0, 1.75
"""Log odds from which a mark is damage: in any photo, and in one that is damaged elsewhere."""
EVIDENT, ENOUGH = 1.5, 0.005
"""What makes a damaged photo: marks of these log odds on that share of it."""


def path() -> Path:
    """The network's file: the user's own, or the one included."""
    return own.path("damage") or WEIGHTS


def load(context: Context) -> engines.Network:
    """The network, ready to run."""
    engine, file = engines.chosen(context.engine), path()
    key = file, engines.sha256(file), engine
    return context.network(key, lambda: engines.load(file, engine, digest=key[1]))


def coefficients(file: Path) -> Mapping[str, color.Array]:
    """The regression's arrays by name, from the metadata of the network's file."""
    return _coefficients(file, engines.sha256(file))


@functools.lru_cache(maxsize=2)
def _coefficients(file: Path, digest: str) -> Mapping[str, color.Array]:
    entries = own.metadata(file)
    try:
        return {name: np.array(entries[name].split(), np.float32) for name in COEFFICIENTS}
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{file}: has no regression in its metadata ({error})") from error


def reliefs(grey: color.Array) -> color.Array:
    """The network's input (7, h, w) from (h, w) encoded brightness.

    The brightness, and how far each pixel rises above and falls below it once everything narrower
    than `RELIEFS` is removed: lines and spots whatever the tone around them.
    """
    import cv2

    grey = np.clip(grey, 0, 1).astype(np.float32)
    planes = [grey - np.float32(0.5)]
    for side in RELIEFS:
        square = np.ones((side, side), np.uint8)
        planes.append(3 * cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, square))
        planes.append(3 * cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, square))
    return np.stack(planes)


def kinds(grey: color.Array, network: engines.Network) -> color.Array:
    """(2, 4, h, w) how likely each pixel is sound, on a line, on a spot, lost.

    Seen as the picture is, and at half of its size, where wide creases are narrow.
    """
    import cv2

    size = [max(1, length // 2) for length in grey.shape[::-1]]
    half = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    wide = [cv2.resize(plane, grey.shape[::-1]) for plane in _kinds(half, network)]
    return np.stack([_kinds(grey, network), np.stack(wide)])


def _kinds(grey: color.Array, network: engines.Network) -> color.Array:
    height, width = grey.shape
    pad = (0, -height % STRIDE), (0, -width % STRIDE)
    return network(reliefs(np.pad(grey, pad, mode="edge"))[None])[0, :, :height, :width]


@dataclass(frozen=True, eq=False)
class Marks:
    """Likely pixels that touch, numbered from 1.

    Attributes
    ----------
    label
        (h, w) the mark of each pixel; 0 is none.
    features
        (n, f) of each mark.
    bright
        (n,) whether it is brighter than what is around it.
    area, width
        (n,) in pixels; the usual width of each.
    """

    label: NDArray[np.int32]
    features: color.Array
    bright: Mask
    area: color.Array
    width: color.Array

    def sure(self, w: Mapping[str, color.Array], less: float, widest: float) -> Mask:
        """(n,) which marks are damage.

        Parameters
        ----------
        w
            The regression's `coefficients`.
        less
            Log odds less than at medium sensitivity that are enough.
        widest
            Width in pixels above which a mark is left alone.
        """
        odds = predict(w, self.features)
        odds[(self.area < SMALLEST) | (self.width > widest)] = -np.inf
        evident = self.area[odds > EVIDENT - less].sum()
        is_damaged = evident >= ENOUGH * self.label.size
        return odds > (DAMAGED if is_damaged else ODDS) - less

    def masks(self, chosen: Mask, widest: float) -> Mask:
        """(h, w, 2) where the bright and the dark ones of the chosen (n,) marks are.

        Parts of them that are wider than `widest` pixels are left out: what they cross.
        """
        signs = (chosen & self.bright, chosen & ~self.bright)
        masks = [np.concatenate([[False], sign])[self.label] for sign in signs]
        return np.dstack([_narrow(mask, widest) for mask in masks])


def backed(lines: Mask, seen: color.Array) -> Mask:
    """Those of the connected lines (h, w) that the network, too, takes for damage."""
    import cv2

    count, label = cv2.connectedComponents(lines.astype(np.uint8))
    area = np.bincount(label.ravel(), minlength=count)
    sums = np.bincount(label.ravel(), 1 - seen[:, 0].min(0).ravel(), count)
    return lines & (sums >= BACKED * area)[label]


def marks(grey: color.Array, seen: color.Array) -> Marks:
    """The marks of a picture (h, w), and their features, from `kinds`."""
    import cv2

    likely = 1 - seen[:, 0].min(0)
    count, label = cv2.connectedComponents((likely > LIKELY).astype(np.uint8))
    rows, columns = np.nonzero(label)
    own = label[rows, columns]
    area = np.bincount(own, minlength=count).astype(np.float32).clip(1)

    def mean(values: color.Array) -> color.Array:
        return (np.bincount(own, values, count) / area).astype(np.float32)

    def most(values: color.Array) -> color.Array:
        result = np.zeros(count, np.float32)
        np.maximum.at(result, own, values)
        return result

    square = np.ones((RELIEFS[-1], RELIEFS[-1]), np.uint8)
    up, down = (
        cv2.morphologyEx(grey, way, square)[rows, columns]
        for way in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
    )
    tone, p = grey[rows, columns], likely[rows, columns]
    bright = mean(up) >= mean(down)
    to_white, to_black = up / (1 - tone + up).clip(0.03), down / (tone + down).clip(0.03)
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 4
    framed = cv2.copyMakeBorder((label > 0).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    inside = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    width = (4 * mean(inside[rows, columns]) - 2).clip(1)  # a bar's distances are 1 … w / 2 … 1
    height, across = grey.shape
    away = np.minimum(
        np.minimum(rows, height - 1 - rows), np.minimum(columns, across - 1 - columns)
    )
    features = (
        np.log(area),
        np.log1p(area * mean((p > SURE).astype(np.float32))),
        mean(p),
        most(p),
        width,
        np.log(area / width**2),
        np.where(bright, mean(to_white), mean(to_black)),
        bright.astype(np.float32),
        *(mean(seen[:, kind].max(0)[rows, columns]) for kind in (SPOT, LOSS)),
        np.log(_bend(rows, columns, mean) / width + 0.1),
        most((away <= BORDER).astype(np.float32)),
        *(mean(1 - plane[0][rows, columns]) for plane in seen),
        mean(tone),
        np.sqrt((mean(tone * tone) - mean(tone) ** 2).clip(0)),
        mean(steep[rows, columns]),
    )
    table = np.stack(features, 1).astype(np.float32)
    return Marks(label, table[1:], bright[1:], area[1:], width[1:])


def _narrow(mask: Mask, widest: float) -> Mask:
    """A mask (h, w) without what is wider than so many pixels."""
    import cv2

    whole = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    wide = (cv2.distanceTransform(whole, cv2.DIST_L2, 3)[1:-1, 1:-1] > widest / 2).astype(np.uint8)
    if not wide.any():
        return mask
    side = 2 * int(widest / 2 + 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return mask & (cv2.dilate(wide, disc) == 0)


def _bend(
    rows: NDArray[np.intp], columns: NDArray[np.intp], mean: Callable[[color.Array], color.Array]
) -> color.Array:
    """How wide a straight bar would be that is spread as each mark is across its direction."""
    y, x = rows.astype(np.float32), columns.astype(np.float32)
    down, right = mean(y), mean(x)
    yy, xx, xy = mean(y * y) - down**2, mean(x * x) - right**2, mean(x * y) - down * right
    least = (yy + xx - np.sqrt((yy - xx) ** 2 + 4 * xy**2)) / 2
    return np.sqrt(12 * least.clip(0))


def predict(w: Mapping[str, color.Array], features: color.Array) -> color.Array:
    """(n,) log odds that marks are damage, from their (n, f) features."""
    near = ((features - w["mean"]) / w["deviation"]).clip(-FURTHEST, FURTHEST)
    return np.asarray(near @ w["linear"] + (near * near) @ w["square"] + w["bias"], np.float32)
