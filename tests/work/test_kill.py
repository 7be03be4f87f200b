"""A short slice of `python -m benchmarks.kill`."""

from __future__ import annotations

from pathlib import Path

from benchmarks import kill


def test_killed_runs_leave_whole_results_or_none(tmp_path: Path) -> None:
    tally = kill.run(3, 0, tmp_path)
    assert tally.faults == ()
