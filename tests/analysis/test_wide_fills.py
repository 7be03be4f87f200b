"""Wide gaps are filled with pieces of the photo, without a seam, with grain, alike at any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from restore import color
from restore.analysis.scratches.fill import filled
from restore.analysis.scratches.patched import patched
from restore.analysis.scratches.wide import wide
from restore.image.photo import Photo
from restore.image.window import Window

CLEAN = data.astronaut()[:260, :300].astype(np.float32) / 255


def crease(size: tuple[int, int], width: int) -> np.ndarray:
    gap = np.zeros(size, np.uint8)
    end = (size[1] // 3, size[0])
    cv2.line(gap, (size[1] // 2, -5), end, 1, width)
    return gap > 0


def corner(size: tuple[int, int], depth: int) -> np.ndarray:
    rows, columns = np.indices(size)
    return rows + columns < depth


def grainy_ramp(height: int, width: int, grain: float) -> np.ndarray:
    ramp = np.linspace(0.3, 0.7, width, dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(0).standard_normal((height, width, 1), np.float32)
    return np.repeat(ramp + np.float32(grain) * noise, 3, 2)


@pytest.mark.parametrize("width", [6, 12])
def test_wide_creases_are_filled_better_than_by_ramps(width: int) -> None:
    left = {"ramps": 0.0, "pieces": 0.0}
    for photo in (data.astronaut(), data.chelsea(), data.coffee(), data.camera(), data.brick()):
        codes = photo if photo.ndim == 3 else np.repeat(photo[..., None], 3, 2)
        clean = codes[:300, 60:400].astype(np.float32) / 255
        gap = crease(clean.shape[:2], width)
        bad = np.where(gap[..., None], np.float32(0.95), clean)
        left["ramps"] += float(((filled(bad, gap, width + 6) - clean[gap]) ** 2).mean())
        left["pieces"] += float(((patched(bad, gap) - clean[gap]) ** 2).mean())
    assert left["pieces"] < 0.9 * left["ramps"]  # measured 0.8


def test_nothing_in_the_gap_is_used() -> None:
    clean = CLEAN[:100, :120]
    gap = crease(clean.shape[:2], 9)
    white, black = (np.where(gap[..., None], np.float32(tone), clean) for tone in (1, 0))
    np.testing.assert_array_equal(patched(white, gap), patched(black, gap))


def test_nothing_of_other_damage_is_used() -> None:
    clean = CLEAN[:150, :200]
    gap, other = crease(clean.shape[:2], 9), np.zeros(clean.shape[:2], bool)
    other[60:66], other[:, 20:40] = True, True  # a line across the gap, and a band beside it
    bad = np.where(gap[..., None], np.float32(1), clean)
    white, black = (np.where(other[..., None], np.float32(tone), bad) for tone in (1, 0))
    result = patched(white, gap, other)
    np.testing.assert_array_equal(result, patched(black, gap, other))
    assert ((result - clean[gap]) ** 2).mean() < 1.3 * (
        (patched(bad, gap) - clean[gap]) ** 2
    ).mean()


def test_a_corner_goes_on_as_what_is_beside_it() -> None:
    clean = grainy_ramp(200, 260, 0.03)
    gap = corner(clean.shape[:2], 70)
    bad = np.where(gap[..., None], np.float32(1), clean)
    bad[gap] = patched(bad, gap)
    away = cv2.blur(bad - grainy_ramp(200, 260, 0), (9, 9))[gap]
    assert np.abs(away).max() < 0.06
    assert 0.6 < (bad - grainy_ramp(200, 260, 0))[gap].std() / 0.03 < 1.3


@pytest.mark.parametrize("size", [(40, 50), (5, 60), (3, 3)])
def test_what_is_filled_is_finite_however_little_is_sound(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).random((*size, 3), np.float32)
    gap = np.ones(size, bool)
    gap[0, 0] = False
    result = patched(pixels, gap)
    assert result.shape == (gap.sum(), 3)
    assert np.isfinite(result).all()


def test_a_large_photo_is_filled_with_its_grain_whatever_the_tile() -> None:
    clean = grainy_ramp(600, 800, 0.04)
    gap = crease(clean.shape[:2], 24)
    bad = np.where(gap[..., None], np.float32(1), clean).astype(np.float32)
    photo = Photo((bad.clip(0, 1) * 65535).astype(np.uint16))
    proxy = photo.proxy(400)
    small = crease(proxy.view.pixels.shape[:2], 15)
    content = wide(proxy, small, small, small)
    whole, place = content.laid(photo.tile(Window.whole(*photo.size)))
    assert place[gap].all()
    inner = cv2.erode(gap.astype(np.uint8), np.ones((9, 9))) > 0
    smooth = grainy_ramp(600, 800, 0)
    assert 0.7 < (whole - smooth)[inner].std() / 0.04 < 1.3
    part = Window(240, 280, 120, 160, photo.size)
    tile, _ = content.laid(photo.tile(part))
    np.testing.assert_allclose(tile, whole[part.inside(Window.whole(*photo.size))], atol=1e-5)
    shown, _ = content.laid(proxy.view)
    size = shown.shape[1::-1]
    averaged = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    assert color.delta_e(shown, averaged).mean() < 0.5
