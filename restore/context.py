"""What the work on a photo shares with its caller: threads, memory, networks, progress, cancelling.

    context = Context(threads=2, memory=4e9, progress=bar, cancelled=stop.is_set)
    result = recipe(photo, context=context)

Nothing is process-wide: two renders at once, each with its own context, do not disturb each
other.
"""

from __future__ import annotations

import functools
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from restore.errors import Cancelled

T = TypeVar("T")
HELD = 4
"""Networks a context keeps: each takes tens to hundreds of megabytes."""
THREADS = "RESTORE_THREADS"
"""Environment variable: processors to use, instead of all that the system gives this process."""


def cores() -> int:
    """Processors this process may use."""
    with suppress(ValueError):
        return max(1, int(os.environ.get(THREADS, "")))
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def default() -> Context:
    """The default context of scripts: its networks stay loaded for the next photo."""
    return Context()


@dataclass(frozen=True, eq=False)
class Context:
    """How to work, handed down from the command line, a page or a script.

    Attributes
    ----------
    threads
        Threads that render tiles, or None for all processors. The result does not depend on it.
    memory
        Bytes that may be used: larger photos are refused before they are decoded. None for three
        quarters of what is free.
    engine
        What runs the networks: "auto" or a name from `models.engines.ENGINES`.
    progress
        Called with the share done, 0 … 1, from the calling thread; planning takes the first part.
    cancelled
        Called between steps and between tiles; once it returns True, `Cancelled` is raised.
    alone
        Nothing else in this process uses OpenCV: its own threads may be turned off while tiles are
        rendered. The command line's worker is; a script or a server may not be.
    """

    threads: int | None = None
    memory: float | None = None
    engine: str = "auto"
    progress: Callable[[float], None] | None = None
    cancelled: Callable[[], bool] | None = None
    alone: bool = False
    _networks: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict, repr=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def workers(self) -> int:
        """Threads to render with."""
        return self.threads or cores()

    def advance(self, share: float) -> None:
        """Report the share done, 0 … 1; raises Cancelled if the work was cancelled."""
        self.check()
        if self.progress:
            self.progress(share)

    def parts(self, share: float) -> tuple[Context, Context]:
        """Two contexts for two stages of the work: the first takes `share` of the progress."""
        whole = self.progress
        if not whole:
            return self, self
        return (
            replace(self, progress=lambda done: whole(done * share)),
            replace(self, progress=lambda done: whole(share + done * (1 - share))),
        )

    def check(self) -> None:
        """Raise Cancelled if the work was cancelled."""
        if self.cancelled and self.cancelled():
            raise Cancelled("cancelled")

    def network(self, key: Hashable, load: Callable[[], T]) -> T:
        """The network of a key, loaded once; the oldest of more than `HELD` is dropped."""
        with self._loading:
            if key not in self._networks:
                self._networks[key] = load()
                while len(self._networks) > HELD:
                    self._networks.popitem(last=False)
            self._networks.move_to_end(key)
            held: T = self._networks[key]
            return held

    def release(self) -> None:
        """Free all networks: a large photo needs their memory."""
        with self._loading:
            self._networks.clear()
