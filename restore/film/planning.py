"""A plan for each frame of a film, chunk by chunk.

A film is planned in chunks of at most a few seconds that never cross a cut. What a later chunk of
the same shot needs of the earlier ones is handed on as plain data, and saved beside the result: a
run that goes on after an interruption makes the same plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from restore.context import Context
from restore.film.frame import Still
from restore.plan import Plan
from restore.recipe import Recipe
from restore.values import Value

SIDE = 384
"""Long side in pixels of the stills that plans are made on."""
CHUNK = 48
"""Most frames of a chunk."""


@dataclass(frozen=True, eq=False)
class Memory(Value):
    """What is handed from chunk to chunk of a shot: the numbers that its frames share."""

    series: Plan


def plans(
    recipe: Recipe, stills: Sequence[Still], memory: Memory | None, context: Context
) -> tuple[Sequence[Plan], Memory]:
    """A plan for each frame of a chunk, and what the next chunk of the shot needs.

    Parameters
    ----------
    stills
        The chunk's frames.
    memory
        What the chunk before gave; None at the beginning of a shot.
    """
    if memory is None:
        places = sorted({0, len(stills) // 2, len(stills) - 1})
        first = [recipe.plan(stills[at].proxy, context=context) for at in places]
        memory = Memory(recipe.shared(first))
    made = [recipe.plan(still.proxy, like=memory.series, context=context) for still in stills]
    return made, memory
