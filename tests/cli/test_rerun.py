"""A result can be made again from its metadata."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import restore
from restore.cli import cli
from restore.image.photo import Photo, Source

TWICE = '[[steps]]\nuse = "colorize"\nside = 64\n[[steps]]\nuse = "levels"\nblack = 3\n'


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A small 16-bit photo."""
    ramp = np.linspace(0, 65535, 80 * 90).reshape(80, 90, 1).astype(np.uint16)
    path = tmp_path / "photo.tif"
    return restore.save(Photo(np.repeat(ramp, 3, 2), source=Source(path=path)), path)


def test_a_result_can_be_made_again(original: Path, tmp_path: Path) -> None:
    recipe = restore.Recipe.parse(TWICE, "twice").with_settings({"levels.gamma": "1.3"})
    first = restore.save(recipe(restore.load(original)), tmp_path / "result.tif")
    record = restore.load(first).source.record
    assert record["network"] == "compact"
    assert len(record["networkSha256"]) == 64
    assert 'model = "compact"' in record["recipe"]  # not auto, which may come to mean another
    done = CliRunner().invoke(
        cli, ["rerun", str(first), "--from", str(original), "-o", str(tmp_path / "again")]
    )
    assert done.exit_code == 0, done.output
    again = restore.load(done.stdout.strip())
    assert (again.samples == restore.load(first).samples).all()
    assert again.source.record["recipe"] == record["recipe"]


def test_what_differs_now_is_reported(original: Path, tmp_path: Path) -> None:
    run = ["run", "monochrome", str(original), "-o", str(tmp_path / "one"), "--profile", "srgb"]
    result = CliRunner().invoke(cli, run).stdout.strip()
    record = restore.load(result).source.record
    assert record["profile"] == "srgb"
    assert len(record["originalSha256"]) == 64
    other = tmp_path / "other.tif"
    restore.save(Photo(restore.load(original).samples[::-1].copy()), other)
    again = ["rerun", result, "--from", str(other), "-o", str(tmp_path / "two")]
    done = CliRunner().invoke(cli, again)
    assert done.exit_code == 0, done.output
    assert "is not the file that" in done.stderr
    assert restore.load(done.stdout.strip()).source.record["profile"] == "srgb"


def test_a_photo_that_no_recipe_made_is_reported(original: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["rerun", str(original), "--from", str(original)])
    assert isinstance(done.exception, restore.RestoreError)
    assert "does not name the recipe that made it" in str(done.exception)


def test_a_salvaged_result_can_be_made_again(original: Path, tmp_path: Path) -> None:
    original.write_bytes(
        restore.save(restore.load(original), tmp_path / "a.png").read_bytes()[:-900]
    )
    arguments = ["run", "monochrome", str(original), "--salvage", "-o", str(tmp_path / "one")]
    first = CliRunner().invoke(cli, arguments)
    assert first.exit_code == 0, first.stderr
    assert "rows" in first.stderr
    result = first.stdout.strip()
    arguments = ["rerun", result, "--from", str(original), "-o", str(tmp_path / "again")]
    again = CliRunner().invoke(cli, arguments)
    assert again.exit_code == 0, again.stderr
    one, other = restore.load(result), restore.load(again.stdout.strip())
    assert (one.samples == other.samples).all()


def test_a_result_with_the_colours_of_another_photo_is_made_again_from_the_same_one(
    original: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    restore.save(Photo(noise), other)
    run = ["run", "colorize", str(original), "-o", str(tmp_path / "one"), "-s", "colorize.side=64"]
    result = CliRunner().invoke(cli, [*run, "-s", f"colorize.like={other}"]).stdout.strip()
    record = restore.load(result).source.record
    assert 'like = "other.png#sha256=' in record["recipe"]
    assert str(tmp_path) not in str(record)
    again = ["rerun", result, "--from", str(original), "-o", str(tmp_path / "two")]
    done = CliRunner().invoke(cli, again)
    assert done.exit_code == 0, done.output
    same = restore.load(done.stdout.strip())
    assert (same.samples == restore.load(result).samples).all()
    restore.save(Photo(noise[::-1].copy()), other, overwrite=True)
    changed = CliRunner().invoke(cli, [*again, "--overwrite"])
    assert "is another file: its SHA-256 is" in str(changed.exception)
