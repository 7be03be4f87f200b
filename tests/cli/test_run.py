"""What `restore run` says and does around many photos: folders, names, going on, JSON."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.effect import Findings, Quantity

ENVIRONMENT = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}


def restore(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "restore", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=ENVIRONMENT, timeout=240, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of one name in two folders, one of them deeper, and a quick recipe."""
    for name in ("scans/a.png", "scans/box/a.png", "scans/box/.hidden/a.png", "more/a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((20, 30, 3), len(name), np.uint8))
    (tmp_path / "quick.toml").write_text('[[steps]]\nuse = "levels"\nblack = 5\n')
    return tmp_path


def shown(screen: str) -> str:
    """What is left on a terminal of what was written to it: cursor up, erase line, and text."""
    rows: list[str] = [""]
    at = 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", screen):
        if part == "\n":
            at += 1
            rows += [""] * (at + 1 - len(rows))
        elif part == "\x1b[2K":
            rows[at] = ""
        elif match := re.fullmatch(r"\x1b\[(\d*)A", part):
            at = max(0, at - int(match[1] or 1))
        elif not part.startswith(("\x1b", "\r")):
            rows[at] = part + rows[at][len(part) :]
    return "\n".join(rows)


def test_paths_stay_on_a_terminal_with_progress_bars(folder: Path) -> None:
    names = [f"{number}.png" for number in range(4)]
    for name in names:
        cv2.imwrite(str(folder / name), np.full((300, 400, 3), 90, np.uint8))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "restore", "run", "./quick.toml", *names]
    environment = {**ENVIRONMENT, "TERM": "xterm"}
    process = subprocess.Popen(command, cwd=folder, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    screen = b""
    while True:
        try:
            screen += os.read(ours, 65536)
        except OSError:  # all is read
            break
    os.close(ours)
    assert process.wait(60) == 0
    assert b"4 photos" in screen  # there were bars
    left = shown(screen.decode()).splitlines()
    assert [line for line in left if line.startswith("restored/")] == [
        f"restored/{name}" for name in names
    ]
    assert left[-1] == "4 restored" or left[-2] == "4 restored"


def test_a_folder_keeps_its_tree(folder: Path) -> None:
    flat = restore("run", "./quick.toml", "scans", "-o", "flat", cwd=folder)
    assert flat.stdout.split() == ["flat/a.png"]
    assert "scans: a subfolder was left out; use -r" in flat.stderr
    deep = restore("run", "./quick.toml", "scans", "-r", "-o", "scans/out", cwd=folder)
    assert deep.stdout.split() == ["scans/out/a.png", "scans/out/box/a.png"]
    assert "left out" not in deep.stderr
    again = restore(
        "run", "./quick.toml", "scans", "-r", "-o", "scans/out", "--skip-existing", cwd=folder
    )
    assert (again.returncode, again.stdout) == (0, "")  # results are not taken for photos
    assert again.stderr.splitlines() == ["2 skipped"]


def test_photos_of_one_name_get_a_folder_each(folder: Path) -> None:
    made = restore("run", "./quick.toml", "scans/a.png", "more", cwd=folder)
    assert made.stdout.split() == ["restored/scans/a.png", "restored/more/a.png"]
    deep = restore("run", "./quick.toml", "-r", "scans", "more", "-o", "deep", cwd=folder)
    assert deep.stdout.split() == ["deep/scans/a.png", "deep/box/a.png", "deep/more/a.png"]


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    out = folder / "restored" / "box"
    out.mkdir(parents=True)
    (out / "a.png").touch()
    done = restore("run", "./quick.toml", "scans", "-r", "--dry-run", cwd=folder)
    assert done.returncode == 1
    assert done.stdout.split() == ["restored/a.png"]
    assert "restored/box/a.png exists" in done.stderr
    assert "1 would be restored, 1 would fail" in done.stderr
    assert not (folder / "restored" / "a.png").exists()


def test_a_picture_that_a_killed_run_did_not_come_to_is_made(folder: Path) -> None:
    first = restore("run", "./quick.toml", "scans/a.png", "--compare", cwd=folder)
    result, picture = (folder / name for name in first.stdout.split())
    before = result.read_bytes()
    picture.unlink()
    again = restore("run", "./quick.toml", "scans/a.png", "--compare", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert again.stdout.split() == ["restored/a.png.compare.jpg"]
    assert cv2.imread(str(picture)).shape == (20, 68, 3)
    assert result.read_bytes() == before
    picture.unlink()
    other = restore("run", "./quick.toml", "more/a.png", "--compare", cwd=folder)
    assert other.returncode == 1  # it would show another photo before than the result is of
    assert "restored/a.png exists" in other.stderr


def test_json_has_one_object_for_each_photo(folder: Path) -> None:
    photos = ["scans/a.png", "gone.png", os.fsdecode(b"\xff.png")]
    (folder / photos[2]).write_bytes((folder / photos[0]).read_bytes())
    done = restore("run", "monochrome", *photos, "--json", "-q", cwd=folder)
    good, bad, odd = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert list(good) == [
        *("path", "status", "result", "compare", "recipe"),
        *("summary", "warnings", "error", "seconds"),
    ]
    assert (good["path"], good["status"], good["result"]) == (
        photos[0],
        "restored",
        "restored/a.png",
    )
    assert good["recipe"] == "monochrome"
    assert good["summary"].startswith("grey = ")
    assert (good["warnings"], good["error"]) == ([], None)
    assert good["seconds"] > 0
    assert (bad["status"], bad["result"]) == ("failed", None)
    assert "No such file" in bad["error"]
    assert (folder / odd["result"]).exists()


def test_the_telling_line_has_the_photos_name(folder: Path) -> None:
    done = restore("run", "monochrome", "scans/a.png", "more/a.png", cwd=folder)
    first, second, closing = done.stderr.splitlines()
    assert first.startswith("scans/a.png: grey = ")
    assert second.startswith("more/a.png: grey = ")
    assert closing == "2 restored"


def test_the_headline_is_that_of_the_last_step_that_is_not_minor() -> None:
    from restore.report.comparison import headline

    findings = {"fade": Findings("a"), "levels": Findings(), "white_balance": Findings("b")}
    assert headline(findings) == ["a"]
    assert headline({**findings, "fade#2": Findings("c")}) == ["c"]
    assert headline({"white_balance": Findings("b")}) == ["b"]
    assert headline({"levels": Findings()}) == []
    values = Findings(values={"black": Quantity(5.0, "%"), "midtones": Quantity(0.25, "")})
    assert headline({"levels": values}) == ["levels: black 5%, midtones 0.25"]
    assert headline({"white_balance": Findings("b"), "scratches": values}) == ["b"]


@pytest.mark.skipif(os.name == "nt", reason="needs sh and /dev/full")
def test_a_full_disk_at_stderr_stops_no_photos(folder: Path) -> None:
    command = f"{sys.executable} -m restore run ./quick.toml gone.png scans more -o out 2>/dev/full"
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout.split() == [b"out/scans/a.png", b"out/more/a.png"]


@pytest.mark.skipif(not os.access("/proc/kmsg", os.R_OK), reason="needs root")
def test_a_file_whose_reading_never_ends_is_refused(folder: Path) -> None:
    begun = time.monotonic()
    done = restore("run", "./quick.toml", "/proc/kmsg", cwd=folder)
    assert done.returncode == 1
    assert "failed: /proc/kmsg: is empty" in done.stderr
    assert time.monotonic() - begun < 60


def test_recipe_and_photo_in_the_wrong_order(folder: Path) -> None:
    done = restore("run", "scans/a.png", "monochrome", cwd=folder)
    assert done.returncode == 2
    assert "RECIPE comes first; did you mean: restore run monochrome scans/a.png" in done.stderr
    done = restore("run", "scans/a.png", "./quick.toml", "more", cwd=folder)
    assert "did you mean: restore run quick.toml scans/a.png more" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_results_are_for_no_more_eyes_than_the_original(folder: Path) -> None:
    (folder / "scans/a.png").chmod(0o600)
    for options in ([], ["--overwrite"]):
        made = restore("run", "./quick.toml", "scans/a.png", "--compare", *options, cwd=folder)
        assert [(folder / path).stat().st_mode & 0o777 for path in made.stdout.split()] == [
            0o600,
            0o600,
        ]
    (folder / "more/a.png").chmod(0o644)
    (folder / "restored/a.png").chmod(0o600)
    restore("run", "./quick.toml", "more/a.png", "--overwrite", cwd=folder)
    assert (folder / "restored/a.png").stat().st_mode & 0o777 == 0o600
    link = folder / "link.png"
    link.symlink_to("scans/a.png")
    made = restore("run", "./quick.toml", "link.png", cwd=folder)
    assert (folder / made.stdout.strip()).stat().st_mode & 0o777 == 0o600


def test_jobs_change_neither_the_results_nor_their_order(folder: Path) -> None:
    sizes = [300, 20, 200, 20]
    for number, side in enumerate(sizes):
        pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), pixels)
    names = [f"{number}.png" for number in range(len(sizes))]
    environment = {**ENVIRONMENT, "SOURCE_DATE_EPOCH": "1000000000"}
    made = {}
    for jobs in (1, 3):
        command = [sys.executable, "-m", "restore", "run", "monochrome", *names, "gone.png"]
        options = ["-j", str(jobs), "-o", f"out{jobs}"]
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, cwd=folder, env=environment,
            check=False,
        )  # fmt: skip
        assert done.stdout.split() == [f"out{jobs}/{name}" for name in names]
        assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
            *names, "failed", "4 restored, 1 failed",
        ]  # fmt: skip
        made[jobs] = [(folder / path).read_bytes() for path in done.stdout.split()]
    assert made[1] == made[3]


def test_two_photos_with_one_result(folder: Path) -> None:
    (folder / "scans/a.PNG").write_bytes((folder / "more/a.png").read_bytes())
    done = restore(
        "run",
        "./quick.toml",
        "scans/a.png",
        "scans/a.PNG",
        "--format",
        "png",
        "-j",
        "2",
        cwd=folder,
    )
    assert done.returncode == 1
    assert done.stdout.split() == ["restored/a.png"]
    assert "a.PNG: restored/a.png has just been made from scans/a.png" in done.stderr


def test_one_photo_of_a_pair(tmp_path: Path) -> None:
    dng = (Path(__file__).parents[2] / "sample_images" / "led-red-blue.dng").read_bytes()
    (tmp_path / "scans/other").mkdir(parents=True)
    for name in ("a.dng", "b.dng"):
        (tmp_path / "scans" / name).write_bytes(dng)
    for name in ("a.JPG", "c.jpg", "other/b.jpg"):
        cv2.imwrite(str(tmp_path / "scans" / name), np.full((20, 30, 3), 90, np.uint8))
    command = ("run", "levels", "scans", "-r", "--dry-run", "--pairs")
    expected = {
        "raw": {"a.tif", "b.tif", "c.jpg", "other/b.jpg"},
        "jpeg": {"a.JPG", "b.tif", "c.jpg", "other/b.jpg"},
        "both": {"a.tif", "a.JPG", "b.tif", "c.jpg", "other/b.jpg"},
    }
    for keep, names in expected.items():
        result = restore(*command, keep, cwd=tmp_path)
        assert {*result.stdout.split()} == {f"restored/{name}" for name in names}
        assert (f"1 photo was left out: --pairs {keep}" in result.stderr) == (keep != "both")
