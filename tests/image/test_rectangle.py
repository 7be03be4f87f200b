"""A print cut from its scan: straight, in its own bit depth, sample by sample where it can be."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from restore.image.hints import Hint
from restore.image.photo import Photo, Source
from restore.image.rectangle import Rectangle, straightened


def test_a_straight_print_keeps_its_samples() -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (80, 100, 3), np.uint16)
    cut = straightened(Photo(samples), Rectangle(50, 40, 60, 40, 0.2))
    assert np.array_equal(cut.samples, samples[20:60, 20:80])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_turned_print_is_straightened(dtype: type, channels: int) -> None:
    rows, columns = np.mgrid[:300, :400]
    top = 1.0 if dtype is np.float32 else np.iinfo(dtype).max
    place = Rectangle(200, 150, 160, 120, 12)
    right, down = place.axes
    across = (columns + 0.5 - 200) * right[0] + (rows + 0.5 - 150) * right[1]
    along = (columns + 0.5 - 200) * down[0] + (rows + 0.5 - 150) * down[1]
    waves = 0.5 + 0.2 * np.sin(across / 7) + 0.2 * np.cos(along / 9)
    samples = np.repeat((waves * top)[..., None], channels, 2).astype(dtype)
    cut = straightened(Photo(samples, source=Source(infrared=samples[..., 0])), place)
    assert cut.samples.dtype == dtype
    assert cut.samples.shape == (120, 160, channels)
    x, y = np.arange(160) + 0.5 - 80, np.arange(120)[:, None] + 0.5 - 60
    expected = 0.5 + 0.2 * np.sin(x / 7) + 0.2 * np.cos(y / 9)
    assert np.abs(cut.samples[..., 0] / top - expected).max() < 0.01
    assert np.array_equal(cut.source.infrared, cut.samples[..., 0])


def test_pieces_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = cv2.GaussianBlur(
        np.random.default_rng(1).random((200, 240, 3), np.float32), (0, 0), 2
    )
    place = Rectangle(120, 100, 150, 110, -7)
    whole = straightened(Photo(samples), place).samples
    monkeypatch.setattr("restore.image.rectangle.STEP", 48)
    assert np.abs(straightened(Photo(samples), place).samples - whole).max() < 0.01


def test_hints_stay_on_their_objects() -> None:
    place = Rectangle(60, 40, 50, 30, 10)
    x, y = place.corners[0] / (120, 80) * 100
    photo = replace(
        Photo(np.zeros((80, 120, 3), np.uint8)),
        hints=(Hint((50.0, 0.0, 0.0), ((float(x), float(y)), (50.0, 50.0))),),
    )
    (hint,) = straightened(photo, place).hints
    assert np.allclose(hint.points, [(0, 0), (50, 50)], atol=1e-6)
