"""A photo of a batch in a store, or with its result there: fetched, restored here, uploaded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from restore.errors import InTheWay, PhotoError
from restore.image.notes import SUFFIX
from restore.timeouts import Allow
from restore.work import remote
from restore.work.records import File, Made

if TYPE_CHECKING:
    from restore.context import Context
    from restore.work.tasks import Restore
    from restore.work.worker import Tell

FETCHING = 120.0, 1e-5
"""Seconds without a sign of life for a transfer: a base, and more per byte: 100 kB a second."""


def done(task: Restore, context: Context, tell: Tell, allow: Allow) -> Made:
    """What became of it; see `Restore.done`."""
    job = task.job
    source, target = remote.url_of(job.path), remote.url_of(job.target)
    with tempfile.TemporaryDirectory(prefix="restore-") as name:
        here = {}
        for part in ("original", "result"):
            (Path(name) / part).mkdir()
        path, made_at = job.path, job.target
        if source:
            path = Path(name) / "original" / job.path.name
            here[str(path)] = source
            _fetch(source, path, allow)
            _fetch_notes(source, path)
        if target:
            made_at = Path(name) / "result" / job.target.name
            here[str(made_at.parent)] = target.rpartition("/")[0]
            if remote.exists(target):  # whether it may be replaced is seen from its content
                _fetch(target, made_at, allow)
        local = replace(task, job=replace(job, path=path, target=made_at))
        with _renamed(here):
            made = local.done(context, tell, allow)
        made = replace(made, warnings=_named(made.warnings, here), entry=_entry(made, source, here))
        if not target:
            return made
        folder = target.rpartition("/")[0]
        urls = [remote.joined(folder, Path(file.path).name) for file in made.results]
        pairs = zip(made.results, urls, strict=True)
        return replace(made, results=tuple(_put(file, url, task, allow) for file, url in pairs))


def _fetch(url: str, path: Path, allow: Allow) -> None:
    least, byte = FETCHING
    allow(least + remote.entry(url).size * byte, f"{url}: fetching it")
    remote.fetch(url, path)


def _fetch_notes(url: str, path: Path) -> None:
    """Fetch what lies beside a photo and belongs to it: sidecars and hints."""
    from restore.files.raw import SUFFIXES

    folder = url.rpartition("/")[0]
    names = [f"{path.name}.xmp", f"{path.name}{SUFFIX}"]
    names += [f"{path.stem}.xmp"] * (path.suffix.lower() in SUFFIXES)  # beside a JPEG, the RAW's
    for name in names:
        with suppress(PhotoError):
            remote.fetch(remote.joined(folder, name), path.with_name(name))


def _put(file: File, url: str, task: Restore, allow: Allow) -> File:
    """Upload a result, unless it is there already."""
    path = Path(file.path)
    least, byte = FETCHING
    allow(least + file.size * byte, f"{url}: writing it")
    there = remote.sha256(url)
    if there != file.sha256:
        if there and there not in task.results and not _begun(task, url, path):
            raise InTheWay(f"{url} exists, and was not made by this batch")
        remote.put(path, url, overwrite=bool(there))
    return File(url, file.sha256, file.size, 0)


def _begun(task: Restore, url: str, path: Path) -> bool:
    """Whether what is at a URL is of a run or worker that was killed at this photo."""
    from restore import files

    earlier = path.with_name(f"earlier{path.suffix}")
    remote.fetch(url, earlier)
    with suppress(PhotoError):
        return files.load(earlier).source.record.get("modified") == task.job.modified
    return False


@contextmanager
def _renamed(here: dict[str, str]) -> Iterator[None]:
    """Errors name the URL, not the file that stands for it here."""
    try:
        yield
    except PhotoError as error:
        (text,) = _named((str(error),), here)
        raise type(error)(text) from error


def _entry(made: Made, source: str, here: dict[str, str]) -> str:
    """What a report page shows, of the photo at its URL."""
    from restore.report.entry import Entry

    if not made.entry:
        return ""
    entry = Entry.from_json(made.entry)
    entry = replace(
        entry,
        path=source or entry.path,
        summary=_named(entry.summary, here),
        findings=_named(entry.findings, here),
        warnings=_named(entry.warnings, here),
    )
    return entry.to_json()


def _named(lines: tuple[str, ...], here: dict[str, str]) -> tuple[str, ...]:
    for path, url in here.items():
        lines = tuple(line.replace(path, url) for line in lines)
    return lines
