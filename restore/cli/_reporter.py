"""The output of `run` for each photo, as text or JSON, and its summary at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from restore.cli import _console
from restore.errors import RestoreError, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from restore.work.job import Outcome

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
    counts: dict[str, int] = field(default_factory=dict)
    _task: TaskID | None = None
    _began: float = field(default_factory=time.monotonic)

    def begin(self, photo: Path) -> Callable[[float], None]:
        """Start on a photo; returns a function to call with the share done, 0 … 1."""
        self._began = time.monotonic()
        task = self._task = self.bar.add_task(printable(photo.name), total=1)
        return lambda share: self.bar.update(task, completed=share)

    def restored(self, photo: Path, outcome: Outcome) -> None:
        """A photo is done; its before | after picture may have failed."""
        warnings, headline = outcome.warnings, "; ".join(outcome.headlines)
        kind = "failed" if outcome.failed else "restored"
        self._end(kind, photo, outcome.written, headline, warnings, outcome.failed)
        if self.quiet:
            return
        for warning in warnings:
            _console.warn(self.console, warning)
        for line in outcome.findings if self.verbose else outcome.headlines:
            self.console.print(printable(f"{photo}: {line}"), markup=False)

    def failed(self, photo: Path, error: RestoreError) -> None:
        """A photo, or a folder of photos, could not be restored."""
        self._end("failed", photo, error=error)

    def skipped(self, photo: Path, target: Path) -> None:
        """The result already exists."""
        self._end("skipped", photo, (target,))

    def planned(self, photo: Path, results: Sequence[Path]) -> None:
        """The results would be written."""
        self._end("restored", photo, results)

    def close(self) -> None:
        """Print how many photos were restored, skipped or failed, if there were several."""
        if not self.quiet and sum(self.counts.values()) > 1:
            kinds = [kind for kind in DRY if kind in self.counts]
            words = DRY if self.dry else dict(zip(DRY, DRY, strict=True))
            self.console.print(", ".join(f"{self.counts[kind]} {words[kind]}" for kind in kinds))

    def _end(
        self,
        kind: str,
        photo: Path,
        written: Sequence[Path] = (),
        headline: str = "",
        warnings: Sequence[str] = (),
        error: RestoreError | None = None,
    ) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self._task is not None:
            self.bar.remove_task(self._task)
            self._task = None
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
                        "seconds": round(time.monotonic() - self._began, 3),
                    }
                )
            elif kind != "skipped":
                for path in written:
                    _console.say(path)
        if error:
            _console.fail(self.console, error)
