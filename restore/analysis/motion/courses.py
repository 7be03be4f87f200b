"""Values that change over a shot, and the even course they should have taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from restore.color import Array


def departures(
    changes: Iterable[Array], reach: int, course: Callable[[Sequence[Array]], Array]
) -> Iterator[Array]:
    """How far each frame is from an even course, `reach` frames after its change has come.

    Parameters
    ----------
    changes
        From each frame to the next, the first being 0.
    course
        The value that the middle of some frames' values should have. As many on both sides: near
        the ends of the shot there are fewer.
    """
    values: list[Array] = []
    first = 0  # the number of values[0]
    count = 0

    def departure(now: int) -> Array:
        own = min(now - first, len(values) - 1 - (now - first), reach)
        middle = now - first
        return values[middle] - course(values[middle - own : middle + own + 1])

    for count, change in enumerate(changes, 1):
        values.append(values[-1] + change if values else np.zeros_like(change) + change)
        if count > reach:
            yield departure(count - 1 - reach)
        if len(values) > 2 * reach:
            del values[0]
            first += 1
    for now in range(max(count - reach, 0), count):
        yield departure(now)


def median(values: Sequence[Array]) -> Array:
    """The mean of the middle third: follows a lasting step at once, and no single value."""
    ordered = np.sort(np.array(values), axis=0)
    cut = len(values) // 3
    return ordered[cut : len(values) - cut].mean(0)


def bell(values: Sequence[Array]) -> Array:
    """The mean, the middle values counting most."""
    weight = np.hanning(len(values) + 2)[1:-1]
    return np.tensordot(weight / weight.sum(), np.array(values), 1)
