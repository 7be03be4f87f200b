"""What a batch does, what it leaves alone, and what its journal remembers."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from restore.context import Context
from restore.errors import PhotoError, RecipeError, RestoreError, WeightsError
from restore.work import rolls
from restore.work.batch import Batch, Done, Request
from restore.work.export import export
from restore.work.holding import place
from restore.work.journal import Journal
from restore.work.pool import Ended
from restore.work.table import Table

MONOCHROME = {"monochrome.mix": "luminance"}


class Here:
    """An engine in this process: one task after another."""

    def __init__(self, kill_at: int | None = None, after: bool = False) -> None:
        self.kill_at, self.after, self.context = kill_at, after, Context()

    def run(self, tasks: Iterable[Any], tell: object = None) -> Iterator[Ended]:
        for number, task in enumerate(tasks):
            if number == self.kill_at and not self.after:
                raise KeyboardInterrupt
            try:
                outcome = task.done(self.context, lambda share: None, lambda seconds, what: None)
            except RestoreError as error:
                yield Ended(task, error=error)
            else:
                if number == self.kill_at:
                    raise KeyboardInterrupt  # it has its result, which nobody has heard of
                yield Ended(task, outcome)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three photos in a tree, and a state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for number, name in enumerate(("a.png", "box/a.png", "box/b.jpg")):
        draw(tmp_path / "scans" / name, number)
    return tmp_path


def draw(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    side = 30 - 5 * seed % 30
    pixels = np.random.default_rng(seed).integers(0, 256, (side, 40, 3), np.uint8)
    cv2.imwrite(str(path), pixels)


@pytest.fixture
def restored(folder: Path) -> Callable[..., list[Done]]:
    """Runs a batch of scans/ into out/."""

    def run(engine: Here | None = None, **wishes: Any) -> list[Done]:
        given: dict[str, Any] = {"recipe": "monochrome", "settings": MONOCHROME, **wishes}
        given.setdefault("sources", (str(folder / "scans"),))
        request = Request(target=folder / "out", **given)
        with Journal.open(request.target) as journal, journal.running({}):
            batch = Batch(request, journal)
            batch.resolve(Here())
            batch.scan()
            assert all(batch.share(Here()))
            return list(batch.through(engine or Here()))

    return run


def names(done: list[Done]) -> list[str]:
    return sorted("/".join(Path(one.path).parts[-2:]) for one in done)


ALL = ["box/a.png", "box/b.jpg", "scans/a.png"]
Run = Callable[..., list[Done]]


def test_only_what_is_new_or_changed_is_done_again(folder: Path, restored: Run) -> None:
    first = restored()
    assert names(first) == ALL
    assert [one.error for one in first] == [None] * 3
    sizes = [one.size for one in first]
    assert sizes == sorted(sizes, reverse=True)
    before = (folder / "out/a.png").read_bytes()
    assert restored() == []
    draw(folder / "scans/new.png", 4)
    draw(folder / "scans/box/a.png", 5)
    os.utime(folder / "scans/a.png", (1, 1))  # as another copy of the same photo
    again = restored()
    assert names(again) == ["box/a.png", "scans/a.png", "scans/new.png"]
    assert [Path(one.path).name for one in again if one.made and one.made.kept] == ["a.png"]
    assert (folder / "out/a.png").read_bytes() == before
    assert restored() == []
    assert names(restored(settings={"monochrome.mix": "default"})) == [*ALL, "scans/new.png"]
    (folder / "out/a.png").unlink()
    assert names(restored(settings={"monochrome.mix": "default"})) == ["scans/a.png"]


def test_a_file_that_the_batch_did_not_make_stays(folder: Path, restored: Run) -> None:
    (folder / "out").mkdir()
    (folder / "out/a.png").write_bytes(b"mine")
    (one,) = (one for one in restored() if one.error)
    assert str(one.error).endswith("out/a.png exists, and was not made by this batch")
    (folder / "out/box/a.png").write_bytes(b"edited")  # a result, changed by hand
    draw(folder / "scans/box/a.png", 5)
    (two,) = restored()
    assert "was not made by this batch" in str(two.error)
    assert (folder / "out/a.png").read_bytes() == b"mine"
    assert (folder / "out/box/a.png").read_bytes() == b"edited"


def test_results_beside_their_photos_are_not_taken_for_photos(folder: Path, restored: Run) -> None:
    wishes = {"sources": (str(folder / "out"),), "name": "{folder}/{stem}_restored{suffix}"}
    (folder / "scans").rename(folder / "out")
    with pytest.raises(KeyboardInterrupt):
        restored(Here(1, after=True), **wishes)
    restored(**wishes)
    assert restored(**wishes) == []
    assert len(list((folder / "out").rglob("*.*"))) == 6


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupted_batch_goes_on(folder: Path, restored: Run, after: bool) -> None:
    with pytest.raises(KeyboardInterrupt):
        restored(Here(1, after))
    with Journal.read(folder / "out") as journal:
        assert journal.counts() == {"restored": 1, "begun": 2}
        assert journal.last_run()["how"] == "interrupted"
    results = {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*.*")}
    assert len(results) == 1 + after
    done = restored()
    assert len(done) == 2
    assert not any(one.error for one in done)
    assert all(path.stat().st_mtime_ns == time for path, time in results.items())
    with Journal.read(folder / "out") as journal:
        records = list(journal.records())
        assert [record.state for record in records] == ["restored"] * 3
        assert all(record.results[0].sha256 and record.original for record in records)


def test_another_recipe_after_a_kill_replaces_the_result(folder: Path, restored: Run) -> None:
    with pytest.raises(KeyboardInterrupt):
        restored(Here(0, after=True))
    (result,) = (folder / "out").rglob("*.*")
    before = result.read_bytes()
    done = restored(settings={"monochrome.mix": "default"})
    assert not any(one.error for one in done)
    assert result.read_bytes() != before


def test_failures_are_tried_again_on_request(folder: Path, restored: Run) -> None:
    (folder / "scans/bad.png").write_bytes(b"no photo")
    assert [one.path for one in restored() if one.error] == [str(folder / "scans/bad.png")]
    assert restored() == []
    draw(folder / "photo.png", 1)
    (folder / "photo.png").replace(folder / "scans/bad.png")
    with Journal.open(folder / "out") as journal, journal.running({}):
        assert journal.retry() == 1
        batch = Batch(Request("monochrome", (), folder / "out"), journal)
        (done,) = batch.through(Here())
        assert done.error is None
        assert journal.counts() == {"restored": 4}


def test_what_is_not_the_photos_fault_is_tried_again_by_itself(
    folder: Path, restored: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*arguments: object) -> None:
        raise WeightsError("the network is not installed")

    with monkeypatch.context() as patch:
        patch.setattr("restore.work.tasks.restore_file", missing)
        assert len([one for one in restored() if one.error]) == 3
    assert not any(one.error for one in restored())


def test_a_target_has_one_batch_at_a_time(folder: Path, restored: Run) -> None:
    target = folder / "out"
    with (
        Journal.open(target),
        pytest.raises(RestoreError, match="another batch is working on it"),
        Journal.open(target),
    ):
        pass
    restored()
    with Journal.open(target, dry=True) as copy, copy.running({}):
        assert copy.counts() == {"restored": 3}
        copy.fail(str(folder / "scans/a.png"), "in the copy only")
        assert copy.counts() == {"restored": 2, "failed": 1}
    with Journal.read(target) as journal:
        assert journal.counts() == {"restored": 3}


def test_auto_copies_what_needs_nothing(folder: Path, restored: Run) -> None:
    y, x = np.mgrid[0:200, 0:300].astype(np.float32)
    lab = np.stack([20 + y * 0.4, 40 * np.sin(x / 9), 40 * np.cos(y / 7)], -1).astype(np.float32)
    pixels = cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)
    grey = np.repeat(np.linspace(0, 255, 300, dtype=np.uint8)[None], 200, 0)
    (folder / "mixed").mkdir()
    cv2.imwrite(str(folder / "mixed/colours.png"), (pixels.clip(0, 1) * 255).astype(np.uint8))
    cv2.imwrite(str(folder / "mixed/grey.png"), grey)
    wishes = {"recipe": "auto", "settings": {}, "sources": (str(folder / "mixed"),)}
    done = {Path(one.path).name: one.made for one in restored(**wishes)}
    made = {name: made and made.record.get("name", made.state) for name, made in done.items()}
    assert made["grey.png"] in ("colorize", "old-photo")
    assert made["colours.png"] == "copied"
    copy = folder / "out/colours.png"
    assert copy.read_bytes() == (folder / "mixed/colours.png").read_bytes()
    assert copy.stat().st_mtime_ns == (folder / "mixed/colours.png").stat().st_mtime_ns
    assert restored(**wishes) == []
    with pytest.raises(RecipeError, match="auto has no settings"):
        restored(recipe="auto")


def test_a_table_gives_photos_their_own(folder: Path, restored: Run) -> None:
    table = folder / "scans/table.csv"
    table.write_text(
        "path,recipe,settings,monochrome.mix\n"
        "box/*,,,default\n"
        "box/b.jpg,levels,levels.black=3; levels.amount=0.5,\n"
        "none.png,,,\n"
    )
    restored(table=str(table))
    with Journal.read(folder / "out") as journal:
        wishes = {Path(r.due.path).name: (r.due.recipe, r.due.settings) for r in journal.records()}
    assert wishes["b.jpg"] == ("levels", {"levels.black": "3", "levels.amount": "0.5"})
    table.write_text(table.read_text().replace("levels.black=3", "levels.black=4"))
    assert names(restored(table=str(table))) == ["box/b.jpg"]
    toml = folder / "table.toml"
    toml.write_text('["box/*"]\nmonochrome.mix = "default"\n["b.png"]\nrecipe = "fade"\n')
    rows = Table.read(toml).rows
    assert [(row.recipe, row.settings) for row in rows] == [
        ("", {"monochrome.mix": "default"}), ("fade", {}),
    ]  # fmt: skip


def test_photos_of_one_result(folder: Path, restored: Run) -> None:
    done = restored(name="{stem}{suffix}")
    assert names(done) == ["box/b.jpg", "scans/a.png"]
    with Journal.read(folder / "out") as journal:
        (failed,) = journal.records("failed")
    assert failed.error.endswith(f"out/a.png is the result of {folder / 'scans/a.png'}")


def test_a_watched_photo_is_taken_when_it_has_come_to_rest(folder: Path) -> None:
    request = Request("monochrome", (str(folder / "scans"),), folder / "out", watch=True)
    with Journal.open(request.target) as journal, journal.running({}):
        batch = Batch(request, journal)
        batch.resolve(Here())
        batch.scan()
        assert journal.counts() == {"seen": 3}
        draw(folder / "scans/a.png", 7)
        batch.scan()
        assert journal.counts() == {"seen": 1, "waiting": 2}
        batch.scan()
        assert journal.counts() == {"waiting": 3}
        (first, *_) = journal.claim(3)
        draw(Path(first.due.path), 8)  # while it is worked on
        batch.scan()
        assert journal.counts() == {"begun": 3}


def test_the_export(folder: Path, restored: Run) -> None:
    odd = folder / "scans" / os.fsdecode(b"\xff.png")
    odd.write_bytes((folder / "scans/a.png").read_bytes())
    restored()
    with Journal.open(folder / "out") as journal:
        path = Path(export(journal))
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [os.fsencode(line["path"]) for line in lines][-1] == os.fsencode(odd)
        first = lines[0]
        assert first["results"][0]["path"] == "a.png"
        assert (
            len(first["sha256"]) == len(first["plan_sha256"]) == len(first["recipe_sha256"]) == 64
        )
        assert Path(export(journal)) == path
        path.write_text("mine")
        with pytest.raises(PhotoError, match="was not written by this batch"):
            export(journal)
    assert place(folder / "out").parent == folder / "state/restore/batches"


def test_frames_of_a_roll_agree(folder: Path, restored: Run) -> None:
    recipe = folder / "roll.toml"
    recipe.write_text('[[steps]]\nuse = "levels"\nauto = 1\n[[steps]]\nuse = "monochrome"\n')
    pixels = np.random.default_rng(1).integers(60, 180, (40, 60, 3), np.uint8)
    (folder / "scans/roll7").mkdir()
    for number, brighter in enumerate((0, 4, 8, 70)):
        cv2.imwrite(str(folder / f"scans/roll7/{number}.png"), pixels + np.uint8(brighter))
    wishes = {"recipe": str(recipe), "settings": {}}
    alone = restored(**wishes)
    assert not any(one.error for one in alone)
    before = [cv2.imread(str(folder / f"out/roll7/{n}.png")).mean() for n in range(4)]
    assert np.ptp(before) < 2
    rolled = restored(**wishes, like=("roll7/*",))
    assert names(rolled) == [f"roll7/{number}.png" for number in range(4)]
    after = [cv2.imread(str(folder / f"out/roll7/{n}.png")).mean() for n in range(4)]
    assert after[0] < after[1] < after[2] < after[3] - 20
    with Journal.read(folder / "out") as journal:
        departs = {Path(r.due.path).name: r.departs for r in journal.records() if r.due.roll}
        far = [departs[f"{number}.png"] or 0 for number in range(4)]
        assert far[3] > 5 * max(far[:3]) > 0
        assert not list(rolls.folder(journal).glob("*-*.plan"))
    cv2.imwrite(str(folder / "scans/roll7/4.png"), pixels)
    assert names(restored(**wishes, like=("roll7/*",))) == ["roll7/4.png"]
    last = cv2.imread(str(folder / "out/roll7/4.png")), cv2.imread(str(folder / "out/roll7/0.png"))
    assert (last[0] == last[1]).all()
    with pytest.raises(RecipeError, match="no step whose plan a roll can share"):
        restored(recipe="denoise", settings={}, like=("roll7/*",))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE meta SET value = 'x' WHERE key = 'version'",
        "UPDATE photos SET settings = 'nope', record = '['",
        "UPDATE runs SET versions = 'nope'",
    ],
)
def test_a_damaged_journal_is_one_line(folder: Path, restored: Run, change: str) -> None:
    restored()
    with sqlite3.connect(place(folder / "out")) as database:
        database.execute(change)
    with pytest.raises(RestoreError, match=str(place(folder / "out"))):
        read(folder / "out")


def read(target: Path) -> None:
    with Journal.open(target) as journal:
        list(journal.records("restored"))
        journal.versions()


def test_a_journal_that_is_a_folder_is_one_line(folder: Path) -> None:
    place(folder / "out").mkdir(parents=True)
    with pytest.raises(RestoreError, match="cannot be read"), Journal.read(folder / "out"):
        pass


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"target": 1, "sources": 2, "like": 3}'])
def test_a_damaged_request_is_one_line(text: str) -> None:
    with pytest.raises(RestoreError, match="repeat the whole command"):
        Request.from_json(text)
