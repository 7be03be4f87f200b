"""The command line when it is stopped, or when a decoder crashes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

RNG = np.random.default_rng(11)


def gone(folder: Path) -> list[str]:
    """What is left in a folder once a child has had the time to clear up."""
    for _ in range(100):
        left = [path.name for path in folder.iterdir()]
        if not left:
            break
        time.sleep(0.1)
    return left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopping_leaves_no_half_file(tmp_path: Path, number: int) -> None:
    path = tmp_path / "large.png"
    cv2.imwrite(str(path), RNG.integers(0, 256, (3000, 4000, 3), np.uint8))
    before = path.read_bytes()
    command = [sys.executable, "-m", "restore", "run", "monochrome", str(path), "-o", "out"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "1"},
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as at a terminal
    )
    out, began = tmp_path / "out", time.monotonic()
    while not out.is_dir() and time.monotonic() < began + 60:
        time.sleep(0.005)  # it begins to write: the folder is made for the half file
    if number == signal.SIGINT:  # Ctrl-C reaches the whole group
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    errors = process.communicate(timeout=30)[1].decode()
    assert "Traceback" not in errors
    assert process.returncode == {signal.SIGINT: 130}.get(number, -number)
    assert path.read_bytes() == before
    assert not gone(out)


def test_a_crashing_decoder_takes_one_photo_down(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.jpg"), RNG.integers(0, 256, (64, 96, 3), np.uint8))
    recipe = tmp_path / "quick.toml"
    recipe.write_text('title = "Quick"\n[[steps]]\nuse = "levels"\nblack = 5\n')
    # a stand-in for native code that crashes: the process kills itself while it loads that photo
    code = (
        "import os, signal, sys, restore.files as f, restore.cli as c\n"
        "load = f.load_pages\n"
        "def crash(path, **k):\n"
        "    if path.name == 'bad.jpg': os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    return load(path, **k)\n"
        "f.load_pages = crash\n"
        "import multiprocessing as m\n"
        "get = m.get_context\n"
        "m.get_context = lambda kind: get('fork')\n"
        f"sys.argv[1:] = ['run', {str(recipe)!r}, 'bad.jpg', 'photo.jpg']\n"
        "c.main()"
    )
    (tmp_path / "bad.jpg").write_bytes((tmp_path / "photo.jpg").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "SIGSEGV" in done.stderr
    assert done.stdout.split() == ["restored/photo.jpg"]
