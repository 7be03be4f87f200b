"""What frames under one light have in common, and what lies between two lights.

Lamps may change from beat to beat: frames under light of another colour are a series of their own.
Where the light turns slowly, the numbers of one series give way to those of the next over several
frames; where it changes at once, so do they.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from restore import color
from restore.color import Array
from restore.effect import Effect, Findings, NetworkUsed
from restore.image.guides import ColourGuess
from restore.image.photo import Proxy, Tile
from restore.values import Value

SAMPLES = 5
"""Frames of a block that are planned for their series."""
MOST = 20
"""Samples of a series that are kept."""
LIGHT = 0.5
"""How much the ratio of two channels' light changes, in natural logarithms, under other lamps."""
SUDDEN = 1.5
"""How much it changes from one frame to the next where a lamp goes on or off."""
EASE = 1 / 6
"""Share of the way to another series that is gone with each frame, else."""
FEWEST = 0.05
"""Least weight of a series that is used."""


@dataclass(eq=False)
class _Series:
    """What the frames under one light have in common: as known before the last block, and now."""

    light: Array
    samples: list[Effect] = field(default_factory=list)
    before: Effect | None = None
    now: Effect | None = None


@dataclass(eq=False)
class Lights:
    """The series of a shot, by the colour of their light.

    Attributes
    ----------
    plan
        A step: from a proxy to its effect.
    shared
        Joins the effects of a series.
    reach
        How far, in natural logarithms, the light of a series reaches.
    """

    plan: Callable[[Proxy], Effect]
    shared: Callable[[Sequence[Effect]], Effect]
    reach: float
    known: list[_Series] = field(default_factory=list)
    _parts: dict[tuple[int, type[Effect]], tuple[float, Effect]] = field(default_factory=dict)
    _last: Array | None = None

    def _knows(self, proxy: Proxy) -> bool:
        """Whether the frame belongs to a series."""
        return bool(self.known) and float(self._away(_light(proxy)).min()) <= self.reach

    def learn(self, frames: Sequence[tuple[Proxy, Callable[[], Proxy]]]) -> None:
        """Sort frames by their light, and learn from some of each series.

        Each comes as an earlier step found it, with a function that gives it as this step does.
        """
        members: dict[int, list[Callable[[], Proxy]]] = {}
        for proxy, now in frames:
            if not self._knows(proxy):
                self.known.append(_Series(_light(proxy)))
            members.setdefault(int(self._away(_light(proxy)).argmin()), []).append(now)
        for number, series in enumerate(self.known):
            series.before = series.now
            own = members.get(number, [])
            places = np.linspace(0, len(own) - 1, min(SAMPLES, len(own))).round().astype(int)
            series.samples += [self.plan(own[place]()) for place in places]
            while len(series.samples) > MOST:
                series.samples = series.samples[::2]
            if own:
                series.now = self.shared(series.samples)

    def at(self, proxy: Proxy, share: float, follow: Callable[[Proxy, Any], Effect]) -> Effect:
        """The effect for the next frame, a share of the last block after its start.

        Of the numbers of its series and of those that it comes from or lies near. Where a series
        gives another kind of effect than before, that takes over step by step, too.

        Parameters
        ----------
        follow
            Makes the effect of a frame from the numbers of its series.
        """
        light = _light(proxy)
        target = self._target(self._away(light))
        held = np.zeros(len(target))
        for (number, _), (weight, _) in self._parts.items():
            held[number] += weight
        parts = {key: (0.0, *part) for key, part in self._parts.items()}
        for number in map(int, np.flatnonzero(np.maximum(target, held) > FEWEST)):
            series = self.known[number]
            own = follow(proxy, mixed(series.before or series.now, series.now, share))
            was, _ = self._parts.get((number, type(own)), (0.0, own))
            parts[number, type(own)] = float(target[number]), was, own
        sudden = self._last is None or float(np.abs(light - self._last).max()) > SUDDEN
        pace, self._last = (1.0 if sudden else EASE), light
        eased = {key: (was + pace * (goal - was), own) for key, (goal, was, own) in parts.items()}
        self._parts = {key: part for key, part in eased.items() if part[0] > FEWEST}
        return _together(self._parts.values())

    def _target(self, away: Array) -> Array:
        """(n,) weights of the series, at these distances: of the nearest, or the nearest two."""
        order = np.argsort(away, kind="stable")
        weights = np.zeros(len(away), np.float32)
        weights[order[0]] = 1
        if len(order) > 1:
            distance, farther = away[order[:2]]
            other = 2 * min(max(float(distance / (distance + farther + 1e-6)) - 0.25, 0), 0.25)
            weights[order[:2]] = 1 - other, other
        return weights

    def _away(self, light: Array) -> Array:
        """(n,) how far the light of each series is from another."""
        away = [np.abs(series.light - light).max() for series in self.known]
        return np.array(away, np.float32)


def _light(proxy: Proxy) -> Array:
    """(2,) logarithms of red and blue over green in the light of a frame, as it was recorded."""
    import cv2

    small = cv2.resize(proxy.view.original, (64, 48), interpolation=cv2.INTER_AREA)
    mean = color.decode(small.reshape(-1, 3)).clip(0).mean(0) + np.float32(2e-3)
    return np.log(mean[[0, 2]] / mean[1])


@dataclass(frozen=True, eq=False)
class Between(Effect):
    """What lies between the results of two effects: `share` of the other's."""

    one: Effect
    other: Effect
    share: float
    halo: int
    findings: Findings
    guess: ColourGuess | None
    network: NetworkUsed | None

    def tile(self, t: Tile) -> Array:
        one, other = (
            effect.passed(t.inner(self.halo - effect.halo)).inner(effect.halo).pixels
            for effect in (self.one, self.other)
        )
        return one + np.float32(self.share) * (other - one)


def _together(parts: Collection[tuple[float, Effect]]) -> Effect:
    """One effect from several with their weights: of each kind by their numbers, then all."""
    kinds: dict[type[Effect], tuple[float, Effect]] = {}
    for weight, effect in sorted(parts, key=lambda part: -part[0]):
        before, whole = kinds.get(type(effect), (0.0, effect))
        total = before + weight
        kinds[type(effect)] = total, mixed(whole, effect, weight / total)
    (total, whole), *others = kinds.values()
    for weight, effect in others:
        total += weight
        near, halo = (whole if weight < total / 2 else effect), max(whole.halo, effect.halo)
        about = near.findings, near.guess, near.network
        whole = Between(whole, effect, weight / total, halo, *about)
    return whole


def mixed(one: Any, other: Any, share: float) -> Any:
    """What lies between two estimates of one kind; the nearer one where there is no between."""
    if one is other or share <= 0:
        return one
    if isinstance(one, float) and isinstance(other, float):
        return one + share * (other - one)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape == other.shape and one.dtype.kind == "f":
            return (one + np.asarray(share, one.dtype) * (other - one)).astype(one.dtype)
    elif type(one) is type(other) and isinstance(one, Value):
        kinds: Any = one
        return replace(
            kinds,
            **{
                part.name: mixed(getattr(one, part.name), getattr(other, part.name), share)
                for part in fields(kinds)
            },
        )
    return one if share < 0.5 else other
