"""Work done ahead in a thread of its own, so that decoding, planning and encoding overlap."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def ahead(items: Iterable[T], most: int) -> Iterator[Iterator[T]]:
    """The items in order, made in a thread, at most `most` of them waiting.

    What making them raises is raised where they are taken. Leaving the block ends the thread.
    """
    waiting: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(most)
    left = threading.Event()
    end = object()

    def put(item: Any, error: BaseException | None = None) -> bool:
        while not left.is_set():
            try:
                waiting.put((item, error), timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as error:  # to be raised in the thread that takes
            put(None, error)
        else:
            put(end)

    def taken() -> Iterator[T]:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        left.set()
        thread.join()
