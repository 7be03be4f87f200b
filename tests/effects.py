"""Effects for tests: what a function makes of a tile's pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from restore import color
from restore.effect import Effect, LabEffect
from restore.image.photo import Tile


@dataclass(frozen=True, eq=False)
class Applied(Effect):
    """A function from a tile to its pixels."""

    function: Callable[[Tile], color.Array]
    halo: int = 0

    def tile(self, t: Tile) -> color.Array:
        return self.function(t)


@dataclass(frozen=True, eq=False)
class AppliedInLab(LabEffect):
    """A function from a tile to its planes of L*a*b*."""

    function: Callable[[Tile], color.Lab]
    amount: float = 1

    def lab(self, t: Tile) -> color.Lab:
        return self.function(t)
