"""What a batch leaves beside its results, and whether `verify` agrees."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.report.premis import SPACE
from restore.work import sums

SAMPLES = Path(__file__).parents[2] / "sample_images"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos, and a RAW beside one of them."""
    (tmp_path / "scans/box").mkdir(parents=True)
    for name in ("a.png", "box/b.jpg"):
        pixels = np.random.default_rng(len(name)).integers(0, 256, (24, 32, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "scans" / name), pixels)
    shutil.copy(SAMPLES / "led-red-blue.dng", tmp_path / "scans/box/b.dng")
    return tmp_path


def restore(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "XDG_STATE_HOME": str(cwd / "state")}
    command = [sys.executable, "-m", "restore", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=240, check=False
    )


def test_premis_sums_and_verify_agree(folder: Path) -> None:
    command = ("batch", "levels", "scans", "out", "--pairs", "jpeg")
    assert restore(*command, cwd=folder).returncode == 0
    written = {str(path.relative_to(folder / "out")) for path in (folder / "out").rglob("*.*")}
    assert written == {"a.png", "box/b.jpg", "restore-journal.jsonl"}
    assert {name for name, _ in sums.read(folder / "out")} == {"a.png", "box/b.jpg"}
    assert restore(*command, "--premis", cwd=folder).returncode == 0  # nothing is restored again
    assert {name for name, _ in sums.read(folder / "out")} == {
        *("a.png", "a.png.premis.xml", "box/b.jpg", "box/b.jpg.premis.xml")
    }
    root = ET.parse(folder / "out/a.png.premis.xml").getroot()
    digests = [one.text for one in root.iter(f"{{{SPACE}}}messageDigest")]
    assert digests == [sums.sha256(folder / "scans/a.png"), sums.sha256(folder / "out/a.png")]
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "-c", sums.NAME], cwd=folder / "out", check=True)
    fine = restore("verify", "out", cwd=folder)
    assert (fine.returncode, fine.stdout) == (0, "")
    (folder / "scans/a.png").write_bytes(b"other")
    (folder / "out/box/b.jpg.premis.xml").write_bytes(b"other")
    wrong = restore("verify", "out", cwd=folder)
    assert wrong.returncode == 1
    assert wrong.stdout.splitlines() == [
        "out/box/b.jpg.premis.xml: has changed",
        f"{folder}/scans/a.png: the original has changed",
    ]


def test_files_of_others_stay(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/SHA256SUMS").write_text("mine")
    (folder / "out/a.png.premis.xml").write_text("mine")
    done = restore("batch", "levels", "scans/a.png", "out", "--premis", cwd=folder)
    assert done.returncode == 1
    for name in ("SHA256SUMS", "a.png.premis.xml"):
        assert f"{folder}/out/{name}" in done.stderr
        assert (folder / "out" / name).read_text() == "mine"
