"""What a batch asks of its workers: to read recipes, and to restore or copy a photo.

Each task is plain data with a method `done`, which is called in the child process.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from restore.errors import InTheWay
from restore.timeouts import Allow, Patience
from restore.work.job import Job, restore_file
from restore.work.records import File, Made, State, sha256
from restore.work.remote import url_of

if TYPE_CHECKING:
    from restore.context import Context
    from restore.plan import Plan
    from restore.recipe import Recipe
    from restore.work.worker import Tell, Work

AUTO = "auto"
"""The RECIPE that stands for what `restore info` advises."""


class BatchTask(Protocol):
    """A task of a batch: sent to a child, which calls `done`."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def folder(self) -> Path | None:
        """The folder it writes to, if any."""

    @property
    def memory(self) -> float | None:
        """Bytes that may be used; None for three quarters of what is free."""

    def done(self, context: Context, tell: Tell, allow: Allow) -> Any:
        """Do it; RestoreError if it cannot be done."""


def begin() -> Work:
    """The work of a batch's child processes."""
    from restore.context import Context

    context = Context(alone=True)  # it keeps the networks for the next photo

    def work(task: BatchTask, tell: Tell, allow: Allow) -> Any:
        return task.done(context, tell, allow)

    return work


@dataclass(frozen=True)
class Resolve:
    """Read recipes, and give a digest of each with its settings: what it will do to a photo.

    Attributes
    ----------
    wishes
        Recipes' names or paths, with settings.
    """

    wishes: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    path: Path = field(default_factory=Path)
    folder: Path | None = None
    memory: float | None = None

    def done(self, context: Context, tell: Tell, allow: Allow) -> tuple[str, ...]:
        """Their digests, in order; RecipeError if one is wrong."""
        return tuple(
            hashlib.sha256(
                (AUTO if name == AUTO else _recipe(name, settings).toml()).encode()
            ).hexdigest()
            for name, settings in self.wishes
        )


@functools.lru_cache(maxsize=64)
def _recipe(name: str, settings: tuple[tuple[str, str], ...]) -> Recipe:
    from restore.recipe import Recipe

    return Recipe.named(name).with_settings(dict(settings), "--set ")


def recipe_of(name: str | Recipe, settings: Mapping[str, str]) -> Recipe:
    """A recipe with settings, read once per process; RecipeError if something is wrong."""
    if not isinstance(name, str):
        return name
    return _recipe(name, tuple(settings.items()))


@dataclass(frozen=True)
class Restore:
    """Restore a photo, or copy it where nothing seems wrong with it.

    It replaces what earlier runs of the batch have made of the photo, and nothing else.

    Attributes
    ----------
    job
        The photo; `job.modified` is the time that its result is to record.
    recipe, settings
        A name, a path or "auto", and settings; or a recipe as it is.
    original, results
        SHA-256 of the photo, and of what was made of it by earlier runs, if anything was.
    current
        The result is of what is wanted now: it stays if the photo has not changed.
    begun_as_wanted
        A run or a worker may have been killed at this photo: its result, if there is one, has the
        time of the job; whether what was wanted then is wanted now.
    like
        File of the plan of its roll, or None.
    """

    job: Job
    recipe: str | Recipe
    settings: Mapping[str, str] = field(default_factory=dict)
    original: str = ""
    results: tuple[str, ...] = ()
    current: bool = False
    begun_as_wanted: bool = False
    like: Path | None = None
    memory: float | None = None

    @property
    def path(self) -> Path:
        """The photo."""
        return self.job.path

    @property
    def folder(self) -> Path:
        """The folder of its result."""
        return self.job.folder

    def done(self, context: Context, tell: Tell, allow: Allow) -> Made:
        """What became of it.

        Raises
        ------
        RestoreError
            If it cannot be restored, or its result's path has a file that the batch did not make.
        """
        if url_of(self.job.path) or url_of(self.job.target):
            from restore.work import fetching

            return fetching.done(self, context, tell, allow)
        Patience(self.path, allow).reads()
        job = replace(self.job, memory=self.memory)
        copied = _unchanged_name(job)
        auto = self.recipe == AUTO
        owned = {target: self._owned(target) for target in {job.target, *([copied] * auto)}}
        for there in owned.values():
            if isinstance(there, Made):
                return there
        name: str | Recipe = self.recipe
        reason = ""
        if auto:
            name, reason = _advised(job, context, allow)
        target = job.target if name else copied
        if not owned[target]:
            raise InTheWay(f"{target} exists, and was not made by this batch")
        replaces = os.path.lexists(target)
        if not name:
            from restore import files

            files.copy(self.path, target, overwrite=replaces)
            return Made("copied", sha256(target), (_file(target),), summary=reason)
        outcome = restore_file(
            replace(job, overwrite=replaces),
            recipe_of(name, self.settings),
            tell,
            allow,
            context,
            _plan(self.like) if self.like else None,
            lambda path: bool(self._owned(path)),
        )
        return Made(
            "restored",
            outcome.record.get("originalSha256", ""),
            tuple(map(_file, outcome.written)),
            outcome.plan,
            outcome.record,
            "; ".join(outcome.headlines),
            outcome.warnings,
            outcome.pixels,
            outcome.entry.to_json() if outcome.entry else "",
        )

    def _owned(self, target: Path) -> bool | Made:
        """Whether the batch may write to a path; or what is there already, if that is right."""
        if not os.path.lexists(target):
            return True
        digest = sha256(target)
        original = sha256(self.path)
        if target.samefile(self.path):
            return False  # TARGET is the photo's own folder
        if digest in self.results:
            if self.current and original == self.original:
                state: State = "copied" if digest == original else "restored"
                return Made(state, original, (_file(target),), kept=True)
            return True
        if self.recipe == AUTO and self.begun_as_wanted and digest == original:
            return Made("copied", original, (_file(target),))
        record = _record(target)
        if record.get("modified") != self.job.modified:
            return False
        if self.begun_as_wanted and record.get("originalSha256") == original:
            return Made("restored", original, (_file(target),), record=record)
        return True


@functools.lru_cache(maxsize=4)
def _plan(path: Path) -> Plan:
    """The plan of a roll, which never changes."""
    from restore.plan import Plan

    return Plan.load(path)


def _unchanged_name(job: Job) -> Path:
    """Where a copy of a photo goes: in its own format."""
    from restore import files

    if job.path.suffix.lower() in files.suffixes():
        return job.target.with_suffix(job.path.suffix)
    return job.target.with_name(job.target.stem)


def _advised(job: Job, context: Context, allow: Allow) -> tuple[str, str]:
    """The recipe that suits a photo, or "", and why."""
    from restore import files
    from restore.report.info import inspect

    patience = Patience(job.path, allow)
    load: Callable[..., Any] = functools.partial(files.load, salvage=job.salvage)
    photo = load(job.path, limit=job.limit, sized=patience.reads, memory=job.memory)
    patience.works("looking at it")
    advice = inspect(photo).advice
    return advice.recipe, advice.reason


def _record(result: Path) -> Mapping[str, str]:
    """How a result was made; empty if it does not say so."""
    from restore import files
    from restore.errors import PhotoError

    with suppress(PhotoError):
        return files.load(result).source.record
    return {}


def _file(path: Path) -> File:
    status = path.stat()
    return File(os.path.abspath(path), sha256(path), status.st_size, status.st_mtime_ns)  # noqa: PTH100
