"""The output of `video`: how far it is, as a bar, as plain lines or as JSON, and the result."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from restore.cli import _console
from restore.errors import RestoreError, ResultExists, printable
from restore.film.job import clock

if TYPE_CHECKING:
    from restore.film.job import Outcome, Progress

EVERY = 10.0
"""Seconds between two plain lines."""
SETTLED = 2.0
"""Seconds from which the speed is known well enough to tell the time left."""


class FilmReporter:
    """Results go to stdout, everything else to stderr.

    On a terminal a bar shows how far the film is, elsewhere a line every ten seconds.
    """

    def __init__(self, film: Path, recipe: str, as_json: bool, quiet: bool) -> None:
        self.film, self.recipe, self.as_json, self.quiet = film, recipe, as_json, quiet
        self._console = _console.stderr()
        self._bar = _console.progress(self._console, quiet)
        self._task = self._bar.add_task(printable(film.name), total=None)
        self._begun = self._told = time.monotonic()
        self._first: tuple[float, int] | None = None

    def __enter__(self) -> FilmReporter:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def progress(self, progress: Progress) -> None:
        """A frame was written."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, progress.frames
            if progress.resumed and not self.quiet:
                self._console.print(
                    printable(f"{self.film}: going on after frame {progress.resumed}"),
                    markup=False,
                )
        speed = self._speed(now, progress)
        text = _text(progress, speed)
        self._bar.update(
            self._task,
            description=f"{printable(self.film.name)}  {text}",
            total=progress.total,
            completed=progress.frames,
        )
        if now - self._told < EVERY:
            return
        self._told = now
        if self.as_json:
            left = _left(progress, speed)
            _console.say_json(
                {
                    "path": os.fspath(self.film),
                    "status": "working",
                    "frames": progress.frames,
                    "of": progress.total,
                    "shot": progress.shot,
                    "bytes": progress.bytes,
                    "frames_per_second": speed and round(speed, 2),
                    "seconds_left": None if left is None else round(left),
                }
            )
        elif not self.quiet and not self._console.is_terminal:
            left = _left(progress, speed)
            ending = "" if left is None else f", {clock(left)} left"
            of = f" of {progress.total}" if progress.total else ""
            line = f"{self.film}: frame {progress.frames}{of}, {text}{ending}"
            self._console.print(printable(line), markup=False)

    def _speed(self, now: float, progress: Progress) -> float | None:
        """Frames per second since the first; None at the beginning."""
        if self._first is None or now - self._first[0] < SETTLED:
            return None
        return (progress.frames - self._first[1]) / (now - self._first[0])

    def restored(self, outcome: Outcome) -> None:
        """The result is written."""
        seconds = time.monotonic() - self._begun
        if self.as_json:
            _console.say_json(
                {
                    "path": os.fspath(self.film),
                    "status": "restored",
                    "result": os.fspath(outcome.written[0]),
                    "recipe": self.recipe,
                    "frames": outcome.frames,
                    "shots": outcome.shots,
                    "summary": "; ".join(outcome.headlines) or None,
                    "warnings": list(outcome.warnings),
                    "error": None,
                    "seconds": round(seconds, 3),
                }
            )
        else:
            for path in outcome.written:
                _console.say(path)
        if self.quiet:
            return
        for warning in outcome.warnings:
            _console.warn(self._console, warning)
        for line in outcome.headlines:
            self._console.print(printable(f"{self.film}: {line}"), markup=False)

    def failed(self, error: RestoreError) -> None:
        """The film could not be restored."""
        if self.as_json:
            _console.say_json(
                {
                    "path": os.fspath(self.film),
                    "status": "failed",
                    "result": None,
                    "recipe": self.recipe,
                    "error": str(error),
                    "seconds": round(time.monotonic() - self._begun, 3),
                }
            )
        text = str(error)
        if isinstance(error, ResultExists):
            text += "; use --overwrite, or another OUT"
        self._console.print("failed: ", printable(text), sep="", markup=False, style="red")
        for note in getattr(error, "__notes__", ()):
            self._console.print(note, markup=False)


def _text(progress: Progress, speed: float | None) -> str:
    """ "8.2 frames/s, shot 3, 12.5 MB"."""
    if not progress.shot:  # a preview
        return f"{progress.frames} frames"
    parts = [] if speed is None else [f"{speed:.1f} frames/s"]
    return ", ".join([*parts, f"shot {progress.shot}", f"{progress.bytes / 1e6:.1f} MB"])


def _left(progress: Progress, speed: float | None) -> float | None:
    """Seconds left, if they can be told."""
    if not speed or not progress.total:
        return None
    return max(0, progress.total - progress.frames) / speed
