"""A plan is data: it travels, is saved, reused and shared, and renders the same everywhere."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from restore import steps
from restore.context import Context
from restore.errors import Cancelled, RecipeError
from restore.image.photo import Photo, Window
from restore.plan import Plan
from restore.recipe import Recipe, names

SMALL = np.ascontiguousarray(data.astronaut()[:240:2, 100:420:2])


@pytest.fixture(scope="module", params=[*names(), *steps.names()])
def planned(request: pytest.FixtureRequest) -> tuple[Plan, Photo]:
    name = request.param
    text = f'steps = [{{use = "{name}"}}]'
    recipe = Recipe.named(name) if name in names() else Recipe.parse(text, name)
    photo = Photo(SMALL)
    return recipe.plan(photo), photo


def test_a_plan_survives_pickling_and_saving(planned: tuple[Plan, Photo], tmp_path: Path) -> None:
    plan, photo = planned
    expected = plan.render(photo).samples
    plan.save(tmp_path / "photo.plan")
    for copy in (pickle.loads(pickle.dumps(plan)), Plan.load(tmp_path / "photo.plan")):
        assert copy == plan
        assert (copy.render(photo).samples == expected).all()
    assert [path.name for path in tmp_path.iterdir()] == ["photo.plan"]


def test_another_process_renders_the_same_bytes(tmp_path: Path) -> None:
    photo = Photo(SMALL)
    plan = Recipe.named("led-concert").plan(photo)
    plan.save(tmp_path / "photo.plan")
    np.save(tmp_path / "photo.npy", SMALL)
    code = (
        "import sys, numpy as np\nfrom restore.plan import Plan\n"
        "from restore.image.photo import Photo\n"
        "plan, photo, result = sys.argv[1:]\n"
        "np.save(result, Plan.load(plan).render(Photo(np.load(photo))).samples)\n"
    )
    paths = [str(tmp_path / name) for name in ("photo.plan", "photo.npy", "result.npy")]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
    assert (np.load(paths[2]) == plan.render(photo).samples).all()


def test_a_window_is_a_crop_of_the_result(planned: tuple[Plan, Photo]) -> None:
    plan, photo = planned
    whole = plan.render(photo).samples
    window = Window(31, 47, 52, 60, photo.size)
    part = plan.render(photo, window=window).samples
    away = np.abs(part.astype(int) - whole[31:83, 47:107].astype(int))
    assert away.max() <= 1  # 8-bit codes: matrix products of other shapes round apart


def test_reuse_takes_over_the_steps_before_the_first_change(monkeypatch) -> None:
    photo, recipe = Photo(SMALL), Recipe.named("led-concert")
    first = recipe.plan(photo)
    label = recipe.labels[-1]
    changed = recipe.with_settings({f"{label}.amount": "0.5"})
    again = changed.plan(photo, reuse=first)
    for before, after in zip(first.steps[:-1], again.steps[:-1], strict=True):
        assert after.effect is before.effect
    assert again == changed.plan(photo)
    other = Photo(np.ascontiguousarray(SMALL[::-1]))
    assert recipe.plan(other, reuse=first).steps[0].effect is not first.steps[0].effect


@pytest.mark.parametrize("name", ["fade", "white_balance", "levels", "monochrome"])
def test_one_odd_photo_does_not_move_the_numbers_of_a_series(name: str) -> None:
    settings = {"levels": ", auto = 0.5"}.get(name, "")
    recipe = Recipe.parse(f'steps = [{{use = "{name}"{settings}}}]', name)
    roll = [Photo(np.ascontiguousarray(np.roll(SMALL, shift, 1))) for shift in (0, 3, 7, 11)]
    odd = Photo((SMALL * (0.2, 0.6, 0.9)).astype(np.uint8))
    plans = [recipe.plan(photo) for photo in roll]
    series = recipe.shared(plans)
    moved = recipe.shared([*plans, recipe.plan(odd)])
    one, two = (recipe.plan(roll[0], like=like) for like in (series, moved))
    away = np.abs(one.render(roll[0]).samples.astype(int) - two.render(roll[0]).samples)
    assert away.max() <= 2  # 8-bit codes
    assert recipe.plan(odd, like=series).steps[0].effect == series.steps[0].effect


def test_a_cancelled_render_stops(planned: tuple[Plan, Photo]) -> None:
    plan, photo = planned
    with pytest.raises(Cancelled):
        plan.render(photo, context=Context(cancelled=lambda: True))


def test_progress_moves_while_planning_and_ends_at_one() -> None:
    shares: list[float] = []
    Recipe.named("led-concert")(Photo(SMALL), context=Context(progress=shares.append))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert sum(share < 0.4 for share in shares) >= 3


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "photo.plan"
    Recipe.parse('steps = [{use = "fade"}]', "fade").plan(Photo(SMALL)).save(path)
    return path


def _rewritten(path: Path, change) -> None:  # type: ignore[no-untyped-def]
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _array(values: np.ndarray, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, values, allow_pickle=allow_pickle)
    return file.getvalue()


HOSTILE = {
    "no archive": lambda members: None,
    "no JSON": lambda members: members.pop("value.json"),
    "a missing array": lambda members: members.pop("0.npy"),
    "a pickle": lambda members: members.update(
        {"0.npy": _array(np.array([{}], dtype=object), allow_pickle=True)}
    ),
    "another shape": lambda members: members.update({"0.npy": _array(np.zeros((5, 7)))}),
    "letters": lambda members: members.update({"0.npy": _array(np.array(["a", "b"]))}),
    "another class": lambda members: members.update(
        {"value.json": members["value.json"].replace(b"fade.Fade", b"posix.system")}
    ),
    "a wrong type": lambda members: members.update(
        {"value.json": members["value.json"].replace(b'"amount": 1', b'"amount": "1"')}
    ),
    "another file": lambda members: members.update({"value.json": json.dumps([1, 2]).encode()}),
    "deep nesting": lambda members: members.update({"value.json": b"[" * 100_000}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_that_is_no_plan_costs_one_line(saved: Path, kind: str) -> None:
    if kind == "no archive":
        saved.write_bytes(b"PK\x03\x04 nothing else")
    else:
        _rewritten(saved, HOSTILE[kind])
    with pytest.raises(RecipeError) as error:
        Plan.load(saved)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(saved))


def test_plans_that_differ_are_not_equal() -> None:
    photo = Photo(SMALL)
    plan = Recipe.named("faded-print").plan(photo)
    assert plan == Recipe.named("faded-print").plan(photo)
    assert plan != replace(plan, grey=True)
    assert plan != Recipe.named("faded-print").plan(Photo(255 - SMALL))
