"""`restore run --report`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

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
    assert done.stdout.splitlines() == ["out/a.png", "out/b c.png"]
    assert "report: out/report.html" in done.stderr
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.count('<article class="card"') == 2
    assert page.count("data:image/webp;base64,") == 4
    assert 'href="../b%20c.png"' in page
    assert 'href="b%20c.png"' in page
    assert "Is empty" in page
    for command in (
        "restore run -o out -s levels.black=1 --report levels a.png &#x27;b c.png&#x27; broken.png",
        "restore run -o out -s levels.black=1 --overwrite levels &#x27;b c.png&#x27;",
    ):
        assert f">{command}</code>" in page

    done = run("levels", *names[:2], "-o", "out", "--skip-existing", "--report", cwd=tmp_path)
    assert done.returncode == 0
    assert "report: out/report-2.html" in done.stderr
    assert "It has a result already" in (tmp_path / "out" / "report-2.html").read_text("utf-8")

    done = run("levels", "a.png", "-o", "dry", "--dry-run", "--report", cwd=tmp_path)
    assert done.returncode == 0
    assert not (tmp_path / "dry").exists()
