"""`restore batch` as it is typed: output, exit status, Ctrl-C, kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

COMMAND = [sys.executable, "-m", "restore", "batch"]
SLOW = "import sys, time, restore.work.tasks as t\nd = t.Restore.done\n" + (
    "t.Restore.done = lambda *a: (time.sleep(0.4), d(*a))[1]\n"
    "import restore.cli\nrestore.cli.main()"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six small photos and a file that is none."""
    (tmp_path / "scans/box").mkdir(parents=True)
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 30, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "scans" / ("box" * (number % 2)) / f"{number}.png"), pixels)
    (tmp_path / "scans/bad.png").write_bytes(b"no photo")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "NO_COLOR": "1", "XDG_STATE_HOME": str(folder / "state")}


def batch(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=cwd, env=environment(cwd),
        timeout=240, check=False,
    )  # fmt: skip


def test_a_batch_from_its_plan_to_its_status(folder: Path) -> None:
    plan = batch("monochrome", "scans", "out", "--dry-run", cwd=folder)
    assert sorted(map(os.path.basename, plan.stdout.split())) == [
        *(f"{number}.png" for number in range(6)), "bad.png",
    ]  # fmt: skip
    assert not (folder / "out").exists()
    assert not (folder / "state").exists()
    made = batch("monochrome", "scans", "out", "--json", "-j", "2", "--report", cwd=folder)
    assert made.returncode == 1
    lines = [json.loads(line) for line in made.stdout.splitlines()]
    assert sorted(line["status"] for line in lines) == ["failed", *["restored"] * 6]
    assert all(Path(line["result"]).exists() for line in lines if line["status"] == "restored")
    errors = made.stderr.splitlines()
    assert errors[-3:] == [
        "6 restored, 1 failed", f"journal: {folder}/out/restore-journal.jsonl",
        f"report: {folder}/out/report.html",
    ]  # fmt: skip
    assert "bad.png" in (folder / "out/report.html").read_text("utf-8")
    assert errors[0].startswith(f"failed: {folder}/scans/bad.png: is not a supported photo")
    again = batch("monochrome", "scans", "out", "--report", cwd=folder)
    assert again.returncode == 1
    assert f"report: {folder}/out/report.html" in again.stderr  # its own is replaced
    assert again.stderr.startswith("6 done before, 1 failed before (--retry tries them again)")
    (folder / "scans/bad.png").write_bytes((folder / "scans/0.png").read_bytes())
    assert batch("--retry", "out", cwd=folder).stderr.startswith("1 restored\n")
    status = json.loads(batch("--status", "out", "--json", cwd=folder).stdout)
    assert (status["restored"], status["failed"], status["waiting"]) == (7, 0, 0)
    assert status["last_run"]["how"] == "finished"
    assert status["changed"] == status["missing"] == []


def test_the_status_names_results_that_were_edited_or_deleted_since(folder: Path) -> None:
    batch("monochrome", "scans", "out", cwd=folder)
    edited, longer, deleted, touched = (
        next((folder / "out").rglob(f"{number}.png")) for number in range(4)
    )
    content = edited.read_bytes()
    edited.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    longer.write_bytes(content + b"more")
    deleted.unlink()
    touched.touch()
    status = json.loads(batch("--status", "out", "--json", cwd=folder).stdout)
    assert status["restored"] == 6
    assert sorted(status["changed"]) == sorted(map(str, (edited, longer)))
    assert status["missing"] == [str(deleted)]
    lines = batch("--status", "out", cwd=folder).stdout.splitlines()
    assert f"  changed since: {edited}" in lines
    assert f"  missing since: {deleted}" in lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("monochrome scans", "give a RECIPE, at least one SOURCE, and a TARGET"),
        ("scans/0.png", "such as: restore batch auto scans/0.png restored"),
        ("scans out", "such as: restore batch auto scans restored"),
        ("scans auto out", "such as: restore batch auto scans restored"),
        ("monochrome scans scans/0.png", "TARGET is a folder; "),
        ("--status", "give the TARGET only"),
        ("--status out", "there is no journal"),
        ("monochrom scans out", 'did you mean "monochrome"'),
        ("monochrome scans out --name {stem}", "must have {stem}, end with {suffix}"),
        ("monochrome scans out --settings gone.csv", "gone.csv: cannot be read"),
        ("auto scans out -s fade.amount=1", "auto has no settings"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(
    folder: Path, arguments: str, words: str
) -> None:
    done = batch(*arguments.split(), cwd=folder)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (folder / "out").exists()


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_leaves_a_batch_that_goes_on(folder: Path, presses: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "batch", "monochrome", "scans", "out", "-j", "1", "--json"],
        cwd=folder, env=environment(folder), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as at a terminal
    )  # fmt: skip
    assert process.stdout
    assert json.loads(process.stdout.readline())["status"] == "restored"
    for _ in range(presses):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(1.2 * (presses - 1))
    out, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    if presses == 1:
        assert "finishing the photos in hand" in told
        assert len(out.splitlines()) <= 1  # the one in hand, if the next had been begun
        assert "1 failed" not in told
    assert "last run          interrupted" in batch("--status", "out", cwd=folder).stdout
    done = batch("monochrome", "scans", "out", cwd=folder)
    assert len(list((folder / "out").rglob("*.png"))) == 6
    assert "not made by this batch" not in done.stderr


def test_a_list_may_have_lines_that_are_no_paths(folder: Path) -> None:
    (folder / "list.txt").write_bytes(b"\0.png\n" + b"a" * 5000 + b"\nscans/0.png\n")
    done = batch("levels", "@list.txt", "out", cwd=folder)
    assert done.returncode == 1
    assert "embedded null byte" in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "out/scans/0.png").exists()


def test_a_batch_that_was_killed_before_it_began_has_a_status(folder: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom restore.work.journal import Journal\n"
        "with Journal.open(Path(sys.argv[1])): pass"
    )
    out = str(folder / "out")
    subprocess.run([sys.executable, "-c", code, out], env=environment(folder), check=True)
    done = batch("--status", out, cwd=folder)
    assert done.returncode == 0
    assert "killed while it began" in done.stdout


def test_a_photo_is_no_copy_of_itself(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    ramp = np.tile(np.linspace(90, 150, 96, dtype=np.uint8), (64, 1))
    cv2.imwrite(str(tmp_path / "scans/a.bmp"), np.dstack([ramp // 2, ramp, ramp]))
    cv2.imwrite(str(tmp_path / "scans/b.png"), ramp)
    made = batch("auto", "scans", "scans", "--json", cwd=tmp_path)
    assert '"status": "restored"' in made.stdout
    assert "1 restored, 1 failed\n" in made.stderr  # b.png would replace itself
    assert (tmp_path / "scans/a.tif").exists()


@pytest.mark.parametrize("empty", range(3))
def test_an_empty_name_is_not_the_current_folder(folder: Path, empty: int) -> None:
    words = ["monochrome", "scans", "out"]
    words[empty] = ""
    done = batch(*words, cwd=folder)
    assert done.returncode == 2
    assert "is empty" in done.stderr
    assert not (folder / "0.png").exists()


def test_a_photo_whose_colours_are_given_is_an_input_and_a_changed_one_is_not_done_before(
    folder: Path,
) -> None:
    def reference(seed: int) -> None:
        noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        cv2.imwrite(str(folder / "other.png"), cv2.resize(noise, (80, 64)))

    photo = folder / "grey.png"
    cv2.imwrite(str(photo), np.random.default_rng(0).integers(0, 256, (64, 80), np.uint8))
    command = ["colorize", "grey.png", "out", "-s", "colorize.like=other.png"]
    missing = batch(*command, cwd=folder)
    assert missing.returncode == 2
    assert 'like = "other.png" cannot be read: no such file' in missing.stderr
    reference(0)
    assert batch(*command, cwd=folder).stderr.startswith("1 restored\n")
    assert batch(*command, cwd=folder).stderr.startswith("1 done before\n")
    reference(1)
    assert batch(*command, cwd=folder).stderr.startswith("1 restored\n")
