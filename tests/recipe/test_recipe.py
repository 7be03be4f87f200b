"""TOML to steps: what is right, and a clear line for all that is wrong."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore import recipe
from restore.errors import RecipeError
from restore.image.photo import Photo
from restore.recipe import Recipe, toml
from restore.recipe.schema import schema

TWICE = """
title = "Twice"
[[steps]]
use = "levels"
black = 3
[[steps]]
use = "levels"
white = 90
"""
PHOTO = Photo(np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8))


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's own recipe folder."""
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: tmp_path / name)
    folder = tmp_path / "restore" / "recipes"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("name", recipe.names())
def test_every_shipped_recipe_is_right_and_told(name: str) -> None:
    chosen = Recipe.named(name)
    assert chosen.title
    assert chosen.about
    assert chosen.uses


def test_the_recipes_that_must_be_there() -> None:
    named = {"led-concert", "faded-print", "faded-slide", "colorize", "monochrome", "old-photo"}
    assert named <= set(recipe.names())


def test_second_step_of_a_name_is_addressed_by_number() -> None:
    chosen = Recipe.parse(TWICE, "twice").with_settings(
        {"levels#2.black": "7", "levels.gamma": "2"}
    )
    assert chosen.labels == ["levels", "levels#2"]
    assert [dict(use.settings) for use in chosen.uses] == [
        {"black": 3.0, "gamma": 2.0},
        {"white": 90.0, "black": 7.0},
    ]


def test_a_recipe_is_a_step(mine: Path) -> None:
    (mine / "twice.toml").write_text(TWICE)
    (mine / "outer.toml").write_text('[[steps]]\nuse = "twice"\n"levels#2.white" = 80\n')
    inner = Recipe.named("twice").with_settings({"levels#2.white": "80"})
    outer = Recipe.named("outer")
    assert outer.labels == inner.labels
    assert (outer(PHOTO).samples == inner(PHOTO).samples).all()


def test_the_users_own_recipe_comes_first(mine: Path) -> None:
    (mine / "monochrome.toml").write_text(TWICE)
    assert Recipe.named("monochrome").title == "Twice"


def test_a_configuration_folder_that_may_not_be_looked_into_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ("long" * 100)))  # refused to root, too
    assert Recipe.named("monochrome").path is not None
    assert "monochrome" in recipe.names()


def test_the_result_says_what_made_it() -> None:
    result = Recipe.parse(TWICE, "twice")(PHOTO)
    (line,) = result.source.history
    assert "recipe twice" in line
    assert "levels#2(white=90.0)" in line


@pytest.mark.parametrize("name", recipe.names())
def test_a_recipe_can_be_written_and_read_back(name: str) -> None:
    chosen = Recipe.named(name)
    again = Recipe.parse(chosen.toml(), name)
    assert again.toml() == chosen.toml()
    assert again.line() == chosen.line()


WRONG = {
    "no toml": ("steps = [", "bad: is not TOML"),
    "no steps": ('title = "x"', "bad: has no steps"),
    "steps is a text": ('steps = "levels"', "bad: has no steps"),
    "a step that is a number": ("steps = [1]", "bad, step 1: has no `use` key"),
    "unknown step": ('[[steps]]\nuse = "levelz"', 'did you mean "levels"'),
    "unknown setting": ('[[steps]]\nuse = "levels"\nblak = 1', 'did you mean "black"'),
    "unknown key": ('tittle = "x"\n[[steps]]\nuse="levels"', 'did you mean "title"'),
    "out of range": ('[[steps]]\nuse = "levels"\namount = 1.4', "amount = 1.4 is outside 0 … 1"),
    "nan": ('[[steps]]\nuse = "levels"\nblack = nan', "black = nan is outside"),
    "infinity": ('[[steps]]\nuse = "levels"\nblack = inf', "black = inf is outside"),
    "text for a number": ('[[steps]]\nuse = "levels"\nblack = "3"', "is not a number"),
    "bool for a number": ('[[steps]]\nuse = "levels"\nblack = true', "is not a number"),
    "list for a number": ('[[steps]]\nuse = "levels"\nblack = [[[1]]]', "is not a number"),
    "huge number": ('[[steps]]\nuse = "levels"\nblack = 1' + "0" * 5000, "bad"),
    "huge hexadecimal": ('[[steps]]\nuse = "levels"\nblack = [0x' + "f" * 9000 + "]", "64 bits"),
    "huge whole number": ('[[steps]]\nuse = "colorize"\nside = 1' + "0" * 400, "beyond 64 bits"),
    "twice": ('[[steps]]\nuse = "levels"\nblack = 1\nblack = 2', "is not TOML"),
    "zero byte": ('[[steps]]\nuse = "le\0vels"', "is not TOML"),
    "zero byte, escaped": ('[[steps]]\nuse = "le\\u0000vels"', 'there is no step "le?vels"'),
    "deep dots": (".".join("a" * 3000) + " = 1", "bad"),
    "long": ("#" * 70_000, "is longer than 65536 characters"),
    "raw": ('[input]\nraw = "cooked"\n[[steps]]\nuse = "levels"', "raw is not one of"),
    "path as a name": ('[[steps]]\nuse = "../../etc/passwd"', "there is no step"),
    "long name": ('[[steps]]\nuse = "' + "x" * 9000 + '"', "there is no step"),
    "deep": ("a = " + "[" * 30000, "bad"),
    "too many steps": ('[[steps]]\nuse = "levels"\n' * 65, "more than 64 steps"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_recipes_get_one_line(case: str) -> None:
    text, words = WRONG[case]
    with pytest.raises(RecipeError) as caught:
        Recipe.parse(text, "bad")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_wrong_setting_of_an_inner_recipe_names_file_and_step(mine: Path) -> None:
    (mine / "inner.toml").write_text(TWICE)
    (mine / "outer.toml").write_text('[[steps]]\nuse = "inner"\n"levels.blak" = 1\n')
    with pytest.raises(
        RecipeError, match=r"outer.toml, step 1 \(inner\): levels.blak=1: there is no setting"
    ):
        Recipe.named("outer")


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "notepad.toml"
    path.write_text(TWICE, encoding="utf-8-sig")
    assert Recipe.read(path).title == "Twice"


def test_a_recipe_that_uses_itself_is_refused(mine: Path) -> None:
    (mine / "a.toml").write_text('[[steps]]\nuse = "b"')
    (mine / "b.toml").write_text('[[steps]]\nuse = "a"')
    with pytest.raises(RecipeError, match="a > b > a uses itself"):
        Recipe.named("a")


def test_recipes_that_multiply_are_refused_at_once(mine: Path) -> None:
    (mine / "r0.toml").write_text(TWICE)
    for number in range(1, 8):
        (mine / f"r{number}.toml").write_text(f'[[steps]]\nuse = "r{number - 1}"\n' * 9)
    with pytest.raises(RecipeError, match="more than 64 steps"):
        Recipe.named("r7")


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    path.write_text("#" * (toml.LARGEST + 1))
    with pytest.raises(RecipeError, match="larger than"):
        Recipe.read(path)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_recipe_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(data)
    message = ""
    try:
        Recipe.read(path)
    except RecipeError as error:
        message = str(error)
    assert "\n" not in message


def test_the_schema_knows_every_setting() -> None:
    made = schema()
    json.dumps(made)
    entries = made["properties"]["steps"]["items"]["oneOf"]
    levels = next(e for e in entries if e["properties"]["use"].get("const") == "levels")
    assert levels["properties"]["black"]["minimum"] == -50
    assert levels["properties"]["amount"]["default"] == 1
    colorize = next(e for e in entries if e["properties"]["use"].get("const") == "colorize")
    assert colorize["properties"]["side"]["multipleOf"] == 32


def test_the_schema_takes_what_we_take() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    check = jsonschema.Draft202012Validator(schema())
    shipped = recipe.folders()[-1].glob("*.toml")
    for path in shipped:
        check.validate(tomllib.loads(path.read_text()))
    for wrong in ({"use": "levels", "black": 100}, {"use": "hue_blend", "lights": "pink"}):
        assert not check.is_valid({"steps": [wrong]})


def test_a_control_character_can_be_written_and_read_back() -> None:
    odd = Recipe.parse(f'title = "a\\u007f\\u0000b"\n{TWICE.partition("Twice")[2][1:]}', "odd")
    assert odd.title == "a\x7f\0b"
    assert Recipe.parse(odd.toml(), "odd").title == odd.title


def test_a_grey_result_holds_one_channel_only() -> None:
    grey = Photo(np.ascontiguousarray(PHOTO.samples[..., :1]))
    result = Recipe.parse(TWICE, "twice")(grey).samples
    assert result.shape == grey.samples.shape
    assert result.base is not None
    assert result.base.nbytes == grey.samples.nbytes


@pytest.mark.parametrize(
    "key", ["a." * 32_700 + "a", '"." . ' * 10_000 + "a", "[" + "a." * 32_000 + "a]\nb"]
)
def test_a_key_of_endless_dots_costs_nothing(key: str) -> None:
    import tracemalloc

    tracemalloc.start()
    try:
        with pytest.raises(RecipeError, match=r"x.toml: is not TOML: line 1 has more than 64 dots"):
            Recipe.parse(f"{key} = 1", "x.toml")
        with pytest.raises(RecipeError, match=r"colorize\.model"):
            Recipe.named("colorize").with_settings({"colorize.model": f"{{ {key} = 1 }}"})
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()
