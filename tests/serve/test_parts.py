"""Parts of the page's server: who goes first, which hosts are ours, what is remembered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from restore.errors import Cancelled, RecipeError
from restore.image.photo import Photo
from restore.recipe import Recipe
from restore.serve import chains, edits
from restore.serve.exports import free
from restore.serve.guard import Guard
from restore.serve.proxies import KeptProxy
from restore.serve.remembering import Remembering
from restore.serve.views import Line


def test_the_most_urgent_goes_first_and_the_others_in_their_order() -> None:
    done: list[str] = []

    async def work(line: Line, name: str, urgency: int) -> None:
        async with line.turn(urgency):
            await asyncio.sleep(0)
            done.append(name)

    async def all_at_once() -> None:
        line = Line()
        asked = [("first", 2), ("card", 2), ("thumbnail", 1), ("thumbnail 2", 1), ("info", 0)]
        await asyncio.gather(*(work(line, name, urgency) for name, urgency in asked))

    asyncio.run(all_at_once())
    assert done == ["first", "info", "thumbnail", "thumbnail 2", "card"]


def test_a_failure_or_a_cancelled_wait_does_not_hold_up_the_line() -> None:
    async def together() -> str:
        line = Line()

        async def failing() -> None:
            async with line.turn():
                await asyncio.sleep(0.02)
                raise Cancelled("no longer wanted")

        async def waiting() -> str:
            async with line.turn():
                return "served"

        failed = asyncio.create_task(failing())
        await asyncio.sleep(0)
        gone, served = asyncio.create_task(waiting()), asyncio.create_task(waiting())
        await asyncio.sleep(0)
        gone.cancel()
        results = await asyncio.gather(failed, gone, served, return_exceptions=True)
        assert isinstance(results[0], Cancelled)
        assert isinstance(results[1], asyncio.CancelledError)
        return str(results[2])

    assert asyncio.run(asyncio.wait_for(together(), 5)) == "served"


@pytest.mark.parametrize(
    ("listening", "host", "served"),
    [
        ("127.0.0.1", "192.168.1.5:8765", False),
        ("127.0.0.1", "archive.local:8765", False),
        ("0.0.0.0", "192.168.1.5:8765", True),
        ("0.0.0.0", "evil.example:8765", False),
        ("archive.local", "archive.local:8765", True),
    ],
)
def test_a_page_for_the_network_has_no_other_names(listening: str, host: str, served: bool) -> None:
    status: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        status.append(message.get("status", 0))

    scope = {
        "type": "http",
        "scheme": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"host", host.encode())],
    }
    asyncio.run(Guard(app, "secret", listening)(scope, receive, send))
    assert (status[0] == 200) == served


def test_the_command_line_has_what_was_changed() -> None:
    recipe = Recipe.named("faded-print")
    assert edits.command(recipe) == "restore run faded-print PHOTOS"
    changed = recipe.with_settings({"fade.amount": 0.5, "levels.tone": 0.25})
    command = "restore run faded-print PHOTOS -s fade.amount=0.5 -s levels.tone=0.25"
    assert edits.command(changed) == command


def test_recipes_for_films_are_not_offered_for_photos() -> None:
    names = {edit["name"] for edit in edits.listed_recipes()}
    assert {"faded-print", "old-photo"} <= names
    assert not names & {"faded-film", "old-film"}
    assert set(edits.FILM) <= {step["name"] for step in edits.listed_steps()}


def test_an_edit_comes_back_as_its_recipe() -> None:
    recipe = Recipe.named("led-concert").with_settings({"colorize.vividness": 0.5})
    same = edits.recipe_of(edits.edit_of(recipe))
    assert same is not None
    assert same.toml() == recipe.toml()
    assert same.line() == recipe.line()


def test_a_request_names_no_photo_but_those_of_the_users_own_recipe(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: tmp_path / name)
    folder = tmp_path / "restore" / "recipes"
    folder.mkdir(parents=True)
    for name in ("mine.png", "other.png"):
        cv2.imwrite(str(folder / name), np.zeros((8, 8, 3), np.uint8))
    (folder / "mine.toml").write_text('[[steps]]\nuse = "colorize"\nlike = "mine.png"\n', "utf-8")
    edit = edits.edit_of(Recipe.named("mine"))
    same = edits.recipe_of(edit)
    assert same is not None
    assert same.uses == Recipe.named("mine").uses
    for like in (str(folder / "other.png"), "mine.png", "/dev/zero"):
        edit["steps"][0]["settings"]["like"] = like
        with pytest.raises(RecipeError, match="cannot be set here"):
            edits.recipe_of(edit)
    form = next(step for step in edits.listed_steps() if step["name"] == "colorize")
    assert "like" not in [setting["name"] for setting in form["settings"]]


def test_a_name_that_is_taken_or_given_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "scan.tif").touch()
    given = {tmp_path / "scan-2.tif"}
    assert free(tmp_path / "scan.tif", given) == tmp_path / "scan-3.tif"
    assert free(tmp_path / "other.tif", given) == tmp_path / "other.tif"


def test_a_network_is_asked_once_for_the_same() -> None:
    asked: list[int] = []

    class Doubling:
        engine = "test"

        def __call__(self, values: Any, **others: Any) -> Any:
            asked.append(len(others))
            return values * 2

    context = Remembering()
    network = context.network("key", Doubling)
    values = np.ones((1, 1, 4, 4), np.float32)
    first = network(values)
    first[:] = 0
    assert (network(values) == 2).all()
    assert (network(values + 1) == 4).all()
    network(values, hints=values)
    assert asked == [0, 0, 1]
    assert replace(context, memory=1).network("key", Doubling) is network
    assert network.engine == "test"


def test_a_slider_that_moves_is_recognised() -> None:
    photo = Photo(np.random.default_rng(0).integers(40, 200, (60, 80, 3), np.uint8))
    recipe = Recipe.named("faded-print")
    plan = recipe.plan(photo)
    assert chains.moved(recipe.with_settings({"fade.amount": 0.4}), plan) == 0
    assert chains.moved(recipe.with_settings({"levels.tone": 0.4}), plan) == 1
    both = {"fade.amount": 0.4, "levels.tone": 0.4}
    assert chains.moved(recipe.with_settings(both), plan) is None
    assert chains.moved(Recipe.named("colorize"), plan) is None
    effect = plan.steps[0].effect
    weaker = chains.of_amount(effect, {}, {"amount": 0.4})
    assert weaker == recipe.with_settings({"fade.amount": 0.4}).plan(photo).steps[0].effect
    assert chains.of_amount(effect, {}, {"amount": 0.4, "other": 1}) is None


def test_a_kept_proxy_gives_the_plan_of_a_plain_one() -> None:
    photo = Photo(np.random.default_rng(0).integers(40, 200, (60, 80, 3), np.uint8))
    recipe = Recipe.named("faded-print")
    kept = KeptProxy.of(photo.proxy())
    first = recipe.plan(kept)
    changed = recipe.with_settings({"levels.tone": 0.5})
    again = changed.plan(kept, reuse=first)
    plain = changed.plan(photo)
    assert again.steps[0].effect is first.steps[0].effect
    assert again.steps == plain.steps
