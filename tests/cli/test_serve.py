"""`restore serve` from its start to Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from restore import files
from restore.cli import cli
from restore.image.photo import Photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files.save(Photo(np.full((16, 20, 3), 99, np.uint8)), tmp_path / "grey.png")
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
def test_prints_its_address_and_ends_on_ctrl_c(folder: Path) -> None:
    command = [sys.executable, "-m", "restore", "serve", str(folder), "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        address = it.stdout.readline().strip()
        try:
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(address, timeout=20) as page:
                assert page.status == 200
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(address.partition("?")[0], timeout=20)
        finally:
            it.send_signal(signal.SIGINT)
        _, errors = it.communicate(timeout=20)
    assert it.returncode == 0
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_a_usage_error(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(cli, ["serve", str(folder), "--port", str(port)])
    assert "use another --port" in str(result.exception)


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["serve", str(tmp_path), "--no-browser"])
    assert "contains no photos" in str(result.exception)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["serve", str(tmp_path / "scnas"), "--no-browser"])
    assert "scnas: cannot be opened" in str(result.exception)


def test_subfolders_left_out_are_named(folder: Path) -> None:
    (folder / "grey.png").rename(folder / "grey.txt")
    (folder / "box").mkdir()
    (folder / "box/note.txt").touch()
    result = CliRunner().invoke(cli, ["serve", str(folder), "--no-browser"])
    assert "a subfolder was left out; use -r" in str(result.exception)
