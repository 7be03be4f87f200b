"""The views (browser tabs) and their child processes: the last slider wins."""

from __future__ import annotations

import asyncio
import heapq
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from restore.errors import Cancelled
from restore.serve.darkroom import Ask, Reply, view
from restore.serve.desk import desk
from restore.serve.limits import Limits
from restore.work.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VIEWS = 3
"""Views with a process of their own; a further one takes over that of the longest unused."""
PAUSE, LONGEST, TICK = 0.3, 5.0, 0.05
"""Seconds: a view has rested after, thumbnails and cards wait for that at most, and look again."""


class Line:
    """One at a time, the most urgent first; in order of arrival among equals."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self._busy = False

    @asynccontextmanager
    async def turn(self, urgency: int = 0) -> AsyncIterator[None]:
        """Wait for one's turn; lower numbers are more urgent."""
        if self._busy:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (urgency, next(self._arrivals), mine))
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._next()
                raise
        self._busy = True
        try:
            yield
        finally:
            self._next()

    def _next(self) -> None:
        while self._waiting:
            ready = heapq.heappop(self._waiting)[2]
            if not ready.done():
                ready.set_result(None)  # busy it stays
                return
        self._busy = False


class Hands:
    """A child process with a line before it; started at first use, and again after a crash.

    Parameters
    ----------
    begin
        As for `Worker`.
    calm
        Waits before each task until more urgent work elsewhere is done.
    """

    def __init__(
        self, begin: Callable[[], Any], calm: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._begin, self._calm = begin, calm
        self._asked = 0
        self._worker: Worker | None = None
        self._line = Line()
        self._closed = False
        self.used = time.monotonic()

    async def ask(
        self, ask: Ask, urgency: int = 0, wanted: Callable[[], bool] = lambda: True
    ) -> Reply:
        """What a request comes to.

        Raises
        ------
        Cancelled
            If it is no longer wanted.
        RestoreError
            What the child met, also its death.
        """
        self._asked += 1
        try:
            async with self._line.turn(urgency):
                if self._calm:
                    await self._calm()
                if self._closed or not wanted():
                    raise Cancelled("no longer wanted")
                # not abandoned when the browser hangs up: the pipe has one reader
                with anyio.CancelScope(shield=True):
                    reply: Reply = await anyio.to_thread.run_sync(self._run, ask)
        finally:
            self._asked -= 1
            self.used = time.monotonic()
        return reply

    @property
    def busy(self) -> bool:
        """Whether it works, or has just done so: a slider that moves asks again at once."""
        return self._asked > 0 or time.monotonic() - self.used < PAUSE

    def _run(self, ask: Ask) -> Reply:
        if self._worker is None:
            worker = Worker(self._begin)
            try:
                worker.ready()
            except BaseException:
                worker.close()
                raise
            self._worker = worker
        reply: Reply = self._worker.run(ask)
        return reply

    async def leave(self) -> None:
        """End the process once it is done with what it is doing; nothing more is asked of it."""
        self._closed = True
        async with self._line.turn(-1):
            await anyio.to_thread.run_sync(self.close)

    def end(self) -> None:
        """Tell the process to end."""
        if self._worker:
            self._worker.end()

    def close(self) -> None:
        """End the process."""
        if self._worker:
            self._worker.close()
            self._worker = None


class View:
    """A browser tab: one photo is planned at a time, and a newer plan cancels an older one."""

    def __init__(self, limits: Limits) -> None:
        # a plain number of this machine's word size: written by one process, read by another
        self._newest = multiprocessing.get_context("spawn").RawValue("q", 0)
        self.hands = Hands(partial(view, self._newest, limits))
        self._shown: Ask | None = None

    async def plan(self, number: int, kind: str, path: Path, **values: Any) -> Reply:
        """A new plan; whatever belongs to an older one is cancelled."""
        self._newest.value = number
        return await self.show(number, kind, path, **values)

    async def show(self, number: int, kind: str, path: Path, **values: Any) -> Reply:
        """Something of a plan, or of the photo itself (number 0)."""
        urgency = 0 if kind in ("preview", "sketch") else 1
        ask = Ask(path, number, kind, values)
        if kind == "before":  # of photos paged through quickly, only the last is decoded
            self._shown = ask
            return await self.hands.ask(ask, 0, lambda: self._shown is ask)
        return await self.hands.ask(ask, urgency, lambda: number in (0, self._newest.value))

    async def leave(self) -> None:
        """The tab is closed: cancel its work and end its process."""
        self._newest.value = -1
        await self.hands.leave()


class Views:
    """All views, and the process beside them."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.views: dict[str, View] = {}
        self.desk = Hands(partial(desk, limits), self._calm)
        self.numbers = count(1)

    async def _calm(self) -> None:
        """Wait until no view is busy, but not for long."""
        for _ in range(round(LONGEST / TICK)):
            if not any(view.hands.busy for view in self.views.values()):
                return
            await asyncio.sleep(TICK)

    def view(self, name: str) -> View:
        """The view of a name, made at first use."""
        if name not in self.views:
            if len(self.views) >= VIEWS:
                oldest = min(self.views, key=lambda name: self.views[name].hands.used)
                # its process and its photos serve the newcomer
                self.views[name] = self.views.pop(oldest)
            else:
                self.views[name] = View(self.limits)
        return self.views[name]

    def close(self) -> None:
        """End all processes."""
        every = (self.desk, *(one.hands for one in self.views.values()))
        for hands in every:
            hands.end()
        for hands in every:
            hands.close()
