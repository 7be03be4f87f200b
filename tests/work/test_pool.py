"""Several children share the work: what one of them meets costs one photo at most."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from restore.errors import PhotoError, TooLittleMemory
from restore.work import pool

GIGABYTES = 4e9


@dataclass(frozen=True)
class Task:
    """What a child is to do with a file."""

    path: Path
    what: str = "sleep"
    memory: float | None = None
    folder: Path | None = None


def begin() -> Callable[..., Any]:
    return work


def work(task: Task, tell: Callable[[float], None], allow: object) -> tuple[int, str, float | None]:
    if task.what == "die once" and not task.path.exists():
        task.path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if task.what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if task.what == "large" and (task.memory or 0) < GIGABYTES:
        raise TooLittleMemory(f"{task.path}: too large")
    if task.what == "fail":
        raise PhotoError(f"{task.path}: no")
    tell(0.5)
    time.sleep(0.3)
    return os.getpid(), os.environ.get("RESTORE_THREADS", ""), task.memory


@contextmanager
def opened(count: int = 2) -> Iterator[pool.Pool]:
    made = pool.Pool(begin, count, GIGABYTES)
    try:
        made.ready()
        yield made
    finally:
        made.close()


def test_work_is_shared_and_so_is_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTORE_THREADS", "6")
    tasks = [Task(Path(str(number))) for number in range(6)]
    shares: dict[Path, list[float]] = {}

    def tell(task: Task, share: float) -> None:
        shares.setdefault(task.path, []).append(share)

    with opened() as workers:
        ended = list(workers.run(tasks, tell))
    assert {end.task for end in ended} == {*tasks}
    assert len({end.outcome[0] for end in ended}) == 2
    assert {end.outcome[1:] for end in ended} == {("3", GIGABYTES / 2)}
    assert all(told == [0.0, 0.5] for told in shares.values())
    assert all(0.3 < end.seconds < 30 for end in ended)


def test_what_dies_or_lacks_memory_is_tried_again_alone(tmp_path: Path) -> None:
    kinds = ["die", "large", "die once", "fail", "sleep", "sleep"]
    with opened() as workers:
        ended = list(workers.run(Task(tmp_path / f"{n}", kind) for n, kind in enumerate(kinds)))
    assert len(ended) == len(kinds)
    ends = {end.task.what: end for end in ended}
    assert "SIGKILL" in str(ends["die"].error)
    assert str(ends["fail"].error).endswith("3: no")
    for kind in ("large", "die once"):
        assert ends[kind].error is None
        assert ends[kind].outcome[2] == GIGABYTES
    assert [end.task.what for end in ended[:3]].count("sleep") == 2  # not held up by the others


def test_a_pool_asks_again_and_stops_on_request() -> None:
    def source() -> Iterator[Task | None]:
        for number in range(3):
            yield None
            yield Task(Path(str(number)))
        raise AssertionError("asked after the stop")

    with opened(1) as workers:
        names = []
        for end in workers.run(source()):
            names.append(end.task.path.name)
            if len(names) == 3:
                workers.stop()
    assert names == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("tasks", "most", "count"), [(9, 1e9, 1), (9, 64e9, 4), (3, 64e9, 3), (0, None, 1)]
)
def test_the_default_number_of_jobs(
    monkeypatch: pytest.MonkeyPatch, tasks: int, most: float | None, count: int
) -> None:
    monkeypatch.setenv("RESTORE_THREADS", "4")
    assert pool.jobs(tasks, most) == count
