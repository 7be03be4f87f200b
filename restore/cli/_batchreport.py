"""The report page of a batch: `--report`. It shows all photos in the journal."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from restore.cli._report import typed
from restore.cli._typed import command_line
from restore.report.entry import Entry
from restore.report.overview import Run
from restore.report.page import Report, free
from restore.work import remote
from restore.work.batch import Request
from restore.work.journal import Journal
from restore.work.records import Record, sha256
from restore.work.remote import is_url, joined, named, url_of

DEPARTS = 4.0
"""Mean ΔE00 between a photo's own plan and that of its roll from which it is named, if it is also
`ODD` times that of the roll's middle photo."""
ODD = 3.0


def write(journal: Journal, seconds: float) -> str:
    """Write the report of a journal; the path or URL of its page.

    Raises
    ------
    PhotoError
        If it cannot be written.
    """
    url = url_of(journal.target)
    if not url:
        path, ours = _place(journal, journal.target)
        _pages(journal, path, seconds, overwrite=ours)
        journal.set_meta("report", sha256(path))
        return os.fspath(path)
    with tempfile.TemporaryDirectory(prefix="restore-") as name:
        folder = Path(name)
        for taken in ("report.html", "report-part-1.html"):
            if there := remote.read(joined(url, taken)):
                (folder / taken).write_bytes(there)
        path, ours = _place(journal, folder)
        first, *parts = _pages(journal, path, seconds, overwrite=ours)
        for page in (*parts, first):
            remote.put(page, joined(url, page.name), overwrite=ours)
        journal.set_meta("report", sha256(first))
        return joined(url, first.name)


def _place(journal: Journal, folder: Path) -> tuple[Path, bool]:
    """The path of the page, and whether the journal's own is there."""
    path = folder / "report.html"
    ours = sha256(path)
    if ours and ours == journal.meta("report"):
        return path, True
    return free(folder), False


def _pages(journal: Journal, path: Path, seconds: float, *, overwrite: bool) -> tuple[Path, ...]:
    """Write the pages into a folder of this machine; the one to open first."""
    request = Request.from_json(journal.meta("request"))
    words = ["restore", "batch", request.recipe, *request.sources, named(request.target)]
    run = Run(command_line(words), began=journal.began)
    report = Report(path, run, overwrite=overwrite)
    middle = middles(journal)
    for record in journal.records("restored", "copied", "failed"):
        report.add(entry(record, request, middle))
    return report.close(seconds)


def middles(journal: Journal) -> Mapping[str, float]:
    """How far the middle photo of each roll departs from it."""
    far: dict[str, list[float]] = {}
    for record in journal.records():
        if record.departs is not None:
            far.setdefault(record.due.roll, []).append(record.departs)
    return {roll: statistics.median(values) for roll, values in far.items()}


def entry(record: Record, request: Request, middle: Mapping[str, float]) -> Entry:
    """What the report shows of a photo."""
    due, state = record.due, record.state
    shown = Entry(due.path, "failed" if state == "failed" else "copied", recipe=due.recipe)
    if state == "restored":
        shown = Entry(due.path, "restored", recipe=record.record.get("name", due.recipe))
        if record.entry:
            shown = Entry.from_json(record.entry)
    elif state == "copied":
        shown = replace(shown, summary=(record.summary,) if record.summary else ())
    departs = ""
    if record.departs is not None and record.departs > max(DEPARTS, ODD * middle[due.roll]):
        departs = f"restored on its own, it would differ from its roll (ΔE00 {record.departs:.1f})"
    options = ["-o", os.path.dirname(due.target)]  # noqa: PTH120
    options += [word for name, value in due.settings.items() for word in ("-s", f"{name}={value}")]
    command = ""  # `restore run` takes no URLs
    if due.recipe != "auto" and not is_url(due.path) and not is_url(due.target):
        command = typed(due.recipe, [Path(due.path)], options)
    return replace(
        shown,
        results=tuple(file.path for file in record.results),
        error=record.error if state == "failed" else "",
        command=command,
        group=Path(due.roll).name if due.roll else "",
        departs=departs,
    )
