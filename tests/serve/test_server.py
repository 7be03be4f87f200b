"""What the page's server sends back, without a browser: previews, tiles, hints, exports."""

from __future__ import annotations

import json
import multiprocessing
import os
import struct
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from restore import files
from restore.cli import cli
from restore.image import notes
from restore.image.photo import Photo
from restore.recipe import Recipe

FADED = {
    "name": "fade",
    "raw": "developed",
    "steps": [{"use": "fade", "on": True, "settings": {"amount": 0.5}}],
}


def both(reply: Any) -> tuple[dict[str, Any], bytes]:
    assert reply.status_code == 200, reply.text
    (length,) = struct.unpack(">I", reply.content[:4])
    return json.loads(reply.content[4 : 4 + length]), reply.content[4 + length :]


def preview(client: TestClient, photo: str, edit: object = FADED, **more: object) -> Any:
    body = {"photo": photo, "edit": edit, "hints": [], **more}
    return client.post("/api/views/a/preview", json=body)


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"steps": [{"use": "nothing"}]},
        {"steps": [{"use": "../levels"}]},
        {"steps": [{"use": "fade", "settings": {"amount": 7}}]},
        {"steps": [{"use": "fade", "settings": {"amount": "1"}}]},
        {"steps": [{"use": "fade"}] * 65},
        {"steps": [{"use": "fade"}], "raw": "x"},
        {"steps": [{"use": "fade"}], "title": "x" * 1000},
    ],
)
def test_wrong_edits_are_refused_in_words(client: TestClient, edit: object) -> None:
    reply = client.post("/api/toml", json=edit)
    assert reply.status_code in (400, 422)
    assert reply.json()["error"]


def test_a_preview_shows_the_recipe(client: TestClient, photos: dict[str, str]) -> None:
    facts, picture = both(preview(client, photos["one.png"]))
    shape = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape
    assert shape == (72, 96, 3)
    assert facts["findings"][0]["label"] == "fade"
    assert len(facts["histogram"]) == 3
    assert facts["command"] == "restore run fade PHOTOS -s fade.amount=0.5"


def test_a_sketch_is_like_the_preview(client: TestClient, photos: dict[str, str]) -> None:
    steps = [{"use": "fade", "settings": {"amount": 1}}, {"use": "levels", "settings": {"tone": 1}}]
    for amount in (0.2, 0.9):
        steps[0]["settings"]["amount"] = amount  # type: ignore[index]
        shown = [
            cv2.imdecode(np.frombuffer(both(reply)[1], np.uint8), cv2.IMREAD_COLOR).astype(float)
            for reply in (
                preview(client, photos["one.png"], {"steps": steps}, sketch=True),
                preview(client, photos["one.png"], {"steps": steps}),
            )
        ]
        assert np.abs(shown[0] - shown[1]).mean() < 6  # 8-bit codes


def test_tiles_are_the_pixels_of_the_result(
    client: TestClient, photos: dict[str, str], folder: Path
) -> None:
    facts, _ = both(preview(client, photos["one.png"]))
    base = f"/api/views/a/photos/{photos['one.png']}"
    tile = client.get(f"{base}/plans/{facts['number']}/tiles/0/0/0")
    recipe = Recipe.named("fade").with_settings({"fade.amount": 0.5})
    expected = recipe(files.load(folder / "one.png")).samples
    shown = cv2.imdecode(np.frombuffer(tile.content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(shown, expected)
    original = client.get(f"{base}/tiles/0/0/0")
    shown = cv2.imdecode(np.frombuffer(original.content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(shown, files.load(folder / "one.png").samples)
    assert client.get(f"{base}/tiles/0/9/0").status_code == 422


def test_work_of_an_older_plan_is_dropped(client: TestClient, photos: dict[str, str]) -> None:
    old, _ = both(preview(client, photos["one.png"]))
    new, _ = both(preview(client, photos["one.png"]))
    plans = f"/api/views/a/photos/{photos['one.png']}/plans"
    assert client.get(f"{plans}/{old['number']}/tiles/0/0/0").status_code == 409
    assert client.get(f"{plans}/{new['number']}/tiles/0/0/0").status_code == 200


def test_warming_up_changes_nothing(client: TestClient, photos: dict[str, str]) -> None:
    facts, picture = both(preview(client, photos["one.png"]))
    plans = f"/api/views/a/photos/{photos['one.png']}/plans"
    assert client.post(f"{plans}/{facts['number']}/warm", json={}).status_code == 204
    assert client.post(f"{plans}/{facts['number'] - 1}/warm", json={}).status_code == 409
    assert client.get(f"{plans}/{facts['number']}/tiles/0/0/0").status_code == 200
    assert both(preview(client, photos["one.png"]))[1] == picture


def test_maps_are_shown_and_unknown_ones_refused(
    client: TestClient, photos: dict[str, str]
) -> None:
    facts, _ = both(preview(client, photos["one.png"]))
    maps = f"/api/views/a/photos/{photos['one.png']}/plans/{facts['number']}/maps"
    marks = cv2.imdecode(
        np.frombuffer(client.get(f"{maps}/clipping").content, np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert marks.shape == (72, 96)
    assert client.get(f"{maps}/other").status_code == 422


def test_a_file_with_several_pages_says_so(
    client: TestClient, photos: dict[str, str], folder: Path
) -> None:
    pages = [Photo(np.full((20, 30, 3), 90, np.uint8))] * 3
    files.save(pages, folder / "pages.tif")
    try:
        listed = client.get("/api/session").json()["photos"]
        (id,) = (photo["id"] for photo in listed if photo["name"] == "pages.tif")
        assert both(client.get(f"/api/views/a/photos/{id}/before"))[0]["pages"] == 3
        id = photos["one.png"]
        assert both(client.get(f"/api/views/a/photos/{id}/before"))[0]["pages"] == 1
    finally:
        (folder / "pages.tif").unlink()
        client.get("/api/session")


def test_a_broken_file_costs_only_itself(client: TestClient, photos: dict[str, str]) -> None:
    reply = preview(client, photos["broken.jpg"])
    assert reply.status_code == 422
    assert "broken.jpg" in reply.json()["error"]
    assert client.get(f"/api/photos/{photos['broken.jpg']}/thumbnail").status_code == 422
    assert preview(client, photos["one.png"]).status_code == 200


def test_a_crash_of_the_process_costs_one_answer(
    client: TestClient, photos: dict[str, str]
) -> None:
    facts, _ = both(preview(client, photos["one.png"]))
    for child in multiprocessing.active_children():
        child.kill()
    plan = f"/api/views/a/photos/{photos['one.png']}/plans/{facts['number']}"
    assert client.get(f"{plan}/tiles/0/0/0").status_code in (409, 422)
    assert preview(client, photos["one.png"]).status_code == 200


def test_a_closed_tab_ends_its_process(client: TestClient, photos: dict[str, str]) -> None:
    body = {"photo": photos["one.png"], "edit": FADED}
    before = len(multiprocessing.active_children())
    assert client.post("/api/views/b/preview", json=body).status_code == 200
    assert len(multiprocessing.active_children()) == before + 1
    assert client.delete("/api/views/b").status_code == 204
    assert len(multiprocessing.active_children()) == before
    assert client.delete("/api/views/b").status_code == 204


def test_a_further_tab_takes_over_the_process_of_the_longest_unused(
    client: TestClient, photos: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restore.serve.views.VIEWS", 1)
    body = {"photo": photos["one.png"], "edit": FADED}
    facts, _ = both(client.post("/api/views/a/preview", json=body))
    before = len(multiprocessing.active_children())
    assert client.post("/api/views/c/preview", json=body).status_code == 200
    assert len(multiprocessing.active_children()) == before
    plan = f"/api/views/a/photos/{photos['one.png']}/plans/{facts['number']}"
    assert client.get(f"{plan}/tiles/0/0/0").status_code == 409  # and the page plans anew
    assert client.post("/api/views/a/preview", json=body).status_code == 200


def test_hints_are_kept_beside_the_photo(
    client: TestClient, photos: dict[str, str], folder: Path
) -> None:
    address = f"/api/photos/{photos['two.png']}/hints"
    assert client.get(address).json() == {"hints": []}
    given = [
        {"colour": [40, 20, -30.5], "points": [[10, 20.5]], "shape": "points"},
        {"colour": "#7a5230", "points": [[0, 0], [50, 50], [100, 0]], "shape": "stroke"},
    ]
    assert client.put(address, json={"hints": given}).status_code == 204
    beside = notes.beside(folder / "two.png").hints
    assert [hint.shape for hint in beside] == ["points", "stroke"]
    assert beside[0].colour == (40, 20, -30.5)
    assert client.get(address).json()["hints"][0] == given[0]
    points: tuple[object, ...] = ([[1, 101]], [[10**400, 1]])
    for wrong in ([{"colour": "x"}], *([{**given[0], "points": p}] for p in points), "x", [[]]):
        assert client.put(address, json={"hints": wrong}).status_code == 422
    assert client.put(address, json={"hints": []}).status_code == 204
    assert not (folder / "two.png.hints.toml").exists()


def test_marks_are_kept_beside_the_photo_with_the_hints(
    client: TestClient, photos: dict[str, str], folder: Path
) -> None:
    address = f"/api/photos/{photos['two.png']}/hints"
    given = [
        {"colour": [40, 20, -30.5], "points": [[10, 20.5]], "shape": "points"},
        {"kind": "grey", "points": [[30, 40]], "shape": "points", "width": 2},
        {"kind": "damage", "points": [[0, 0], [50, 50]], "shape": "stroke", "width": 1.5},
        {"kind": "keep", "points": [[1, 1], [9, 1], [9, 9]], "shape": "region", "width": 2},
    ]
    assert client.put(address, json={"hints": given}).status_code == 204
    noted = notes.beside(folder / "two.png")
    assert [mark.kind for mark in noted.marks] == ["grey", "damage", "keep"]
    assert noted.marks[1].width == 1.5
    assert client.get(address).json()["hints"] == given
    wrongs: tuple[object, ...] = (
        {"kind": "x"},
        {"width": 1e300},
        {"width": "2"},
        {"width": -1},
        {"points": [[1, 2]] * 501},
        {"points": [[1, 10**400]]},
        {"kind": ["grey"]},
    )
    for wrong in wrongs:
        reply = client.put(address, json={"hints": [{**given[2], **wrong}]})  # type: ignore[dict-item]
        assert reply.status_code == 422
        assert "\n" not in reply.json()["error"]
    many = [{**given[2], "points": [[k / 7, 3.3333] for k in range(500)]}] * 40
    assert "is larger than" in client.put(address, json={"hints": many}).json()["error"]
    assert client.put(address, json={"hints": []}).status_code == 204


def test_a_preview_follows_its_marks_and_plans_no_more_than_they_change(
    client: TestClient, photos: dict[str, str]
) -> None:
    steps = [{"use": "levels", "settings": {"black": 5}}, {"use": "scratches"}, {"use": "fade"}]
    edit = {"name": "", "steps": steps}

    def followed(*marks: dict[str, Any]) -> list[str]:
        facts, _ = both(preview(client, photos["one.png"], edit=edit, hints=list(marks)))
        values = [{one["name"]: one["text"] for one in row["values"]} for row in facts["findings"]]
        return [row.get("marks followed", "") for row in values[1:]]

    grey = {"kind": "grey", "points": [[30, 40]], "shape": "points"}
    damage = {"kind": "damage", "points": [[60, 60]], "shape": "points", "width": 10}
    assert followed() == ["", ""]
    assert followed(grey) == ["", "1"]
    assert followed(grey, damage) == ["1", "1"]
    assert followed(damage) == ["1", ""]


def test_a_saved_recipe_is_found_by_the_command_line(client: TestClient) -> None:
    body = {"edit": FADED, "name": "album-1974", "title": "Album", "about": "1974"}
    assert client.post("/api/recipes", json=body).status_code == 200
    recipe = Recipe.named("album-1974")
    assert dict(recipe.uses[0].settings) == {"amount": 0.5}
    again = client.post("/api/recipes", json=body)
    assert again.status_code == 422
    assert "exists already" in again.json()["error"]
    assert client.post("/api/recipes", json={**body, "overwrite": True}).status_code == 200


@pytest.mark.parametrize("name", ["", "../x", "a/b", "X", ".x", "fade", "faded-print", "x" * 65])
def test_names_of_recipes_are_checked(client: TestClient, name: str) -> None:
    assert client.post("/api/recipes", json={"edit": FADED, "name": name}).status_code == 422


def finished(client: TestClient, number: int) -> dict[str, Any]:
    for _ in range(600):
        facts: dict[str, Any] = client.get(f"/api/exports/{number}").json()
        if facts["state"] != "running":
            return facts
        time.sleep(0.05)
    raise AssertionError("the export did not end")


def test_an_export_is_what_the_command_line_writes(
    client: TestClient,
    photos: dict[str, str],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    before = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    recipes = client.get("/api/session").json()["recipes"]
    edit = next(one for one in recipes if one["name"] == "faded-print")
    edit["steps"][0]["settings"]["amount"] = 0.5
    names = ("one.png", "two.png", "broken.jpg")
    asked = [{"photo": photos[name], "edit": edit} for name in names]
    reply = client.post("/api/exports", json={"photos": asked})
    facts = finished(client, reply.json()["export"])
    failed = {row["id"] for row in facts["rows"] if "error" in row}
    assert failed == {photos["broken.jpg"]}
    assert len(facts["rows"]) == 3
    arguments = ["run", "faded-print", str(folder / "one.png"), "-s", "fade.amount=0.5"]
    CliRunner().invoke(cli, [*arguments, "-o", str(tmp_path)], catch_exceptions=False)
    written = folder / "restored" / "one.png"
    assert written.read_bytes() == (tmp_path / "one.png").read_bytes()
    # once more: neither the results nor the originals are replaced
    reply = client.post("/api/exports", json={"photos": asked[:1]})
    facts = finished(client, reply.json()["export"])
    assert facts["rows"][0]["path"] == str(folder / "restored" / "one-2.png")
    assert {path.name: path.read_bytes() for path in folder.glob("*.png")} == before


def test_an_export_can_be_cancelled(client: TestClient, photos: dict[str, str]) -> None:
    asked = [{"photo": photos["one.png"], "edit": FADED}] * 100
    number = client.post("/api/exports", json={"photos": asked}).json()["export"]
    client.delete(f"/api/exports/{number}")
    assert finished(client, number)["state"] == "cancelled"


@pytest.mark.skipif(os.name == "nt", reason="links ask for a privilege")
def test_a_photo_that_came_to_lead_elsewhere_is_refused(
    client: TestClient, photos: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    path, kept = folder / "two.png", tmp_path / "two.png"
    path.rename(kept)
    path.symlink_to(kept)
    try:
        assert preview(client, photos["two.png"]).status_code == 422
    finally:
        path.unlink()
        kept.replace(path)
