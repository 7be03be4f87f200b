"""Plans for the frames of one shot: estimates shared by the shot, colours carried along motion.

    for plan in plans(recipe, film.frames(start, stop)):   # one for each frame, in order
        …

Each step is a generator: proxies of frames in, effects out, as many frames later as it needs to
look ahead. A step that knows time has a `film` of its own. One whose numbers describe a series
(`shared`, `follow`) takes them from frames spread over the shot. Any other plans frame by frame.

Where a recipe looks for **lamps**, they may change from beat to beat: frames under light of another
colour are a series of their own, and between two colours the series are mixed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from restore import color
from restore.color import Array
from restore.context import Context, default
from restore.effect import Effect
from restore.film.frame import Frame
from restore.image.field import Field
from restore.image.photo import Proxy
from restore.plan import Plan, PlannedStep
from restore.recipe import Recipe, Use

SIDE = 640
"""Long side in pixels of the proxies that a film is planned on."""
PATCHES = 5
"""One in this many unaveraged patches is kept, spread over the frame: dozens of frames wait."""
BLOCK = 24
"""Frames among which a series is looked for at a time."""
SAMPLES = 5
"""Frames of a block that are planned for their series."""
MOST = 20
"""Samples of a series that are kept."""
LIGHT = 0.5
"""How much the ratio of two channels' light changes, in natural logarithms, under other lamps."""


def plans(
    recipe: Recipe,
    frames: Iterable[Frame],
    *,
    spread: Sequence[Frame] = (),
    context: Context | None = None,
) -> Iterator[Plan]:
    """The plan of each frame of a shot, in order.

    A plan may come several dozen frames after its frame was taken from `frames`, never before.

    Parameters
    ----------
    frames
        All frames of the shot.
    spread
        Some of them, spread over the shot, for what the shot has in common; without them it is
        learnt as the frames come.
    """
    context = context or default()
    samples = [_proxy(frame, context) for frame in spread]
    planned: Iterator[_Planned] = (_Planned(_proxy(frame, context)) for frame in frames)
    reach = LIGHT if any("lights" in use.step.settings for use in recipe.uses) else np.inf
    in_series = [use.step.film is None and use.step.follow is not None for use in recipe.uses]
    for number, (label, use) in enumerate(zip(recipe.labels, recipe.uses, strict=True)):
        planned = _through(label, use, planned, samples, reach)
        if not any(in_series[number + 1 :]):
            samples = []
        samples = [proxy.through(use.step.plan(proxy, **use.settings)) for proxy in samples]
    first: Plan | None = None
    for frame in planned:
        context.check()
        if first is None:
            first = recipe.planned(frame.steps, frame.proxy, frame.proxy.digest())
        yield replace(first, steps=tuple(frame.steps))


@dataclass(frozen=True, eq=False)
class _Planned:
    """A frame with its planned steps; `passed` of them its proxy has been through."""

    proxy: Proxy
    steps: tuple[PlannedStep, ...] = ()
    passed: int = 0

    def ready(self) -> _Planned:
        """The same, its proxy as the next step finds it."""
        proxy = self.proxy
        for step in self.steps[self.passed :]:
            proxy = proxy.through(step.effect)
        return replace(self, proxy=proxy, passed=len(self.steps))


def _proxy(frame: Frame, context: Context) -> Proxy:
    still = frame.still(SIDE)
    # a frame smaller than a patch has only one
    proxy = replace(still, crops=still.crops[1::PATCHES] or still.crops).proxy
    return replace(proxy, context=context, whole=lambda: frame.photo)


def _through(
    label: str, use: Use, frames: Iterator[_Planned], samples: Sequence[Proxy], reach: float
) -> Iterator[_Planned]:
    """The frames with one more step planned."""

    def planned(frame: _Planned, effect: Effect) -> _Planned:
        step = PlannedStep(use.step.name, label, dict(use.settings), effect)
        return replace(frame, steps=(*frame.steps, step))

    if use.step.film is None and use.step.shared and use.step.follow:
        lights = _Lights(use, use.step.shared, reach)
        for frame, effect in _in_series(use, use.step.follow, lights, frames, samples):
            yield planned(frame, effect)
        return
    waiting: deque[_Planned] = deque()

    def proxies() -> Iterator[Proxy]:
        for frame in frames:
            waiting.append(frame.ready())
            yield waiting[-1].proxy

    for effect in _effects(use, proxies()):
        yield planned(waiting.popleft(), effect)


def _effects(use: Use, proxies: Iterator[Proxy]) -> Iterator[Effect]:
    """The effect of a step for each frame."""
    if use.step.film:
        return use.step.film(proxies, **use.settings)
    return (use.step.plan(proxy, **use.settings) for proxy in proxies)


def _in_series(
    use: Use,
    follow: Callable[..., Effect],
    lights: _Lights,
    frames: Iterator[_Planned],
    samples: Sequence[Proxy],
) -> Iterator[tuple[_Planned, Effect]]:
    """Frames with effects that follow their series, block by block.

    A frame waits as the step before found it, which is smaller than what that has made of it.
    """
    lights.learn([_Planned(sample) for sample in samples])
    while block := deque(frame for _, frame in zip(range(BLOCK), frames, strict=False)):
        lights.learn([frame for frame in block if not (samples and lights.knows(frame.proxy))])
        count = len(block)
        for number in range(1, count + 1):
            frame = block.popleft().ready()
            effect = follow(frame.proxy, lights.at(frame.proxy, number / count), **use.settings)
            yield frame, effect


@dataclass(eq=False)
class _Series:
    """What the frames under one light have in common: as known before the last block, and now."""

    light: Array
    samples: list[Effect] = field(default_factory=list)
    before: Effect | None = None
    now: Effect | None = None


@dataclass(eq=False)
class _Lights:
    """The series of a shot, by the colour of their light."""

    use: Use
    shared: Callable[[Sequence[Effect]], Effect]
    reach: float
    known: list[_Series] = field(default_factory=list)

    def knows(self, proxy: Proxy) -> bool:
        """Whether the frame belongs to a series."""
        return bool(self.known) and min(self._away(proxy)) <= self.reach

    def learn(self, frames: Sequence[_Planned]) -> None:
        """Sort frames by their light, and learn from some of each series."""
        members: dict[int, list[_Planned]] = {}
        for frame in frames:
            if not self.knows(frame.proxy):
                self.known.append(_Series(_light(frame.proxy)))
            members.setdefault(int(np.argmin(self._away(frame.proxy))), []).append(frame)
        for number, series in enumerate(self.known):
            series.before = series.now
            own = members.get(number, [])
            places = np.linspace(0, len(own) - 1, min(SAMPLES, len(own))).round().astype(int)
            chosen = [own[place] for place in places]
            for frame in chosen:
                ready = frame.ready().proxy
                series.samples.append(self.use.step.plan(ready, **self.use.settings))
            while len(series.samples) > MOST:
                series.samples = series.samples[::2]
            if chosen:
                series.now = self.shared(series.samples)

    def at(self, proxy: Proxy, share: float) -> Effect:
        """The numbers for a frame, a share of the last block after its start.

        Of its series, or between the two that are nearest in light.
        """
        away = self._away(proxy)
        order = np.argsort(away, kind="stable")
        nearest = [self.known[number] for number in order[:2]]
        one, *others = (mixed(s.before or s.now, s.now, share) for s in nearest)
        for other in others:
            distance, farther = (away[number] for number in order[:2])
            weight = 2 * min(max(distance / (distance + farther + 1e-6) - 0.25, 0), 0.25)
            one = mixed(one, other, weight)
        return one

    def _away(self, proxy: Proxy) -> list[float]:
        light = _light(proxy)
        return [float(np.abs(series.light - light).max()) for series in self.known]


def _light(proxy: Proxy) -> Array:
    """(2,) logarithms of red and blue over green in the light of a frame, as it was recorded."""
    import cv2

    small = cv2.resize(proxy.view.original, (64, 48), interpolation=cv2.INTER_AREA)
    mean = color.decode(small.reshape(-1, 3)).clip(0).mean(0) + np.float32(2e-3)
    return np.log(mean[[0, 2]] / mean[1])


def mixed(one: Any, other: Any, share: float) -> Any:
    """What lies between two estimates of one kind; the nearer one where there is no between."""
    if one is other or share <= 0:
        return one
    if isinstance(one, float) and isinstance(other, float):
        return one + share * (other - one)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape == other.shape and one.dtype.kind == "f":
            return (one + np.asarray(share, one.dtype) * (other - one)).astype(one.dtype)
    elif type(one) is type(other) and isinstance(one, (Effect, Field)):
        kinds: Any = one
        return replace(
            kinds,
            **{
                part.name: mixed(getattr(one, part.name), getattr(other, part.name), share)
                for part in fields(kinds)
            },
        )
    return one if share < 0.5 else other
