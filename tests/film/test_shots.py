"""Cuts, fades and dissolves are found in old film, and nothing else is."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from skimage import data

from restore.color import Array
from restore.film.shots import bounds, thumbnail

PICTURES = {
    name: getattr(data, name)().astype(np.float32).mean(-1) / 255
    for name in ("astronaut", "coffee", "chelsea", "rocket")
}


def pan(name: str, count: int) -> list[Array]:
    """Frames of a camera that pans over a picture and moves in."""
    grey, frames = PICTURES[name], []
    for number in range(count):
        move = np.array([[1.5, 0, -0.8 * number], [0, 1.5, -0.4 * number]], np.float32)
        move[:, :2] *= 1 + 0.004 * number
        frames.append(cv2.warpAffine(grey, move, (192, 108), borderMode=cv2.BORDER_REFLECT))
    return frames


def old(frames: list[Array]) -> list[Array]:
    """The frames with flicker, grain, and a flash of light now and then."""
    random = np.random.default_rng(7)
    aged = []
    for number, frame in enumerate(frames):
        grain = random.normal(0, 0.05, frame.shape)
        frame = frame * random.normal(1, 0.06) + random.normal(0, 0.02) + grain
        aged.append((frame * 2 if number % 19 == 11 else frame).clip(0, 1).astype(np.float32))
    return aged


def starts(frames: list[Array]) -> list[int]:
    spans = list(bounds(map(thumbnail, frames)))
    assert spans[0][0] == 0
    assert spans[-1][1] == len(frames)
    assert all(one[1] == two[0] for one, two in itertools.pairwise(spans))
    return [start for start, _ in spans[1:]]


def test_finds_the_first_frame_after_a_cut_and_no_flash() -> None:
    frames = pan("astronaut", 30) + pan("coffee", 26) + pan("chelsea", 25)
    assert starts(old(frames)) == [30, 56]


def test_one_shot_is_one_shot() -> None:
    for name in ("astronaut", "coffee", "chelsea"):
        assert starts(old(pan(name, 60))) == []


def test_shots_meet_in_the_middle_of_a_dissolve() -> None:
    for length in (12, 24):
        one, other = pan("astronaut", 40), pan("chelsea", 40)
        shares = (np.arange(length) + 1) / (length + 1)
        pairs = zip(shares, one[-length:], other[:length], strict=True)
        mixes = [((1 - x) * a + x * b).astype(np.float32) for x, a, b in pairs]
        (start,) = starts(old(one[:-length] + mixes + other[length:]))
        assert abs(start - (40 - length / 2)) <= length / 4


def test_shots_meet_in_the_dark_of_a_fade() -> None:
    dark = np.linspace(1, 0, 12, dtype=np.float32)
    one, other = pan("coffee", 30), pan("rocket", 30)
    out = [frame * x for frame, x in zip(one[-12:], dark, strict=True)]
    back = [frame * x for frame, x in zip(other[:12], dark[::-1], strict=True)]
    black = [np.zeros_like(one[0])] * 6
    (start,) = starts(one[:-12] + out + black + back + other[12:])
    assert abs(start - 33) <= 2


def test_a_bad_frame_is_no_shot() -> None:
    frames = pan("chelsea", 40)
    frames[20] = pan("rocket", 1)[0]
    assert starts(frames) == []


def test_a_clip_of_one_frame_or_none() -> None:
    assert list(bounds([])) == []
    assert list(bounds([thumbnail(np.full((4, 3), 0.5, np.float32))])) == [(0, 1)]
