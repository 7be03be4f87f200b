"""One file through a recipe: load, plan, render, save, and the before | after picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.photo import Photo
    from restore.recipe import Recipe


@dataclass(frozen=True)
class Job:
    """What to do with one file.

    Attributes
    ----------
    path, target
        The original, and where the result goes.
    profile
        "original" or "srgb".
    limit
        Most pixels a photo may have.
    compare
        Also write a before | after picture.
    overwrite
        Replace what is there already.
    """

    path: Path
    target: Path
    profile: str = "original"
    limit: int = 10**9
    compare: bool = False
    overwrite: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of it: the paths written, the warnings, and what the steps found, in lines."""

    written: tuple[Path, ...]
    warnings: tuple[str, ...]
    found: tuple[str, ...]


def restore_file(job: Job, recipe: Recipe, tell: Callable[[float], None]) -> Outcome:
    """Restore one file, all its pages; `tell` hears the share done, 0 … 1.

    Raises
    ------
    PhotoError
        If it cannot be read, or the result cannot be written; nothing is left behind then.
    """
    from restore import files, report  # here: the parent process, which makes jobs, stays small

    picture = job.target.with_name(f"{job.target.name}.compare.jpg")
    if job.compare and not job.overwrite:
        files.refuse_existing(picture)
    pages = files.load_pages(job.path, raw=recipe.raw, limit=job.limit)
    found: list[str] = []
    results: list[Photo] = []
    for page in pages:
        done = len(results)

        def told(share: float, done: int = done) -> None:
            tell((done + share) / len(pages))

        results.append(recipe(page, progress=told))
        found += report.lines(results[-1].notes)
    warnings = [warning for page in results for warning in page.source.warnings]
    written = [files.save(results, job.target, overwrite=job.overwrite, profile=job.profile)]
    if job.compare:
        report.save_compare(pages[0], results[0], picture, overwrite=job.overwrite)
        written.append(picture)
    return Outcome(tuple(written), tuple(dict.fromkeys(warnings)), tuple(found))
