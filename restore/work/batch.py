"""A batch: photos from anywhere, restored into one TARGET, with a journal of all that is done.

    with Journal.open(request.target) as journal, journal.running(versions()):
        batch = Batch(request, journal)
        batch.resolve(engine)
        batch.scan()
        for done in batch.through(engine):
            ...

An engine is anything with `run` and `stop` as `pool.Pool` has them: it takes tasks as it has room
for them, and says how each has ended.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Protocol

from restore._version import __version__
from restore.errors import PhotoError, RecipeError, RestoreError
from restore.work import rolls
from restore.work.job import Job
from restore.work.journal import Journal
from restore.work.pool import Ended, Tell
from restore.work.records import Due, Made, Record
from restore.work.remote import named
from restore.work.sources import NAME, Found, Naming, find
from restore.work.table import Table
from restore.work.targets import pair_partners
from restore.work.tasks import AUTO, BatchTask, Resolve, Restore

CHUNK = 64
"""Photos that are begun in the journal at a time: a killed batch looks at what became of them."""
RESCAN = 5.0
"""Seconds from one look at a watched folder to the next, at least."""
PATIENCE = 10
"""A watched folder is looked at for at most one in so many seconds."""
LIBRARIES = ("numpy", "opencv-python-headless", "scikit-image", "openvino", "Pillow", "rawpy")
Wish = tuple[str, tuple[tuple[str, str], ...]]
"""A recipe's name or path, and settings."""


class Engine(Protocol):
    """Does tasks, several at a time."""

    def run(self, tasks: Iterable[BatchTask | None], tell: Tell = ...) -> Iterator[Ended]:
        """Do tasks; see `pool.Pool.run`."""


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes
    ----------
    recipe, settings
        For photos that the table does not name; the recipe may be "auto".
    sources
        As for `sources.find`.
    target
        The folder for the results, absolute.
    name
        The pattern of their names (`sources.Naming`).
    form, profile, limit, salvage, report, split
        As for `job.Job`; `form` is the format to write, or None for the original's.
    table
        A file with recipes and settings for single photos (`table.Table`), or "".
    like
        Patterns of photos that share a plan with the others in their folder (`rolls.matches`).
    watch
        Go on looking for photos.
    premis
        Write a PREMIS document beside each result.
    keep
        Which to restore of a camera's RAW and JPEG: one of `targets.PAIRS`.
    """

    recipe: str
    sources: tuple[str, ...]
    target: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    name: str = NAME
    form: str | None = None
    profile: str = "original"
    limit: int = 10**9
    salvage: bool = False
    table: str = ""
    like: tuple[str, ...] = ()
    watch: bool = False
    report: bool = False
    premis: bool = False
    keep: str = "both"
    split: str = ""

    def to_json(self) -> str:
        """As the journal keeps it."""
        return json.dumps({**asdict(self), "target": named(self.target)})

    @classmethod
    def from_json(cls, text: str) -> Request:
        """What `to_json` made."""
        try:
            content = json.loads(text)
            content |= {"target": Path(content["target"]), "sources": tuple(content["sources"])}
            content["like"] = tuple(content["like"])
            return cls(**content)
        except (ValueError, KeyError, TypeError) as error:
            reason = "the journal does not say what was wanted; repeat the whole command"
            raise RestoreError(reason) from error


@dataclass(frozen=True)
class Done:
    """A photo that has been worked on: what became of it, or why it failed."""

    path: str
    made: Made | None = None
    error: RestoreError | None = None
    seconds: float = 0.0
    size: int = 0


class Batch:
    """What is asked for, on its way through an engine into the journal.

    Attributes
    ----------
    troubles
        Sources that could not be searched, in the last scan.
    table
        Recipes and settings for single photos.
    """

    def __init__(self, request: Request, journal: Journal) -> None:
        self.request, self.journal = request, journal
        self.troubles: list[PhotoError] = []
        self.table = Table.read(Path(request.table)) if request.table else Table()
        self._naming = Naming(request.name)
        self._digests: dict[Wish, str] = {}
        self._sizes: dict[str, int] = {}

    def resolve(self, engine: Engine) -> None:
        """Read the recipes.

        Raises
        ------
        RestoreError
            If one, or a setting, is wrong.
        """
        request, wishes = self.request, dict.fromkeys([self._wish(None)])
        wishes |= dict.fromkeys(self._wish(number) for number in range(len(self.table.rows)))
        for recipe, settings in wishes:
            if recipe == AUTO and settings:
                name = settings[0][0]
                raise RecipeError(f"{name}: the recipe auto has no settings; name a recipe as well")
        if request.like and any(recipe == AUTO for recipe, _ in wishes):
            raise RecipeError("auto looks at each photo by itself; name the recipe of the rolls")
        for ended in engine.run([Resolve(tuple(wishes), path=Path(request.recipe))]):
            if ended.error:
                raise ended.error
            self._digests = dict(zip(wishes, ended.outcome, strict=True))

    def _wish(self, number: int | None) -> Wish:
        """What is wanted of the photos of a row of the table, or of all others."""
        request = self.request
        if number is None:
            return request.recipe, tuple(request.settings.items())
        row = self.table.rows[number]
        if row.recipe:
            return row.recipe, tuple(row.settings.items())
        return request.recipe, tuple({**request.settings, **row.settings}.items())

    def scan(self) -> None:
        """Look for photos, and take them down in the journal."""
        self.troubles = []
        self.journal.note(self._due(), watched=self.request.watch)
        self.journal.refuse_shared()

    def _due(self) -> Iterator[Due]:
        for found in self._found():
            try:
                if isinstance(found, PhotoError):
                    raise found
                yield self._wanted(found)
            except PhotoError as error:
                self.troubles.append(error)

    def _found(self) -> Iterator[Found | PhotoError]:
        """What the sources stand for, without the photos that `keep` leaves out."""
        every = find(self.request.sources, self.request.target)
        if self.request.keep == "both":  # one at a time: a folder may have a hundred thousand
            yield from every
            return
        for _, group in groupby(every, lambda one: isinstance(one, Found) and one.path.parent):
            folder = list(group)
            photos = [one.path for one in folder if isinstance(one, Found)]
            partners = pair_partners(photos, self.request.keep)
            yield from (
                one for one in folder if isinstance(one, PhotoError) or one.path not in partners
            )

    def _wanted(self, found: Found) -> Due:
        """What is wanted of a photo."""
        request, path, entry = self.request, found.path, found.remote
        if entry:
            size, mtime = entry.size, entry.stamp
        else:
            path = Path(os.path.abspath(path))  # noqa: PTH100
            try:
                status = path.stat()
            except OSError as error:
                raise PhotoError(f"{found.path}: cannot be opened: {error.strerror}") from error
            except ValueError as error:  # a NUL byte in a list of paths
                raise PhotoError(f"{found.path}: cannot be opened: {error}") from error
            size, mtime = status.st_size, status.st_mtime_ns
        row = self.table.number(path, found.tree)
        recipe, settings = wish = self._wish(row)
        roll = ""
        if request.like and rolls.matches(request.like, found.tree, os.fspath(path)):
            roll = os.fspath(path.parent)
        about = (self._digests[wish], request.form, request.profile, request.salvage, roll)
        wanted = hashlib.sha256((repr(about) + request.split).encode()).hexdigest()
        target = self._naming.target(found, request.target, request.form)
        if target == path:
            raise PhotoError(f"{path}: its result would replace it; choose another TARGET")
        return Due(named(path), named(target), size, mtime, recipe, dict(settings), wanted, roll)

    def share(self, engine: Engine) -> Iterator[str]:
        """Plan the rolls, before any of their photos is restored; see `rolls.share`."""
        if self.request.like:
            yield from rolls.share(self.journal, engine, self.request.limit, self.request.salvage)

    def through(self, engine: Engine, tell: Tell = lambda task, share: None) -> Iterator[Done]:
        """Restore what is due; each photo as it ends, already in the journal."""
        for ended in engine.run(self._tasks(), tell):
            path, made = named(ended.task.path), ended.outcome
            if made:
                self.journal.finish(path, made, ended.seconds)
            elif isinstance(ended.error, PhotoError):
                self.journal.fail(path, str(ended.error), ended.seconds)
            # else it is not the photo's fault: a network is missing, and the next run tries again
            yield Done(path, made, ended.error, ended.seconds, self._sizes.pop(path, 0))

    def _tasks(self) -> Iterator[Restore | None]:
        scanned, took = time.monotonic(), 0.0
        while True:
            records = self.journal.claim(CHUNK)
            for record in records:
                self._sizes[record.due.path] = record.due.size
                yield self._task(record)
            if not records and not self.request.watch:
                return
            if self.request.watch and time.monotonic() > scanned + max(RESCAN, PATIENCE * took):
                began = time.monotonic()
                self.scan()
                scanned = time.monotonic()
                took = scanned - began
            elif not records:
                yield None

    def _task(self, record: Record) -> Restore:
        request, due = self.request, record.due
        like = rolls.plan_file(self.journal, due.roll, due.wanted) if due.roll else None
        job = Job(
            Path(due.path),
            Path(due.target),
            request.profile,
            request.limit,
            salvage=request.salvage,
            modified=record.modified,
            report=request.report,
            split=request.split,
        )
        return Restore(
            job,
            due.recipe,
            due.settings,
            record.original,
            tuple(file.sha256 for file in record.results),
            record.made_as == due.wanted,
            record.state != "begun" or record.begun_as == due.wanted,
            like if like and like.exists() else None,
        )


def versions() -> dict[str, str]:
    """Versions of all that results depend on."""
    known = {"restore": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            known[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return known
