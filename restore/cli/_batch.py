"""What `restore batch` shows: one bar, or a line now and then where stderr is not a terminal."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from restore.cli import _console
from restore.errors import PhotoError, printable
from restore.work.records import since

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from restore.work.batch import Done
    from restore.work.journal import Journal
    from restore.work.tasks import BatchTask

EVERY = 30.0
"""Seconds from one line of progress to the next."""
WORDS = {"restored": "restored", "copied": "copied unchanged", "failed": "failed"}
SHOWN = 20
"""Most failures that `--status` lists."""


@dataclass
class Display:
    """Progress and messages on stderr; with `as_json`, a line for each photo on stdout.

    Attributes
    ----------
    as_json, quiet, verbose, dry
        The options given.
    total
        Photos to be worked on in this run, as far as is known.
    """

    as_json: bool
    quiet: bool
    verbose: bool
    dry: bool
    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    _earlier: int = 0
    _troubles: int = 0
    _bytes: int = 0
    _done_bytes: int = 0
    _pixels: int = 0
    _began: float = field(default_factory=time.monotonic)
    _lined: float = field(default_factory=time.monotonic)
    _shares: dict[str, float] = field(default_factory=dict)
    _bar: Progress | None = None
    _task: TaskID | None = None

    def __post_init__(self) -> None:
        self.console = _console.stderr()

    def begin(
        self,
        journal: Journal,
        troubles: Sequence[PhotoError],
        unused: Sequence[str],
        watch: bool = False,
    ) -> None:
        """The sources have been searched."""
        for error in troubles:
            _console.fail(self.console, error)
        self._troubles = len(troubles)
        for where in () if self.quiet else unused[:SHOWN]:
            _console.warn(self.console, f"{where}: fits none of the photos")
        counts = journal.counts(journal.run)
        self.total = counts.get("waiting", 0) + counts.get("begun", 0)
        self._earlier = sum(counts.values()) - self.total
        self._bytes = journal.bytes_due()
        if not self.quiet and watch:
            self.console.print("watching for photos until Ctrl-C")
        elif not self.quiet and not sum(counts.values()) and not troubles:
            self.console.print("no photos")

    def plan(self, journal: Journal) -> None:
        """Print what would be written."""
        for record in journal.records("waiting", "begun", run=journal.run):
            self._count("restored")
            if self.as_json:
                self._say(record.due.path, "restored", record.due.target)
            else:
                _console.say(Path(record.due.target))

    @contextmanager
    def planning(self) -> Iterator[None]:
        """Show how many photos of rolls have been planned."""
        with self._progress() as self._bar:
            self._task = None
            yield

    def planned(self) -> None:
        """A photo of a roll has been planned."""
        if self._bar and self._task is None:
            self._task = self._bar.add_task("", total=None, rates="planned for their rolls")
        if self._bar and self._task is not None:
            self._bar.advance(self._task)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bar."""
        self._began = self._lined = time.monotonic()
        with self._progress() as self._bar:
            self._task = self._bar.add_task("", total=max(self.total, 1), rates="")
            yield

    def _progress(self) -> Progress:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        return Progress(
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rates]}", markup=False),
            console=self.console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=self.quiet or not self.console.is_terminal,
        )

    def progress(self, task: BatchTask, share: float) -> None:
        """A photo is being worked on; the share done, 0 … 1."""
        self._shares[str(task.path)] = share
        self._show()

    def done(self, done: Done) -> None:
        """A photo has been worked on."""
        made = done.made
        self._shares.pop(done.path, None)
        status = made.state if made else "failed"
        self._count("kept" if made and made.kept else status)
        self._done_bytes += done.size
        self._pixels += made.pixels if made else 0
        self.total = max(self.total, sum(self.counts.values()))
        with _console.cleared(self._bar if self.as_json else None):
            if self.as_json:
                self._say(
                    done.path,
                    status,
                    made.results[0].path if made and made.results else None,
                    made.record.get("name") if made else None,
                    made.summary if made else None,
                    made.warnings if made else (),
                    str(done.error) if done.error else None,
                    done.seconds,
                )
        if done.error:
            _console.fail(self.console, done.error)
        elif made and not self.quiet:
            if made.state == "copied" and not made.kept:
                text = f"{done.path}: copied unchanged: {made.summary}"
                self.console.print(printable(text), markup=False)
            elif self.verbose and made.summary:
                self.console.print(printable(f"{done.path}: {made.summary}"), markup=False)
            for warning in made.warnings if self.verbose else ():
                _console.warn(self.console, warning)
        self._show()

    def _say(
        self,
        path: str,
        status: str,
        result: str | None,
        recipe: str | None = None,
        summary: str | None = None,
        warnings: Sequence[str] = (),
        error: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        _console.say_json(
            {
                "path": path,
                "status": status,
                "result": result,
                "recipe": recipe,
                "summary": summary or None,
                "warnings": list(warnings),
                "error": error,
                "seconds": round(seconds, 3),
            }
        )

    def _count(self, status: str) -> None:
        self.counts[status] = self.counts.get(status, 0) + 1

    def _show(self) -> None:
        """Bring the bar up to date, or print a line if none was for a while."""
        done = sum(self.counts.values())
        if self._bar and self._task is not None:
            share = sum(self._shares.values())
            rates = self._rates() if done else ""
            self._bar.update(self._task, completed=done + share, total=self.total, rates=rates)
        if self.quiet or self.console.is_terminal or time.monotonic() < self._lined + EVERY:
            return
        self._lined = time.monotonic()
        self.console.print(f"{done} of {self.total} photos, {self._rates()}", markup=False)

    def _rates(self) -> str:
        """Time left, photos per minute, megapixels per second, failures."""
        seconds = max(time.monotonic() - self._began, 1e-3)
        parts = []
        if self._done_bytes and self._bytes > self._done_bytes:
            left = seconds * (self._bytes - self._done_bytes) / self._done_bytes
            parts.append(f"{lasting(left)} left")
        parts.append(f"{60 * sum(self.counts.values()) / seconds:.0f} photos/min")
        if self._pixels:
            parts.append(f"{self._pixels / 1e6 / seconds:.1f} MP/s")
        if failed := self.counts.get("failed", 0):
            parts.append(f"{failed} failed")
        return ", ".join(parts)

    def stopping(self) -> None:
        """Ctrl-C was pressed."""
        if not self.quiet:
            self.console.print("finishing the photos in hand; Ctrl-C again stops at once")

    def close(self, journal: Journal, premis: bool = False, report: bool = False) -> bool:
        """Print how many photos came out how, and where the journal is; whether any has failed.

        Parameters
        ----------
        premis
            Also write a PREMIS document beside each result.
        report
            Also write the report page.
        """
        from restore.work.export import export, write_premis, write_sums

        counts = journal.counts(journal.run)
        failed = bool(counts.get("failed") or self.counts.get("failed") or self._troubles)
        if self.dry:
            if not self.quiet:
                count = self.counts.get("restored", 0)
                done = sum(counts.values()) - count
                self.console.print(f"{count} would be restored, {done} are done or have failed")
            return failed
        ended = Counter(self.counts) + Counter(failed=self._troubles)
        words = [f"{ended[kind]} {WORDS[kind]}" for kind in WORDS if ended[kind]]
        before = {kind: counts.get(kind, 0) - self.counts.get(kind, 0) for kind in WORDS}
        if done := before["restored"] + before["copied"]:
            words.append(f"{done} done before")
        if before["failed"] > 0:
            words.append(f"{before['failed']} failed before (--retry tries them again)")
        if left := counts.get("waiting", 0) + counts.get("begun", 0) + counts.get("seen", 0):
            words.append(f"{left} to do")
        if words and not self.quiet:
            self.console.print(", ".join(words))
        if journal.counts():
            for error in write_premis(journal) if premis else ():
                _console.fail(self.console, error)
                failed = True
            try:
                written = {"journal": export(journal)}
                write_sums(journal, premis)
                if report:
                    from restore.cli import _batchreport

                    seconds = time.monotonic() - self._began
                    written["report"] = _batchreport.write(journal, seconds)
            except PhotoError as error:
                _console.fail(self.console, error)
                return True
            for name, path in [] if self.quiet else written.items():
                self.console.print(f"{name}: {printable(path)}", markup=False)
        return failed


def lasting(seconds: float) -> str:
    """A span of time in its largest unit."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def print_status(journal: Journal, as_json: bool) -> None:
    """What `--status` prints."""
    counts, last = journal.counts(), journal.last_run()
    done = {kind: counts.get(kind, 0) for kind in WORDS}
    waiting = sum(counts.values()) - sum(done.values())
    failures = list(journal.records("failed"))
    after: dict[str, list[str]] = {"changed": [], "missing": []}
    for record in journal.records("restored", "copied"):
        for result in record.results:
            if fate := since(result):
                after[fate].append(result.path)
    if as_json:
        _console.say_json(
            {
                "target": os.fspath(journal.target),
                **done,
                "waiting": waiting,
                "last_run": last,
                "failures": [{"path": r.due.path, "error": r.error} for r in failures],
                **after,
            }
        )
        return
    console = _console.stdout()
    console.print(printable(journal.target), style="bold", markup=False)
    for kind, words in {**WORDS, "waiting": "to do"}.items():
        console.print(f"  {words:17} {({**done, 'waiting': waiting})[kind]:8}", markup=False)
    run = f"{last['how']}, began {last['began']}" if last["began"] else "killed while it began"
    console.print(f"  last run          {run}", markup=False)
    _list([f"failed: {record.error}" for record in failures], console)
    for what, paths in after.items():
        _list([f"{what} since: {path}" for path in paths], console)


def _list(lines: Sequence[str], console: Console) -> None:
    """The first of some lines, and how many more there are."""
    for line in lines[:SHOWN]:
        console.print(f"  {printable(line)}", markup=False)
    if len(lines) > SHOWN:
        console.print(f"  and {len(lines) - SHOWN} more; --json lists them all", markup=False)
