"""A preview shows the result as it will look at that size: within 1 ΔE00, and 3 for 95%."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from skimage import data

from restore import color, steps
from restore.image.photo import Photo
from restore.plan import Plan
from restore.recipe import Recipe, names

MEAN, MOST = 1.0, 3.0
"""ΔE00 on the mean, and for 95% of the pixels."""
SETTINGS = {"levels": {"levels.auto": 0.5, "levels.gamma": 1.3}}


@cache
def photo() -> Photo:
    """1536 x 1536: sixteen pictures beside each other, with noise as of ISO 1600."""
    pictures = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    tiles = [cv2.resize(p, (384, 384), interpolation=cv2.INTER_AREA) for p in pictures]
    rows = [np.hstack(np.roll(tiles, turn, 0)) for turn in range(4)]
    noisy = np.vstack(rows) + np.random.default_rng(0).normal(0, 5, (1536, 1536, 3))
    return Photo(noisy.clip(0, 255).astype(np.uint8))


@cache
def planned(name: str) -> tuple[Plan, np.ndarray]:
    """The plan, and its result as working RGB."""
    recipe = Recipe.named(name).with_settings(SETTINGS.get(name, {}))
    plan = recipe.plan(photo())
    samples = plan.render(photo()).samples
    return plan, np.broadcast_to(samples, (*samples.shape[:2], 3)) / np.float32(255)


@pytest.mark.parametrize("side", [256, 512, 1024, 1536])
@pytest.mark.parametrize("name", sorted({*names(), *steps.names()}))
def test_a_preview_is_the_result_averaged_down(name: str, side: int) -> None:
    plan, result = planned(name)
    shown = plan.preview(photo(), side).samples / np.float32(255)
    averaged = cv2.resize(result, (side, side), interpolation=cv2.INTER_AREA)
    away = color.delta_e(np.broadcast_to(shown, averaged.shape), averaged)
    assert away.mean() < MEAN
    assert np.percentile(away, 95) < MOST
