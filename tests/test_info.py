"""What is wrong with a photo, and which recipe suits: damage that we made is recognised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from skimage import data

from restore import color, report
from restore.cli import cli
from restore.info import inspect
from restore.photo import Photo
from restore.simulate import fade, light

SAMPLES = Path(__file__).parents[1] / "sample_images"
GOOD = (data.coffee() / np.float32(255)).astype(np.float32)


def photo(values: np.ndarray) -> Photo:
    """A photo of 8 bits."""
    if values.dtype != np.uint8:
        values = (values.clip(0, 1) * 255).round().astype(np.uint8)
    return Photo(np.ascontiguousarray(values))


@pytest.mark.parametrize("scene", ["red", "blue", "magenta", "red left + blue right"])
def test_stage_light_is_recognised(scene: str) -> None:
    found = inspect(photo(light(GOOD, scene, seed=3).srgb))
    assert found.recipe == "led-concert"
    assert any("lamp" in sentence for sentence in found.findings)


@pytest.mark.parametrize("scene", ["white+blue", "white+red"])
def test_stage_light_on_a_face_in_the_dark_is_recognised(scene: str) -> None:
    face = data.astronaut()[:220, 120:340] / np.float32(255)
    hall = np.full((570, 740, 3), 0.004, np.float32)
    hall[170:390, 260:480] = face
    assert inspect(photo(light(hall, scene, seed=3).srgb)).recipe == "led-concert"


@pytest.mark.parametrize("kind", ["dark cyan loss", "low contrast"])
def test_faded_dyes_are_recognised(kind: str) -> None:
    found = inspect(photo(fade(GOOD, kind, seed=3).srgb))
    assert found.recipe == "faded-print"
    assert any("dyes faded" in sentence for sentence in found.findings)


def test_black_and_white_is_recognised_also_when_toned() -> None:
    grey = color.grey(color.lightness(GOOD))[..., None]
    assert inspect(photo(grey)).recipe == "colorize"
    assert "toned" in inspect(photo(grey * np.float32([1, 0.93, 0.8]))).reason


def test_a_good_photo_needs_nothing() -> None:
    assert inspect(photo(GOOD)).recipe == ""


def test_channels_tell_what_is_clipped() -> None:
    values = GOOD.copy()
    values[:, : values.shape[1] // 4, 0] = 1
    found = inspect(photo(values)).channels
    assert found["red"].white == pytest.approx(0.25, abs=0.05)
    assert found["green"].white < 0.05


def test_nothing_is_told_as_minus_nothing() -> None:
    assert report.said({"cyan": -0.0, "yellow": np.float64(-0.02)}) == "cyan 0, yellow -0.02"


def test_the_command_tells_and_goes_on_after_a_broken_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    found = CliRunner().invoke(cli, ["info", str(broken), str(SAMPLES / "scan-16bit.tif")])
    assert "broken.jpg" in found.stderr
    assert "16 bits" in found.stdout
    assert "faded-print" in found.stdout
