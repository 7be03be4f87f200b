"""The photos of one command on their way through the pool.

None replaces another's result or an original, and none stops the others. What became of them is
said in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from restore.errors import PhotoError, RestoreError
from restore.work.targets import identities, refuse_inputs

if TYPE_CHECKING:
    from restore.work.job import Job, Outcome
    from restore.work.pool import Pool, Tell


@dataclass(frozen=True)
class Settled:
    """What became of a photo: one of these.

    Attributes
    ----------
    outcome
        It was restored.
    error
        It could not be.
    skipped
        It has a result already.
    planned
        What would be written, in a dry run.
    seconds
        How long it took.
    """

    outcome: Outcome | None = None
    error: RestoreError | None = None
    skipped: bool = False
    planned: tuple[Path, ...] = ()
    seconds: float = 0.0


@dataclass
class Queue:
    """Jobs, and what has become of them.

    Attributes
    ----------
    jobs
        In the order in which they are begun and reported.
    skip_existing
        Skip photos that have a result.
    dry
        Only say what would be done.
    written
        Results written so far, each with its original.
    """

    jobs: Sequence[Job]
    skip_existing: bool = False
    dry: bool = False
    written: dict[Path, Path] = field(default_factory=dict)
    _due: int = 0
    _settled: dict[int, Settled] = field(default_factory=dict)
    _numbers: dict[int, int] = field(default_factory=dict)
    _writing: set[Path] = field(default_factory=set)

    def through(self, pool: Pool, tell: Tell) -> Iterator[tuple[Job, Settled]]:
        """Do the jobs; each with what became of it, in their order."""
        for ended in pool.run(self._begun(), tell):
            job: Job = ended.task
            self._writing -= {*job.results}
            if ended.outcome:
                self.written |= dict.fromkeys(ended.outcome.written, job.path)
            number = self._numbers.pop(id(job))
            self._settled[number] = Settled(ended.outcome, ended.error, seconds=ended.seconds)
            yield from self._in_order()
        yield from self._in_order()

    def rest(self) -> Iterator[tuple[Job, Settled]]:
        """After an interruption: those that were settled, but had to wait for others."""
        for number in sorted(self._settled):
            yield self.jobs[number], self._settled.pop(number)

    def _in_order(self) -> Iterator[tuple[Job, Settled]]:
        """Those settled by now, up to the first that is not."""
        while self._due in self._settled:
            yield self.jobs[self._due], self._settled.pop(self._due)
            self._due += 1

    def _begun(self) -> Iterator[Job | None]:
        """The jobs for the pool; the others are settled here."""
        originals = identities([job.path for job in self.jobs])
        for number, job in enumerate(self.jobs):
            while not self._writing.isdisjoint(job.results):
                yield None  # another photo with the same result: it depends on what becomes of that
            try:
                settled = self._settled_before(job, originals)
            except RestoreError as error:
                settled = Settled(error=error)
            if settled:
                self._settled[number] = settled
                continue
            self._numbers[id(job)] = number
            self._writing |= {*job.results}
            yield job

    def _settled_before(self, job: Job, originals: frozenset[tuple[int, int]]) -> Settled | None:
        """What becomes of a job that needs no work; None for one that does."""
        for result in job.results:
            if result in self.written:
                raise PhotoError(
                    f"{job.path}: {result} has just been made from {self.written[result]}; "
                    "use another --out"
                )
            refuse_inputs(result, originals)
        exists = not job.overwrite and job.exists
        if exists and self.skip_existing and not job.lacks_picture:
            return Settled(skipped=True)
        if self.dry:
            self.written |= dict.fromkeys(job.results, job.path)
            return Settled(planned=job.missing())
        return None
