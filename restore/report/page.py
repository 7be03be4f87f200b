"""The report of a run: one self-contained HTML page, or several with an index.

report = Report(Path("restored/report.html"), Run("restore run faded-print scans/"))
for entry in entries:
    report.add(entry)
report.close(seconds=124)
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from restore.figures.document import document, resource
from restore.files import _writing
from restore.report import overview
from restore.report.card import card, row
from restore.report.entry import Entry
from restore.report.overview import Run
from restore.report.tally import Tally

PHOTOS = 500
"""Most photos on a page."""
BYTES = 38_000_000
"""Most bytes of the photos on a page."""


@dataclass
class Sheet:
    """The photos of a page, as HTML: those with pictures, and the others."""

    tally: Tally = field(default_factory=Tally)
    cards: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    ratios: set[tuple[int, int]] = field(default_factory=set)
    originals: set[Path] = field(default_factory=set)
    bytes: int = 0

    def style(self) -> str:
        """The shapes of its pictures: the page's policy allows no style attributes."""
        rules = (f".r{w}x{h}{{--ratio:{w / h:.4f}}}" for w, h in sorted(self.ratios))
        return resource("page.css") + resource("report.css", "restore.report") + "".join(rules)


class Report:
    """Writes a report photo by photo, holding no more than one page in memory.

    More photos than fit on a page get several, `report-part-1.html` …, each written when it is
    full, and an index under the report's own name.
    """

    def __init__(self, path: Path, run: Run, *, overwrite: bool = False) -> None:
        """Prepare to write to `path`; PhotoError if it exists and must not be replaced."""
        if not overwrite:
            _writing.refuse_existing(path)
        self.path, self.run, self.overwrite = path, run, overwrite
        self._whole, self._sheet = Tally(), Sheet()
        self._parts: list[Tally] = []
        self._written: list[Path] = []

    def add(self, entry: Entry) -> None:
        """Add a photo; a full page is written first."""
        number = self._whole.count + 1
        pictured = entry.before or entry.after
        folder = self.path.parent
        if pictured:
            ratio = pictured.width, pictured.height
            html = card(entry, number, folder, ratio)
        else:
            html = row(entry, number, folder)
        count = self._sheet.tally.count
        if count == PHOTOS or (count and self._sheet.bytes + len(html) > BYTES):
            self._write_part(last=False)
        sheet = self._sheet
        if pictured:
            sheet.cards.append(html)
            sheet.ratios.add(ratio)
        else:
            sheet.rows.append(html)
        sheet.originals.add(Path(entry.path))
        sheet.bytes += len(html)
        link = f"#photo-{number}"
        sheet.tally.add(entry, link)
        self._whole.add(entry, f"{self._part(len(self._parts) + 1).name}{link}")

    def close(self, seconds: float | None = None) -> tuple[Path, ...]:
        """Write what is left, after a run of so many seconds; the paths, the one to open first."""
        self.run = replace(self.run, seconds=seconds)
        if self._parts:
            self._write_part(last=True)
            body = overview.index(
                self.run, self._whole, self._parts, [path.name for path in self._written]
            )
            style, originals = Sheet().style(), set(self._written)  # as private as these are
        else:
            body = overview.whole(self.run, self._sheet.tally, *self._contents())
            style, originals = self._sheet.style(), self._sheet.originals
        self._write(self.path, style, body, originals)
        self._remove_stale()
        return (self.path, *self._written)

    def _contents(self) -> tuple[str, str]:
        """The cards and the rows of the page."""
        sheet = self._sheet
        alone = " alone" if len(sheet.cards) == 1 else ""
        cards = f'<div class="cards{alone}">{"".join(sheet.cards)}</div>' if sheet.cards else ""
        return cards, "".join(sheet.rows)

    def _write_part(self, last: bool) -> None:
        """Write the photos held as a page of their own."""
        self._parts.append(self._sheet.tally)
        number = len(self._parts)
        names = {"index": self.path.name}
        if number > 1:
            names["previous"] = self._part(number - 1).name
        if not last:
            names["next"] = self._part(number + 1).name
        first = self._whole.count - self._sheet.tally.count + 1
        cards, rows = self._contents()
        body = overview.part(self.run, self._sheet.tally, first, names, cards, rows)
        path = self._part(number)
        self._write(path, self._sheet.style(), body, self._sheet.originals)
        self._written.append(path)
        self._sheet = Sheet()

    def _part(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}-part-{number}{self.path.suffix}")

    def _write(self, path: Path, style: str, body: str, originals: Iterable[Path]) -> None:
        """Write a page whole or not at all, for no more eyes than the photos in it."""
        content = document(overview.title(self.run, self._whole), style, body, script())

        def write(file: BinaryIO) -> None:
            file.write(content)

        _writing.whole(path, write, overwrite=self.overwrite, originals=originals)

    def _remove_stale(self) -> None:
        """Remove the further pages of a longer report that this one has replaced."""
        number = len(self._parts) + 1
        while self.overwrite and os.path.lexists(self._part(number)):
            self._part(number).unlink()
            number += 1


def write(
    path: Path, run: Run, entries: Iterable[Entry], *, overwrite: bool = False
) -> tuple[Path, ...]:
    """Write the report of a run; the paths written, the one to open first."""
    report = Report(path, run, overwrite=overwrite)
    for entry in entries:
        report.add(entry)
    return report.close(run.seconds)


def free(folder: Path) -> Path:
    """The path of a report that replaces none: `report.html`, else `report-2.html`, …"""
    number, path = 1, folder / "report.html"
    while os.path.lexists(path) or os.path.lexists(path.with_name(f"{path.stem}-part-1.html")):
        number += 1
        path = folder / f"report-{number}.html"
    return path


def script() -> str:
    """What moves the dividers, filters, sorts and copies."""
    return resource("report.js", "restore.report")
