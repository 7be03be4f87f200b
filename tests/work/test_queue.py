"""Photos on their way through a pool are reported in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from restore.work.job import Job, Outcome
from restore.work.pool import Ended
from restore.work.queue import Queue


class Backwards:
    """Does the last tasks first, and is interrupted before the first one."""

    def run(self, tasks: Iterable[Job | None], tell: object = None) -> Iterator[Ended]:
        first, *others = tasks
        assert first
        for job in reversed(others):
            assert job
            yield Ended(job, Outcome((job.target,), (), (), (), {}))
        raise KeyboardInterrupt


def test_what_was_finished_before_an_interruption_is_reported(tmp_path: Path) -> None:
    jobs = [Job(tmp_path / f"{n}.png", tmp_path / "out" / f"{n}.png") for n in range(4)]
    queue = Queue(jobs)
    reported: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        reported += [job.path.name for job, _ in queue.through(Backwards(), print)]  # type: ignore[arg-type]
    assert reported == []
    assert [job.path.name for job, _ in queue.rest()] == ["1.png", "2.png", "3.png"]
    assert len(queue.written) == 3
