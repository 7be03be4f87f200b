"""A recipe may name another photo: which one, where it is looked for, and what comes of it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import restore
from restore.cli import cli
from restore.errors import RecipeError
from restore.image.photo import Photo
from restore.plan import Plan
from restore.recipe import Recipe

LIKE = '[[steps]]\nuse = "colorize"\nside = 64\nlike = "{}"\n'
GREY = Photo(np.linspace(0, 255, 64 * 80).reshape(64, 80, 1).astype(np.uint8))


def coloured(path: Path, seed: int = 0) -> Path:
    """A small photo in colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(noise, (80, 64), interpolation=cv2.INTER_CUBIC))
    return path


def recipe(path: Path, like: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LIKE.format(like), "utf-8")
    return path


def test_a_recipe_names_photos_beside_it_and_settings_those_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coloured(tmp_path / "recipes/refs/one.png")
    read = Recipe.read(recipe(tmp_path / "recipes/mine.toml", "refs/one.png"))
    assert 'like = "refs/one.png#sha256=' in read.toml()
    coloured(tmp_path / "two.png", 2)
    monkeypatch.chdir(tmp_path)
    other = read.with_settings({"colorize.like": "two.png"})
    assert 'like = "two.png#sha256=' in other.toml()
    absolute = read.with_settings({"colorize.like": tmp_path / "two.png"})
    assert absolute.toml() == other.toml()  # whose folder is nobody's business


def test_a_changed_photo_makes_another_recipe(tmp_path: Path) -> None:
    path = recipe(tmp_path / "mine.toml", "one.png")
    coloured(tmp_path / "one.png")
    first = Recipe.read(path).toml()
    assert Recipe.read(path).toml() == first
    coloured(tmp_path / "one.png", 1)
    assert Recipe.read(path).toml() != first


@pytest.mark.parametrize(
    "like", ["{}/secret.png", "../secret.png", "link.png", "sub/../../secret.png"]
)
def test_a_recipe_cannot_name_photos_outside_its_folder(tmp_path: Path, like: str) -> None:
    coloured(tmp_path / "secret.png")
    path = recipe(tmp_path / "recipes/mine.toml", like.format(tmp_path))
    (tmp_path / "recipes/sub").mkdir()
    (tmp_path / "recipes/link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(RecipeError, match="is outside the recipe's folder"):
        Recipe.read(path)


def test_nor_through_a_recipe_that_it_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = coloured(tmp_path / "secret.png")
    path = tmp_path / "recipes/mine.toml"
    path.parent.mkdir()
    path.write_text(f'[[steps]]\nuse = "old-photo"\n"colorize.like" = "{secret}"\n', "utf-8")
    with pytest.raises(RecipeError, match="is outside the recipe's folder"):
        Recipe.read(path)


def test_a_recipe_that_is_no_file_names_no_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coloured(tmp_path / "one.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match=r'like = "one.png" cannot be set here'):
        Recipe.parse(LIKE.format("one.png"), "a stranger's photo")
    with pytest.raises(RecipeError, match="does not state its SHA-256"):
        Recipe.parse(LIKE.format("one.png"), "a stranger's photo", folder=tmp_path)


@pytest.mark.parametrize(
    ("like", "words"),
    [
        ("gone.png", "cannot be read: no such file"),
        ("folder", "is not a regular file"),
        ("pipe", "is not a regular file"),
        ("/dev/zero", "is not a regular file"),
        ("https://example.org/a.jpg", "is an address"),
        ("huge.png", "is larger than 1024 MiB"),
        ("text.png", "is not a supported photo"),
        ("grey.png", "has no colours to give"),
        ("loop", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_a_photo_that_cannot_be_used_is_one_line_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, like: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    os.mkfifo("pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "text.png").write_text("root:x:0:0")
    restore.save(GREY, "grey.png")
    restore.save(GREY, "photo.png")
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(2**30 + 1)
    done = CliRunner().invoke(cli, ["run", "colorize", "photo.png", "-s", f"colorize.like={like}"])
    assert isinstance(done.exception, RecipeError)  # which the program ends with status 2 for
    assert words in str(done.exception)
    assert "\n" not in str(done.exception)
    assert len(str(done.exception)) < 500
    assert not (tmp_path / "restored").exists()


def test_a_plan_holds_the_photos_name_and_digest_and_needs_it_no_more(tmp_path: Path) -> None:
    coloured(tmp_path / "one.png")
    plan = Recipe.read(recipe(tmp_path / "mine.toml", "one.png")).plan(GREY)
    (tmp_path / "one.png").unlink()
    assert str(tmp_path) not in repr(plan)
    assert str(tmp_path).encode() not in pickle.dumps(plan)
    plan.save(tmp_path / "plan")
    again = Plan.load(tmp_path / "plan")
    assert again == plan
    np.testing.assert_array_equal(again.render(GREY).samples, plan.render(GREY).samples)


def test_a_plan_is_reused_only_with_the_same_photo(tmp_path: Path) -> None:
    path = recipe(tmp_path / "mine.toml", "one.png")
    coloured(tmp_path / "one.png")
    first = Recipe.read(path).plan(GREY)
    assert Recipe.read(path).plan(GREY, reuse=first).steps[0].effect is first.steps[0].effect
    coloured(tmp_path / "one.png", 1)
    changed = Recipe.read(path).plan(GREY, reuse=first)
    assert changed.steps[0].effect is not first.steps[0].effect


def test_a_photo_that_changes_after_the_recipe_was_read_is_an_error(tmp_path: Path) -> None:
    coloured(tmp_path / "one.png")
    read = Recipe.read(recipe(tmp_path / "mine.toml", "one.png"))
    coloured(tmp_path / "one.png", 1)
    with pytest.raises(RecipeError, match="has changed since the recipe was read"):
        read.plan(GREY, context=restore.Context())


def test_a_recipe_with_a_photo_goes_to_another_process(tmp_path: Path) -> None:
    coloured(tmp_path / "one.png")
    read = Recipe.read(recipe(tmp_path / "mine.toml", "one.png"))
    there = pickle.loads(pickle.dumps(read))
    assert there.toml() == read.toml()
    assert there.plan(GREY).digest() == read.plan(GREY).digest()
