"""The colours of another photo: they are given where it looks alike, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage import data

import restore
from restore import color
from restore.image.photo import Photo
from restore.recipe import Recipe
from restore.steps.colorize import film


def greyed(pixels: color.Array) -> Photo:
    grey = color.grey(color.lightness(pixels / np.float32(255)))
    return Photo(np.repeat(grey[..., None], 3, -1))


def off(result: Photo, truth: color.Array) -> float:
    """Mean ΔE00 from the truth."""
    return float(color.delta_e(result.samples, truth / np.float32(255)).mean())


@pytest.fixture(scope="module")
def garage(tmp_path_factory: pytest.TempPathFactory) -> tuple[color.Array, Recipe]:
    """A view of a red motorcycle, and the recipe with another view of it, 19 cm to the right."""
    left, right, _ = data.stereo_motorcycle()
    path = restore.save(Photo(right), tmp_path_factory.mktemp("like") / "right.png")
    return left, Recipe.named("colorize").with_settings({"colorize.like": path})


def test_another_view_of_the_same_place_gives_its_colours(
    garage: tuple[color.Array, Recipe],
) -> None:
    left, recipe = garage
    photo = greyed(left)
    result = recipe(photo)
    assert off(result, left) < 0.75 * off(Recipe.named("colorize")(photo), left)
    # L* keeps to what the step promises without a reference
    moved = color.lightness(result.samples) - color.lightness(photo.samples)
    assert np.abs(moved).max() < 0.2
    summary = result.findings["colorize"].summary
    assert summary.startswith("colours follow right.png in ")
    assert "matched" in result.findings["colorize"].maps


@pytest.mark.parametrize("other", ["coffee", "chelsea", "rocket"])
def test_a_photo_of_something_else_does_no_harm(tmp_path: Path, other: str) -> None:
    astronaut = data.astronaut()
    path = restore.save(Photo(getattr(data, other)()), tmp_path / "other.png")
    photo = greyed(astronaut)
    without = off(Recipe.named("colorize")(photo), astronaut)
    settings = {"colorize.like": path}
    # half a ΔE00 is less than can be seen
    assert off(restore.run("colorize", photo, settings), astronaut) < without + 0.5


def test_every_frame_of_a_film_gets_the_colours(garage: tuple[color.Array, Recipe]) -> None:
    left, recipe = garage
    frames = [greyed(np.roll(left, 4 * number, 1)[:, 20:]) for number in range(3)]
    settings = dict(recipe.uses[0].settings)
    for frame, effect in zip(frames, film([f.proxy() for f in frames], **settings), strict=True):
        planned = recipe.plan(frame).steps[0].effect
        difference = effect.tile(frame.proxy().view) - planned.tile(frame.proxy().view)
        assert effect.findings.summary.startswith("colours follow right.png; the rest")
        assert np.abs(difference).mean() < 0.03  # of the sRGB range: motion carries the colours
