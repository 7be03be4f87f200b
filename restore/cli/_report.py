"""The report page of a run: `--report`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.cli._typed import command_line
from restore.report.entry import Entry
from restore.report.overview import Run
from restore.report.page import Report, free

if TYPE_CHECKING:
    from restore.errors import RestoreError

LIMIT = 10**9
"""Pixels a photo may have if the command line says nothing."""


@dataclass
class RunReport:
    """Collects the photos of a run and writes the page at its end.

    Attributes
    ----------
    recipe
        The RECIPE given.
    options
        Options of the command that every photo was restored with.
    """

    report: Report
    recipe: str
    options: tuple[str, ...]
    _began: float = field(default_factory=time.monotonic)
    _count: int = 0

    @classmethod
    def begin(cls, given: Mapping[str, Any]) -> RunReport:
        """Start the report of `restore run`; `given` are its parameters."""
        out: Path = given["out"]
        options = [word for text in given["assignments"] for word in ("-s", text)]
        if given["form"]:
            options += ["--format", given["form"]]
        if given["profile"] != "original":
            options += ["--profile", given["profile"]]
        if given["limit"] != LIMIT:
            options += ["--limit", f"{given['limit'] / 1e6:.15g}"]
        options += ["--salvage"] * given["salvage"]
        options += {"prints": ["--split"], "slides": ["--slides"]}.get(given["split"], [])
        flags = ("recursive", "compare", "overwrite", "skip_existing", "report")
        of_run = [f"--{name.replace('_', '-')}" for name in flags if given[name]]
        of_run += ["--pairs", given["keep"]] if given["keep"] != "both" else []
        words = [*into(out), *options, *of_run]
        run = Run(
            typed(given["recipe"], given["photos"], words),
            os.getcwd(),  # noqa: PTH109
            datetime.now().astimezone().isoformat(timespec="seconds"),
        )
        path = out / "report.html" if given["overwrite"] else free(out)
        report = Report(path, run, overwrite=given["overwrite"])
        return cls(report, given["recipe"], tuple(options))

    def add(
        self,
        kind: str,
        photo: Path,
        written: Sequence[Path],
        error: RestoreError | None,
        entry: Entry | None,
    ) -> None:
        """Add a photo: with its entry if it was restored."""
        if entry is None:
            state: Any = kind
            entry = Entry(os.fspath(photo), state, tuple(map(os.fspath, written)), self.recipe)
        if error:
            entry = replace(entry, error=str(error))
        folder = written[0].parent if written else self.report.path.parent
        command = typed(self.recipe, [photo], [*into(folder), *self.options, "--overwrite"])
        self.report.add(replace(entry, command=command))
        self._count += 1

    def close(self) -> Path | None:
        """Write the page; its path, or None if there was no photo."""
        return self.report.close(time.monotonic() - self._began)[0] if self._count else None


def into(folder: Path) -> list[str]:
    """The option for results in a folder."""
    return [] if folder == Path("restored") else ["-o", os.fspath(folder)]


def typed(recipe: str, photos: Sequence[Path], options: Sequence[str]) -> str:
    """`restore run` as one would type it."""
    words = [recipe, *map(os.fspath, photos)]
    dashes = ["--"] if any(word.startswith("-") for word in words) else []
    words = ["restore", "run", *options, *dashes, *words]
    return command_line(words)
