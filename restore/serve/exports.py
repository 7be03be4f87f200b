"""Writing results: the pool of `restore run`, so that the files are the same to the byte."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.context import Context
from restore.errors import Cancelled, PhotoError, RestoreError
from restore.recipe import Recipe
from restore.serve.limits import Limits
from restore.work.job import Job, Outcome, restore_file
from restore.work.pool import Pool, jobs
from restore.work.targets import folders_of, identities, refuse_inputs, target_of

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

    id: str
    job: Job
    recipe: Recipe
    memory: float | None = None

    @property
    def path(self) -> Path:
        """The photo."""
        return self.job.path

    @property
    def folder(self) -> Path:
        """The folder it writes to."""
        return self.job.folder


def exporting() -> Any:
    """The work of the child processes."""
    context = Context(alone=True)  # it keeps the networks for the next photo

    def work(order: Order, tell: Tell, allow: Allow) -> Outcome:
        job = replace(order.job, memory=order.memory)
        return restore_file(job, order.recipe, tell, allow, context)

    return work


@dataclass
class Export:
    """Photos being written.

    Attributes
    ----------
    wanted
        (id, photo, recipe) of each.
    shares
        Share done of each photo at work, 0 … 1, by its id.
    rows
        What became of each photo so far.
    """

    wanted: Sequence[tuple[str, Path, Recipe]]
    state: str = "running"
    shares: dict[str, float] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def facts(self) -> dict[str, Any]:
        """Where it stands."""
        shares = dict(self.shares)
        return {
            "state": self.state,
            "total": len(self.wanted),
            "done": len(self.rows),
            "current": list(shares),
            "share": round(sum(shares.values()), 3),
            "rows": self.rows,
        }

    def tell(self, order: Order, share: float) -> None:
        """A photo proceeds; Cancelled is raised if nobody wants it any more."""
        self.shares[order.id] = share
        if self.cancelled.is_set():
            raise Cancelled("cancelled")

    def ended(self, order: Order, outcome: Outcome | None, error: RestoreError | None) -> None:
        """A photo is done."""
        self.shares.pop(order.id, None)
        row: dict[str, Any] = {"id": order.id}
        if outcome:
            row["path"] = str(outcome.written[0])
            row["warnings"] = list(outcome.warnings)
            row["headline"] = "; ".join(outcome.headlines)
        else:
            row["error"] = str(error)
        self.rows.append(row)


class Exports:
    """Exports by number, done one after another.

    Parameters
    ----------
    out
        Folder of the results.
    limits
        Pixels and memory of a photo.
    """

    def __init__(self, out: Path, limits: Limits) -> None:
        self.out, self.limits = out, limits
        self.known: dict[int, Export] = {}
        self._numbers = count(1)
        self._turn = threading.Lock()

    def begin(
        self,
        wanted: Sequence[tuple[str, Path, Recipe]],
        originals: Sequence[Path],
        form: str | None,
    ) -> int:
        """Start an export; returns its number."""
        number = next(self._numbers)
        self.known[number] = export = Export(wanted)
        for old in list(self.known)[:-KEPT]:
            if self.known[old].state != "running":
                del self.known[old]
        arguments = (export, list(originals), form)
        threading.Thread(target=self._work, args=arguments, name="export", daemon=True).start()
        return number

    def cancel(self) -> None:
        """Cancel all of them."""
        for export in self.known.values():
            export.cancelled.set()

    def _work(self, export: Export, originals: Sequence[Path], form: str | None) -> None:
        with self._turn:
            memory = self.limits.memory
            pool = Pool(exporting, jobs(len(export.wanted), memory), memory)
            try:
                pool.ready()
                for ended in pool.run(self._orders(export, originals, form), export.tell):
                    export.ended(ended.task, ended.outcome, ended.error)
                export.state = "done"
            except Cancelled:
                export.state = "cancelled"
            except RestoreError as error:
                export.rows.append({"id": "", "error": str(error)})
                export.state = "done"
            finally:
                pool.close()
                export.shares.clear()

    def _orders(
        self, export: Export, originals: Sequence[Path], form: str | None
    ) -> Iterator[Order]:
        """The photos with the names of their results, none of which is taken."""
        places = folders_of({path: Path() for _, path, _ in export.wanted}, self.out, form)
        known, given = identities(originals), set[Path]()
        for id, path, recipe in export.wanted:
            order = Order(id, Job(path, path, limit=self.limits.pixels), recipe)
            export.tell(order, 0)
            try:
                target = free(target_of(path, places[path], form), given)
                refuse_inputs(target, known)
            except RestoreError as error:
                export.ended(order, None, error)
                continue
            given.add(target)
            yield replace(order, job=replace(order.job, target=target))


def free(target: Path, given: set[Path]) -> Path:
    """The path, with a number if it is taken or given to another: scan.tif, scan-2.tif.

    Raises
    ------
    PhotoError
        If a thousand names are taken.
    """
    for number in range(1, TAKEN):
        name = target.name if number == 1 else f"{target.stem}-{number}{target.suffix}"
        path = target.with_name(name)
        if path not in given and not os.path.lexists(path):
            return path
    raise PhotoError(f"{target}: a thousand files of this name exist; use another --out")
