"""Marks of damage: what is measured of them, and which of their pixels count."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from restore.analysis.scratches import damage
from restore.analysis.scratches.fill import filled_wide, ground

GREY = data.camera()[:200, :240].astype(np.float32) / 255


def seen(p: np.ndarray) -> np.ndarray:
    """What a network would see that finds lines with these probabilities."""
    none = np.zeros_like(p)
    return np.stack([np.stack([1 - p, p, none, none])] * 2)


def marks(draw, value: float = 0.97) -> damage.Marks:
    p = np.zeros(GREY.shape, np.float32)
    draw(p, value)
    return damage.marks(GREY, seen(p))


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (3, 200), (150, 150)])
def test_features_are_finite_whatever_the_mark(size: tuple[int, int]) -> None:
    p = np.zeros(GREY.shape, np.float32)
    p[20 : 20 + size[0], 10 : 10 + size[1]] = 0.9
    found = damage.marks(GREY, seen(p))
    assert len(found.features) == len(found.area) == int(size[0] > 0)
    assert np.isfinite(found.features).all()
    w = damage.coefficients(damage.WEIGHTS)
    assert found.features.shape[1] == len(w["mean"])
    assert np.isfinite(damage.predict(w, found.features)).all()


def test_the_width_of_a_line_is_measured() -> None:
    found = marks(lambda p, value: cv2.line(p, (10, 100), (230, 100), value, 7))
    assert 5 < found.width[0] < 9


def test_what_a_line_crosses_is_not_part_of_it() -> None:
    def draw(p: np.ndarray, value: float) -> None:
        cv2.line(p, (5, 100), (235, 100), value, 5)
        cv2.circle(p, (120, 100), 30, value, -1)

    found = marks(draw)
    mask = found.masks(np.ones(1, bool), 12).any(2)
    assert mask[100, 20]
    assert mask[100, 220]
    assert not mask[70:130, 92:148].any()


def test_likely_marks_count_where_there_is_much_of_them() -> None:
    w = {name: np.zeros(17, np.float32) for name in ("mean", "linear", "square")}
    w |= {"deviation": np.ones(17, np.float32), "bias": np.array([damage.DAMAGED + 0.1], "f")}
    one = marks(lambda p, value: cv2.line(p, (5, 20), (50, 20), value, 3))
    assert not one.sure(w, 0, 99).any()
    assert one.sure(w, damage.ODDS - damage.DAMAGED, 99).all()

    def draw(p: np.ndarray, value: float) -> None:
        for row in range(20, 180, 40):
            cv2.line(p, (5, row), (235, row + 10), value, 3)

    assert marks(draw).sure(w, 0, 99).all()


def test_lines_that_the_network_does_not_see_are_not_backed() -> None:
    lines, p = np.zeros(GREY.shape, bool), np.zeros(GREY.shape, np.float32)
    lines[50, 20:200], lines[100, 20:200] = True, True
    p[100, 20:200] = 0.9
    kept = damage.backed(lines, seen(p))
    assert kept[100, 20:200].all()
    assert not kept[50].any()


def test_a_wide_gap_in_a_large_photo_is_filled_with_its_grain() -> None:
    rng = np.random.default_rng(0)
    ramp = np.linspace(0.3, 0.7, 300, dtype=np.float32)[None, :, None]
    clean = (ramp + 0.03 * rng.standard_normal((240, 300, 3))).astype(np.float32)
    gap = np.zeros((240, 300), bool)
    gap[:, 130:170] = True
    bad = clean.copy()
    bad[gap] = 1
    result = filled_wide(bad, gap, 60, 4, (0, 0)).reshape(240, 40, 3)
    assert np.abs(result.mean((0, 2)) - ramp[0, 130:170, 0]).max() < 0.03
    assert 0.6 < result.std() / clean[:, :40].std() < 1.3


def test_what_lies_beneath_does_not_depend_on_the_tile() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.random((200, 180, 3), np.float32)
    gap = np.zeros((200, 180), bool)
    cv2.line(gap.view(np.uint8), (20, 10), (150, 190), 1, 9)
    whole = ground(pixels, gap, 20, 4, (0, 0))
    part = np.s_[37:150, 21:160]
    tile = ground(pixels[part], gap[part], 20, 4, (37, 21))
    inner = np.s_[30:-30, 30:-30]
    np.testing.assert_allclose(tile[inner], whole[part][inner], atol=1e-5)


def test_the_network_is_the_one_its_card_describes() -> None:
    card = (Path(__file__).parents[2] / "docs" / "models" / "damage.md").read_text("utf-8")
    assert f"`{hashlib.sha256(damage.WEIGHTS.read_bytes()).hexdigest()}`" in card
