"""`restore run --report`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own: a worker is forked from it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "restore", "run", *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_run_writes_its_report(tmp_path: Path) -> None:
    ramp = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None] * 3, 48, 0)
    for name in ("a.png", "b c.png"):
        cv2.imwrite(str(tmp_path / name), np.repeat(ramp, 3, 2))
    (tmp_path / "broken.png").write_bytes(b"")
    names = ["a.png", "b c.png", "broken.png"]
    done = run("levels", *names, "-s", "levels.black=1", "-o", "out", "--report", cwd=tmp_path)
    assert done.returncode == 1
    assert [*map(Path, done.stdout.splitlines())] == [Path("out/a.png"), Path("out/b c.png")]
    assert f"report: {Path('out/report.html')}" in done.stderr
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.count('<article class="card"') == 2
    assert page.count("data:image/webp;base64,") == 4
    assert 'href="../b%20c.png"' in page
    assert 'href="b%20c.png"' in page
    assert "Is empty" in page
    mark = "&quot;" if os.name == "nt" else "&#x27;"  # as the system's shell takes it
    spaced = f"{mark}b c.png{mark}"
    for command in (
        f"restore run -o out -s levels.black=1 --report levels a.png {spaced} broken.png",
        f"restore run -o out -s levels.black=1 --overwrite levels {spaced}",
    ):
        assert f">{command}</code>" in page

    done = run("levels", *names[:2], "-o", "out", "--skip-existing", "--report", cwd=tmp_path)
    assert done.returncode == 0
    assert f"report: {Path('out/report-2.html')}" in done.stderr
    assert "It has a result already" in (tmp_path / "out" / "report-2.html").read_text("utf-8")

    done = run("levels", "a.png", "-o", "dry", "--dry-run", "--report", cwd=tmp_path)
    assert done.returncode == 0
    assert not (tmp_path / "dry").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interrupted_run_reports_what_it_has_done(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0, 255, 900, dtype=np.uint8)[None, :, None], 600, 0)
    for number in range(40):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.repeat(ramp, 3, 2))
    command = "-m restore run denoise . -o out --report --jobs 1"
    process = subprocess.Popen(
        [sys.executable, *command.split()],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "out/00.png\n"
    os.killpg(process.pid, signal.SIGINT)
    messages = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "report: out/report.html" in messages
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert 1 <= page.count('<article class="card"') < 40
