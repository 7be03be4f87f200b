"""One film through a recipe, as a task of the child process: what is asked, and what comes back.

Imports nothing heavy: the process that asks stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from restore.timeouts import Allow

FORMATS = {".mkv": "matroska", ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov"}
"""FFmpeg's writers by the end of a result's name."""


@dataclass(frozen=True)
class FilmJob:
    """One film to restore.

    Attributes
    ----------
    path, target
        The original, and where the result goes.
    start, end
        The part to restore, in seconds.
    codec, quality
        How the pictures are coded: see `writer`.
    overwrite
        Replace an existing result.
    report
        Also write a page about the result.
    command
        What was typed, for the report.
    preview
        Write only a picture of so many frames, before and after; 0: restore the film.
    """

    path: Path
    target: Path
    start: Fraction | None = None
    end: Fraction | None = None
    codec: str = "h264"
    quality: int | None = None
    overwrite: bool = False
    preview: int = 0
    report: bool = False
    command: str = ""

    @property
    def folder(self) -> Path:
        """The folder it writes to."""
        return self.target.parent

    @property
    def page(self) -> Path:
        """Where the report goes."""
        return self.target.with_name(f"{self.target.name}.report.html")

    @property
    def sheet(self) -> Path:
        """Where the picture of a preview goes."""
        return self.target.with_name(f"{self.target.name}.preview.jpg")


@dataclass(frozen=True)
class Progress:
    """How far a film is.

    Attributes
    ----------
    frames, total
        Finished, and about how many there are (None if the file does not say).
    resumed
        Of the finished ones, those of an earlier run.
    shot
        Number of the shot that is being written, from 1.
    bytes
        Written so far.
    """

    frames: int
    total: int | None
    resumed: int
    shot: int
    bytes: int


@dataclass(frozen=True)
class Outcome:
    """The outcome of a film.

    Attributes
    ----------
    written
        The result.
    frames, shots
        How many there are.
    warnings, headlines
        As those of a photo.
    """

    written: tuple[Path, ...]
    frames: int
    shots: int
    warnings: tuple[str, ...]
    headlines: tuple[str, ...]


def by_recipe(
    name: str, assignments: Mapping[str, str]
) -> Callable[[FilmJob, Callable[[Any], None], Allow], Outcome]:
    """The task of restoring films by the recipe of a name or path, with settings overridden."""
    from restore.film.pipeline import restore_film
    from restore.film.preview import preview_film
    from restore.recipe import Recipe

    recipe = Recipe.named(name).with_settings(assignments)

    def work(job: FilmJob, tell: Callable[[Any], None], allow: Allow) -> Outcome:
        return (preview_film if job.preview else restore_film)(job, recipe, tell, allow)

    return work


def clock(seconds: float, *, tenths: bool = False) -> str:
    """ "2:03", "1:02:03" or, with tenths, "2:03.4"."""
    whole = int(seconds * 10 + 0.5) if tenths else 10 * round(seconds)
    minutes, rest = divmod(whole // 10, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{whole % 10}" if tenths else text
