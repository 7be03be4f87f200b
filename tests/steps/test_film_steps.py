"""Damage of film: dust of one frame, flicker, and weave go; what the camera saw stays."""

from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

from restore import steps
from restore.color import Array
from restore.image.photo import Photo, Proxy, Window
from restore.image.render import render_photo
from restore.steps import film_dust, flicker, steady

PICTURE = data.coffee().astype(np.float32).mean(-1)
SIZE = 180, 120


def seen(x: float, y: float) -> Array:
    """(120, 180) uint8 part of the picture at a place."""
    move = np.array([[1, 0, -x], [0, 1, -y]], np.float32)
    return (cv2.warpAffine(PICTURE, move, SIZE) + 0.5).clip(0, 255).astype(np.uint8)


def photos(frames: list[Array]) -> list[Photo]:
    return [Photo(np.ascontiguousarray(frame[..., None])) for frame in frames]


def proxies(frames: list[Array]) -> list[Proxy]:
    return [replace(photo.proxy(), whole=lambda p=photo: p) for photo in photos(frames)]


def restored(step, frames: list[Array], **settings: float) -> list[Array]:
    effects = list(step.film(iter(proxies(frames)), **settings))
    assert len(effects) == len(frames)
    pairs = zip(photos(frames), effects, strict=True)
    return [render_photo(p, e, p.space, channels=1)[..., 0].astype(np.float32) for p, e in pairs]


def grainy(frames: list[Array], seed: int = 0) -> list[Array]:
    random = np.random.default_rng(seed)
    return [(f + random.normal(0, 3, f.shape)).clip(0, 255).astype(np.uint8) for f in frames]


def with_dust(frames: list[Array]) -> tuple[list[Array], list[Array]]:
    random = np.random.default_rng(4)
    dusty, places = [], []
    for frame in frames:
        mask = np.zeros(frame.shape, np.uint8)
        for _ in range(4):
            x, y = random.integers(8, (172, 112))
            cv2.circle(mask, (int(x), int(y)), int(random.integers(1, 3)), 1, -1)
        light = np.where(frame > 128, 5, 250).astype(np.uint8)
        dusty.append(np.where(mask > 0, light, frame))
        places.append(mask > 0)
    return dusty, places


def test_dust_of_one_frame_is_filled_from_the_neighbours() -> None:
    clean = grainy([seen(200 + 2 * n, 150 + n) for n in range(9)])
    dusty, places = with_dust(clean)
    after = restored(film_dust, dusty)
    wrong = [0.0, 0.0]
    for frame, dirty, result, place in zip(clean, dusty, after, places, strict=True):
        wrong[0] += np.abs(dirty[place] - frame[place].astype(np.float32)).sum()
        wrong[1] += np.abs(result[place] - frame[place]).sum()
    assert wrong[1] < 0.2 * wrong[0]


def test_clean_film_is_left_alone() -> None:
    clean = grainy([seen(200 + 3 * n, 150) for n in range(8)])
    after = restored(film_dust, clean)
    changed = np.mean([np.abs(a - c) > 3 for a, c in zip(after, clean, strict=True)])
    assert changed < 5e-4


def test_a_small_thing_that_moves_is_no_dust() -> None:
    frames = []
    for number in range(8):
        frame = seen(200, 150)
        cv2.circle(frame, (20 + 18 * number, 60), 2, 255, -1)
        frames.append(frame)
    after = restored(film_dust, frames)
    assert all(a[60, 20 + 18 * n] > 200 for n, a in enumerate(after[1:-1], 1))


def test_flicker_is_evened_and_a_lamp_that_is_lit_stays() -> None:
    random = np.random.default_rng(2)
    exposure = random.normal(1, 0.08, 40)
    exposure *= np.where(np.arange(40) < 20, 0.6, 0.9)
    frames = [
        (seen(200 + n, 150) * e).clip(0, 255).astype(np.uint8) for n, e in enumerate(exposure)
    ]
    after = restored(flicker, frames)

    def unrest(films: list[Array]) -> float:
        return float(
            np.abs(np.diff([f.mean() for f in films], n=2)[[*range(17), *range(21, 38)]]).mean()
        )

    assert unrest(after) < 0.25 * unrest([f.astype(np.float32) for f in frames])
    step = np.mean([a.mean() for a in after[22:]]) / np.mean([a.mean() for a in after[:18]])
    assert step == pytest.approx(1.5, abs=0.12)


def test_weave_is_held_still_and_a_pan_stays() -> None:
    random = np.random.default_rng(6)
    weave = random.normal(0, 1.0, (30, 2))
    frames = [seen(200 + 1.5 * n + weave[n, 0], 150 + weave[n, 1]) for n in range(30)]
    ideal = [seen(200 + 1.5 * n, 150) for n in range(30)]
    after = restored(steady, frames)
    inner = np.s_[8:-8, 8:-8]

    def away(films: list[Array]) -> float:
        steps = []
        for one, two in itertools.pairwise(films):
            steps.append(cv2.phaseCorrelate(*(np.float64(f[inner]) for f in (one, two)))[0])
        return float(np.std(steps, axis=0).mean())

    assert away(after) < 0.45 * away(frames)
    assert away(ideal) < 0.1


@pytest.mark.parametrize("name", ["film_dust", "flicker", "steady"])
def test_a_photo_is_left_as_it_is(name: str) -> None:
    proxy = Photo(seen(200, 150)[..., None]).proxy()
    effect = steps.get(name).plan(proxy)
    assert (effect.tile(proxy.view) == proxy.view.pixels).all()
    assert "film" in effect.findings.summary


@pytest.mark.parametrize("step", [film_dust, flicker, steady])
def test_result_of_a_frame_does_not_depend_on_the_tiling(step) -> None:
    dusty, _ = with_dust([seen(200 + 2.5 * (n % 2), 150) for n in range(5)])
    frames = photos([(f * (0.8 + 0.05 * (n % 3))).astype(np.uint8) for n, f in enumerate(dusty)])
    held = [replace(photo.proxy(), whole=lambda p=photo: p) for photo in frames]
    effect = list(step.film(iter(held)))[2]
    photo = frames[2]
    whole = effect.tile(photo.tile(Window.whole(*photo.size)))
    assert np.abs(whole - photo.tile(Window.whole(*photo.size)).pixels).max() > 0.01
    tiled = render_photo(photo, effect, photo.space, rows=17, channels=1)
    once = render_photo(photo, effect, photo.space, rows=500, channels=1)
    assert np.abs(tiled.astype(int) - once).max() <= 1


@pytest.mark.parametrize("step", [film_dust, flicker, steady])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_shots_of_few_frames(step, count: int) -> None:
    assert len(restored(step, [seen(200, 150)] * count)) == count


def test_amount_0_changes_nothing() -> None:
    frames = grainy([seen(200 + n, 150) for n in range(4)])
    for step in (film_dust, flicker, steady):
        for before, after in zip(frames, restored(step, frames, amount=0.0), strict=True):
            assert (after == before).all()
