"""A photo of a batch as the journal has it: what is wanted of it, and what became of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from restore.work.remote import is_url

State = Literal["seen", "waiting", "begun", "restored", "copied", "failed"]
STATES: tuple[State, ...] = get_args(State)
"""seen: a watched photo that may still be growing; copied: nothing needed restoring."""
DONE = ("restored", "copied")


@dataclass(frozen=True)
class Due:
    """A photo that a scan found, and what is wanted of it.

    Attributes
    ----------
    path
        The original, absolute.
    target
        The path of its result, absolute.
    size, mtime
        Of the original: bytes, nanoseconds.
    recipe, settings
        A recipe's name or path, or "auto"; settings as {"fade.amount": "0.5"}.
    wanted
        Digest of all that the result depends on besides the photo.
    roll
        The photos that share a plan with it, or "".
    """

    path: str
    target: str
    size: int
    mtime: int
    recipe: str
    settings: Mapping[str, str] = field(default_factory=dict)
    wanted: str = ""
    roll: str = ""


@dataclass(frozen=True)
class File:
    """A file as it was written: absolute path, SHA-256, bytes, and time in nanoseconds."""

    path: str
    sha256: str
    size: int
    mtime: int


@dataclass(frozen=True)
class Made:
    """What became of a photo that was worked on; it comes through a pipe.

    Attributes
    ----------
    state
        "restored" or "copied".
    original
        SHA-256 of the original.
    results
        What was written for it, or was there already from an interrupted run; the result first.
    plan
        SHA-256 of the plan.
    record
        How it was made, as in the result's metadata.
    summary, warnings
        Lines for the user.
    pixels
        How many were restored.
    entry
        What a report page shows of it, as JSON, or "".
    kept
        The result was there, and right.
    """

    state: State
    original: str
    results: tuple[File, ...]
    plan: str = ""
    record: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    warnings: tuple[str, ...] = ()
    pixels: int = 0
    entry: str = ""
    kept: bool = False


@dataclass(frozen=True)
class Record:
    """A photo in the journal: what was wanted (`Due`), and what became of it (`Made`).

    Attributes
    ----------
    claimed
        The number of the last run that began it.
    modified
        The time its result records; "" before it is begun.
    begun_as, made_as
        `wanted` when it was begun, and of the result there is.
    error
        Why it failed.
    ended
        When it was done, ISO 8601.
    departs
        How far its own plan is from that of its roll, in ΔE00; None without a roll.
    """

    due: Due
    state: State
    claimed: int = 0
    modified: str = ""
    begun_as: str = ""
    made_as: str = ""
    original: str = ""
    results: tuple[File, ...] = ()
    plan: str = ""
    record: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0
    pixels: int = 0
    ended: str = ""
    departs: float | None = None
    entry: str = ""

    def exported(self, target: Path) -> dict[str, Any]:
        """As a line of the exported journal; results as paths from TARGET."""
        content = {
            "path": self.due.path,
            "state": self.state,
            "sha256": self.original,
            "results": [
                {"path": os.path.relpath(file.path, target), "sha256": file.sha256}
                for file in self.results
            ],
            "recipe": self.record.get("name", self.due.recipe),
            "settings": self.due.settings,
            "recipe_sha256": self.made_as,
            "plan_sha256": self.plan,
            "version": self.record.get("version", ""),
            "network": self.record.get("network", ""),
            "network_sha256": self.record.get("networkSha256", ""),
            "time": self.ended,
            "seconds": round(self.seconds, 3),
            "summary": self.summary,
            "warnings": self.warnings,
            "error": self.error,
            "roll": self.due.roll,
            "departs": self.departs,
        }
        return {key: value for key, value in content.items() if value not in ("", None, (), {}, [])}


def state_of(due: Due, record: Record | None, watched: bool) -> State:
    """The state of a photo that a scan has found."""
    if record is None:
        return "seen" if watched else "waiting"
    same = (due.size, due.mtime) == (record.due.size, record.due.mtime)
    if not same and watched:
        return "seen"
    asked = same and (due.wanted, due.target) == (record.due.wanted, record.due.target)
    if record.state == "begun":
        return "begun"  # it may have a result, of what it was begun as
    if asked and record.state == "failed":
        return "failed"
    if asked and record.state in DONE and all(map(_is_there, record.results)):
        return record.state
    return "waiting"


def _is_there(result: File) -> bool:
    """Whether a result still exists; that of one in a store is taken for granted."""
    return is_url(result.path) or os.path.lexists(result.path)


def since(result: File) -> Literal["", "changed", "missing"]:
    """What has happened to a result since it was written; nothing is asked of a store.

    A file is read only where its time differs and its size does not.
    """
    if is_url(result.path):
        return ""
    path = Path(result.path)
    try:
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) == (result.size, result.mtime):
            return ""
        if status.st_size == result.size and sha256(path) == result.sha256:
            return ""
    except FileNotFoundError:
        return "missing"
    except OSError:
        pass
    return "changed"


def sha256(path: Path) -> str:
    """SHA-256 of a file; "" if it cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
