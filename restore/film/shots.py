"""Where one shot of a film ends and the next begins: cuts, fades and dissolves, as they stream by.

All is measured on small pictures whose contrast is made even from place to place, so that flicker,
flashes and changing lamps count little. In a **cut**, motion does not explain a frame: what the
flow makes of the frame before does not resemble it, nor the frames that follow; a flash or one bad
frame is shorter. A **fade** is a run of frames without contrast: the shots meet in its middle. In a
**dissolve** the ends do not resemble one another, and each frame between is a mix of them,
(1 - x) a + x b, with x rising steadily: the shots meet where x passes 1/2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from restore import color
from restore.color import Array
from restore.film.frame import Still

SIDE = 96
"""Long side of the pictures in pixels."""
LEAST = 32
"""Short side, at least: OpenCV's DIS flow crashes on smaller pictures."""
BLUR, AROUND = 1.0, 8.0
"""Standard deviations in pixels: of a blur against grain and weave, and of the surroundings from
which a pixel's contrast is measured."""
FLAT = 0.012
"""Standard deviation of encoded greys below which a frame shows nothing: the middle of a fade."""
DIFFERENT = 0.5
"""1 - correlation from which two pictures show different things, motion compensated. The five cuts
of a real film are at 0.76 to 0.91, its fastest pan at 0.39."""
JUMP = 2.5
"""How many times the median of the frames around this must be, for a cut."""
NEAR, AFTER = 6, 3
"""Frames around a cut that are compared with it, and those after it that must differ, too."""
LONG = (12, 24, 48)
"""Lengths of dissolves in frames."""
COARSE = 4.0
"""Standard deviation in pixels of the blur before mixes are fitted: motion moves little of it."""
MIXED = 0.3
"""Share of a frame's contrast that no mix of the ends explains, at most, in four fifths of the
frames of a dissolve. Of frames within real shots the least such share is 0.5."""
STEEP, BACK = 0.4, 0.25
"""Shares of a dissolve that may pass between two frames (more is a cut), and that noise undoes."""
SHORTEST = 4
"""Frames of the shortest shot."""


def begins(stills: Iterable[Still]) -> Iterator[bool]:
    """Whether a shot begins with each frame: True for the first.

    Known at most `max(LONG) / 2` frames later. Stills of `SIDE` pixels will do.
    """

    def grey(rgb: Array) -> Array:
        return rgb[..., 0] if rgb.shape[2] == 1 else rgb @ color.LUMA

    return _begins(thumbnail(grey(still.rgb)) for still in stills)


def thumbnail(grey: Array) -> Array:
    """A frame of encoded greys (height, width) 0 … 1, as `bounds` wants it."""
    import cv2

    shrink = SIDE / max(grey.shape)
    size = tuple(max(LEAST, round(length * shrink)) for length in grey.shape[::-1])
    small = cv2.resize(np.asarray(grey, np.float32), size, interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), BLUR)


def bounds(thumbnails: Iterable[Array]) -> Iterator[tuple[int, int]]:
    """First frame, and the one after the last, of each shot: in order, without gaps, streaming."""
    start = count = 0
    for count, first in enumerate(_begins(thumbnails), 1):
        if first and count > 1:
            yield start, count - 1
            start = count - 1
    if count:
        yield start, count


def _begins(thumbnails: Iterable[Array]) -> Iterator[bool]:
    """As `begins`, of thumbnails."""
    start = 0
    for now, cut in enumerate(_cuts(thumbnails)):
        first = now == 0 or (cut and now - start >= SHORTEST)
        if first:
            start = now
        yield first


@dataclass(frozen=True, eq=False)
class _Picture:
    """A thumbnail with even contrast, its difference from the frame before, and a coarse one."""

    even: Array
    step: float
    coarse: Array
    flat: bool


def _cuts(thumbnails: Iterable[Array]) -> Iterator[bool]:
    """Whether there is a cut, a fade or a dissolve before each frame."""
    apart = _difference()
    ahead = max(LONG) // 2
    seen: deque[_Picture] = deque(maxlen=2 * ahead + 1)
    last = dark = -1  # the latest cut, and the middle of the fade that is on

    def decided(now: int, count: int) -> bool:
        """Whether a shot begins at frame `now`."""
        nonlocal last, dark
        first = count - len(seen)
        frames = list(seen)
        at = now - first
        if at < 1:
            return False
        if frames[at].flat and not frames[at - 1].flat:
            run = next((k for k, f in enumerate(frames[at:]) if not f.flat), len(frames) - at)
            dark = now + run // 2
        cut = (
            now == dark
            or _cut(frames, at, apart)
            or (now - last > SHORTEST and _dissolve(frames, at, last - first, apart))
        )
        if cut:
            last = now
        return cut

    count = 0
    for count, grey in enumerate(thumbnails, 1):
        even = _even(grey)
        step = apart(seen[-1].even, even) if seen else 0.0
        seen.append(_Picture(even, step, _coarse(grey), bool(grey.std() < FLAT)))
        if count > ahead:
            yield decided(count - 1 - ahead, count)
    for now in range(max(count - ahead, 0), count):
        yield decided(now, count)


def _even(grey: Array) -> Array:
    """A picture of mean 0 and about equal contrast everywhere; less where grain is all there is."""
    import cv2

    detail = grey - cv2.GaussianBlur(grey, (0, 0), AROUND)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), AROUND))
    return detail / (contrast + np.float32(0.5) * detail.std() + np.float32(0.01))


def _coarse(grey: Array) -> Array:
    """(n,) a picture of mean 0, much blurred, every fourth pixel."""
    import cv2

    coarse = cv2.GaussianBlur(grey, (0, 0), COARSE)[1::4, 1::4].ravel()
    return coarse - coarse.mean()


def _difference() -> Callable[[Array, Array], float]:
    """A measure of two even pictures: 1 - their correlation once motion is undone, about 0 … 1."""
    import cv2

    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def codes(even: Array) -> Array:
        return (even * 40 + 128).clip(0, 255).astype(np.uint8)

    def apart(one: Array, other: Array) -> float:
        flow = dis.calc(codes(other), codes(one), None)
        y, x = np.mgrid[: other.shape[0], : other.shape[1]].astype(np.float32)
        moved = cv2.remap(
            one, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        )
        power = float((moved**2).mean() * (other**2).mean())
        return 1 - float((moved * other).mean()) / (power**0.5 + 1e-6)

    return apart


def _cut(frames: list[_Picture], at: int, apart: Callable[[Array, Array], float]) -> bool:
    """Whether the frame `at` shows something else than those before, and stays so."""
    step = frames[at].step
    if step < DIFFERENT or frames[at].flat or frames[at - 1].flat:
        return False
    around = [f.step for f in frames[max(at - NEAR, 1) : at] + frames[at + 1 : at + 1 + NEAR]]
    if around and step < JUMP * float(np.median(around)):
        return False
    later = frames[at + 1 : at + 1 + AFTER]
    earlier = frames[max(at - 1 - AFTER, 0) : at - 1]
    return all(apart(frames[at - 1].even, f.even) > DIFFERENT for f in later) and all(
        apart(f.even, frames[at].even) > DIFFERENT for f in earlier
    )


def _dissolve(
    frames: list[_Picture], at: int, last: int, apart: Callable[[Array, Array], float]
) -> bool:
    """Whether the frame `at` is the first that is more of what comes than of what was."""
    for length in LONG:
        first, end, middle = at - length // 2, at + length // 2, length // 2
        if first < 0 or first <= last or end >= len(frames):
            continue
        between = np.stack([f.coarse for f in frames[first : end + 1]], 1)
        ends = between[:, [0, -1]]
        if ends.std(0).min() < FLAT:
            continue
        mix = np.linalg.lstsq(ends, between, rcond=None)[0]  # at any exposure: film flickers
        share = _calmed(mix[1] / np.maximum(mix.sum(0), 0.1))
        steps = np.diff(share)
        if not share[middle - 1] < 0.5 <= share[middle]:
            continue
        if steps.max() > STEEP or steps.min() < -BACK:
            continue
        left = ((between - ends @ mix) ** 2).mean(0) / ((between**2).mean(0) + FLAT**2)
        if np.quantile(left, 0.8) > MIXED:
            continue
        if apart(frames[first].even, frames[end].even) > DIFFERENT:
            return True
    return False


def _calmed(values: Array) -> Array:
    """(n,) values, each the median of it and its neighbours."""
    padded = np.pad(values, 1, mode="edge")
    return np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0)
