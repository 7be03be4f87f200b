"""Ctrl-C is one line and status 130, however early, and however often."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BEGIN = "import restore.__main__ as m, sys; print('begun', flush=True); sys.argv[1:] = {}; m.main()"


def begun(code: str, folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as at a terminal
    )
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("wait", [0.02, 0.08, 0.2])
def test_ctrl_c_is_one_line_at_any_time(tmp_path: Path, wait: float) -> None:
    process = begun(BEGIN.format(["recipes"]), tmp_path)
    time.sleep(wait)
    os.killpg(process.pid, signal.SIGINT)
    printed = process.communicate(timeout=60)[1]
    assert "Traceback" not in printed
    assert (process.returncode, "interrupted; " in printed) in ((130, True), (0, False))


def test_a_second_ctrl_c_does_not_break_off_the_clearing_up(tmp_path: Path) -> None:
    code = (
        "import click, time, restore.cli as c\n"
        "@c.cli.command()\n"
        "def slow():\n"
        "    try:\n"
        "        print('begun', flush=True); time.sleep(60)\n"
        "    finally:\n"
        "        time.sleep(1); print('cleared', flush=True)\n"
        "import sys; sys.argv[1:] = ['slow']\n"
        "get = c.Commands.get_command\n"
        "c.Commands.get_command = lambda *a: slow if a[2] == 'slow' else get(*a)\n"
        "c.main()"
    )
    process = begun(code, tmp_path)
    for _ in range(3):
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
    out, printed = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "cleared\n")
    assert printed.strip() == "interrupted; what was finished stays"
