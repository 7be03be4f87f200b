"""Short slices of `python -m benchmarks.kill` and `python -m benchmarks.batch kill`."""

from __future__ import annotations

from pathlib import Path

from benchmarks import _killing, kill


def test_killed_runs_leave_whole_results_or_none(tmp_path: Path) -> None:
    tally = kill.run(3, 0, tmp_path)
    assert tally.faults == ()


def test_killed_batches_end_with_every_result_once(tmp_path: Path) -> None:
    tally = _killing.kill(3, 24, 1, tmp_path, longest=0.5)
    assert tally.faults == ()
    assert sum(tally.kills.values()) == 3
