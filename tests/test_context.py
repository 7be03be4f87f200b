"""A context is all that renders share: two at once do not disturb each other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from skimage import data

from restore.context import HELD, Context
from restore.errors import Cancelled
from restore.image.photo import Photo
from restore.models import engines
from restore.recipe import Recipe

SMALL = Photo(np.ascontiguousarray(data.astronaut()[::4, ::4]))
GREY = Photo(np.ascontiguousarray(SMALL.samples[..., :1]))


def test_two_renders_at_once_give_what_each_gives_alone() -> None:
    recipes = [Recipe.named(name) for name in ("led-concert", "faded-print")]
    alone = [recipe(SMALL, context=Context()).samples for recipe in recipes]
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(recipe, SMALL, context=Context(threads=threads))
            for recipe, threads in zip(recipes, (1, 3), strict=True)
        ]
    for expected, result in zip(alone, both, strict=True):
        assert (result.result().samples == expected).all()


def test_opencvs_threads_are_left_as_they_are() -> None:
    before = cv2.getNumThreads()
    seen = []
    context = Context(progress=lambda share: seen.append(cv2.getNumThreads()))
    Recipe.named("monochrome")(SMALL, context=context)
    assert set(seen) == {before} == {cv2.getNumThreads()}


def test_a_second_photo_does_not_load_the_network_again(monkeypatch) -> None:
    loaded = []
    load = engines.load
    monkeypatch.setattr(engines, "load", lambda *given: loaded.append(given) or load(*given))
    context = Context()
    for _ in range(2):
        Recipe.named("colorize")(GREY, context=context)
    assert len(loaded) == 1
    context.release()
    Recipe.named("colorize")(GREY, context=context)
    assert len(loaded) == 2


def test_a_context_keeps_the_networks_used_last() -> None:
    context = Context()
    for number in range(HELD + 1):
        context.network(number, lambda number=number: number)
    assert context.network(HELD, lambda: "again") == HELD
    assert context.network(0, lambda: "again") == "again"


def test_a_cancelled_render_stops_within_a_tile() -> None:
    large = Photo(np.zeros((3000, 3000, 3), np.uint8))
    plan = Recipe.named("monochrome").plan(large)
    stop, shares = threading.Event(), []

    def progress(share: float) -> None:
        shares.append(share)
        stop.set()

    with pytest.raises(Cancelled):
        plan.render(large, context=Context(progress=progress, cancelled=stop.is_set))
    assert len(shares) == 1
