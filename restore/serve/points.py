"""The colours a place of the photo may have, as the network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from restore import color, colorizers
from restore.color import Array
from restore.colorizers import _distribution
from restore.context import Context
from restore.errors import PhotoError
from restore.figures.modes import modes
from restore.image.photo import Proxy
from restore.plan import Plan
from restore.steps.colorize import FEWEST

COUNT = 5
"""Most colours named."""
LEAST = 1e-4
"""Probability below which a bin is not shown."""


@dataclass(frozen=True, eq=False)
class Likely:
    """What a network says of a photo.

    Attributes
    ----------
    logits, grid
        (313, rows, columns), and (313, 2) a* b* of the bins.
    lightness
        (h, w) CIE L* of the photo as the network saw it.
    """

    logits: Array
    grid: Array
    lightness: Array

    @classmethod
    def of(cls, plan: Plan, chain: Sequence[Proxy], context: Context) -> Likely:
        """By the network of the plan's `colorize`, or by the best one for the photo itself."""
        uses = [number for number, step in enumerate(plan.steps) if step.step == "colorize"]
        number = uses[0] if uses else 0
        settings = plan.steps[number].settings if uses else {}
        lightness = chain[number].view.lightness.clip(0, 100)
        network = colorizers.get(str(settings.get("model", "auto")))
        asked = int(settings.get("side") or 384)
        side = min(asked, max(FEWEST, min(lightness.shape) // 32 * 32))
        chroma = network.chroma(lightness, side=side, context=context)
        if chroma.logits is None:
            raise PhotoError("this network predicts one colour per place, not a distribution")
        return cls(chroma.logits, chroma.grid, lightness)

    def at(self, x: float, y: float) -> dict[str, Any]:
        """The colours at a place in %: named ones, the likeliest first, and all bins."""
        rows, columns = self.logits.shape[1:]
        row, column = _cell(y, rows), _cell(x, columns)
        p = _distribution.probabilities(self.logits[:, row, column, None, None])[:, 0, 0]
        height, width = self.lightness.shape
        likely = modes(p, self.grid, COUNT)
        shown = np.flatnonzero(p > LEAST)
        return {
            "lightness": round(float(self.lightness[_cell(y, height), _cell(x, width)]), 1),
            "colours": [
                [round(float(mode.ab[0]), 1), round(float(mode.ab[1]), 1), mode.probability]
                for mode in likely
            ],
            "bins": [[*map(float, self.grid[k]), round(float(p[k]), 5)] for k in shown],
        }


def _cell(share: float, count: int) -> int:
    """The cell of `count` that a place in % is in."""
    return min(int(share / 100 * count), count - 1)


def lab(pixels: Array, x: float, y: float) -> list[float]:
    """CIE L*a*b* of the picture at a place in %."""
    height, width = pixels.shape[:2]
    value = color.to_lab(pixels[_cell(y, height), _cell(x, width)])
    return [round(float(one), 1) for one in value]
