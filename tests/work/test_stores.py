"""A batch from and into a store does what it does with folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from stores import opened

from restore.context import Context
from restore.work import remote
from restore.work.batch import Batch, Request, versions
from restore.work.journal import Journal
from restore.work.pool import Ended


def png(path: Path, seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
    cv2.imwrite(str(path), pixels)
    return path


def content(url: str) -> bytes:
    return remote.read(url)


def restore(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "XDG_STATE_HOME": str(cwd / "state")}
    command = [sys.executable, "-m", "restore", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=240, check=False
    )


def test_from_bucket_to_bucket(tmp_path: Path) -> None:
    with opened("localbucket", tmp_path) as store:
        for number, name in enumerate(("a.png", "box/ü b.png")):
            remote.put(png(tmp_path / "x.png", number), f"{store}/scans/{name}", overwrite=True)
        note = b'[[hints]]\ncolour = "purple"\npoints = [[150, 5]]\n'
        (tmp_path / "note").write_bytes(note)  # a point outside the photo
        remote.put(tmp_path / "note", f"{store}/scans/a.png.hints.toml", overwrite=True)
        command = ("batch", "monochrome", f"{store}/scans", f"{store}/out", "--premis", "--report")
        made = restore(*command, cwd=tmp_path)
        assert made.returncode == 1
        assert f"{store}/scans/a.png.hints.toml" in made.stderr  # hints were fetched
        (tmp_path / "note").write_bytes(note.replace(b"150", b"50"))
        remote.put(tmp_path / "note", f"{store}/scans/a.png.hints.toml", overwrite=True)
        again = restore("batch", "--retry", f"{store}/out", cwd=tmp_path)
        assert again.returncode == 0, again.stderr
        names = {entry.name for entry in remote.find(f"{store}/out")}
        assert {"a.png", "a.png.premis.xml", "box/ü b.png", "SHA256SUMS"} <= names
        page = content(f"{store}/out/report.html").decode()
        assert f"{store}/scans/box/ü b.png" in page
        assert page.count("data:image/webp") == 4  # of two photos, before and after
        assert "restore-" not in page.replace("restore-journal", "")  # no temporary folder
        fine = restore("verify", f"{store}/out", cwd=tmp_path)
        assert (fine.returncode, fine.stdout) == (0, "")
        before = remote.entry(f"{store}/out/a.png")
        remote.put(png(tmp_path / "x.png", 9), f"{store}/scans/a.png", overwrite=True)
        assert "1 restored, 1 done before" in restore(*command, cwd=tmp_path).stderr
        assert remote.entry(f"{store}/out/a.png") != before
        remote.put(png(tmp_path / "x.png", 10), f"{store}/out/a.png", overwrite=True)
        wrong = restore("verify", f"{store}/out", cwd=tmp_path)
        assert wrong.stdout.splitlines() == [f"{store}/out/a.png: has changed"]


class Inline:
    """An engine that does its tasks in this process, so that stores in memory are seen."""

    def run(self, tasks: Iterable[object], tell: object = None) -> Iterator[Ended]:
        for task in tasks:
            try:
                context = Context(threads=1)
                done = task.done(context, lambda share: None, lambda *a: None)
                yield Ended(task, done)
            except remote.PhotoError as error:
                yield Ended(task, error=error)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with opened("memory", tmp_path) as store:
        yield store


def batch(request: Request) -> list[str]:
    """Do a batch; what became of the photos, by name."""
    with Journal.open(request.target) as journal, journal.running(versions()):
        work = Batch(request, journal)
        work.resolve(Inline())
        work.scan()
        return sorted(
            f"{done.path}: {done.error or done.made.results[0].path}"
            for done in work.through(Inline())
        )


def test_a_killed_batch_takes_up_its_own_result(memory: str, tmp_path: Path) -> None:
    remote.put(png(tmp_path / "x.png", 1), f"{memory}/scans/a.png", overwrite=True)
    request = Request("levels", (f"{memory}/scans",), Path(f"{memory}/out"))
    expected = [f"{memory}/scans/a.png: {memory}/out/a.png"]
    assert batch(request) == expected
    with Journal.open(request.target) as journal:  # as if it had been killed after the upload
        journal._db.execute("UPDATE photos SET state = 'begun', begun_as = wanted, made_as = ''")
        journal._db.execute("DELETE FROM results")
    before = content(f"{memory}/out/a.png")
    assert batch(request) == expected
    assert content(f"{memory}/out/a.png") == before


def test_others_objects_stay(memory: str, tmp_path: Path) -> None:
    remote.put(png(tmp_path / "x.png", 1), f"{memory}/scans/a.png", overwrite=True)
    remote.put(png(tmp_path / "x.png", 2), f"{memory}/out/a.png", overwrite=True)
    before = content(f"{memory}/out/a.png")
    (line,) = batch(Request("levels", (f"{memory}/scans",), Path(f"{memory}/out")))
    assert f"{memory}/out/a.png exists, and was not made by this batch" in line
    assert content(f"{memory}/out/a.png") == before


def test_from_a_store_into_a_folder_and_back(memory: str, tmp_path: Path) -> None:
    remote.put(png(tmp_path / "x.png", 1), f"{memory}/scans/a.png", overwrite=True)
    (tmp_path / "x.png").unlink()
    (line,) = batch(Request("levels", (f"{memory}/scans/a.png",), tmp_path / "out"))
    assert line == f"{memory}/scans/a.png: {tmp_path}/out/a.png"
    (line,) = batch(Request("levels", (str(tmp_path / "out"),), Path(f"{memory}/back")))
    assert line == f"{tmp_path}/out/a.png: {memory}/back/a.png"


def test_what_cannot_be_read_is_named_by_its_url(memory: str, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no photo")
    remote.put(tmp_path / "bad.png", f"{memory}/scans/bad.png", overwrite=True)
    (line,) = batch(Request("levels", (f"{memory}/scans",), Path(f"{memory}/out")))
    assert line.startswith(f"{memory}/scans/bad.png: {memory}/scans/bad.png: is not a supported")
