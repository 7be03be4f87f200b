"""Plans for the frames of one shot: estimates shared by the shot, colours carried along motion.

    for plan in plans(recipe, film.frames(start, stop)):   # one for each frame, in order
        …

Each step is a generator: proxies of frames in, effects out, as many frames later as it needs to
look ahead. A step that knows time has a `film` of its own. One whose numbers describe a series
(`shared`, `follow`) learns them as the frames come. Any other plans frame by frame.

Where a recipe looks for **lamps**, they may change from beat to beat: see `lights`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from restore.context import Context, default
from restore.effect import Effect
from restore.film.frame import Frame
from restore.film.lights import LIGHT, Lights
from restore.image.photo import Proxy
from restore.plan import Plan, PlannedStep
from restore.recipe import Recipe, Use

SIDE = 640
"""Long side in pixels of the proxies that a film is planned on."""
PATCHES = 5
"""One in this many unaveraged patches is kept, spread over the frame: dozens of frames wait."""
BLOCK = 24
"""Frames among which a series is looked for at a time."""


def plans(
    recipe: Recipe,
    frames: Iterable[Frame],
    *,
    context: Context | None = None,
) -> Iterator[Plan]:
    """The plan of each frame of a shot, in order.

    A plan may come several dozen frames after its frame was taken from `frames`, never before.

    Parameters
    ----------
    frames
        All frames of the shot.
    """
    context = context or default()
    planned: Iterator[_Planned] = (_Planned(_proxy(frame, context)) for frame in frames)
    reach = LIGHT if any("lights" in use.step.settings for use in recipe.uses) else np.inf
    for label, use in zip(recipe.labels, recipe.uses, strict=True):
        planned = _through(label, use, planned, reach)
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

    def now(self) -> Proxy:
        """The proxy as the next step finds it."""
        return self.ready().proxy

    def ready(self) -> _Planned:
        """The same, with that proxy."""
        proxy = self.proxy
        for step in self.steps[self.passed :]:
            proxy = proxy.through(step.effect)
        return replace(self, proxy=proxy, passed=len(self.steps))


def _proxy(frame: Frame, context: Context) -> Proxy:
    still = frame.still(SIDE)
    # a frame smaller than a patch has only one
    proxy = replace(still, crops=still.crops[1::PATCHES] or still.crops).proxy
    return replace(proxy, context=context, whole=lambda: frame.photo)


def _through(label: str, use: Use, frames: Iterator[_Planned], reach: float) -> Iterator[_Planned]:
    """The frames with one more step planned."""

    def planned(frame: _Planned, effect: Effect) -> _Planned:
        step = PlannedStep(use.step.name, label, dict(use.settings), effect)
        return replace(frame, steps=(*frame.steps, step))

    if use.step.film is None and use.step.shared and use.step.follow:
        lights = Lights(lambda proxy: use.step.plan(proxy, **use.settings), use.step.shared, reach)
        for frame, effect in _in_series(use, use.step.follow, lights, frames):
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
    use: Use, follow: Callable[..., Effect], lights: Lights, frames: Iterator[_Planned]
) -> Iterator[tuple[_Planned, Effect]]:
    """Frames with effects that follow their series, block by block.

    A frame waits as the step before found it, which is smaller than what that has made of it.
    """
    while block := deque(frame for _, frame in zip(range(BLOCK), frames, strict=False)):
        lights.learn([(frame.proxy, frame.now) for frame in block])
        count = len(block)
        for number in range(1, count + 1):
            frame = block.popleft().ready()
            effect = lights.at(frame.proxy, number / count, partial(follow, **use.settings))
            yield frame, effect
