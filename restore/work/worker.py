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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from restore.errors import PhotoError, RestoreError, is_memory_shortage
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
IN_A_DECODER = "the file is damaged in a way that crashes its decoder, or memory ran out"
SIGNALLED = 128
"""Exit status of a child ended by a signal, minus the signal's number, as in a shell."""
ENDED = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
"""Signals by which a person or another program ends a process."""


class Worker:
    """A child process that does one task after another.

    It calls `begin` at once, which returns the function that does the tasks; `ready` reports
    errors. Where the system does not fork, `begin` is sent through a pipe.
    """

    def __init__(self, begin: Callable[[], Work]) -> None:
        self._begin = begin
        self._process: Any = None
        self._folder: Path | None = None
        self._busy = False
        self._start()

    def _start(self) -> None:
        # Forking is quick, and safe while this process is small: no threads of numpy or OpenVINO.
        small = sys.platform == "linux" and "numpy" not in sys.modules
        context: Any = multiprocessing.get_context("fork" if small else "spawn")
        self._pipe, theirs = context.Pipe()
        ours = self._pipe if small else None  # a forked child inherits our end too
        self._mark = secrets.token_hex(8)
        asked = (theirs, ours, self._mark, self._begin)
        self._process = context.Process(target=_serve, args=asked)
        with _deaf():
            self._process.start()
        theirs.close()

    def ready(self) -> None:
        """Wait until the child has begun.

        Raises
        ------
        RestoreError
            What `begin` raised.
        """
        self._result(lambda share: None, "starting", "memory may have run out")

    def run(self, task: Task, tell: Tell = lambda share: None) -> Any:
        """Do one task.

        Raises
        ------
        RestoreError
            What the child met; PhotoError also if it crashed, hung or met a bug of ours (with the
            bug's traceback in its notes).
        """
        if not self._process.is_alive():
            self._pipe.close()
            self._again(task)
        self._folder = task.folder
        with suppress(OSError):  # it has just died, as the result will show
            self._pipe.send(task)
        return self._result(tell, f"{task.path}: working on it", IN_A_DECODER)

    def _again(self, task: Task) -> None:
        """Start another child; if that fails, only this photo fails."""
        try:
            self._start()
            self.ready()
        except (RestoreError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise PhotoError(f"{task.path}: cannot start a process for it: {reason}") from error

    def _result(self, tell: Tell, what: str, cause: str) -> Any:
        """The task's result; `what` and `cause` name the work and the likely cause of a crash."""
        self._busy = True
        patience = math.inf
        content: Any
        while True:
            try:
                heard = self._heard(patience)
                kind, content = self._pipe.recv() if heard else ("", None)
            except (EOFError, OSError):
                self._bury()
                raise PhotoError(f"{what}, {_end(self._process.exitcode, cause)}") from None
            if not heard:
                self._process.kill()
                self._bury()
                raise PhotoError(
                    f"{what} came to a stop: no sign of life for {patience:.0f} s; "
                    "the file may be damaged in a way that traps its decoder"
                )
            self._busy = kind in ("progress", "allow")
            if kind == "done":
                return content
            if kind == "starved":
                self._pipe.close()  # this ends the child and frees its memory
                self._bury()
            if kind in ("failed", "starved"):
                raise content
            if kind == "allow":
                patience, what = content
            else:
                tell(content)

    def _heard(self, patience: float) -> bool:
        """Whether the child reports or dies within so many seconds."""
        silent = 0.0
        while silent < patience:
            # In pieces, not by the clock: Ctrl-Z stops both processes, and fg must not time out.
            piece = min(1.0, patience - silent)
            if self._pipe.poll(piece):
                return True
            silent += piece
        return False

    def _bury(self) -> None:
        """Wait for a dying child, and remove its unfinished files."""
        self._busy = False
        self._process.join()
        if self._folder:
            _part.remove(self._folder, self._mark)

    def close(self) -> None:
        """End the child; if busy, it removes its unfinished files."""
        self._pipe.close()
        if self._busy:
            self._process.terminate()
        self._process.join(FAREWELL)
        if self._process.is_alive():  # native code ignores signals
            self._process.kill()
        self._bury()


@contextmanager
def _deaf() -> Iterator[None]:
    """Keep Ctrl-C from a child being started: only its parent handles it.

    The parent receives a Ctrl-C of that moment afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
    signal.signal(signal.SIGTERM, _interrupted)
    closed = getattr(signal, "SIGHUP", signal.SIGTERM)  # the terminal
    if signal.getsignal(closed) == signal.SIG_DFL:  # not under nohup
        signal.signal(closed, _interrupted)
    threading.Thread(target=_mourn, daemon=True).start()
    status = 0
    try:
        _work(pipe, begin)
    except KeyboardInterrupt as end:
        status = SIGNALLED + getattr(end, "number", signal.SIGINT)
    except (EOFError, BrokenPipeError):
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
        task = pipe.recv()
        try:
            outcome = work(
                task,
                lambda share: pipe.send(("progress", share)),
                lambda seconds, what: pipe.send(("allow", (seconds, what))),
            )
        except RestoreError as error:
            pipe.send(("failed", error))
        except BrokenPipeError:
            raise
        except OSError as error:
            if is_memory_shortage(error):
                pipe.send(_starved(task))
                continue
            reason = error.strerror or str(error)
            if error.filename not in (None, str(task.path)):  # a folder of models, for instance
                reason += f" ({error.filename})"
            pipe.send(("failed", PhotoError(f"{task.path}: {reason}")))
        except Exception as error:
            if is_memory_shortage(error):
                pipe.send(_starved(task))
                continue
            bug = PhotoError(f"{task.path}: a bug in restore: {type(error).__name__}: {error}")
            bug.add_note(traceback.format_exc())
            pipe.send(("failed", bug))
        else:
            pipe.send(("done", outcome))


def _starved(task: Task) -> tuple[str, PhotoError]:
    return "starved", PhotoError(f"{task.path}: not enough memory")


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
