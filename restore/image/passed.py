"""Patches of a proxy behind a step, restored only where a later step looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

from restore.image.tile import Tile

if TYPE_CHECKING:
    from restore.effect import Effect


@dataclass(eq=False)
class Passed(Sequence[Tile]):
    """Tiles passed through an effect, all of them once one is asked for."""

    before: Sequence[Tile]
    effect: Effect

    @cached_property
    def _tiles(self) -> tuple[Tile, ...]:
        return tuple(map(self.effect.passed, self.before))

    @overload
    def __getitem__(self, at: int) -> Tile: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Tile]: ...
    def __getitem__(self, at: int | slice) -> Tile | Sequence[Tile]:
        return self._tiles[at]

    def __len__(self) -> int:
        return len(self.before)
