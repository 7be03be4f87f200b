"""One file through a recipe: load, plan, render, save, and the before | after picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from restore.errors import PhotoError
from restore.patience import Allow, Patience

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

    @property
    def folder(self) -> Path:
        """Where all that it writes goes."""
        return self.target.parent

    @property
    def picture(self) -> Path:
        """Where the before | after picture goes."""
        return self.target.with_name(f"{self.target.name}.compare.jpg")

    @property
    def results(self) -> tuple[Path, ...]:
        """All that it writes."""
        return (self.target, self.picture) if self.compare else (self.target,)


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes
    ----------
    written
        The result, and the before | after picture.
    warnings, found
        What to tell, and what the steps found, in lines.
    record
        How it was made, as its metadata say.
    failed
        Why the picture could not be written beside the result; None if it could.
    """

    written: tuple[Path, ...]
    warnings: tuple[str, ...]
    found: tuple[str, ...]
    record: Mapping[str, str]
    failed: PhotoError | None = None


def by_recipe(
    name: str, assignments: Mapping[str, str]
) -> Callable[[Job, Callable[[float], None], Allow], Outcome]:
    """What restores a file by the recipe of a name or path, with other values for some settings.

    Raises
    ------
    RecipeError
        If the recipe or a setting is wrong.
    """
    from restore.recipe import Recipe

    recipe = Recipe.named(name).with_settings(assignments)
    return lambda job, tell, allow: restore_file(job, recipe, tell, allow)


def restore_file(
    job: Job,
    recipe: Recipe,
    tell: Callable[[float], None],
    allow: Allow = lambda seconds, what: None,
) -> Outcome:
    """Restore one file, all its pages.

    Parameters
    ----------
    tell
        Hears the share done, 0 … 1.
    allow
        Hears how many seconds may pass from now on between two signs of life, and what is done in
        them: native code that hangs cannot say so.

    Raises
    ------
    PhotoError
        If it cannot be read, or the result cannot be written; nothing is left behind then. (A
        picture that cannot is told in the outcome: the result stays.)
    """
    from restore import files, report  # here: the parent process, which makes jobs, stays small

    for path in job.results:
        if not job.overwrite:  # before the work, not after it
            files.refuse_existing(path)
    patience = Patience(job.path, allow)
    patience.reads()
    threading.Thread(target=recipe.prepare, daemon=True).start()
    before = _state(job.path)
    made_from = _sha256(job.path)
    pages = files.load_pages(job.path, raw=recipe.raw, limit=job.limit, sized=patience.reads)
    if _state(job.path) != before:  # the digest would be that of another photo
        raise PhotoError(f"{job.path}: changed while it was read; try again when it is complete")
    patience.works()
    warnings = list(files.losses(pages, job.target))
    found: list[str] = []
    results: list[Photo] = []
    for page in pages:
        done = len(results)

        def told(share: float, done: int = done) -> None:
            tell((done + share) / len(pages))

        results.append(recipe(page, progress=told))
        found += report.lines(results[-1].notes)
    warnings += [warning for page in results for warning in page.source.warnings]
    warnings += [
        f"{job.path.name}: {step['warning']}"
        for page in results
        for step in page.notes.values()
        if "warning" in step
    ]
    record = {"profile": job.profile, "originalSha256": made_from}
    results = [
        replace(each, source=replace(each.source, record={**each.source.record, **record}))
        for each in results
    ]
    written = [files.save(results, job.target, overwrite=job.overwrite, profile=job.profile)]
    failed = None
    if job.compare:
        try:
            report.save_compare(pages[0], results[0], job.picture, overwrite=job.overwrite)
            written.append(job.picture)
        except PhotoError as error:
            failed = error
    warned = tuple(dict.fromkeys(warnings))
    return Outcome(tuple(written), warned, tuple(found), results[0].source.record, failed)


def _state(path: Path) -> tuple[int, ...]:
    """What differs when a file is written to or replaced; nothing for one that is not there."""
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    return ()


def _sha256(path: Path) -> str:
    """SHA-256 of the original, so that a result says which file it was made from."""
    import hashlib

    with suppress(OSError):  # reading it tells better what is wrong
        if path.is_file():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
