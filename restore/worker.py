"""Restore files in a child process, so that a decoder that crashes takes one photo down, not all.

Decoders are native code fed with files of unknown origin. The parent stays small: it reads
messages from the child and shows them. A child that dies, or is silent for longer than it said it
might be, is told as a failed photo; what it left half written is removed.
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
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from restore.errors import PhotoError, RestoreError
from restore.files import _part

if TYPE_CHECKING:
    from pathlib import Path

    from restore.job import Job, Outcome

FAREWELL = 5.0
"""Seconds a child has to remove what is half done before it is killed."""
NO_MEMORY = -4
"""The code of OpenCV's error where there is no memory (`cv2.Error.StsNoMem`)."""


class Worker:
    """A child process that restores one file after another with one recipe.

    It begins at once to read the recipe; `ready` tells what came of that.
    """

    def __init__(self, recipe: str, assignments: dict[str, str]) -> None:
        self._asked = (recipe, assignments)
        self._process: Any = None
        self._folder: Path | None = None
        self._start()

    def _start(self) -> None:
        # Forking is quick, and safe while this process is small: no threads of numpy or OpenVINO.
        small = sys.platform == "linux" and "numpy" not in sys.modules
        context: Any = multiprocessing.get_context("fork" if small else "spawn")
        self._pipe, theirs = context.Pipe()
        ours = self._pipe if small else None  # a forked child inherits our end too
        self._mark = secrets.token_hex(8)
        asked = (theirs, ours, self._mark, *self._asked)
        self._process = context.Process(target=_serve, args=asked)
        self._process.start()
        theirs.close()

    def ready(self) -> None:
        """Wait until the child has read the recipe.

        Raises
        ------
        RecipeError
            If the recipe or a setting is wrong.
        """
        self._answer(lambda share: None, "restore")

    def run(self, job: Job, tell: Callable[[float], None]) -> Outcome:
        """Restore one file; `tell` hears the share done, 0 … 1.

        Raises
        ------
        RestoreError
            What the child met; PhotoError also if it crashed, hung or met a bug of ours (with the
            bug's traceback in its notes).
        """
        if not self._process.is_alive():
            self._pipe.close()
            self._start()
            self.ready()
        self._folder = job.target.parent
        with suppress(OSError):  # it has just died; the answer tells
            self._pipe.send(job)
        return self._answer(tell, str(job.path))

    def _answer(self, tell: Callable[[float], None], where: str) -> Any:
        self._busy = True
        patience, what = math.inf, ""
        while True:
            if not self._heard(patience):
                self._process.kill()
                self._bury()
                raise PhotoError(
                    f"{where}: {what} it came to a stop: no sign of life for {patience:.0f} s; "
                    "the file may be damaged in a way that its decoder does not get out of"
                )
            try:
                kind, content = self._pipe.recv()
            except (EOFError, OSError):
                self._bury()
                code = self._process.exitcode
                name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
                raise PhotoError(
                    f"{where}: the process that restored it died ({name}): the file is damaged in "
                    "a way its decoder does not survive, or memory ran out"
                ) from None
            self._busy = kind in ("progress", "allow")
            if kind == "done":
                return content
            if kind == "failed":
                raise content
            if kind == "allow":
                patience, what = content
            else:
                tell(content)

    def _heard(self, patience: float) -> bool:
        """Whether the child says something, or dies, in so many seconds."""
        silent = 0.0
        while silent < patience:
            # Piece by piece, not by the clock: Ctrl-Z stops both, and fg finds both alive.
            piece = min(1.0, patience - silent)
            if self._pipe.poll(piece):
                return True
            silent += piece
        return False

    def _bury(self) -> None:
        """Wait for a child that dies, and remove what it left half written."""
        self._busy = False
        self._process.join()
        if self._folder:
            _part.remove(self._folder, self._mark)

    def close(self) -> None:
        """End the child; one in the middle of a photo removes what is half done."""
        self._pipe.close()
        if self._busy:
            self._process.terminate()
        self._process.join(FAREWELL)
        if self._process.is_alive():  # in native code that hears nothing
            self._process.kill()
        self._bury()


def _serve(
    pipe: Connection, parents: Connection | None, mark: str, recipe: str, changes: dict[str, str]
) -> None:
    if parents:
        parents.close()  # so that the parent's death ends this process, too
    _part.mark = mark
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and ends this process
    signal.signal(signal.SIGTERM, _interrupted)
    closed = getattr(signal, "SIGHUP", signal.SIGTERM)  # the terminal
    if signal.getsignal(closed) == signal.SIG_DFL:  # not under nohup
        signal.signal(closed, _interrupted)
    threading.Thread(target=_mourn, daemon=True).start()
    with suppress(KeyboardInterrupt, EOFError, BrokenPipeError):
        _work(pipe, recipe, changes)
    os._exit(0)  # at once: nothing is left to do, and engines take their time to go


def _work(pipe: Connection, recipe: str, changes: dict[str, str]) -> None:
    # Tiles are the parallel work: threads within numpy's products of small matrices only fight.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from restore.job import restore_file
        from restore.recipe import Recipe

        chosen = Recipe.named(recipe).with_settings(changes)
    except RestoreError as error:
        pipe.send(("failed", error))
        return
    pipe.send(("done", None))
    while True:
        job = pipe.recv()
        try:
            outcome = restore_file(
                job,
                chosen,
                lambda share: pipe.send(("progress", share)),
                lambda seconds, what: pipe.send(("allow", (seconds, what))),
            )
        except RestoreError as error:
            pipe.send(("failed", error))
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            if error.filename not in (None, str(job.path)):  # a folder of models, for instance
                reason += f" ({error.filename})"
            pipe.send(("failed", PhotoError(f"{job.path}: {reason}")))
        except Exception as error:
            if isinstance(error, MemoryError) or getattr(error, "code", 0) == NO_MEMORY:
                pipe.send(("failed", PhotoError(f"{job.path}: there is not enough memory for it")))
                continue
            bug = PhotoError(f"{job.path}: a bug in restore: {type(error).__name__}: {error}")
            bug.add_note(traceback.format_exc())
            pipe.send(("failed", bug))
        else:
            pipe.send(("done", outcome))


def _mourn() -> None:
    """End this process, cleanly, when its parent is gone: even a killed one leaves no half file."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(FAREWELL)  # in native code that hears nothing
        _part.remove_own()
        os._exit(1)


def _interrupted(number: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: it must not break off the cleaning up
    raise KeyboardInterrupt
