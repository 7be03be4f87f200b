"""Remove a colour cast: what should be grey becomes grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np

from restore import color
from restore.analysis import mixes
from restore.analysis.cast import ESTIMATORS, Cast, cast, of_ratios, ratios
from restore.effect import Effect, Findings, Quantity
from restore.image.photo import Proxy, Tile
from restore.step import Amount, Param

MINOR = True
# Bradford cone response of XYZ (CIE 159:2004; Lam 1985).
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
SIDE = 400
"""Long side in pixels of the picture the estimators use."""
SLIGHT, STRONG = 6.0, 15.0
"""CIE a* b* from grey: below it a cast is slight, above it strong."""


@dataclass(frozen=True, eq=False)
class WhiteBalance(Effect):
    """A change of the light's colour to grey.

    Attributes
    ----------
    light
        (3,) linear RGB of a grey in the photo, its luminance 1.
    amount
        Share of the change, 0 … 1.
    """

    light: color.Array
    amount: float
    findings: Findings = field(default_factory=Findings)

    def tile(self, t: Tile) -> color.Array:
        if self.amount == 0:
            return t.pixels
        matrix = _adaptation(self.light ** np.float32(self.amount))
        light = color.decode(t.pixels) @ matrix.T
        color.raise_full(light, t.pixels)
        return color.encode(light)


def shared(effects: Sequence[WhiteBalance]) -> WhiteBalance:
    """The light of a series: the median of its photos' lights."""
    light = np.exp(np.median([np.log(effect.light) for effect in effects], axis=0))
    return replace(effects[0], light=(light / (light @ color.LUMA)).astype(np.float32))


def follow(proxy: Proxy, series: WhiteBalance, **settings: object) -> WhiteBalance:
    """A photo's light is that of its series."""
    return series


def white_balance(
    proxy: Proxy,
    *,
    method: Annotated[
        Literal[
            "auto", "grey-world", "shades-of-grey", "grey-edge", "white-patch", "near-grey", "pick"
        ],
        Param("how neutral is chosen: a vote of all estimators, one of them, or a picked place"),
    ] = "auto",
    x: Annotated[float, Param("picked grey: from the left edge", 0, 100, "%")] = 50,
    y: Annotated[float, Param("picked grey: from the top edge", 0, 100, "%")] = 50,
    radius: Annotated[
        float, Param("picked grey: radius, as a share of the short side", 0.1, 50, "%")
    ] = 2,
    amount: Amount = 1,
) -> WhiteBalance:
    """Make the greys neutral and leave the lightness as it is.

    The light's colour is estimated on linear light without its clipped pixels, and undone by a
    Bradford adaptation (CIE 159:2004) to D65 that keeps the luminance of grey. "auto" is the
    geometric median of the estimators; the less they agree, the less is done. A single
    estimator, or a picked grey, is followed in full.
    """
    picture = mixes.shrunk(proxy.view.pixels, SIDE)
    if method == "auto":
        estimate = cast(picture)
    elif method == "pick":
        estimate = _single(_picked(proxy.view.pixels, x, y, radius))
    else:
        estimate = _single(ESTIMATORS[method](color.decode(picture).clip(0)))
    summary = ""
    if estimate.name != "neutral":
        degree = "slight " if estimate.strength < SLIGHT else ""
        degree = "strong " if estimate.strength > STRONG else degree
        summary = f"{degree}{estimate.name} cast"
    values = {
        "cast": Quantity(estimate.name),
        "strength": Quantity(round(estimate.strength, 1), "CIE a* b* from grey"),
        "confidence": Quantity(round(estimate.confidence, 2)),
    }
    return WhiteBalance(estimate.light, amount, Findings(summary, values=values))


def _single(light: color.Array) -> Cast:
    """The cast by one estimator or a picked grey, fully trusted."""
    return Cast(of_ratios(ratios(light)), 1.0)


def _picked(view: color.Array, x: float, y: float, radius: float) -> color.Array:
    """(3,) mean linear light of the disc at x, y; at least of one pixel."""
    height, width = view.shape[:2]
    across = np.arange(width) + 0.5 - x / 100 * width
    down = np.arange(height) + 0.5 - y / 100 * height
    away = np.hypot(across[None], down[:, None])
    disc = away <= max(radius / 100 * min(height, width), away.min())
    return color.decode(view[disc]).clip(0).mean(0, np.float32)


def _adaptation(light: color.Array) -> color.Array:
    """(3, 3) linear sRGB to linear sRGB that takes `light` to grey of the same luminance."""
    cones = BRADFORD @ color.RGB_TO_XYZ
    grey = cones @ np.full(3, light @ color.LUMA)
    adaptation = np.linalg.inv(cones) @ np.diag(grey / (cones @ light)) @ cones
    return adaptation.astype(np.float32)
