"""Optical flow between frames of a film, and paths along it over many frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from restore.color import Array

SIDE = 448
"""Long side of the planes that motion is measured on, in pixels."""
LEAST = 32
"""Short side, at least: OpenCV's DIS flow crashes on smaller pictures."""
CONTRAST = 45.0
"""Standard deviation of a plane's codes, whatever the frame's exposure."""
SLACK, SHARE = 0.5, 0.02
"""Squared pixels, and share of the squared motion, by which the way forth and back may miss
(Sundaram, Brox, Keutzer 2010, 10.1007/978-3-642-15549-9_32)."""
UNLIKE = 40.0
"""Mean difference in codes, in a square of `NEAR` pixels, from which a place is not the same."""
NEAR = 7

COARSE, AROUND = 4, 4.0
"""How much smaller a flow is made to be completed, and the blur there, in pixels."""

Codes = NDArray[np.uint8]
Flows = Callable[[Codes, Codes], Array]


def plane(lightness: Array) -> Codes:
    """A frame (height, width) L* as motion is measured on it: at most `SIDE`, of even contrast."""
    import cv2

    shrink = min(1.0, SIDE / max(lightness.shape))
    size = tuple(max(LEAST, round(length * shrink)) for length in lightness.shape[::-1])
    small = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.8)  # grain
    gain = CONTRAST / max(float(small.std()), 1.0)
    return ((small - small.mean()) * np.float32(gain) + 128).clip(0, 255).astype(np.uint8)


def measure(fine: bool = True) -> Flows:
    """A measure of motion: from planes `here` and `there` to (h, w, 2) pixels right and down.

    What is at (x, y) here is at (x, y) + flow there. DIS (Kroeger et al. 2016, arXiv 1603.03590),
    about 10 ms a pair at 256 x 448 if fine, else 2 ms.
    """
    import cv2

    preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM if fine else cv2.DISOPTICAL_FLOW_PRESET_FAST
    dis = cv2.DISOpticalFlow.create(preset)
    return lambda here, there: dis.calc(here, there, None)


class Steps(NamedTuple):
    """Motion between a frame and the next, both ways, and where it can be trusted (0 or 1)."""

    back: Array
    """(h, w, 2) from the later frame to the earlier."""
    back_seen: Array
    """(h, w): what the later frame shows is seen in the earlier one."""
    forth: Array
    forth_seen: Array


def steps(flows: Flows, earlier: Codes, later: Codes) -> Steps:
    """The motion between two frames."""
    back, forth = flows(later, earlier), flows(earlier, later)
    back_seen = _seen(back, forth, later, earlier)
    forth_seen = _seen(forth, back, earlier, later)
    return Steps(_completed(back, back_seen), back_seen, _completed(forth, forth_seen), forth_seen)


def _completed(flow: Array, seen: Array) -> Array:
    """The flow; where nothing is seen, and it has nothing to go by, that of the surroundings."""
    import cv2

    size = tuple(max(1, length // COARSE) for length in seen.shape[::-1])
    weight = cv2.resize(seen, size, interpolation=cv2.INTER_AREA) + np.float32(1e-3)
    known = cv2.resize(flow * seen[..., None], size, interpolation=cv2.INTER_AREA)
    known += np.float32(1e-3) * cv2.resize(flow, size, interpolation=cv2.INTER_AREA)
    known = cv2.GaussianBlur(known, (0, 0), AROUND)
    around = known / cv2.GaussianBlur(weight, (0, 0), AROUND)[..., None]
    around = cv2.resize(around, seen.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(seen[..., None] > 0, flow, around)


def _seen(flow: Array, reverse: Array, here: Codes, there: Codes) -> Array:
    """(h, w) whether what is here is there, too: the way back leads here, and it looks the same."""
    import cv2

    places = moved(flow)
    returned = flow + pulled(reverse, places)
    missed = (returned**2).sum(-1)
    moving = (flow**2).sum(-1)
    differs = cv2.absdiff(here, pulled(there, places)).astype(np.float32)
    height, width = here.shape
    x, y = places[..., 0], places[..., 1]
    seen = missed < np.float32(SHARE) * moving + np.float32(SLACK)
    seen &= cv2.blur(differs, (NEAR, NEAR)) < UNLIKE
    seen &= (x > -1) & (y > -1) & (x < width) & (y < height)
    return seen.astype(np.float32)


def moved(flow: Array) -> Array:
    """(h, w, 2) the places x, y that a flow leads to."""
    height, width = flow.shape[:2]
    places = flow.copy()
    places[..., 0] += np.arange(width, dtype=np.float32)
    places[..., 1] += np.arange(height, dtype=np.float32)[:, None]
    return places


def pulled(values: Any, places: Array) -> Any:
    """Values (h, w) or (h, w, n) at the places (rows, columns, 2) x, y; bilinear."""
    import cv2

    return cv2.remap(values, places, None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)


@dataclass(frozen=True, eq=False)
class Path:
    """Where what a frame shows is in another frame, possibly many frames away.

    Attributes
    ----------
    places
        (h, w, 2) x and y in the other frame, in pixels of the planes.
    seen
        (h, w) 0 … 1: whether it is seen there and all along the way.
    """

    places: Array
    seen: Array

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Path:
        """From a frame to itself."""
        return cls(moved(np.zeros((*shape[:2], 2), np.float32)), np.ones(shape[:2], np.float32))

    def after(self, flow: Array, seen: Array) -> Path:
        """The path of the frame that `flow` leads from to this path's start."""
        places = moved(flow)
        return Path(pulled(self.places, places), pulled(self.seen, places) * seen)

    def on(self, rows: int, columns: int) -> Path:
        """The path for the cells of a coarser map over the frame, in units of cells."""
        import cv2

        height, width = self.seen.shape
        scale = np.array([columns / width, rows / height], np.float32)
        size = (columns, rows)
        places = cv2.resize(self.places, size, interpolation=cv2.INTER_AREA)
        seen = cv2.resize(self.seen, size, interpolation=cv2.INTER_AREA)
        return Path((places + np.float32(0.5)) * scale - np.float32(0.5), seen)
