"""The finished pieces of a result, in a folder beside it, until they are joined.

A piece counts once its description is there, which is written last. So a run that was killed at
any moment goes on after its last piece.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from restore.errors import PhotoError

JOB = "job.json"
MOST = 3
"""Lines about what was done that are shown of a film."""


@dataclass(frozen=True)
class Segment:
    """A finished piece.

    Attributes
    ----------
    start
        Number of its first frame.
    places
        The `pts` of its frames.
    after
        When its last frame has been shown; 0 if the film does not say.
    last
        The film ends with it.
    shots
        What is known of the shots that begin in it, for the report.
    """

    start: int
    places: tuple[int, ...]
    after: int
    last: bool
    shots: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def stop(self) -> int:
        """Number of the frame after its last."""
        return self.start + len(self.places)


class Segments:
    """The folder of the pieces of one result.

    Parameters
    ----------
    target
        The result.
    job
        All that the pictures depend on: pieces of another job are removed.
    """

    def __init__(self, target: Path, job: Mapping[str, Any]) -> None:
        self.folder = target.with_name(f".{target.name}.unfinished")
        self._target, self._job = target, dict(job)
        self.done: list[Segment] = []

    @contextmanager
    def held(self) -> Iterator[Segments]:
        """The folder, for this run alone; if the run fails, it stays with all finished pieces.

        Raises
        ------
        PhotoError
            If another run writes the same result.
        """
        from filelock import FileLock, Timeout

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / "lock").acquire(timeout=0):
                self._take_over()
                try:
                    yield self
                finally:
                    if not self.done:
                        self.remove()
        except Timeout as error:
            raise PhotoError(f"{self._target}: is being written by another run") from error

    def _take_over(self) -> None:
        """Find the pieces of an earlier run of the same job; remove all others."""
        job = self.folder / JOB
        known = json.loads(json.dumps(self._job))
        if _read(job) != known:
            for path in self.folder.iterdir():
                if path.name != "lock":
                    path.unlink()
            _write(job, known)
        self.done = []
        while content := _read(self._path(self.stop, "json")):
            shots = tuple(content.pop("shots"))
            self.done.append(Segment(shots=shots, **{**content, "places": (*content["places"],)}))

    @property
    def stop(self) -> int:
        """Number of the first frame that is missing."""
        return self.done[-1].stop if self.done else 0

    @property
    def complete(self) -> bool:
        """Whether the film's last frame is there."""
        return bool(self.done) and self.done[-1].last

    @property
    def shots(self) -> list[Mapping[str, Any]]:
        """The shots that begin in the pieces that are there."""
        return [shot for segment in self.done for shot in segment.shots]

    @property
    def headlines(self) -> list[str]:
        """What was done, each line once, those of most shots first."""
        lines = Counter(line for shot in self.shots for line in shot["findings"])
        return [line for line, _ in lines.most_common(MOST)]

    @property
    def places(self) -> tuple[int, ...]:
        """The `pts` of all frames that are there."""
        return tuple(pts for segment in self.done for pts in segment.places)

    @property
    def files(self) -> list[Path]:
        """The pieces, in order."""
        return [self._path(segment.start, "nut") for segment in self.done]

    @property
    def size(self) -> int:
        """Bytes of all pieces."""
        return sum(path.stat().st_size for path in self.files)

    def unfinished(self) -> Path:
        """Where the next piece is written."""
        return self._path(self.stop, "part")

    def finish(self, segment: Segment) -> None:
        """The piece that was written is whole."""
        part = self.unfinished()
        _sync(part)
        part.replace(self._path(segment.start, "nut"))
        _write(self._path(segment.start, "json"), asdict(segment))
        self.done.append(segment)

    def remove(self) -> None:
        """Remove the folder: the result is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:09}.{kind}"


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; empty if it is missing or damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    part = path.with_suffix(".new")
    part.write_text(json.dumps(content), "utf-8")
    _sync(part)
    part.replace(path)


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
