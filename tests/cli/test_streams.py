"""Standard streams that are closed or full, and a terminal that must not be commanded."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

RECIPE = '[[steps]]\nuse = "levels"\n# \x9b31m\ttab\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "a.png"), np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    (tmp_path / "quick.toml").write_text("\ufeff" + RECIPE, "utf-8")
    return tmp_path


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command in which $RESTORE is the program."""
    environment = {**os.environ, "RESTORE": f"{sys.executable} -m restore"}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing(folder: Path, closed: str) -> None:
    made = shell(f"$RESTORE run ./quick.toml a.png none.png -o out {closed}", folder)
    assert made.returncode == 1
    assert "Traceback" not in made.stderr
    assert ("failed: none.png" in made.stderr) == ("2>" not in closed)
    assert [path.name for path in (folder / "out").iterdir()] == ["a.png"]
    assert cv2.imread(str(folder / "out" / "a.png")) is not None


@pytest.mark.parametrize(
    ("arguments", "status"),
    [("run nonesuch a.png", 2), ("nonesuch", 2), ("rerun a.png --from a.png", 1)],
)
def test_the_status_tells_where_stderr_is_full(folder: Path, arguments: str, status: int) -> None:
    assert shell(f"$RESTORE {arguments} 2>/dev/full", folder).returncode == status


def test_a_full_disk_at_stdout_is_one_line(folder: Path) -> None:
    done = shell("$RESTORE steps >/dev/full", folder)
    assert done.returncode == 1
    assert done.stderr == "restore: standard output: No space left on device\n"


def test_a_recipe_commands_no_terminal(folder: Path) -> None:
    """0x9b alone begins a command; in a file or a pipe it is kept."""
    assert RECIPE.rstrip() in shell("$RESTORE recipes ./quick.toml", folder).stdout
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "restore", "recipes", "./quick.toml"]
    subprocess.run(command, cwd=folder, stdout=theirs, timeout=120, check=True)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert "# ?31m" in shown
    assert "tab" in shown
