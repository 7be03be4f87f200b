"""The output of `run` for each photo, as text or JSON, and its summary at the end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from restore.cli import _console
from restore.errors import RestoreError, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from restore.cli._report import RunReport
    from restore.report.entry import Entry
    from restore.work.job import Job, Outcome
    from restore.work.queue import Settled

DRY = {"restored": "would be restored", "failed": "would fail", "skipped": "would be skipped"}


@dataclass
class Reporter:
    """Results go to stdout, as paths or as JSON; everything else goes to stderr.

    Attributes
    ----------
    recipe
        The recipe's name, for JSON.
    as_json, quiet, verbose, dry
        The options given.
    report
        The report page, if one is wanted.
    counts
        How many photos were "restored", "failed" and "skipped".
    """

    console: Console
    bar: Progress
    recipe: str
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    dry: bool = False
    report: RunReport | None = None
    counts: dict[str, int] = field(default_factory=dict)
    _whole: TaskID | None = None
    _shares: dict[Path, float] = field(default_factory=dict)

    def begin(self, photos: Sequence[Path]) -> None:
        """Show one bar for all photos."""
        name = photos[0].name if len(photos) == 1 else f"{len(photos)} photos"
        self._whole = self.bar.add_task(printable(name), total=max(len(photos), 1))

    def progress(self, job: Job, share: float) -> None:
        """A photo is being restored; the share done, 0 … 1."""
        self._shares[job.path] = share
        self._show()

    def _show(self) -> None:
        if self._whole is not None:
            done = sum(self.counts.values()) + sum(self._shares.values())
            self.bar.update(self._whole, completed=done)

    def settled(self, job: Job, end: Settled) -> None:
        """What became of a photo."""
        self._shares.pop(job.path, None)
        if end.error:
            self.failed(job.path, end.error, end.seconds)
        elif end.skipped:
            self._end("skipped", job.path, (job.target,))
        elif end.outcome:
            self._restored(job.path, end.outcome, end.seconds)
        else:
            self._end("restored", job.path, end.planned)

    def failed(self, photo: Path, error: RestoreError, seconds: float = 0.0) -> None:
        """A photo, or a folder of photos, could not be restored."""
        self._end("failed", photo, error=error, seconds=seconds)

    def _restored(self, photo: Path, outcome: Outcome, seconds: float) -> None:
        """A photo is done; its before | after picture may have failed."""
        warnings, headline = outcome.warnings, "; ".join(outcome.headlines)
        kind = "failed" if outcome.failed else "restored"
        entry = outcome.entry
        self._end(kind, photo, outcome.written, headline, warnings, outcome.failed, seconds, entry)
        if self.quiet:
            return
        for warning in warnings:
            _console.warn(self.console, warning)
        for line in outcome.findings if self.verbose else outcome.headlines:
            self.console.print(printable(f"{photo}: {line}"), markup=False)

    def close(self) -> None:
        """Print how many photos were restored, skipped or failed, if there were several."""
        if not self.quiet and sum(self.counts.values()) > 1:
            kinds = [kind for kind in DRY if kind in self.counts]
            words = DRY if self.dry else dict(zip(DRY, DRY, strict=True))
            self.console.print(", ".join(f"{self.counts[kind]} {words[kind]}" for kind in kinds))

    def close_report(self) -> bool:
        """Write the report page, also of an interrupted run; False if it cannot be written."""
        try:
            page = self.report.close() if self.report else None
        except RestoreError as error:
            _console.fail(self.console, error)
            return False
        if page and not self.quiet:
            self.console.print(f"report: {printable(page)}", markup=False)
        return True

    def _end(
        self,
        kind: str,
        photo: Path,
        written: Sequence[Path] = (),
        headline: str = "",
        warnings: Sequence[str] = (),
        error: RestoreError | None = None,
        seconds: float = 0.0,
        entry: Entry | None = None,
    ) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.report:  # first: after Ctrl-C, the page has every photo that was named as done
            self.report.add(kind, photo, written, error, entry)
        self._show()
        with _console.cleared(self.bar):
            if self.as_json:
                result, compare = [*map(os.fspath, written), None, None][:2]
                _console.say_json(
                    {
                        "path": os.fspath(photo),
                        "status": kind,
                        "result": result,
                        "compare": compare,
                        "recipe": self.recipe,
                        "summary": headline or None,
                        "warnings": list(warnings),
                        "error": str(error) if error else None,
                        "seconds": round(seconds, 3),
                    }
                )
            elif kind != "skipped":
                for path in written:
                    _console.say(path)
        if error:
            _console.fail(self.console, error)
