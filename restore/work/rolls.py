"""Rolls: photos of one folder that share a plan, so that frames of a film agree.

Each photo of a roll is planned as if it were alone (`PlanOf`), the plans are joined (`Share`), and
the photos are restored with the numbers of the joined plan and what is their own.
"""

from __future__ import annotations

import fnmatch
import hashlib
import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from restore.errors import RecipeError
from restore.timeouts import Allow, Patience
from restore.work.holding import place
from restore.work.journal import Journal
from restore.work.pool import Ended
from restore.work.records import Record
from restore.work.tasks import recipe_of

if TYPE_CHECKING:
    from restore.color import Array
    from restore.context import Context
    from restore.recipe import Recipe
    from restore.work.batch import Engine
    from restore.work.worker import Tell

MOST = 64
"""Photos of a roll whose plans are joined; of a larger one, an even choice."""
SHARED = ".restore-rolls"
"""Folder in TARGET for plans that other machines read, too."""
LEVELS = 6
"""Steps of red, green and blue on the chart on which plans are compared."""


def matches(patterns: Iterable[str], tree: str, path: str) -> bool:
    """Whether a photo, by its path within its SOURCE or its absolute one, belongs to a roll."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns for name in (tree, path))


@dataclass(frozen=True)
class PlanOf:
    """Plan a photo as if it were alone, up to the last step that can be shared.

    Attributes
    ----------
    out
        The file for the plan.
    """

    path: Path
    recipe: str | Recipe
    settings: Mapping[str, str]
    limit: int
    salvage: bool
    out: Path
    memory: float | None = None
    folder: Path | None = None

    def done(self, context: Context, tell: Tell, allow: Allow) -> None:
        """Write the plan."""
        from restore import files

        recipe = _shareable(recipe_of(self.recipe, self.settings))
        patience = Patience(self.path, allow)
        patience.reads()
        photo = files.load(
            self.path,
            raw=recipe.raw,
            limit=self.limit,
            salvage=self.salvage,
            sized=patience.reads,
            memory=self.memory,
        )
        patience.works("planning it")
        plan = recipe.plan(photo, context=replace(context, memory=self.memory, progress=tell))
        plan.save(self.out)


@dataclass(frozen=True)
class Share:
    """Join the plans of a roll.

    Attributes
    ----------
    path
        The roll's folder.
    plans, out
        Files of plans; that of the joined one.
    """

    path: Path
    recipe: str | Recipe
    settings: Mapping[str, str]
    plans: tuple[Path, ...]
    out: Path
    memory: float | None = None
    folder: Path | None = None

    def done(self, context: Context, tell: Tell, allow: Allow) -> tuple[float, ...]:
        """Write the joined plan; how far each is from it, in ΔE00 on a chart of colours."""
        from restore import color
        from restore.image.photo import Tile, Window
        from restore.plan import Plan

        Patience(self.path, allow).works("joining its plans")
        recipe = _shareable(recipe_of(self.recipe, self.settings))
        plans = [Plan.load(path) for path in self.plans]
        joined = recipe.shared(plans)
        pixels = _chart()
        chart = Tile(pixels, pixels, Window.whole(*pixels.shape[:2]))
        restored = joined.tile(chart).clip(0, 1)
        joined.save(self.out)
        return tuple(
            float(color.delta_e(restored, plan.tile(chart).clip(0, 1)).mean()) for plan in plans
        )


def _chart() -> Array:
    """(6, 36, 3) working RGB: colours all over the cube."""
    import numpy as np

    steps = np.linspace(0.1, 0.9, LEVELS, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps, steps), -1).reshape(LEVELS, LEVELS**2, 3)


def _shareable(recipe: Recipe) -> Recipe:
    """The recipe up to the last step whose numbers can be those of a series."""
    last = max((n for n, use in enumerate(recipe.uses) if use.step.shared), default=-1)
    if last < 0:
        raise RecipeError(f"{recipe.name} has no step whose plan a roll can share; omit --like")
    return replace(recipe, uses=recipe.uses[: last + 1])


def folder(journal: Journal) -> Path:
    """The folder of the plans of a journal's rolls: beside the journal, or in TARGET."""
    shared = journal.target / SHARED
    return shared if shared.is_dir() else place(journal.target).with_suffix("")


def share_folder(journal: Journal) -> None:
    """Keep the plans in TARGET from now on: workers on other machines read and write them."""
    before, shared = folder(journal), journal.target / SHARED
    if before != shared and before.is_dir():
        shutil.copytree(before, shared)
    shared.mkdir(parents=True, exist_ok=True)


def plan_file(journal: Journal, roll: str, wanted: str) -> Path:
    """The file of the joined plan of a roll."""
    key = hashlib.sha256(f"{roll}\n{wanted}".encode(errors="surrogateescape")).hexdigest()[:24]
    return folder(journal) / f"{key}.plan"


def share(journal: Journal, engine: Engine, limit: int, salvage: bool) -> Iterator[str]:
    """Plan the rolls of a run that have no plan yet; yields the path of each photo looked at.

    Raises
    ------
    RestoreError
        If the recipe cannot be shared.
    """
    folder(journal).mkdir(mode=0o700, parents=True, exist_ok=True)
    members: dict[Path, list[tuple[Record, Path]]] = {}

    def tasks() -> Iterator[PlanOf]:
        for roll, wanted in journal.rolls():
            joined = plan_file(journal, roll, wanted)
            if joined.exists():
                continue
            records = journal.roll(roll, wanted)
            every = -(-len(records) // MOST)
            for number, record in enumerate(records[::every]):
                own = joined.with_name(f"{joined.stem}-{number}.plan")
                members.setdefault(joined, []).append((record, own))
                due = record.due
                yield PlanOf(Path(due.path), due.recipe, due.settings, limit, salvage, own)

    for ended in engine.run(tasks()):
        if isinstance(ended.error, RecipeError):
            raise ended.error
        yield str(ended.task.path)  # a photo that cannot be read fails when it is restored
    yield from _join(journal, engine, members)


def _join(
    journal: Journal, engine: Engine, members: Mapping[Path, list[tuple[Record, Path]]]
) -> Iterator[str]:
    planned: dict[Path, list[tuple[Record, Path]]] = {
        joined: [(record, own) for record, own in photos if own.exists()]
        for joined, photos in members.items()
    }
    tasks = [
        Share(
            Path(photos[0][0].due.roll),
            photos[0][0].due.recipe,
            photos[0][0].due.settings,
            tuple(own for _, own in photos),
            joined,
        )
        for joined, photos in planned.items()
        if photos
    ]
    ended: Ended
    for ended in engine.run(tasks):
        if ended.error:
            raise ended.error
        photos = planned[ended.task.out]
        paths = [record.due.path for record, _ in photos]
        journal.departs(dict(zip(paths, ended.outcome, strict=True)))
    for _, own in itertools.chain.from_iterable(members.values()):
        own.unlink(missing_ok=True)
    yield from ()
