"""Work on files in a child process, so that a decoder that crashes takes one photo down, not all.

Decoders are native code fed with files of unknown origin. The parent stays small: it reads
messages from the child and shows them. A child that dies, or is silent for longer than it
announced, counts as a failed photo; its unfinished files are removed.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import secrets
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, TextIO, cast

from restore import context
from restore.errors import Died, PhotoError, RestoreError, TooLittleMemory, is_memory_shortage
from restore.files import _part
from restore.timeouts import Allow

Tell = Callable[[float], None]
"""Called with the share of a task that is done, 0 … 1."""


class Task(Protocol):
    """A task on one file; it is sent through a pipe."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def folder(self) -> Path | None:
        """The folder it writes to, if any."""


Work = Callable[[Any, Tell, Allow], Any]
"""Does one task and returns its outcome, which is sent through a pipe; raises RestoreError."""

FAREWELL = 5.0
"""Seconds a child has to remove unfinished files before it is killed."""
PIECE = 1.0
"""Seconds to wait for a report at a time."""
IN_A_DECODER = "the file is damaged in a way that crashes its decoder, or memory ran out"
SIGNALLED = 128
"""Exit status of a child ended by a signal, minus the signal's number, as in a shell."""
ENDED = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
"""Signals by which a person or another program ends a process."""
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Those that a child handles, or leaves to its parent."""


class Worker:
    """A child process that does one task after another.

    It calls `begin` at once, which returns the function that does the tasks; `ready` reports
    errors. Where the system does not fork, `begin` is sent through a pipe.

    `run` does one task. To have several workers do theirs side by side, `give` each a task,
    `wait` for them together and `hear` what they report (`pool.Pool`).
    """

    def __init__(self, begin: Callable[[], Work]) -> None:
        self._begin = begin
        self._process: Any = None
        self._folder: Path | None = None
        self._busy = False
        self._what = self._cause = ""
        self._patience = self._silent = 0.0
        self.restart()

    def restart(self) -> None:
        """Start a child instead of one that has died; it reports "done" once it has begun."""
        # Forking is quick, and safe while this process is small: no threads of numpy, OpenVINO or
        # of what reads from stores.
        small = sys.platform == "linux" and not {"numpy", "fsspec"} & sys.modules.keys()
        method: Any = multiprocessing.get_context("fork" if small else "spawn")
        self._pipe, theirs = method.Pipe()
        ours = self._pipe if small else None  # a forked child inherits our end too
        self._mark = secrets.token_hex(8)
        asked = (theirs, ours, self._mark, self._begin)
        self._process = method.Process(target=_serve, args=asked)
        with _deaf(), _flushing():
            self._process.start()
        theirs.close()
        self._folder = None
        self._expect("starting", "memory may have run out")

    def ready(self) -> None:
        """Wait until the child has begun.

        Raises
        ------
        RestoreError
            What `begin` raised.
        """
        self._result(lambda share: None)

    def run(self, task: Task, tell: Tell = lambda share: None) -> Any:
        """Do one task.

        Raises
        ------
        RestoreError
            What the child met; PhotoError also if it crashed, hung or met a bug of ours (with the
            bug's traceback in its notes).
        """
        if not self.alive:
            try:
                self.restart()
                self.ready()
            except (RestoreError, OSError) as error:
                raise unstarted(task, error) from error
        self.give(task)
        return self._result(tell)

    @property
    def alive(self) -> bool:
        """Whether the child can be given a task."""
        return self._process.is_alive() and not self._pipe.closed

    def give(self, task: Task, threads: int | None = None) -> None:
        """Give the child a task, and the processors it may use (None for all); see `hear`."""
        self._folder = task.folder
        self._expect(f"{task.path}: working on it", IN_A_DECODER)
        with suppress(OSError):  # it has just died, as `hear` will show
            self._pipe.send((task, threads))

    def hear(self, waited: float = 0) -> tuple[str, Any]:
        """The next report of a child at work: its kind and content.

        "progress" and a share; "done" and the outcome; "failed" and a RestoreError (`Died` if the
        child died); or "" if it has nothing to report.

        Parameters
        ----------
        waited
            Seconds it was silent since the last call. Not by the clock: Ctrl-Z stops both
            processes, and fg must not time out.
        """
        content: Any
        try:
            heard = self._pipe.poll()
            kind, content = self._pipe.recv() if heard else ("", None)
        except (EOFError, OSError):
            self._bury()
            end = _end(self._process.exitcode, self._cause)
            return "failed", Died(f"{self._what}, {end}")
        self._silent = 0 if heard else self._silent + waited
        if self._silent >= self._patience:
            self._process.kill()
            self._bury()
            hung = PhotoError(
                f"{self._what} came to a stop: no sign of life for {self._patience:.0f} s; "
                "the file may be damaged in a way that traps its decoder"
            )
            return "failed", hung
        if kind == "allow":
            self._patience, self._what = content
            kind = ""
        if kind == "starved":
            self._bury()  # this frees its memory
            kind = "failed"
        self._busy = kind in ("progress", "")
        return kind, content

    def _expect(self, what: str, cause: str) -> None:
        """A report is due; `what` and `cause` name the work and the likely cause of a crash."""
        self._busy, self._what, self._cause = True, what, cause
        self._patience, self._silent = math.inf, 0.0

    def _result(self, tell: Tell) -> Any:
        """The outcome of what the child is doing."""
        while True:
            waited = wait([self])
            kind, content = self.hear(waited)
            if kind == "done":
                return content
            if kind == "failed":
                raise content
            if kind == "progress":
                tell(content)

    def _bury(self) -> None:
        """Wait for a dying child, and remove its unfinished files."""
        self._busy = False
        self._pipe.close()
        self._process.join()
        if self._folder:
            _part.remove(self._folder, self._mark)

    def end(self) -> None:
        """Tell the child to end, without waiting for it."""
        self._pipe.close()
        if self._busy:
            self._process.terminate()

    def close(self) -> None:
        """End the child; if busy, it removes its unfinished files."""
        self.end()
        self._process.join(FAREWELL)
        if self._process.is_alive():  # native code ignores signals
            self._process.kill()
        self._bury()


def wait(workers: Iterable[Worker], longest: float = PIECE) -> float:
    """Wait until one of the workers reports or dies, for so many seconds at most; the seconds."""
    began = time.monotonic()
    connection.wait([worker._pipe for worker in workers], longest)
    return min(longest, time.monotonic() - began)


def unstarted(task: Task, error: Exception) -> PhotoError:
    """The error of a task for which no process can be started."""
    reason = error.strerror if isinstance(error, OSError) else error
    return PhotoError(f"{task.path}: cannot start a process for it: {reason}")


@contextmanager
def _deaf() -> Iterator[None]:
    """Keep signals from a child being started: its parent handles Ctrl-C, and others must wait
    until the child can.

    The parent receives those of that moment afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _mask(how: str) -> None:
    """Block or unblock `SIGNALS`, where the system can."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(getattr(signal, how), SIGNALS)


@contextmanager
def _flushing() -> Iterator[None]:
    """Let a child be started while a standard stream cannot be flushed, as on a full disk."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _Flushed(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _Flushed:
    """A stream whose `flush` fails silently."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _end(code: int, cause: str) -> str:
    """How a process ended, in words; `cause` if it crashed."""
    number = code - SIGNALLED if code > SIGNALLED else -code
    try:
        name = signal.Signals(number).name
    except ValueError:  # a signal without a name
        name = f"exit status {code}"
    if name in ENDED:
        return f"the process was ended from outside ({name})"
    if name == "SIGKILL":
        return f"the process was killed ({name}), by the system if memory ran out"
    return f"the process died ({name}): {cause}"


def _serve(
    pipe: Connection, parents: Connection | None, mark: str, begin: Callable[[], Work]
) -> None:
    if parents:
        parents.close()  # so that this process ends when the parent does
    _part.mark = mark
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends this process
    signal.signal(signal.SIGTERM, _interrupted)
    closed = getattr(signal, "SIGHUP", signal.SIGTERM)  # the terminal
    if signal.getsignal(closed) == signal.SIG_DFL:  # not under nohup
        signal.signal(closed, _interrupted)
    status = 0
    try:
        try:
            _mask("SIG_UNBLOCK")  # blocked by `_deaf`: from here on, a signal ends the work
            threading.Thread(target=_mourn, daemon=True).start()
            _work(pipe, begin)
        finally:
            _mask("SIG_BLOCK")
    except KeyboardInterrupt as end:
        status = SIGNALLED + getattr(end, "number", signal.SIGINT)
    except (EOFError, ConnectionError):
        pass
    _part.remove_own()  # created at the moment of the interruption
    os._exit(status)  # at once: engines are slow to shut down


def _work(pipe: Connection, begin: Callable[[], Work]) -> None:
    # Tiles are the parallel work: BLAS threads for small matrix products would only compete.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        work = begin()
    except RestoreError as error:
        pipe.send(("failed", error))
        return
    except Exception as error:
        if not is_memory_shortage(error):
            raise
        pipe.send(("failed", RestoreError("not enough memory to start")))
        return
    pipe.send(("done", None))
    while True:
        task, threads = pipe.recv()
        if threads:
            os.environ[context.THREADS] = str(threads)
        try:
            outcome = work(
                task,
                lambda share: pipe.send(("progress", share)),
                lambda seconds, what: pipe.send(("allow", (seconds, what))),
            )
        except BrokenPipeError:
            raise
        except Exception as error:
            starved = not isinstance(error, RestoreError) and is_memory_shortage(error)
            pipe.send(("starved" if starved else "failed", trouble(task, error)))
        else:
            pipe.send(("done", outcome))


def trouble(task: Task, error: Exception) -> RestoreError:
    """What a task met, in words; what nobody foresaw is a bug, with its traceback in the notes."""
    if isinstance(error, RestoreError):
        return error
    if is_memory_shortage(error):
        return TooLittleMemory(f"{task.path}: not enough memory")
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        if error.filename not in (None, str(task.path)):  # a folder of models, for instance
            reason += f" ({error.filename})"
        return PhotoError(f"{task.path}: {reason}")
    bug = PhotoError(f"{task.path}: a bug in restore: {type(error).__name__}: {error}")
    bug.add_note("".join(traceback.format_exception(error)).rstrip())
    return bug


def _mourn() -> None:
    """End this process cleanly when its parent is gone, so that no unfinished file stays."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(FAREWELL)  # native code ignores signals
        _part.remove_own()
        os._exit(1)


def _interrupted(number: int, frame: object) -> None:
    # Once only: it must not interrupt the cleanup. With SIG_IGN, Python would print a traceback
    # for a signal that is already pending.
    for signum in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(signum, lambda number, frame: None)
    raise _Ended(number)


class _Ended(KeyboardInterrupt):
    """A signal ends this process."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
