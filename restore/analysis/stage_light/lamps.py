"""Lamps and natural colours: how a camera sees surfaces under each, and how often they are.

Matrices and statistics come from `data/colour-constants.json`, which names their sources.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from restore import color
from restore.color import Array

BROAD = 0.25
"""Second by first singular value of a lamp's matrix above which one such lamp shows all hues."""
LAMPS = {
    "daylight": "",
    "white": "whiteB5",
    "warm-white": "whiteB3",
    "tungsten": "tungsten",
    "deep-blue": "royal450",
    "blue": "blue465",
    "cyan": "cyan500",
    "green": "green525",
    "amber": "amber590",
    "red": "red625",
}
"""The lamps distinguished, with their names in the constants: LEDs by their peak in nm."""
WHITES = ("white", "warm-white", "tungsten")
FIXTURES: tuple[tuple[str, ...], ...] = (("cyan", "blue"),)
"""Sets of lamps that are compared on stages only."""
CANDIDATES: tuple[tuple[str, ...], ...] = (
    *((name,) for name in LAMPS),
    *((warm, cold) for warm in ("red", "amber") for cold in ("blue", "green", "cyan")),
    ("green", "blue"),
    *FIXTURES,
    *((white, led) for white in ("white", "warm-white") for led in list(LAMPS)[5:]),
    ("red", "green", "blue"),
    ("warm-white", "red", "blue"),
)
"""Sets of lamps that are compared; stages seldom have more."""


def listed(names: Sequence[str]) -> str:
    """Names of lamps or channels in words: "warm white, red and blue"."""
    *most, last = (name.replace("-", " ") for name in names)
    return f"{', '.join(most)} and {last}" if most else last


@cache
def constants() -> Any:
    """Matrices of lamps, statistics of natural colours; `about` in the file names the sources."""
    return json.loads(files("restore").joinpath("data/colour-constants.json").read_text("utf-8"))


@cache
def matrix(lamp: str, camera: bool) -> Array:
    """(3, 3) from a surface's linear sRGB to the channels under a lamp of full power."""
    to_srgb = np.array(constants()["ccm_cam_to_linear_srgb"])
    name = LAMPS[lamp]
    seen = np.array(constants()["led"][name]["M_cam"]) if name else np.linalg.inv(to_srgb)
    return (seen if camera else to_srgb @ seen).astype(np.float32)


@cache
def broad(lamp: str, camera: bool) -> bool:
    """Whether a lamp alone shows all hues."""
    values = np.linalg.svd(matrix(lamp, camera), compute_uv=False)
    return bool(values[1] > BROAD * values[0])


@cache
def palette() -> tuple[Array, Array, Array]:
    """Natural colours: (90, 2) a* b* at L* = 50, (90,) shares, (90, 3) linear, luminance 1.

    The occupied bins of a grid of 10 units, over a few hundred photos.
    """
    bins = np.array(constants()["hue_prior"]["palette_grid10"], np.float32)
    linear = color.lab_to_linear(np.insert(bins[:, :2], 0, 50, axis=1))
    share = bins[:, 2] / bins[:, 2].sum()
    return bins[:, :2].copy(), share, linear / (linear @ color.LUMA)[:, None]
