"""One file through a recipe: load, plan, render, save, and the before | after picture."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from restore.errors import PhotoError
from restore.timeouts import Allow, Patience

if TYPE_CHECKING:
    from restore.context import Context
    from restore.image.photo import Photo
    from restore.plan import Plan
    from restore.recipe import Recipe
    from restore.report.entry import Entry

ROOM = 1e9
"""Bytes that the program with its networks and tiles may take beside a photo."""


@dataclass(frozen=True)
class Job:
    """One file to restore.

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
        Replace an existing result.
    salvage
        Restore what is left of a truncated file.
    memory
        Bytes that may be used; None for three quarters of what is free.
    modified
        Modification time to record (ISO 8601); now if None.
    report
        Also return the photo's entry for a report page.
    thumbnail
        Most bytes of a picture in that entry (`report.entry.allowance`).
    split
        "prints" or "slides": restore each print on a scan by itself; "" for whole photos.
    """

    path: Path
    target: Path
    profile: str = "original"
    limit: int = 10**9
    compare: bool = False
    overwrite: bool = False
    salvage: bool = False
    memory: float | None = None
    modified: str = ""
    report: bool = False
    thumbnail: int = 27_000
    split: str = ""

    @property
    def folder(self) -> Path:
        """The folder of everything it writes."""
        return self.target.parent

    @property
    def picture(self) -> Path:
        """The path of the before | after picture."""
        return picture_of(self.target)

    def missing(self) -> tuple[Path, ...]:
        """The paths to be written; PhotoError if one exists and must not be replaced."""
        from restore import files

        if self.overwrite:
            return self.results
        if self.lacks_picture:
            return (self.picture,)
        for path in self.results:
            files.refuse_existing(path)
        return self.results

    @property
    def exists(self) -> bool:
        """Whether there is a result."""
        from restore.work.splitting import numbered

        paths = [self.target]
        if self.split:  # it is not known how many prints there are
            paths += (numbered(self.target, count)[0] for count in (2, 10))
        return any(map(os.path.lexists, paths))

    @property
    def lacks_picture(self) -> bool:
        """Whether only the picture is missing: a run was stopped between the two."""
        here = [os.path.lexists(path) for path in (self.target, self.picture)]
        return self.compare and here == [True, False]

    @property
    def results(self) -> tuple[Path, ...]:
        """Every path it writes."""
        return (self.target, self.picture) if self.compare else (self.target,)


def picture_of(target: Path) -> Path:
    """The path of the before | after picture of a result."""
    return target.with_name(f"{target.name}.compare.jpg")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job.

    Attributes
    ----------
    written
        The result, and the before | after picture.
    warnings, headlines, findings
        What may be wrong with the result; what was done, in the words of each page's most
        telling step; what every step found. All as lines.
    record
        How it was made, as recorded in its metadata.
    failed
        Why the picture could not be written; None if it was.
    entry
        What a report page shows of it, if the job asked for that.
    plan
        SHA-256 of the plans of its pages.
    pixels
        How many it has, on all pages.
    """

    written: tuple[Path, ...]
    warnings: tuple[str, ...]
    headlines: tuple[str, ...]
    findings: tuple[str, ...]
    record: Mapping[str, str]
    failed: PhotoError | None = None
    entry: Entry | None = None
    plan: str = ""
    pixels: int = 0


def by_recipe(
    name: str, assignments: Mapping[str, str]
) -> Callable[[Job, Callable[[float], None], Allow], Outcome]:
    """The task of restoring files by the recipe of a name or path, with settings overridden.

    Raises
    ------
    RecipeError
        If the recipe or a setting is wrong.
    """
    from restore.context import Context
    from restore.recipe import Recipe

    recipe = Recipe.named(name).with_settings(assignments, "--set ")
    context = Context(alone=True)  # it keeps the networks for the next file
    return lambda job, tell, allow: restore_file(job, recipe, tell, allow, context)


def restore_file(
    job: Job,
    recipe: Recipe,
    tell: Callable[[float], None],
    allow: Allow = lambda seconds, what: None,
    context: Context | None = None,
    like: Plan | None = None,
    may_replace: Callable[[Path], bool] | None = None,
) -> Outcome:
    """Restore one file, all its pages, or each print on it.

    Parameters
    ----------
    tell
        Called with the share done, 0 … 1.
    allow
        Called with the seconds that may now pass between two signs of life, and with what is
        being done: native code that hangs cannot report it.
    context
        Holds the networks, for several files.
    like
        The plan of a series, whose numbers are taken.
    may_replace
        Which files prints may replace; those of an earlier run, if the job overwrites.

    Raises
    ------
    PhotoError
        If it cannot be read or the result cannot be written; nothing is left behind then. (If
        only the picture cannot be written, the outcome says so and the result stays.)
    """
    from restore import files
    from restore.context import Context  # here: the parent process, which makes jobs, stays small
    from restore.recipe import LARGE, PLANNING
    from restore.report import comparison
    from restore.work import splitting

    timings = Timings()
    patience = Patience(job.path, allow)
    patience.reads()
    if job.missing() == (job.picture,):  # refused before the work, not after it
        return _make_up(job, recipe.raw, patience)
    context = replace(context or Context(alone=True), memory=job.memory)
    threading.Thread(target=recipe.prepare, args=(context,), daemon=True).start()
    pages = files.load_pages(
        job.path,
        raw=recipe.raw,
        limit=job.limit,
        salvage=job.salvage,
        sized=patience.reads,
        digest=True,
        memory=context.memory,
    )
    timings.lap("read")
    patience.works()
    targets = [job.target]
    prints = splitting.cut(pages, slides=job.split == "slides") if job.split else []
    if prints:
        pages = [one.photo for one in prints]
        targets = splitting.numbered(job.target, len(pages))
        splitting.refuse_others(targets, may_replace or splitting.replaceable(job.overwrite))
    whole = len(targets) == 1
    parts = [pages] if whole else [[page] for page in pages]
    warnings = [
        line
        for target, part in zip(targets, parts, strict=True)
        for line in files.losses(part, target)
    ]
    headlines: list[str] = []
    findings: list[str] = []
    results: list[Photo] = []
    plans: list[str] = []
    for page in pages:
        done = len(results)

        def tell_page(share: float, done: int = done) -> None:
            tell((done + share) / len(pages))

        planning, rendering = replace(context, progress=tell_page).parts(PLANNING)
        plan = recipe.plan(page, context=planning, like=like)
        plans.append(plan.digest())
        timings.lap("plan")
        if page.samples.nbytes > LARGE and not _roomy(job.memory, page.samples.nbytes):
            context.release()
        results.append(plan.render(page, context=rendering))
        timings.lap("render")
        headlines += comparison.headline(results[-1].findings)
        findings += comparison.lines(results[-1].findings)
    warnings += [warning for page in results for warning in page.source.warnings]
    warnings += [
        f"{job.path}: {warning}"
        for page in results
        for step in page.findings.values()
        for warning in step.warnings
    ]
    modified = job.modified or now()
    record = {
        "profile": job.profile,
        "originalSha256": pages[0].source.sha256,
        "modified": modified,
    }
    if job.salvage:
        record["salvage"] = "yes"
    for at, page in enumerate(pages):
        which = {"print": page.source.record["print"]} if prints else {}
        results[at] = _recorded(results[at], {**record, **which})
    written: list[Path] = []
    failed = None
    for at, target in enumerate(targets):
        replaces = job.overwrite or (bool(prints) and os.path.lexists(target))
        part = results if whole else results[at]
        written.append(files.save(part, target, overwrite=replaces, profile=job.profile))
        if job.compare:
            picture = picture_of(target)
            try:
                comparison.save_compare(pages[at], results[at], picture, overwrite=replaces)
                written.append(picture)
            except PhotoError as error:
                failed = error
    timings.lap("write")
    outcome = Outcome(
        tuple(written),
        tuple(dict.fromkeys(warnings)),
        tuple(dict.fromkeys(headlines)),
        tuple(findings),
        results[0].source.record,
        failed,
        plan=hashlib.sha256("".join(plans).encode()).hexdigest(),
        pixels=sum(page.size[0] * page.size[1] for page in pages),
    )
    if job.report:
        from restore.report import observed

        entry = observed.entry(
            pages, results, recipe, outcome.warnings, outcome.headlines, job.thumbnail
        )
        written_paths = tuple(map(os.fspath, written))
        entry = replace(entry, results=written_paths, timings=timings.seconds)
        outcome = replace(outcome, entry=entry)
    return outcome


def _roomy(memory: float | None, size: int) -> bool:
    """Whether networks may stay for the next photo: loading them anew takes as long as using them.

    Beside a photo's samples of `size` bytes, its result, and the program with its tiles.
    """
    return memory is not None and memory > 3 * size + ROOM


def _recorded(result: Photo, record: Mapping[str, str]) -> Photo:
    """The result with more in its record."""
    source = result.source
    return replace(result, source=replace(source, record={**source.record, **record}))


class Timings:
    """Seconds spent in each stage of the work on a file."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, stage: str) -> None:
        """The time since the last lap went into `stage`."""
        now = time.monotonic()
        self.seconds[stage] = self.seconds.get(stage, 0) + now - self._last
        self._last = now


def now() -> str:
    """The time to the second with its UTC offset; SOURCE_DATE_EPOCH overrides it."""
    with suppress(KeyError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC).isoformat()
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _make_up(job: Job, raw: str, patience: Patience) -> Outcome:
    """Write the picture that an interrupted run still owes; the result stays as it is."""
    from restore import files
    from restore.report import comparison

    load = partial(files.load, limit=job.limit, sized=patience.reads, memory=job.memory)
    after = load(job.target)
    before = load(job.path, raw=raw, digest=True)
    if after.source.record.get("originalSha256", "") != before.source.sha256:
        files.refuse_existing(job.target)
    patience.works()
    comparison.save_compare(before, after, job.picture)
    return Outcome((job.picture,), (), (), (), {**after.source.record})
