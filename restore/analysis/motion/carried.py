"""Guesses of single frames carried along motion, so that a shot has one guess.

A network looks at **keyframes** only, chosen where much has changed. Its logits (not its colours)
are carried from keyframe to keyframe along the optical flow and averaged with growing weight, from
the past and from the next `AHEAD` keyframes. Each cell of the map that results is a mean over
all the moments at which the network saw that place: one moment's guess moves little. The frames
between two keyframes take both maps along their motion: where one does not see a place, the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore.analysis.motion import flow
from restore.analysis.motion.flow import Path
from restore.analysis.motion.returning import Memory
from restore.color import Array
from restore.image.photo import Proxy

LONGEST, SHORTEST = 10, 2
"""Most and fewest frames between keyframes."""
COVERED = 0.85
"""Share of a frame that its keyframe still shows: below, it becomes a keyframe itself."""
AHEAD = 2
"""Keyframes after one that it learns from: more would mean more delay and memory."""
MOST = 12.0
"""Most weight of what is carried, in guesses: slow changes are followed."""
EASE = 1.5
"""Weight of the last keyframe's colours in those of the next."""
DOUBT = 0.03
"""Weight of a keyframe that does not see a place: it counts where the other does not, either."""

Guess = Callable[[Proxy], Array]
"""From a frame to logits (n, h, w)."""
Finish = Callable[[Proxy, Array], Array]
"""From a keyframe and its averaged logits (n, h, w) to the maps that are wanted (h, w, c)."""


@dataclass(eq=False)
class _Frame:
    """A frame that waits: its proxy, and its paths to the keyframes before and after."""

    proxy: Proxy
    light: flow.Codes
    before: Path
    after: Path | None = None
    step: flow.Steps | None = None  # from the frame before it


@dataclass(eq=False)
class _Key:
    """A keyframe.

    Attributes
    ----------
    guess, mean, weight
        (cells, n) logits of this frame; the mean of these and those before, both float16 as several
        wait; (cells,) the weight of the mean.
    maps
        (h, w, c) what became of it.
    between
        The frames after it, before the next keyframe.
    """

    frame: _Frame
    shape: tuple[int, int]
    guess: NDArray[np.float16]
    mean: NDArray[np.float16]
    weight: Array
    maps: Array | None = None
    between: list[_Frame] = field(default_factory=list)


def carried(proxies: Iterable[Proxy], guess: Guess, finish: Finish) -> Iterator[Array]:
    """The maps (h, w, c) of each frame of a shot, in order.

    At most `(AHEAD + 2) * LONGEST` frames are held.
    """
    flows = flow.measure(fine=False)
    keys: deque[_Key] = deque()
    memory = Memory()
    last: _Frame | None = None
    for proxy in proxies:
        light = flow.plane(proxy.view.lightness)
        if last is None:
            frame = _Frame(proxy, light, Path.none(light.shape))
            keys.append(_key(frame, guess, None, memory))
        else:
            step = flow.steps(flows, last.light, light)
            before = last.before if last is not keys[-1].frame else Path.none(light.shape)
            frame = _Frame(proxy, light, before.after(step.back, step.back_seen), step=step)
            keys[-1].between.append(frame)
            gap = len(keys[-1].between)
            covered = float(frame.before.seen.mean())
            if gap >= LONGEST or (gap >= SHORTEST and covered < COVERED):
                keys.append(_key(keys[-1].between.pop(), guess, keys[-1], memory))
                yield from _ready(keys, finish, AHEAD)
        last = frame
    if keys and len(keys[-1].between) >= SHORTEST:
        keys.append(_key(keys[-1].between.pop(), guess, keys[-1], memory))
    yield from _ready(keys, finish, -1)


def _key(frame: _Frame, guess: Guess, last: _Key | None, memory: Memory) -> _Key:
    """The frame as a keyframe that follows another."""
    logits = guess(frame.proxy)
    shape = (logits.shape[1], logits.shape[2])
    own = np.ascontiguousarray(logits.reshape(len(logits), -1).T)
    if last is None:
        return _Key(frame, shape, _short(own), _short(own), np.ones(len(own), np.float32))
    after = Path.none(frame.light.shape)
    following = frame
    for earlier in reversed([last.frame, *last.between]):
        if following.step is None:
            raise ValueError("a frame within a shot has no motion")
        after = after.after(following.step.forth, following.step.forth_seen)
        earlier.after, following.step = after.on(*shape), None
        following = earlier
    for between in last.between:
        between.before = between.before.on(*shape)
    frame.before = path = frame.before.on(*shape)
    frame.step = None
    if last.frame.after is not None:
        memory.keep(last.frame.light, last.mean, last.frame.after.seen)
    mean, weight = _joined(own, _long(last.mean), last.weight, path)
    mean, weight = memory.recall(frame.light, mean, weight, path.seen)
    return _Key(frame, shape, _short(own), _short(mean), weight)


def _short(logits: Array) -> NDArray[np.float16]:
    return logits.astype(np.float16)


def _long(logits: NDArray[np.float16]) -> Array:
    return logits.astype(np.float32)


def _joined(
    own: Array, mean: Array, weight: Array, path: Path, own_weight: Array | float = 1.0
) -> tuple[Array, Array]:
    """A keyframe's own logits averaged with those carried to it, (cells, n), and the weight."""
    pull = _pull(path)
    arrived = np.minimum((pull @ weight) * path.seen.ravel() ** 2, np.float32(MOST))
    joined = pull @ mean
    joined *= arrived[:, None]
    joined += own * np.reshape(np.float32(own_weight), (-1, 1))
    total = arrived + np.float32(own_weight)
    joined /= total[:, None]
    return joined, total


def _pull(path: Path) -> Any:
    """The sparse (cells, cells) matrix that pulls a map along a path; bilinear."""
    from scipy import sparse

    rows, columns = path.seen.shape
    x = path.places[..., 0].ravel().clip(0, columns - 1)
    y = path.places[..., 1].ravel().clip(0, rows - 1)
    left, top = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    right, low = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    x, y = x - left.astype(np.float32), y - top.astype(np.float32)  # else all becomes float64
    weights = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], 1)
    cells = [
        top * columns + left,
        top * columns + right,
        low * columns + left,
        low * columns + right,
    ]
    ends = np.arange(0, 4 * len(x) + 1, 4)
    shape = (len(x), len(x))
    return sparse.csr_matrix((weights.ravel(), np.stack(cells, 1).ravel(), ends), shape)


def _ready(keys: deque[_Key], finish: Finish, ahead: int) -> Iterator[Array]:
    """The maps of the frames of keyframes that more than `ahead` others follow."""
    while len(keys) > ahead + 1:
        for number in range(min(2, len(keys))):
            if keys[number].maps is None:
                mean = _averaged([*keys][number : number + 1 + AHEAD])
                maps = finish(keys[number].frame.proxy, mean)
                if number:
                    maps = _eased(maps, keys[0].maps, keys[1].frame.before)
                keys[number].maps = maps.astype(np.float32, copy=False)
        key = keys.popleft()
        yield from _between(key, keys[0] if keys else None)


def _eased(maps: Array, last: Array | None, path: Path) -> Array:
    """Maps nearer to those of the keyframe before, where it shows the same."""
    if last is None:
        return maps
    weight = np.float32(EASE) * path.seen[..., None] ** 2
    return (maps + weight * flow.pulled(last, path.places)) / (1 + weight)


def _averaged(keys: Sequence[_Key]) -> Array:
    """(n, h, w) the first keyframe's logits averaged with its past and the other keyframes."""
    key, *others = keys
    mean = _long(key.mean)
    if others:
        *nearer, last = others
        later, weight = _long(last.guess), np.ones(len(last.guess), np.float32)
        for other in reversed(nearer):
            if other.frame.after is not None:
                later, weight = _joined(_long(other.guess), later, weight, other.frame.after)
        if key.frame.after is not None:
            mean, _ = _joined(mean, later, weight, key.frame.after, key.weight)
    return np.ascontiguousarray(mean.T).reshape(-1, *key.shape)


def _between(key: _Key, following: _Key | None) -> Iterator[Array]:
    """The maps of a keyframe and of the frames up to the next."""
    if key.maps is None:
        raise ValueError("a keyframe has no maps yet")
    yield key.maps
    for number, frame in enumerate(key.between, 1):
        if following is None or following.maps is None or frame.after is None:
            yield flow.pulled(key.maps, frame.before.on(*key.shape).places)
        else:
            share = number / (len(key.between) + 1)
            yield _mixed(key.maps, frame.before, following.maps, frame.after, share)


def _mixed(one: Array, to_one: Path, other: Array, to_other: Path, share: float) -> Array:
    """Two keyframes' maps along the paths to them: of what neither sees, both."""
    here = np.float32(1 - share) * (to_one.seen + np.float32(DOUBT))
    there = np.float32(share) * (to_other.seen + np.float32(DOUBT))
    first, second = flow.pulled(one, to_one.places), flow.pulled(other, to_other.places)
    return (first * here[..., None] + second * there[..., None]) / (here + there)[..., None]
