"""`restore video`: exit status, what is printed where, and no traces after Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from restore.cli import cli

sys.path.append(str(Path(__file__).parents[1] / "film"))
import clips


def video(*arguments: object) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(cli, ["video", *map(str, arguments)])
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome.exit_code, outcome.stdout, outcome.stderr


def test_the_path_is_printed(tmp_path: Path) -> None:
    film, target = clips.film(tmp_path / "a.mkv"), tmp_path / "out.mp4"
    status, out, told = video("levels", film, target, "--start", "0:00.1", "--end", "0.3")
    assert (status, out) == (0, f"{target}\n")
    assert told == f"{film}: levels: black 0%, white 100%, midtones 0\n"
    assert len(clips.decoded(target)) == 5


def test_json_has_all_that_a_program_wants(tmp_path: Path) -> None:
    film, target = clips.film(tmp_path / "a.mkv"), tmp_path / "out.mkv"
    status, out, _ = video("levels", film, target, "--json", "--codec", "ffv1")
    record = json.loads(out)
    assert (status, record["status"], record["frames"], record["shots"]) == (0, "restored", 12, 1)
    assert record["result"] == str(target)
    status, out, told = video("levels", film, target, "--json")
    assert (status, json.loads(out)["status"]) == (1, "failed")
    assert told == f"failed: {target} exists already; use --overwrite, or another OUT\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.mkv", "b.mkv", "--start", "1:70"], "1:70 is not a time such as 90, 1:30 or"),
        (["a.mkv", "b.mkv", "--start", "-1"], "-1 is not a time"),
        (["a.mkv", "b.mkv", "--start", "9", "--end", "9"], "--end is not after --start"),
        (["a.mkv", "b.avi"], "b.avi does not end in .mkv, .mp4, .m4v or .mov"),
        (["a.mkv", "b.mkv", "--codec", "vp9"], "'vp9' is not one of"),
    ],
)
def test_a_wrong_command_does_nothing(arguments: list[str], message: str) -> None:
    status, _, told = video("levels", *arguments)
    assert status == 2
    assert message in " ".join(told.split())


def test_a_film_that_is_none_costs_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no film" * 100)
    status, out, told = video("levels", path, tmp_path / "b.mp4")
    assert (status, out) == (1, "")
    assert told.startswith(f"failed: {path}: is damaged or not a video")
    assert told.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_leaves_no_half_result_and_the_next_run_goes_on(tmp_path: Path) -> None:
    film = clips.film(tmp_path / "a.mkv", 400, size=(96, 128))
    target = tmp_path / "out.mkv"
    run = subprocess.Popen(
        [sys.executable, "-m", "restore", "video", "levels", film, target],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    pieces = tmp_path / ".out.mkv.unfinished"
    for _ in range(600):
        if list(pieces.glob("*.part")):
            break
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert told.strip().endswith("interrupted; what was finished stays")
    assert not target.exists()
