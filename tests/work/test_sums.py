"""SHA256SUMS is what GNU's sha256sum writes and checks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from restore.errors import PhotoError
from restore.work import sums

NAMES = ["plain.tif", "a b/ä.png", "back\\slash.tif", "line\nbreak.tif", "cr\r.tif", " *star"]


def folder_of(names: list[str], folder: Path) -> dict[str, str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.fsencode(name))
    return {name: sums.sha256(folder / name) for name in names}


def test_lines_come_back(tmp_path: Path) -> None:
    digests = folder_of(NAMES, tmp_path)
    sums.write(tmp_path, digests)
    assert dict(sums.read(tmp_path)) == digests


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs GNU's sha256sum")
def test_sha256sum_agrees(tmp_path: Path) -> None:
    names = [*NAMES, os.fsdecode(b"latin-\xe9.tif")]
    digests = folder_of(names, tmp_path)
    sums.write(tmp_path, digests)
    command = ["sha256sum", "--check", "--quiet", sums.NAME]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
    written = subprocess.run(["sha256sum", *names], cwd=tmp_path, capture_output=True, check=True)
    assert sorted(written.stdout.splitlines()) == sorted(
        (tmp_path / sums.NAME).read_bytes().splitlines()
    )


@pytest.mark.parametrize("text", ["no sum\n", "0" * 64 + "name\n", "0" * 64 + "  \n"])
def test_other_lines_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / sums.NAME).write_text(text)
    with pytest.raises(PhotoError, match="line 1: is not a SHA-256 and a name"):
        list(sums.read(tmp_path))
