"""What a photo, a file or a call may hold, and what is told when it holds more."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from skimage.data import astronaut

from restore import files, profile
from restore.recipe import Recipe

FACE = np.ascontiguousarray(astronaut()[40:140, 150:290])


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is written, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_floats_are_limited(tmp_path: Path, dtype: type) -> None:
    data = np.full((6, 5, 4), 0.5, dtype)
    data[0, 0, :3] = 1e30, -1e30, 999
    data[1, 1, 3] = 1e30  # an opacity
    tifffile.imwrite(
        tmp_path / "a.tif", data, photometric="rgb", extrasamples=[2], planarconfig="contig"
    )
    photo = files.load(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.samples[0, 0], [1000, -1000, 999])
    assert photo.source.alpha is not None
    assert photo.source.alpha.max() == 1000
    assert "2 samples were beyond 1000 times white; they became that" in photo.source.warnings[0]


def test_numbers_beyond_float32_are_endless(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((2, 2, 3), 1e300), photometric="rgb")
    photo = files.load(tmp_path / "a.tif")
    assert (photo.samples == 1).all()
    assert "12 samples were no finite numbers" in photo.source.warnings[0]


@pytest.mark.parametrize("recipe", ["faded-print", "led-concert", "monochrome", "old-photo"])
@pytest.mark.parametrize("value", [1e30, -1e30])
def test_one_huge_sample_breaks_no_recipe(tmp_path: Path, recipe: str, value: float) -> None:
    data = FACE / np.float32(255)
    data[50, 70, 1] = value
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb")
    result = Recipe.named(recipe)(files.load(tmp_path / "a.tif"))
    assert np.isfinite(result.samples).all()


def test_our_profiles_do_not_tell_the_time() -> None:
    def made() -> list[bytes]:
        return [profile.made("srgb"), profile.made("adobergb"), profile.linear_srgb()]

    before = made()
    time.sleep(1.01)  # LittleCMS writes seconds
    assert made() == before
    assert before[0][24:36] == bytes.fromhex("07ea 0001 0001 0000 0000 0000")
    assert profile.is_srgb(before[0])
