"""Writing results: one photo after another, in a process of its own, exactly as `restore run`."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.errors import Cancelled, PhotoError, RestoreError
from restore.recipe import Recipe
from restore.work.job import Job, Outcome, restore_file
from restore.work.targets import folders_of, identities, refuse_inputs, target_of
from restore.work.worker import Worker

if TYPE_CHECKING:
    from restore.timeouts import Allow
    from restore.work.worker import Tell

KEPT = 20
"""Exports that can still be asked about."""
TAKEN = 1000
"""Names tried for a result before giving up."""


@dataclass(frozen=True)
class Order:
    """A photo to restore by a recipe; it goes through a pipe."""

    job: Job
    recipe: Recipe

    @property
    def path(self) -> Path:
        """The photo."""
        return self.job.path

    @property
    def folder(self) -> Path:
        """The folder it writes to."""
        return self.job.folder


def exporting() -> Any:
    """The work of the child process."""

    def work(order: Order, tell: Tell, allow: Allow) -> Outcome:
        return restore_file(order.job, order.recipe, tell, allow)

    return work


@dataclass
class Export:
    """Photos being written.

    Attributes
    ----------
    orders
        (id, photo, recipe) of each.
    share
        Share done of the photo at work, 0 … 1.
    rows
        What became of each photo so far.
    """

    orders: Sequence[tuple[str, Path, Recipe]]
    state: str = "running"
    current: str = ""
    share: float = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def facts(self, rows_from: int = 0) -> dict[str, Any]:
        """Where it stands."""
        return {
            "state": self.state,
            "total": len(self.orders),
            "done": len(self.rows),
            "current": self.current,
            "share": round(self.share, 3),
            "rows": self.rows[rows_from:],
        }


class Exports:
    """Exports by number, done one after another.

    Parameters
    ----------
    out
        Folder of the results.
    limit
        Most pixels of a photo.
    """

    def __init__(self, out: Path, limit: int) -> None:
        self.out, self.limit = out, limit
        self.known: dict[int, Export] = {}
        self._numbers = count(1)
        self._turn = threading.Lock()

    def begin(
        self,
        orders: Sequence[tuple[str, Path, Recipe]],
        originals: Sequence[Path],
        form: str | None,
    ) -> int:
        """Start an export; returns its number.

        Raises
        ------
        PhotoError
            If there is no such format.
        """
        target_of(Path("photo.jpg"), self.out, form)
        number = next(self._numbers)
        self.known[number] = export = Export(orders)
        for old in list(self.known)[:-KEPT]:
            if self.known[old].state != "running":
                del self.known[old]
        threading.Thread(
            target=self._work, args=(export, list(originals), form), name="export", daemon=True
        ).start()
        return number

    def cancel(self) -> None:
        """Cancel all of them."""
        for export in self.known.values():
            export.cancelled.set()

    def _work(self, export: Export, originals: Sequence[Path], form: str | None) -> None:
        with self._turn:
            worker = Worker(exporting)
            try:
                worker.ready()
                places = folders_of({path: Path() for _, path, _ in export.orders}, self.out, form)
                known = identities(originals)
                for id, path, recipe in export.orders:
                    self._one(worker, export, id, path, recipe, places[path], known, form)
                export.state = "done"
            except Cancelled:
                export.state = "cancelled"
            except RestoreError as error:
                export.rows.append({"id": "", "error": str(error)})
                export.state = "done"
            finally:
                worker.close()
                export.current = ""

    def _one(
        self,
        worker: Worker,
        export: Export,
        id: str,
        path: Path,
        recipe: Recipe,
        folder: Path,
        originals: frozenset[tuple[int, int]],
        form: str | None,
    ) -> None:
        def tell(share: float) -> None:
            export.share = share
            if export.cancelled.is_set():
                raise Cancelled("cancelled")

        export.current, export.share = id, 0
        tell(0)
        try:
            target = free(target_of(path, folder, form))
            refuse_inputs(target, originals)
            outcome = worker.run(Order(Job(path, target, limit=self.limit), recipe), tell)
        except Cancelled:
            raise
        except RestoreError as error:
            export.rows.append({"id": id, "error": str(error)})
        else:
            export.rows.append(
                {
                    "id": id,
                    "path": str(outcome.written[0]),
                    "warnings": list(outcome.warnings),
                    "headline": "; ".join(outcome.headlines),
                }
            )


def free(target: Path) -> Path:
    """The path, with a number if it is taken: scan.tif, scan-2.tif.

    Raises
    ------
    PhotoError
        If a thousand names are taken.
    """
    for number in range(1, TAKEN):
        name = target.name if number == 1 else f"{target.stem}-{number}{target.suffix}"
        if not os.path.lexists(target.with_name(name)):
            return target.with_name(name)
    raise PhotoError(f"{target}: a thousand files of this name exist; use another --out")
