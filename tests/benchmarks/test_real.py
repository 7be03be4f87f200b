"""The benchmark on real photos: sheets to look at, and what `info` suggests by kind."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import pytest
from skimage import data

from benchmarks import real


def test_sheets_and_tables_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = {"sound": data.coffee()[:256, :384], "bw": data.camera()[:256, :256]}
    for kind, codes in photos.items():
        (tmp_path / kind).mkdir()
        cv2.imwrite(
            str(tmp_path / kind / "one.png"), codes[..., ::-1] if codes.ndim == 3 else codes
        )
    out = tmp_path / "out"
    command = ["real.py", "--photos", str(tmp_path), "-o", str(out), "--recipe", "bw=monochrome"]
    monkeypatch.setattr(sys, "argv", command)
    real.main()
    sheet = cv2.imread(str(out / "bw-1.png"))
    assert sheet.shape[1] > 5 * 400
    assert (out / "sound-1.png").is_file()
    text = (out / "real.md").read_text(encoding="utf-8")
    assert "| sound/one | none |  |" in text
    assert "1 of 1 | 1 |" in text
