"""Gate weave: a film that trembles in the projector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from restore import color
from restore.analysis.motion import flow
from restore.analysis.motion.courses import bell, departures
from restore.color import Array
from restore.effect import Effect, Findings, Quantity, Unchanged
from restore.image.photo import Proxy, Tile
from restore.step import Amount

MINOR = True
ALONE = "steady moves the frames of a film; a single photo is left as it is"
REACH = 12
"""Frames before and after a frame on whose even course it should lie."""
MOST = 0.03
"""Furthest that a frame is moved, as a share of its short side."""
LEAST = 0.02
"""Pixels under which moving a frame would only soften it."""


@dataclass(frozen=True, eq=False)
class Steady(Effect):
    """A shift of the whole frame; at the rim its edge is repeated.

    Attributes
    ----------
    right, down
        How far it is moved, in pixels of the frame of `size` (height, width).
    halo
        Pixels around a tile that are moved into it.
    """

    right: float
    down: float
    size: tuple[int, int]
    halo: int
    findings: Findings = field(default_factory=Findings)

    def tile(self, t: Tile) -> Array:
        import cv2

        height, width = t.window.size
        right, down = self.right * width / self.size[1], self.down * height / self.size[0]
        move = np.array([[1, 0, right], [0, 1, down]], np.float64)
        one = color.plane(t.pixels)
        before = np.ascontiguousarray(t.pixels if one is None else one)
        moved = cv2.warpAffine(
            before,
            move,
            before.shape[1::-1],
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return moved if one is None else color.spread(moved)


def steady(proxy: Proxy, *, amount: Amount = 1) -> Effect:
    """Steady a film that trembles from frame to frame.

    The motion of the whole frame is the median of the optical flow; what departs from an even
    course over 25 frames is undone, up to 3% of the short side. A pan stays even. Turning and
    breathing are not undone, and a hand-held camera is only calmed. For films only: a photo stays
    as it is.
    """
    return Unchanged(Findings(ALONE))


def film(proxies: Iterable[Proxy], *, amount: float = 1) -> Iterator[Effect]:
    """The shift of each frame of a shot."""
    if amount == 0:
        yield from (Unchanged() for _ in proxies)
        return
    sizes: list[tuple[int, int]] = []
    for off in departures(_changes(proxies, sizes), REACH, bell):
        height, width = size = sizes[0]
        limit = MOST * min(size)
        move = (-amount * off * (width, height)).clip(-limit, limit)
        right, down = float(move[0]), float(move[1])
        values = {"moved": Quantity(round(float(np.hypot(right, down)), 2), "px")}
        if max(abs(right), abs(down)) < LEAST:
            yield Unchanged(Findings(values=values))
        else:
            halo = int(np.ceil(max(abs(right), abs(down)))) + 2
            yield Steady(right, down, size, halo, Findings(values=values))


def _changes(proxies: Iterable[Proxy], sizes: list[tuple[int, int]]) -> Iterator[Array]:
    """(2,) motion of the whole frame since the one before, in shares of its width and height."""
    flows = flow.measure()
    before: flow.Codes | None = None
    for proxy in proxies:
        if not sizes:
            sizes.append(proxy.size)
        plane = flow.plane(color.lightness(proxy.view.pixels))
        if before is None:
            yield np.zeros(2, np.float32)
        else:
            step = flow.steps(flows, before, plane)
            known = step.back_seen > 0
            motion = step.back[known] if known.any() else np.zeros((1, 2), np.float32)
            right, down = np.median(motion, axis=0)
            yield np.array([-right / plane.shape[1], -down / plane.shape[0]], np.float32)
        before = plane
