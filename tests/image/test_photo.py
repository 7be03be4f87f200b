"""The values that travel: windows, maps, proxies, samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.color.space import Space, dither
from restore.errors import PhotoError
from restore.image.field import Field
from restore.image.photo import Photo, Source, Window
from restore.image.render import LONGEST, windows

RNG = np.random.default_rng(7)


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.integers(0, 20))
def test_a_window_finds_itself_in_a_larger_one(
    height: int, width: int, top: int, margin: int
) -> None:
    picture = RNG.random((height + top, width))
    window = Window(top, 0, height, width, picture.shape)
    outer = window.grown(margin)
    whole = Window.whole(*picture.shape)
    padded = picture[outer.inside(whole)]
    assert (padded[window.inside(outer)] == picture[window.inside(whole)]).all()


def test_a_map_is_sampled_as_opencv_does() -> None:
    values = RNG.random((7, 11, 2)).astype(np.float32)
    result = Field(values).at(Window.whole(70, 130))
    expected = cv2.resize(values, (130, 70), interpolation=cv2.INTER_LINEAR)
    assert np.abs(result - expected).max() < 2e-3  # OpenCV's weights have 11 bits


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 1), (6, 8, 3)])
def test_a_map_does_not_depend_on_the_tiling(shape: tuple[int, ...]) -> None:
    field = Field(RNG.random(shape).astype(np.float32))
    whole = field.at(Window.whole(37, 53))
    for top in range(0, 37, 5):
        part = Window(top, 3, min(5, 37 - top), 50, (37, 53))
        assert (field.at(part) == whole[top : top + 5, 3:]).all()


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 120))
def test_a_proxy_is_the_area_average(height: int, width: int, side: int) -> None:
    samples = RNG.integers(0, 256, (height, width, 3), np.uint8)
    view = Photo(samples).proxy(side).view.pixels
    assert max(view.shape[:2]) <= max(side, 1)
    assert view.mean((0, 1)) == pytest.approx(samples.mean((0, 1)) / 255, abs=1e-4)
    if view.shape[0] > 1 and view.shape[1] > 1:
        floats = samples.astype(np.float32) / 255
        expected = cv2.resize(floats, view.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(view - expected).max() < 1e-4


def test_a_proxy_of_a_wide_photo_is_averaged_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photo = Photo(RNG.integers(0, 256, (90, 3000, 3), np.uint8))
    whole = photo.proxy(200).view.pixels
    seen: list[int] = []
    tile = Photo.tile
    monkeypatch.setattr("restore.image.averaging.STRIP", 6000)
    monkeypatch.setattr(
        Photo, "tile", lambda self, window: seen.append(window.height) or tile(self, window)
    )
    view = photo.proxy(200).view.pixels
    assert np.abs(view - whole).max() < 1e-6
    assert max(seen[: len(seen) - 64]) <= 4  # the last are the patches


def test_no_tile_is_longer_than_a_limit() -> None:
    parts = windows(20, 100_000, 0)
    assert max(part.width for part in parts) <= LONGEST
    assert sum(part.width * part.height for part in parts) == 20 * 100_000


def test_patches_are_unaveraged_pixels() -> None:
    samples = RNG.integers(0, 65536, (500, 700, 3), np.uint16)
    proxy = Photo(samples).proxy(100)
    assert len(proxy.patches) == 64
    for tile in proxy.patches:
        rows, columns = tile.window.inside(Window.whole(500, 700))
        assert np.abs(tile.pixels - samples[rows, columns] / 65535).max() < 1e-7


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_code_comes_back(dtype: type) -> None:
    codes = np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(16, -1, 1)
    space = Space()
    back = space.from_working(space.to_working(codes), dtype, 3, 5)
    assert (back == codes).all()


def test_dither_has_no_bands() -> None:
    ramp = np.repeat(np.linspace(0.2, 0.22, 4000, dtype=np.float32)[None, :, None], 64, 0)
    codes = Space().from_working(np.repeat(ramp, 3, 2), np.uint8).astype(np.float32)
    averaged = cv2.blur(codes[..., 0], (64, 64))[32, 32:-32]
    wanted = cv2.blur(ramp * 255, (64, 64))[32, 32:-32]
    assert np.abs(averaged - wanted).max() < 0.06  # codes; a banded ramp is off by 0.5
    assert (codes[..., 0] == codes[..., 1]).all()  # neutral stays neutral


def test_dither_is_placed_in_the_photo() -> None:
    assert (dither(40, 50, 0, 0)[7:, 9:] == dither(33, 41, 7, 9)).all()


def test_samples_cannot_be_written() -> None:
    photo = Photo(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        photo.samples[0] = 1


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros((4, 4, 3)), "float64; uint8, uint16 or float32 is needed"),
        (np.zeros((4, 4, 3), np.float16), "float16; uint8, uint16 or float32 is needed"),
        (np.zeros((4, 4, 3), bool), "bool; uint8, uint16 or float32 is needed"),
        (np.zeros((4, 4, 3), np.int64), "int64; uint8, uint16 or float32 is needed"),
        (np.zeros((4, 4, 3), ">u2"), ">u2; uint8, uint16 or float32 is needed"),
        (np.zeros((4, 5), np.uint8), r"\(4, 5\); \(height, width, 1 or 3\) is needed"),
        (
            np.zeros((4, 5, 4), np.uint8),
            r"\(4, 5, 4\); .* an alpha channel belongs in Source\.alpha",
        ),
        (np.zeros((4, 0, 3), np.uint8), r"\(4, 0, 3\); .* is needed, not empty"),
        ([[[1, 2, 3]]], "list; a NumPy array is needed"),
    ],
)
def test_samples_that_are_no_photo_are_reported(samples: Any, reason: str) -> None:
    with pytest.raises(PhotoError, match=f"^a photo's samples are .*{reason}"):
        Photo(samples)


def test_it_is_shown_in_a_line() -> None:
    photo = Photo(np.zeros((4, 50, 3), np.uint16))
    assert repr(photo) == "<Photo 50 x 4, 3 channels of 16 bits>"
    grey = Photo(np.zeros((4, 50, 1), np.float32), source=Source(path=Path("b/a.tif")))
    assert repr(grey) == "<Photo 50 x 4, 1 channel of 32 bits (float), 'b/a.tif'>"
    photo = Photo(
        np.zeros((4, 50, 3), np.uint8), source=Source(path=Path("a.tif"), page=1, pages=3)
    )
    assert repr(photo) == "<Photo 50 x 4, 3 channels of 8 bits, 'a.tif' page 2 of 3>"


def test_a_notebook_shows_it() -> None:
    picture = Photo(RNG.integers(0, 256, (30, 20, 3), np.uint8))._repr_png_()
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), 1).shape == (30, 20, 3)
