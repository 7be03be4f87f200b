"""What is wrong with a photo, and which recipe suits: damage that we made is recognised."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from skimage import data

from restore import color, files
from restore.cli import cli
from restore.image.photo import Photo
from restore.recipe import Recipe
from restore.report import comparison
from restore.report.info import inspect
from restore.simulate import fade, light, scratch

SAMPLES = Path(__file__).parents[2] / "sample_images"
PORTRAIT = (data.astronaut() / np.float32(255)).astype(np.float32)
GOOD = (data.coffee() / np.float32(255)).astype(np.float32)


def photo(values: np.ndarray) -> Photo:
    """A photo of 8 bits."""
    if values.dtype != np.uint8:
        values = (values.clip(0, 1) * 255).round().astype(np.uint8)
    return Photo(np.ascontiguousarray(values))


@pytest.mark.parametrize("scene", ["red", "blue", "magenta", "red left + blue right"])
def test_stage_light_is_recognised(scene: str) -> None:
    result = inspect(photo(light(GOOD, scene, seed=3).srgb))
    assert result.recipe == "led-concert"
    assert any("lamp" in sentence for sentence in result.findings)


@pytest.mark.parametrize("scene", ["white+blue", "white+red"])
def test_stage_light_on_a_face_in_the_dark_is_recognised(scene: str) -> None:
    face = data.astronaut()[:220, 120:340] / np.float32(255)
    hall = np.full((570, 740, 3), 0.004, np.float32)
    hall[170:390, 260:480] = face
    assert inspect(photo(light(hall, scene, seed=3).srgb)).recipe == "led-concert"


@pytest.mark.parametrize("kind", ["dark cyan loss", "low contrast"])
def test_faded_dyes_are_recognised(kind: str) -> None:
    result = inspect(photo(fade(GOOD, kind, seed=3).srgb))
    assert result.recipe == "faded-print"
    assert any("dyes restored" in sentence for sentence in result.findings)


def test_a_clean_black_and_white_photo_is_for_colorize() -> None:
    grey = color.grey(color.lightness(GOOD))[..., None]
    advice = inspect(photo(grey)).advice
    assert advice.recipe == "colorize"
    assert advice.certainty > 0.9


@pytest.mark.parametrize("damage", ["brown paper", "dust", "stains", "grain"])
def test_an_old_print_is_recognised(damage: str) -> None:
    grey = np.repeat(color.grey(color.lightness(PORTRAIT))[..., None], 3, 2)
    if damage == "brown paper":
        grey = grey * np.float32([1, 0.9, 0.72])
    elif damage == "dust":
        grey = np.repeat(data.camera()[..., None] / np.float32(255), 3, 2)
        rows, columns = np.random.default_rng(0).integers(1, 511, (2, 600))
        for row, column in zip(rows, columns, strict=True):
            grey[row : row + 2, column] += 0.4
    elif damage == "stains":
        stain = np.hypot(*(np.mgrid[:512, :512] - 256)) < 120
        grey = grey * np.where(stain[..., None], np.float32([1, 0.93, 0.8]), 1)
    else:
        grey = grey + np.random.default_rng(0).normal(0, 0.06, grey.shape[:2])[..., None]
    advice = inspect(photo(grey)).advice
    assert advice.recipe == "old-photo"
    assert "colorize" in advice.alternatives  # both are named: its surface may be wanted as it is
    assert "old black-and-white print" in advice.reason


def test_lamps_are_those_of_the_recipe() -> None:
    lit = photo(light(GOOD, "red left + blue right", seed=3).srgb)
    plan = Recipe.named("led-concert").plan(lit)
    (told,) = inspect(lit).findings
    assert told == plan.findings["hue_blend"].summary


def test_a_raw_says_that_its_own_channels_hold_more() -> None:
    raw = inspect(files.load(SAMPLES / "led-red-blue.dng"))
    assert raw.recipe == "led-concert"
    assert "the camera's own channels" in raw.findings[-1]


def test_findings_are_words_and_measures_have_units() -> None:
    grey = np.repeat(color.grey(color.lightness(PORTRAIT))[..., None], 3, 2)
    info = inspect(photo((0.35 + 0.3 * grey) * np.float32([1, 0.9, 0.72])))
    assert info.findings[:2] == ("yellowed paper", "low contrast: its tones span 28% of the range")
    assert info.measures["tone"].unit == "CIE a* b* from grey"
    assert 6 < info.measures["tone"].value < 20


def test_scratches_alone_make_an_old_print() -> None:
    grey = np.repeat(color.grey(color.lightness(PORTRAIT))[..., None], 3, 2)
    assert inspect(photo(grey)).recipe == "colorize"
    info = inspect(photo(scratch(grey, seed=2).scan))
    assert (info.recipe, *info.advice.alternatives) == ("old-photo", "colorize")
    assert "scratched" in info.reason
    assert "scratches or creases on " in info.findings[-1]
    assert info.measures["scratches"].unit == "% of the photo"


def test_a_good_photo_needs_nothing() -> None:
    advice = inspect(photo(GOOD)).advice
    assert advice.recipe == ""
    assert advice.reason == "nothing needs restoring"


def test_film_and_prints_are_both_named() -> None:
    advice = inspect(photo(fade(GOOD, "dark cyan loss", seed=3).srgb)).advice
    assert (advice.recipe, *advice.alternatives[:1]) == ("faded-print", "faded-slide")


def test_mist_and_bright_photos_are_left_alone() -> None:
    far = np.linspace(1, 0, len(GOOD), dtype=np.float32)[:, None, None]
    through = np.exp(-2 * far)
    mist = color.encode(color.decode(GOOD) * through + np.float32(0.6) * (1 - through))
    assert inspect(photo(mist)).recipe == ""
    assert inspect(photo(1 - (1 - GOOD) ** 2.5)).recipe == ""


def test_channels_tell_what_is_clipped() -> None:
    values = GOOD.copy()
    values[:, : values.shape[1] // 4, 0] = 1
    result = inspect(photo(values)).channels
    assert result["red"].white == pytest.approx(0.25, abs=0.05)
    assert result["green"].white < 0.05


def test_nothing_is_reported_as_minus_nothing() -> None:
    assert comparison.said({"cyan": -0.0, "yellow": np.float64(-0.02)}) == "cyan 0, yellow -0.02"


def test_the_command_tells_and_goes_on_after_a_broken_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    done = CliRunner().invoke(cli, ["info", str(broken), str(SAMPLES / "scan-16bit.tif")])
    assert "broken.jpg" in done.stderr
    assert "16 bits" in done.stdout
    assert "faded-print" in done.stdout


def test_json_has_an_object_per_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    result = CliRunner().invoke(
        cli, ["info", "--json", str(SAMPLES / "scan-16bit.tif"), str(broken)]
    )
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    record = json.loads(line)
    assert record["path"].endswith("scan-16bit.tif")
    assert record["format"] == "tiff"
    assert record["recipe"] == "faded-print"
    assert record["alternatives"][0] == "faded-slide"
    assert len(record["size"]) == 2
    assert record["measures"]["strength"]["unit"] == "CIE a* b* from grey"
    assert record["measures"]["strength"]["value"] > 2
    assert 0.5 < record["certainty"] <= 1
    assert record["reason"].startswith("its dyes have faded")


def test_no_recipe_is_named_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    faded = {"sound": 0.0, "lamps": 0.5, "faded": 0.4, "grey": 0.1}  # by dyes so far gone
    monkeypatch.setattr("restore.report.info._chances", lambda proxy: faded)
    monkeypatch.setattr("restore.report.info.BROAD", -1.0)
    advice = inspect(photo(PORTRAIT[::4, ::4])).advice
    assert advice.recipe == "faded-print"
    assert advice.alternatives == ("faded-slide", "led-concert")
