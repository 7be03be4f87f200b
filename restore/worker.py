"""Restore files in a child process, so that a decoder that crashes takes one photo down, not all.

Decoders are native code fed with files of unknown origin. The parent stays small: it reads
messages from the child and shows them. A child that dies is told as a failed photo.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from restore.errors import PhotoError, RestoreError

if TYPE_CHECKING:
    from restore.job import Job, Outcome


class Worker:
    """A child process that restores one file after another with one recipe.

    Raises
    ------
    RecipeError
        If the recipe or a setting is wrong.
    """

    def __init__(self, recipe: str, assignments: dict[str, str]) -> None:
        self._asked = (recipe, assignments)
        self._process: Any = None
        self._start()

    def _start(self) -> None:
        # Forking is quick, and safe while this process is small: no threads of numpy or OpenVINO.
        small = sys.platform == "linux" and "numpy" not in sys.modules
        context: Any = multiprocessing.get_context("fork" if small else "spawn")
        self._pipe, theirs = context.Pipe()
        ours = self._pipe if small else None  # a forked child inherits our end too
        self._process = context.Process(target=_serve, args=(theirs, ours, *self._asked))
        self._process.start()
        theirs.close()
        self._answer(lambda share: None, "restore")

    def run(self, job: Job, tell: Callable[[float], None]) -> Outcome:
        """Restore one file; `tell` hears the share done, 0 … 1.

        Raises
        ------
        RestoreError
            What the child met; PhotoError also if it crashed or met a bug of ours (with the bug's
            traceback in its notes).
        """
        if not self._process.is_alive():
            self._start()
        self._pipe.send(job)
        return self._answer(tell, str(job.path))

    def _answer(self, tell: Callable[[float], None], where: str) -> Any:
        self._busy = True
        while True:
            try:
                kind, content = self._pipe.recv()
            except EOFError:
                self._busy = False
                self._process.join()
                code = self._process.exitcode
                name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
                raise PhotoError(
                    f"{where}: the process that restored it died ({name}): the file is damaged in "
                    "a way its decoder does not survive, or memory ran out"
                ) from None
            self._busy = kind == "progress"
            if kind == "done":
                return content
            if kind == "failed":
                raise content
            tell(content)

    def close(self) -> None:
        """End the child; one in the middle of a photo removes what is half done."""
        self._pipe.close()
        if self._busy:
            self._process.terminate()
        self._process.join()


def _serve(
    pipe: Connection, parents: Connection | None, recipe: str, changes: dict[str, str]
) -> None:
    if parents:
        parents.close()  # so that the parent's death ends this process, too
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and ends this process
    signal.signal(signal.SIGTERM, _interrupted)
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
            outcome = restore_file(job, chosen, lambda share: pipe.send(("progress", share)))
        except RestoreError as error:
            pipe.send(("failed", error))
        except MemoryError:
            pipe.send(("failed", PhotoError(f"{job.path}: there is not enough memory for it")))
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            pipe.send(("failed", PhotoError(f"{job.path}: {reason}")))
        except Exception as error:
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


def _interrupted(number: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: it must not break off the cleaning up
    raise KeyboardInterrupt
