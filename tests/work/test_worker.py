"""A decoder that hangs costs one photo and some seconds, and a child that dies leaves nothing."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest

# Two formats beside ours, as a file in restore/files would add them. One hangs while it reads, one
# while it writes: in C, deaf to signals and, where `held`, with the interpreter in its grip.
HANGING = """
import collections, ctypes, itertools, os, signal, sys, types
import restore.cli, restore.files as files, restore.timeouts as patience
import restore.work.worker as worker
from restore.files._contract import Holds

def hang():
    print("hanging", os.getpid(), file=sys.stderr, flush=True)
    if {held}:
        collections.deque(itertools.repeat(0), 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    while True:
        ctypes.CDLL(None).pause()

def read(ask):
    ask.check(100, 100)
    hang()

def write(file, pages):
    file.write(b"half")
    hang()

def add(name, **content):
    made = files.formats()[name] = types.ModuleType("restore.files." + name)
    vars(made).update(SUFFIXES=("." + name,), matches=lambda head: head == name.encode(), **content)

add("reads", read=read)
add("writes", read=read, write=write, check=write, HOLDS=Holds((8,)))
patience.READING, patience.WORKING, worker.FAREWELL = ({seconds}, 0, 0), ({seconds}, 0, 0), 0.5
restore.cli.main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good photos, one between them whose decoder hangs, and a quick recipe."""
    for name in ("a.png", "c.png"):
        cv2.imwrite(str(tmp_path / name), np.full((20, 30, 3), 90, np.uint8))
    (tmp_path / "b.reads").write_bytes(b"reads")
    (tmp_path / "quick.toml").write_text('[[steps]]\nuse = "levels"\nblack = 5\n')
    return tmp_path


def as_at_a_terminal() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(folder: Path) -> Iterator[Begin]:
    """Begins the command, with the two formats that hang; ends what is left of it afterwards."""
    begun: list[subprocess.Popen[str]] = []

    def command(
        *arguments: str, held: bool, seconds: float, what: str = "run quick.toml"
    ) -> subprocess.Popen[str]:
        code = HANGING.format(held=held, seconds=seconds)
        process = subprocess.Popen(
            [sys.executable, "-c", code, *what.split(), *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=as_at_a_terminal,
        )
        begun.append(process)
        return process

    yield command
    for process in begun:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def hung(process: subprocess.Popen[str]) -> int:
    """Wait until it hangs; the child's number."""
    assert process.stderr
    word, number = process.stderr.readline().split()
    assert word == "hanging"
    time.sleep(0.2)  # from its last words into the loop
    return int(number)


@pytest.mark.parametrize("held", [True, False])
def test_a_decoder_that_hangs_takes_one_photo_down(begin: Begin, held: bool) -> None:
    process = begin("a.png", "b.reads", "c.png", held=held, seconds=3)
    out, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out.split() == ["restored/a.png", "restored/c.png"]
    (line,) = (line for line in told.splitlines() if line.startswith("failed"))
    assert "b.reads: reading it came to a stop: no sign of life for 3 s; the file may be" in line


def test_info_goes_on_after_a_decoder_that_hangs(begin: Begin) -> None:
    process = begin("a.png", "b.reads", "c.png", held=True, seconds=3, what="info")
    out, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert [line for line in out.splitlines() if line.endswith(".png")] == ["a.png", "c.png"]
    (line,) = (line for line in told.splitlines() if line.startswith("failed"))
    assert "b.reads: reading it came to a stop: no sign of life for 3 s" in line


def test_rerun_survives_decoders_that_hang_and_crash(begin: Begin) -> None:
    process = begin("b.reads", "--from", "a.png", held=True, seconds=1, what="rerun")
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "b.reads: reading it came to a stop" in told
    process = begin("b.reads", "--from", "a.png", held=True, seconds=60, what="rerun")
    os.kill(hung(process), signal.SIGSEGV)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "b.reads: reading it, the process died (SIGSEGV)" in told
    assert "Traceback" not in told


def test_what_a_hanging_encoder_has_half_written_is_removed(begin: Begin, folder: Path) -> None:
    process = begin("a.png", "--format", "writes", held=True, seconds=1)
    out, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == ""
    assert "a.png: restoring it came to a stop" in told
    assert list((folder / "restored").iterdir()) == []


def test_a_child_that_is_killed_while_it_writes_leaves_nothing(begin: Begin, folder: Path) -> None:
    process = begin("a.png", "--format", "writes", held=True, seconds=60)
    for _ in range(2):  # the photo is tried again, once
        os.kill(hung(process), signal.SIGKILL)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "a.png: restoring it, the process was killed (SIGKILL)" in told
    assert list((folder / "restored").iterdir()) == []


def test_ctrl_c_ends_a_decoder_that_hears_nothing(begin: Begin) -> None:
    process = begin("b.reads", held=True, seconds=60)
    child = hung(process)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert gone(child)


def test_closing_the_terminal_leaves_nothing(begin: Begin, folder: Path) -> None:
    process = begin("a.png", "--format", "writes", held=False, seconds=60)
    child = hung(process)
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGHUP
    assert gone(child)
    assert list((folder / "restored").iterdir()) == []


def test_a_child_in_native_code_does_not_outlive_its_killed_parent(
    begin: Begin, folder: Path
) -> None:
    process = begin("a.png", "--format", "writes", held=False, seconds=60)
    child = hung(process)
    process.kill()
    process.communicate(timeout=20)  # the child has the other end of stderr
    assert gone(child)
    assert list((folder / "restored").iterdir()) == []


def gone(process: int) -> bool:
    """Whether a process has ended, in three seconds at most."""
    for _ in range(30):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if "State:\tZ" in Path(f"/proc/{process}/status").read_text():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGSEGV, "the process died (SIGSEGV): a cause"),
        (-signal.SIGKILL, "the process was killed (SIGKILL), by the system if memory ran out"),
        (-signal.SIGTERM, "the process was ended from outside (SIGTERM)"),
        (128 + signal.SIGTERM, "the process was ended from outside (SIGTERM)"),
        (-35, "the process died (exit status -35): a cause"),
        (3, "the process died (exit status 3): a cause"),
    ],
)
def test_a_childs_end_is_reported_as_what_it_was(code: int, words: str) -> None:
    from restore.work.worker import _end

    assert _end(code, "a cause") == words


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        cv2.error("Failed to allocate"),
        ImportError("cv2.abi3.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_too_little_memory_is_no_bug(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    from restore.work import job, worker

    if isinstance(error, cv2.error):
        error.code = cv2.Error.StsNoMem
    asked = iter([job.Job(Path("a.png"), Path("b.png"))])
    pipe = Mock(recv=lambda: (next(asked), None))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    with pytest.raises(StopIteration):
        worker._work(pipe, lambda: Mock(side_effect=error))
    kind, told = pipe.send.call_args[0][0]
    assert (kind, str(told)) == ("starved", "a.png: not enough memory")


def _dies() -> None:
    os._exit(3)


def test_a_death_at_the_start_is_not_blamed_on_a_file() -> None:
    from restore.errors import PhotoError
    from restore.work.worker import Worker

    worker = Worker(_dies)
    try:
        with pytest.raises(PhotoError, match=r"^starting, the process died \(exit status 3\): mem"):
            worker.ready()
    finally:
        worker.close()


def _ended_by_another() -> Callable[..., None]:
    def work(*arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

    return work


def test_a_child_ended_from_outside_is_not_called_damage(tmp_path: Path) -> None:
    from restore.errors import PhotoError
    from restore.work.job import Job
    from restore.work.worker import Worker

    worker = Worker(_ended_by_another)
    try:
        worker.ready()
        with pytest.raises(PhotoError, match=r"^a.png: .*ended from outside \(SIGTERM\)$"):
            worker.run(Job(Path("a.png"), tmp_path / "a.png"))
    finally:
        worker.close()


def test_a_large_photo_is_given_time(folder: Path) -> None:
    from restore.recipe import Recipe
    from restore.work.job import Job, restore_file

    heard: list[tuple[float, str]] = []
    restore_file(
        Job(folder / "a.png", folder / "out.png"),
        Recipe.read(folder / "quick.toml"),
        lambda share: None,
        lambda seconds, what: heard.append((seconds, what)),
    )
    size = (folder / "a.png").stat().st_size
    reading = f"{folder / 'a.png'}: reading it"
    first, sized, rest = heard
    assert first == (pytest.approx(30 + size * 1e-6), reading)
    assert sized == (pytest.approx(first[0] + 600 * 4e-6), reading)
    assert rest == (pytest.approx(600 + 600 * 20e-6), f"{folder / 'a.png'}: restoring it")


TWICE = """
import os, signal
from restore.work.worker import _interrupted
signal.signal(signal.SIGTERM, _interrupted)
try:
    os.kill(os.getpid(), signal.SIGTERM)
except KeyboardInterrupt:
    os.kill(os.getpid(), signal.SIGHUP)  # the terminal is closed, and the parent dies of it
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    print("cleared up")
"""


def test_clearing_up_is_not_broken_off_by_another_signal() -> None:
    found = subprocess.run(
        [sys.executable, "-c", TWICE], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "cleared up\n", "")


def interrupted_as_it_begins_a_file(folder: Path) -> Callable[..., None]:
    """What a child does that is ended before it can say which file it has just made."""
    from restore.files import _part

    _part.beside(folder / "photo.tif").touch()
    raise KeyboardInterrupt


def test_a_file_begun_in_the_moment_of_the_interruption_is_removed(tmp_path: Path) -> None:
    from restore.errors import PhotoError
    from restore.work.worker import Worker

    worker = Worker(partial(interrupted_as_it_begins_a_file, tmp_path))
    with pytest.raises(PhotoError, match="the process was ended"):
        worker.ready()
    worker.close()
    assert not list(tmp_path.iterdir())


SIGNALLED_EARLY = """
import os, signal, threading
import restore.work.worker as worker

def begin():
    return lambda task, tell, allow: None

def start_signalled(*arguments, **settings):
    os.kill(os.getpid(), signal.SIGTERM)
    return thread(*arguments, **settings)

thread, threading.Thread = threading.Thread, start_signalled
child = worker.Worker(begin)
child.close()
print(child._process.exitcode)
"""


def test_a_child_that_is_ended_while_it_starts_is_silent() -> None:
    """As after an error in the command line, at which its parent ends at once."""
    made = subprocess.run(
        [sys.executable, "-c", SIGNALLED_EARLY], capture_output=True, text=True, check=False
    )
    assert made.stderr == ""
    assert made.stdout.strip() == str(128 + signal.SIGTERM)
