"""Whether the target of a batch is as the batch left it, and the originals as it found them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from restore.context import cores
from restore.errors import PhotoError, RestoreError
from restore.work import remote, sums
from restore.work.export import EXPORT
from restore.work.remote import is_url, named, url_of

AT_ONCE = 256
"""Files whose digests are computed before the next are asked for."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass
class Expected:
    """What should be there.

    Attributes
    ----------
    results
        Digests of results by path.
    originals
        Digests of originals by path.
    problems
        What is wrong with the journal and the sums themselves.
    """

    results: dict[str, str] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.results) + len(self.originals)


def expected(target: Path) -> Expected:
    """What the journal and the sums of a target list.

    Raises
    ------
    RestoreError
        If it has neither.
    """
    known = Expected()
    top = named(target)
    with _local(target) as folder:
        journal, listed = folder / EXPORT, folder / sums.NAME
        if not journal.exists() and not listed.exists():
            raise RestoreError(
                f"{top}: has neither {EXPORT} nor {sums.NAME}; only what restore batch has made "
                "can be verified"
            )
        if journal.exists():
            _read_journal(journal, top, known)
        if listed.exists():
            _read_sums(folder, top, known)
    return known


@contextmanager
def _local(target: Path) -> Iterator[Path]:
    """A folder here with the journal and sums of a target."""
    url = url_of(target)
    if not url:
        yield target
        return
    with tempfile.TemporaryDirectory(prefix="restore-") as folder:
        for name in (EXPORT, sums.NAME):
            if remote.exists(there := remote.joined(url, name)):
                remote.fetch(there, Path(folder) / name)
        yield Path(folder)


def _read_journal(journal: Path, top: str, known: Expected) -> None:
    where = _below(top, EXPORT)
    try:
        sums.refuse_endless(journal)
        with journal.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    _note(json.loads(line), top, known)
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    known.problems.append(Problem(f"{where}, line {number}", "is damaged"))
    except OSError as error:
        known.problems.append(Problem(where, f"cannot be read: {error.strerror}"))


def _note(record: Mapping[str, Any], top: str, known: Expected) -> None:
    path = str(record["path"])
    if record["state"] == "failed":
        known.problems.append(Problem(path, f"was not restored: {record.get('error', '')}"))
    if digest := record.get("sha256"):
        known.originals[path] = str(digest)
    for result in record.get("results", ()):
        known.results[_below(top, result["path"])] = str(result["sha256"])


def _read_sums(folder: Path, top: str, known: Expected) -> None:
    journaled = bool(known.results)
    listed = folder / sums.NAME
    seen = set()
    try:
        for name, digest in sums.read(folder):
            path = _below(top, name)
            seen.add(path)
            if known.results.setdefault(path, digest) != digest:
                text = f"{sums.NAME} and the journal say different things about it"
                known.problems.append(Problem(path, text))
    except PhotoError as error:
        where = _below(top, sums.NAME)
        known.problems.append(Problem(where, str(error).removeprefix(f"{listed}").lstrip(":, ")))
        return
    if journaled:
        missing = known.results.keys() - seen
        known.problems += [Problem(path, f"is not in {sums.NAME}") for path in sorted(missing)]


def _below(top: str, name: str) -> str:
    return remote.joined(top, name) if is_url(top) else os.path.join(top, name)  # noqa: PTH118


def problems(known: Expected, tell: Callable[[], None] = lambda: None) -> Iterator[Problem]:
    """What is wrong, as it comes to light; `tell` is called for each file that was read."""
    yield from known.problems
    files = iter(
        [(path, digest, "") for path, digest in known.results.items()]
        + [(path, digest, "the original ") for path, digest in known.originals.items()]
    )
    with ThreadPoolExecutor(cores()) as pool:
        while some := list(islice(files, AT_ONCE)):
            for problem in pool.map(_problem, some):
                tell()
                if problem:
                    yield problem


def _problem(file: tuple[str, str, str]) -> Problem | None:
    path, digest, what = file
    try:
        now = remote.sha256(path) if is_url(path) else sums.sha256(Path(path))
    except PhotoError as error:
        return Problem(path, str(error).removeprefix(f"{path}: "))
    except FileNotFoundError:
        return Problem(path, f"{what}is missing")
    except OSError as error:
        return Problem(path, f"{what}cannot be read: {error.strerror}")
    except ValueError as error:  # a NUL byte
        return Problem(path, f"{what}cannot be read: {error}")
    if not now:
        return Problem(path, f"{what}is missing")
    return None if now == digest else Problem(path, f"{what}has changed")
