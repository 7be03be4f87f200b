"""Brightness of a film that jumps from frame to frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from restore import color
from restore.analysis.motion import flow
from restore.analysis.motion.courses import departures, median
from restore.color import Array
from restore.effect import Effect, Findings, Quantity, Unchanged
from restore.image.field import Field
from restore.image.photo import Proxy, Tile
from restore.step import Amount

MINOR = True
ALONE = "flicker evens the frames of a film; a single photo is left as it is"
REACH = 8
"""Frames before and after a frame between which its brightness should lie."""
ROWS, COLUMNS = 3, 4
"""Parts of the frame that are measured apart: film flickers unevenly."""
DARK, BRIGHT = 0.02, 0.8
"""Linear light between which a pixel tells the exposure."""
MOST = 0.7
"""Most change of the logarithm of light from one frame to the next that counts as flicker."""
FEWEST = 0.05
"""Share of a part's pixels that must be usable; else the whole frame's change is taken."""


@dataclass(frozen=True, eq=False)
class Flicker(Effect):
    """A gain on linear light.

    Attributes
    ----------
    gain
        (h, w) its natural logarithm.
    amount
        Share of the change, 0 … 1.
    """

    gain: Field
    amount: float
    findings: Findings = field(default_factory=Findings)

    def tile(self, t: Tile) -> Array:
        one = color.plane(t.pixels)
        before = t.pixels if one is None else one
        gain = np.exp(np.float32(self.amount) * self.gain.at(t.window))
        after = color.encode(color.decode(before) * (gain[..., None] if one is None else gain))
        return after if one is None else color.spread(after)


def flicker(proxy: Proxy, *, amount: Amount = 1) -> Effect:
    """Even the exposure of a film that flickers.

    The change of brightness from frame to frame is measured where the optical flow leads, in twelve
    parts of the frame, and what departs from its course over 17 frames is undone. A lasting change,
    such as a lamp that is lit, stays. For films only: a photo stays as it is.
    """
    return Unchanged(Findings(ALONE))


def film(proxies: Iterable[Proxy], *, amount: float = 1) -> Iterator[Effect]:
    """The gain of each frame of a shot."""
    if amount == 0:
        yield from (Unchanged() for _ in proxies)
        return
    for off in departures(_changes(proxies), REACH, median):
        strength = 100 * float(np.abs(np.expm1(off)).mean())
        findings = Findings(values={"flicker": Quantity(round(strength, 2), "%")})
        yield Flicker(Field(-off.astype(np.float32)), amount, findings)


def _changes(proxies: Iterable[Proxy]) -> Iterator[Array]:
    """(ROWS, COLUMNS) change of the logarithm of light from the frame before, in each part."""
    import cv2

    flows = flow.measure(fine=False)
    before: deque[tuple[flow.Codes, Array]] = deque(maxlen=1)
    for proxy in proxies:
        pixels = proxy.view.pixels
        plane = flow.plane(color.lightness(pixels))
        one = color.plane(pixels)
        light = color.decode(pixels if one is None else one)
        light = light if one is not None else light @ color.LUMA
        light = cv2.resize(light, plane.shape[::-1], interpolation=cv2.INTER_AREA)
        if before:
            earlier, was = before[0]
            was = flow.pulled(was, flow.moved(flows(plane, earlier)))
            yield _change(was, light)
        else:
            yield np.zeros((ROWS, COLUMNS), np.float32)
        before.append((plane, light))


def _change(was: Array, light: Array) -> Array:
    usable = (np.minimum(was, light) > DARK) & (np.maximum(was, light) < BRIGHT)
    if usable.mean() < FEWEST:
        return np.zeros((ROWS, COLUMNS), np.float32)
    change = np.log(light.clip(1e-4) / was.clip(1e-4))
    overall = float(np.median(change[usable]))
    parts = np.full((ROWS, COLUMNS), overall, np.float32)
    height, width = light.shape
    for row in range(ROWS):
        for column in range(COLUMNS):
            inside = np.s_[
                row * height // ROWS : (row + 1) * height // ROWS,
                column * width // COLUMNS : (column + 1) * width // COLUMNS,
            ]
            own = usable[inside]
            if own.mean() >= FEWEST:
                parts[row, column] = np.median(change[inside][own])
    return np.where(np.abs(parts) > MOST, 0, parts).astype(np.float32)
