"""Several child processes that take tasks from one source, each with its share of the machine.

    pool = Pool(begin, jobs(len(tasks)))
    pool.ready()
    for ended in pool.run(tasks):
        ...
    pool.close()

One loop in one thread waits for all of them, so the parent stays small and can fork. A child that
dies costs its task one retry; a task that needs more memory than a share waits for all of it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from restore import memory
from restore.context import cores
from restore.errors import Died, RestoreError, TooLittleMemory
from restore.work.worker import PIECE, Work, Worker, unstarted, wait

ROOM = 750e6
"""Bytes for which another job is worth having: a photo of 24 million pixels, libraries, network."""


class SharedTask(Protocol):
    """A task on one file (`worker.Task`) that can be told how much memory to use."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def folder(self) -> Path | None:
        """The folder it writes to, if any."""

    @property
    def memory(self) -> float | None:
        """Bytes that may be used; None for three quarters of what is free."""


Tell = Callable[[Any, float], None]
"""Called with a task and the share of it that is done, 0 … 1; with 0 when it begins."""


@dataclass(frozen=True)
class Ended:
    """How a task ended.

    Attributes
    ----------
    task
        The task, as it was given.
    outcome, error
        What the child's work returned, or what it met.
    seconds
        How long it took.
    """

    task: Any
    outcome: Any = None
    error: RestoreError | None = None
    seconds: float = 0.0


@dataclass
class _Turn:
    """A task that a worker is doing.

    `sent` is the task with its share of memory; `alone`, whether it has the machine to itself.
    """

    task: Any
    alone: bool
    sent: Any
    threads: int
    began: float


def jobs(tasks: int, most: float | None = None) -> int:
    """Tasks to do at a time: what cores and memory allow.

    Parameters
    ----------
    tasks
        How many there are.
    most
        Bytes they may use together; None for three quarters of what is free.
    """
    most = memory.allowed() if most is None else most
    fitting = cores() if most is None else int(most // ROOM)
    return max(1, min(tasks, cores(), fitting))


class Pool:
    """Child processes that do tasks side by side.

    The first is started at once, the others when there are tasks for them.

    Parameters
    ----------
    begin
        As for `Worker`.
    count
        Tasks to do at a time.
    most
        Bytes they may use together; None for three quarters of what is free at the beginning.
    """

    def __init__(
        self, begin: Callable[[], Work], count: int = 1, most: float | None = None
    ) -> None:
        self._begin, self._most = begin, most
        self._workers = [Worker(begin)]
        self._starting: set[Worker] = set()
        self._running: dict[Worker, _Turn] = {}
        self._alone: deque[Any] = deque()
        self._stopping = False
        self.count = count

    def ready(self) -> None:
        """Wait until the first child has begun; RestoreError if `begin` raised one."""
        self._workers[0].ready()

    def stop(self) -> None:
        """Take no more tasks; what is running is finished. May be called by a signal handler."""
        self._stopping = True

    def run(self, tasks: Iterable[Any], tell: Tell = lambda task, share: None) -> Iterator[Ended]:
        """Do tasks, and say of each how it ended, in the order in which they do.

        Parameters
        ----------
        tasks
            `SharedTask`s. One is taken when a worker is free for it, so that a million need not
            be in memory; None stands for "none at the moment, ask again".
        tell
            Called as the tasks proceed.
        """
        source = iter(tasks)
        allowed = memory.allowed() if self._most is None else self._most
        share = self._most if allowed is None or self.count == 1 else allowed / self.count
        drained = False
        while True:
            waiting = False
            while len(self._running) < self.count and not (drained or self._stopping or waiting):
                try:
                    task = next(source)
                except StopIteration:
                    drained = True
                    break
                waiting = task is None
                if not waiting:
                    yield from self._start(task, False, share, tell)
            if not self._running:
                if self._stopping:
                    return
                if self._alone:
                    yield from self._start(self._alone.popleft(), True, self._most, tell)
                elif drained:
                    return
                elif waiting:
                    time.sleep(PIECE / 4)
                continue
            yield from self._hear(tell)

    def _start(self, task: Any, alone: bool, most: float | None, tell: Tell) -> Iterator[Ended]:
        """Give a task to a free worker, starting one if there is none."""
        try:
            worker = self._free()
        except OSError as error:
            yield from self._unstarted(task, alone, error, 0.0)
            return
        tell(task, 0.0)
        threads = cores() if alone else -(-cores() // self.count)
        turn = _Turn(task, alone, replace(task, memory=most), threads, time.monotonic())
        self._running[worker] = turn
        if worker not in self._starting:
            worker.give(turn.sent, turn.threads)

    def _free(self) -> Worker:
        """A worker without a task; it may be starting."""
        for worker in self._workers:
            if worker not in self._running:
                if not worker.alive:
                    worker.restart()
                    self._starting.add(worker)
                return worker
        worker = Worker(self._begin)
        self._workers.append(worker)
        self._starting.add(worker)
        return worker

    def _hear(self, tell: Tell) -> Iterator[Ended]:
        """Wait for a report, and act on all that have come."""
        waited = wait(self._running)
        for worker, turn in list(self._running.items()):
            kind, content = worker.hear(waited)
            if kind == "progress":
                tell(turn.task, content)
            elif kind == "done" and worker in self._starting:
                self._starting.remove(worker)
                worker.give(turn.sent, turn.threads)
            elif kind:
                del self._running[worker]
                seconds = time.monotonic() - turn.began
                if kind == "done":
                    yield Ended(turn.task, content, seconds=seconds)
                elif worker in self._starting:
                    self._starting.remove(worker)
                    yield from self._unstarted(turn.task, turn.alone, content, seconds)
                elif self._again(turn, content):
                    self._alone.append(turn.task)
                else:
                    yield Ended(turn.task, error=content, seconds=seconds)

    def _unstarted(
        self, task: Any, alone: bool, error: Exception, seconds: float
    ) -> Iterator[Ended]:
        """No process could be started for a task: there are fewer from now on."""
        if alone:
            yield Ended(task, error=unstarted(task, error), seconds=seconds)
            return
        self.count = max(1, self.count - 1)
        self._alone.append(task)

    def _again(self, turn: _Turn, error: RestoreError) -> bool:
        """Whether a task that failed is to be done again, with the machine to itself."""
        if isinstance(error, Died):
            return not turn.alone
        return isinstance(error, TooLittleMemory) and not turn.alone and self.count > 1

    def close(self) -> None:
        """End the children; those at work remove their unfinished files."""
        for worker in self._workers:
            worker.end()
        for worker in self._workers:
            worker.close()
