"""What is guessed at keyframes is carried along motion, both ways, and holds still."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from skimage import data

from restore.analysis.motion import carried as module
from restore.analysis.motion import flow
from restore.analysis.motion.carried import carried
from restore.analysis.motion.flow import Path, steps
from restore.color import Array, spread
from restore.image.photo import Proxy, Tile, Window

PICTURE = cv2.GaussianBlur(data.coffee().astype(np.float32).mean(-1) / 255, (0, 0), 1)
OBJECT = data.astronaut()[0:160:2, 180:300:2].astype(np.float32).mean(-1) / 255
ROWS, COLUMNS = 24, 40


def proxy(grey: Array) -> Proxy:
    pixels = spread(np.ascontiguousarray(grey, np.float32))
    return Proxy(Tile(pixels, pixels, Window.whole(*grey.shape)), (), grey.shape, grey=True)


def pan(count: int, speed: float = 3.0) -> list[Array]:
    """96 x 160 frames of a camera that pans over the picture."""
    frames = []
    for number in range(count):
        move = np.array([[1, 0, -60 - speed * number], [0, 1, -120]], np.float32)
        frames.append(cv2.warpAffine(PICTURE, move, (160, 96)))
    return frames


def with_object(frames: list[Array], lefts: list[int]) -> list[Array]:
    """The frames with an object in front, its left edge at the given columns."""
    covered = []
    for frame, left in zip(frames, lefts, strict=True):
        frame = frame.copy()
        inside = slice(max(left, 0), max(min(left + OBJECT.shape[1], 160), 0))
        part = OBJECT[:, inside.start - left : inside.stop - left]
        if part.size:
            frame[8 : 8 + len(OBJECT), inside] = part
        covered.append(frame)
    return covered


def finish(_: Proxy, mean: Array) -> Array:
    """(h, w, 2): the mean twice."""
    return np.dstack([mean[0], mean[0]]).astype(np.float32)


def cells(values: Array) -> Array:
    return cv2.resize(values, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)


def test_what_is_carried_stays_in_single_precision() -> None:
    """Maps wait by the dozen, and logits are large."""
    kinds = set()

    def noted(_: Proxy, mean: Array) -> Array:
        kinds.add(mean.dtype)
        return np.dstack([mean[0], mean[0]])

    def guess(proxy: Proxy) -> Array:
        return cells(proxy.view.lightness)[None]

    kinds |= {maps.dtype for maps in carried(map(proxy, pan(24)), guess, noted)}
    assert kinds == {np.dtype(np.float32)}


def test_a_path_leads_to_where_things_are() -> None:
    frames = [(frame * 255).astype(np.uint8) for frame in pan(4)]
    path = Path.none(frames[0].shape)
    for earlier, later in itertools.pairwise(frames):
        step = steps(flow.measure(), earlier, later)
        path = path.after(step.back, step.back_seen)
    inside = np.s_[16:-16, 16:-16]
    assert abs(np.median(path.places[inside][..., 0] - np.arange(160)[16:-16]) - 9) < 0.2
    assert path.seen[inside].mean() > 0.9
    assert path.seen[:, -8:].mean() < 0.2  # came into the picture since


def test_one_moments_guess_does_not_pop() -> None:
    random = np.random.default_rng(1)

    def guess(proxy: Proxy) -> Array:  # right but for the whole of one moment
        return (random.normal(0, 1) + cells(proxy.view.lightness / 10))[None]

    frames = pan(60)
    maps = list(carried(map(proxy, frames), guess, finish))
    assert len(maps) == len(frames)
    lights = [cells(proxy(frame).view.lightness / 10) for frame in frames]
    errors = [m[..., 0] - light for m, light in zip(maps, lights, strict=True)]
    steady = np.array([np.median(error) for error in errors])
    assert np.abs(np.diff(steady)).max() < 0.12  # the guesses themselves jump by 1
    assert steady.std() < 0.35
    assert np.mean([np.abs(e - np.median(e)).mean() for e in errors]) < 0.3  # where things are


def test_what_something_hid_gets_its_colour_from_the_keyframe_that_sees_it() -> None:
    still = [pan(1)[0]] * 30
    frames = with_object(still, [4 * n - 40 for n in range(30)])

    def guess(proxy: Proxy) -> Array:
        near = np.abs(cells(proxy.view.pixels[..., 0]) - cells(still[0])) > 0.02
        return near[None].astype(np.float32)

    maps = list(carried(map(proxy, frames), guess, finish))
    assert {mapped.dtype.name for mapped in maps} == {"float32"}  # an effect holds nothing else
    for frame, mapped in zip(frames, maps, strict=True):
        covered = cells((frame != still[0]).astype(np.float32))
        assert mapped[..., 0][covered == 0].mean() < 0.1
        if (covered == 1).sum() > 40:
            assert mapped[..., 0][covered == 1].mean() > 0.6


def test_what_returns_keeps_its_colour() -> None:
    still = [pan(1)[0]] * 70
    lefts = [40 - 8 * n for n in range(15)] + [-100] * 35 + [-60 + 8 * n for n in range(20)]
    frames = with_object(still, lefts)
    proxies = list(map(proxy, frames))

    def guess(proxy: Proxy) -> Array:  # another colour when it returns
        here = np.abs(cells(proxy.view.pixels[..., 0]) - cells(still[0])) > 0.02
        return np.where(here, 1 if proxies.index(proxy) < 40 else -1, 0)[None].astype(np.float32)

    back = cells((frames[-1] != still[0]).astype(np.float32)) == 1
    assert back.sum() > 40
    remembered = list(carried(proxies, guess, finish))[-1][..., 0][back].mean()
    forgotten = list(carried(proxies[40:], guess, finish))[-1][..., 0][back].mean()
    assert remembered > forgotten + 0.5


def test_frames_are_held_for_a_while_only() -> None:
    taken = made = 0
    most = 0

    def frames():
        nonlocal taken
        for frame in pan(80, 1):
            taken += 1
            yield proxy(frame)

    def guess(proxy: Proxy) -> Array:
        return cells(proxy.view.lightness)[None]

    for _ in carried(frames(), guess, finish):
        made += 1
        most = max(most, taken - made)
    assert made == 80
    assert most <= (module.AHEAD + 2) * module.LONGEST


def test_few_frames_or_none() -> None:
    def guess(proxy: Proxy) -> Array:
        return cells(proxy.view.lightness)[None]

    for count in (0, 1, 2, 3):
        maps = carried(map(proxy, pan(count)), guess, finish)
        assert len(list(maps)) == count
