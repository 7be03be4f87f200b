"""A photo of a run as its report page shows it: plain data that a journal can keep.

Imports nothing heavy: it travels to the parent process, which stays small.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

State = Literal["restored", "copied", "skipped", "failed"]
LEAST, MOST = 27_000, 90_000
"""Most bytes of a thumbnail: of 500 photos, and of few."""
ROOM = 27_000_000
"""Bytes of all thumbnails of a page: in Base64 and with text, less than 40 MB."""
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True)
class Thumbnail:
    """A small picture of a photo: a WebP file and its size in pixels."""

    data: bytes = field(repr=False)
    width: int
    height: int


def allowance(photos: int) -> int:
    """Most bytes of a thumbnail in a run of so many photos: those of few may be better."""
    return min(MOST, max(LEAST, ROOM // max(1, 2 * photos)))


@dataclass(frozen=True)
class Entry:
    """What a report says about one photo.

    Attributes
    ----------
    path
        The original, as a path from the current folder, an absolute path or an address.
    state
        What became of it. "copied": nothing needed restoring; "skipped": its result existed.
    results
        The result and what else was written for it, the result first.
    recipe, title
        The recipe's name and title.
    settings
        The settings given to each step, in words, by the step's label; "" where all are defaults.
    summary, findings, warnings
        What was done; what every step found; what to read before trusting the result. Sentences.
    timings
        Seconds by stage: "read", "plan", "render", "write".
    record
        How the result was made, as recorded in its metadata.
    before, after
        Small pictures.
    size
        Width and height of the photo in pixels.
    error
        Why it failed.
    command
        What to type to restore it again.
    group
        The series that it shares a plan with, such as a roll.
    departs
        How it departs from its group; "" if it does not.
    """

    path: str
    state: State
    results: tuple[str, ...] = ()
    recipe: str = ""
    title: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    summary: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    record: Mapping[str, str] = field(default_factory=dict)
    before: Thumbnail | None = None
    after: Thumbnail | None = None
    size: tuple[int, int] | None = None
    error: str = ""
    command: str = ""
    group: str = ""
    departs: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(self.timings.values())

    @property
    def pictured(self) -> bool:
        """Whether there are pictures of it."""
        return bool(self.before or self.after)

    @property
    def alarms(self) -> tuple[str, ...]:
        """What to look at in the pictures, in sentences."""
        error = self.error.removeprefix(f"{self.path}: ") if self.pictured else ""
        departs = f"departs from {self.group}: {self.departs}" if self.departs else ""
        return tuple(sentence for sentence in (error, *self.warnings, departs) if sentence)

    def to_json(self) -> str:
        """The entry as JSON, on one line; the pictures as Base64. `from_json` reads it back."""
        content = asdict(self)
        for key in ("before", "after"):
            if content[key]:
                content[key]["data"] = base64.b64encode(content[key]["data"]).decode("ascii")
        return json.dumps({key: value for key, value in content.items() if value})

    @classmethod
    def from_json(cls, text: str | bytes) -> Entry:
        """The entry that `to_json` wrote; ValueError if it is anything else."""
        try:
            content = json.loads(text)
            if content["state"] not in STATES:
                raise ValueError(f"unknown state {content['state']!r}")
            return cls(**{key: _read(key, value) for key, value in content.items()})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not an entry of a report: {error}") from error


_TUPLES = frozenset(f.name for f in fields(Entry) if str(f.type).startswith("tuple"))


def _read(key: str, value: Any) -> Any:
    if key in ("before", "after"):
        data = base64.b64decode(value["data"], validate=True)
        return Thumbnail(data, int(value["width"]), int(value["height"]))
    return tuple(value) if key in _TUPLES else value
