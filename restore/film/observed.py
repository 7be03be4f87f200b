"""What the report of a film shows: a picture of each shot, and how much the film flickers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from restore import color
from restore.color import Array
from restore.film.frame import Frame
from restore.film.reader import Film
from restore.report.entry import Thumbnail
from restore.report.thumbnails import thumbnail

SIDE = 64
"""Long side of the copies whose mean colour is followed, in pixels."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One shot, as the report shows it.

    Attributes
    ----------
    start, stop
        Numbers of its first frame, and of the one after its last.
    begin, end
        When it begins and ends, in seconds.
    before, after
        A frame in its middle.
    headline, findings
        What was done; what every step found.
    """

    start: int
    stop: int
    begin: float
    end: float
    before: Thumbnail
    after: Thumbnail
    headline: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Observed:
    """A film before and after.

    Attributes
    ----------
    shots
        In order.
    flicker
        (frames, 2, 2): how far a frame's mean lightness and mean colour are from those of its
        neighbours' mean, in L*a*b* units, before and after. Not a number where a shot begins or
        ends.
    """

    shots: tuple[Shot, ...]
    flicker: Array


def observe(
    film: Film,
    result: Film,
    shots: Sequence[Mapping[str, Any]],
    count: int,
    tell: Callable[[int], None] = lambda frames: None,
) -> Observed:
    """Go through a film and its result side by side.

    Parameters
    ----------
    shots
        What is known of each: "start", "findings", "lines".
    count
        How many frames there are.
    tell
        Called with the frames seen.
    """
    starts = [int(shot["start"]) for shot in shots]
    stops = [*starts[1:], count]
    middles = {(ends[0] + ends[1]) // 2: n for n, ends in enumerate(pairwise([*starts, count]))}
    times = [0.0] * count
    means = np.zeros((count, 2, 3), np.float32)
    pictures: dict[int, tuple[Thumbnail, Thumbnail]] = {}
    for before, after in zip(film.frames(), result.frames(), strict=False):
        at = before.index
        if at >= count:
            break
        times[at] = float(before.time)
        means[at] = _mean(before), _mean(after)
        if at in middles:
            pictures[middles[at]] = thumbnail(before.photo), thumbnail(after.photo)
        tell(at + 1)
    views = [
        Shot(
            start,
            stop,
            times[start],
            times[stop] if stop < count else 2 * times[-1] - times[max(count - 2, 0)],
            *pictures[number],
            tuple(shot["findings"]),
            tuple(shot["lines"]),
        )
        for number, (shot, start, stop) in enumerate(zip(shots, starts, stops, strict=True))
        if number in pictures
    ]
    return Observed(tuple(views), _flicker(means, starts))


def _mean(frame: Frame) -> Array:
    """The mean colour of a frame, L* a* b*."""
    pixels = frame.still(SIDE).pixels
    return color.to_lab(np.ascontiguousarray(pixels)).reshape(-1, 3).mean(0)


def _flicker(means: Array, starts: Sequence[int]) -> Array:
    """How far each frame is from the mean of its neighbours; see `Observed`."""
    off = np.full((len(means), 2, 3), np.nan, np.float32)
    off[1:-1] = means[1:-1] - (means[:-2] + means[2:]) / 2
    for start in starts:
        off[max(start - 1, 0) : start + 1] = np.nan
    lightness = np.abs(off[..., 0])
    return np.stack([lightness, np.hypot(off[..., 1], off[..., 2])], 1)
