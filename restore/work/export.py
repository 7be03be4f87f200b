"""What a batch leaves beside its results: its journal, SHA256SUMS, and PREMIS documents."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from restore.errors import PhotoError, ResultExists
from restore.files import _writing
from restore.report import premis
from restore.work import sums
from restore.work.journal import Journal
from restore.work.records import Record

EXPORT = "restore-journal.jsonl"


def export(journal: Journal) -> Path:
    """Write the journal into TARGET, one JSON object per line and photo; its path.

    Raises
    ------
    PhotoError
        If it cannot be written, or a file of that name is none that a batch has written.
    """
    records = journal.records("restored", "copied", "failed")
    lines = (json.dumps(one.exported(journal.target)).encode() + b"\n" for one in records)
    return _own(journal, EXPORT, "export", lines)


def write_sums(journal: Journal) -> Path:
    """Write the SHA-256 of all results, and of their PREMIS documents, into TARGET.

    Raises
    ------
    PhotoError
        As for `export`.
    """
    return _own(journal, sums.NAME, "sums", _sums(journal))


def _sums(journal: Journal) -> Iterator[bytes]:
    for record in journal.records("restored", "copied"):
        for file in record.results:
            yield sums.line(file.sha256, os.path.relpath(file.path, journal.target))
        if record.results and (path := _document_path(record)).exists():
            yield sums.line(sums.sha256(path), os.path.relpath(path, journal.target))


def write_premis(journal: Journal) -> Iterator[PhotoError]:
    """Write a PREMIS document beside each result that lacks its own; what could not be written."""
    versions = journal.versions()
    for record in journal.records("restored", "copied"):
        if not record.results:
            continue
        try:
            _write_document(_document_path(record), _document(record, versions))
        except (PhotoError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            yield PhotoError(f"{_document_path(record)}: {reason}")


def _document_path(record: Record) -> Path:
    return Path(record.results[0].path + premis.SUFFIX)


def _document(record: Record, versions: Mapping[int, Mapping[str, str]]) -> bytes:
    original = premis.Object(Path(record.due.path), record.original, record.due.size)
    results = [premis.Object(Path(one.path), one.sha256, one.size) for one in record.results]
    made = {**versions.get(record.claimed, {})}
    made_by = made.pop("restore", "")
    about = {"version": made_by, "modified": record.modified, **record.record}
    return premis.document(original, results, about, made, copied=record.state == "copied")


def _write_document(path: Path, content: bytes) -> None:
    before = b""
    with suppress(FileNotFoundError):
        before = path.read_bytes()
    if before == content:
        return
    if before and premis.OURS not in before:
        raise ResultExists("exists, and was not written by restore")
    _writing.whole(path, lambda file: _fill(file, [content]), overwrite=True, originals=())


def _own(journal: Journal, name: str, key: str, lines: Iterable[bytes]) -> Path:
    """Write a file of TARGET that the journal knows by its SHA-256, and replaces no other."""
    path = journal.target / name
    theirs = _sha256(path)
    if theirs not in ("", journal.meta(key)):
        raise ResultExists(f"{path} exists, and was not written by this batch")
    digest = hashlib.sha256()

    def write(file: BinaryIO) -> None:
        for line in lines:
            digest.update(line)
            file.write(line)

    _writing.whole(path, write, overwrite=bool(theirs), originals=())
    journal.set_meta(key, digest.hexdigest())
    return path


def _fill(file: BinaryIO, lines: Iterable[bytes]) -> None:
    file.writelines(lines)


def _sha256(path: Path) -> str:
    with suppress(OSError):
        return sums.sha256(path)
    return ""
