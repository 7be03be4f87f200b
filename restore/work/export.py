"""What a batch leaves beside its results: its journal, SHA256SUMS, and PREMIS documents."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from restore.errors import InTheWay, PhotoError
from restore.files import _writing
from restore.report import premis
from restore.work import remote, sums
from restore.work.journal import Journal
from restore.work.records import Record
from restore.work.remote import is_url, named

EXPORT = "restore-journal.jsonl"


def export(journal: Journal) -> str:
    """Write the journal into TARGET, one JSON object per line and photo; its path.

    Raises
    ------
    PhotoError
        If it cannot be written, or a file of that name is none that a batch has written.
    """
    records = journal.records("restored", "copied", "failed")
    lines = (json.dumps(one.exported(journal.target)).encode() + b"\n" for one in records)
    return _own(journal, EXPORT, "export", lines)


def write_sums(journal: Journal, documents: bool = False) -> str:
    """Write the SHA-256 of all results, and of their PREMIS documents, into TARGET.

    Parameters
    ----------
    documents
        There is a PREMIS document beside each result.

    Raises
    ------
    PhotoError
        As for `export`.
    """
    return _own(journal, sums.NAME, "sums", _sums(journal, documents))


def _sums(journal: Journal, documents: bool) -> Iterator[bytes]:
    versions = journal.versions()
    for record in journal.records("restored", "copied"):
        for file in record.results:
            yield _line(journal, file.path, file.sha256)
        if not record.results:
            continue
        path = _document_path(record)
        if documents and is_url(path):  # as it was written: not every one is read again
            content = _document(record, versions)
            yield _line(journal, path, hashlib.sha256(content).hexdigest())
        elif digest := _sha256(path):
            yield _line(journal, path, digest)


def _line(journal: Journal, path: str, digest: str) -> bytes:
    return sums.line(digest, os.path.relpath(path, journal.target))


def write_premis(journal: Journal) -> Iterator[PhotoError]:
    """Write a PREMIS document beside each result that lacks its own; what could not be written.

    In a store, only beside those of the present run.
    """
    versions = journal.versions()
    for record in journal.records("restored", "copied"):
        if not record.results:
            continue
        path = _document_path(record)
        if is_url(path) and record.claimed != journal.run:
            continue
        try:
            _write_document(path, _document(record, versions))
        except (PhotoError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            yield PhotoError(f"{path}: {reason}")


def _document_path(record: Record) -> str:
    return record.results[0].path + premis.SUFFIX


def _document(record: Record, versions: Mapping[int, Mapping[str, str]]) -> bytes:
    original = premis.Object(record.due.path, record.original, record.due.size)
    results = [premis.Object(one.path, one.sha256, one.size) for one in record.results]
    made = {**versions.get(record.claimed, {})}
    made_by = made.pop("restore", "")
    about = {"version": made_by, "modified": record.modified, **record.record}
    return premis.document(original, results, about, made, copied=record.state == "copied")


def _write_document(path: str, content: bytes) -> None:
    before = remote.read(path) if is_url(path) else _content(Path(path))
    if before == content:
        return
    if before and premis.OURS not in before:
        raise InTheWay("exists, and was not written by restore")
    _write(path, [content], overwrite=bool(before))


def _own(journal: Journal, name: str, key: str, lines: Iterable[bytes]) -> str:
    """Write a file of TARGET that the journal knows by its SHA-256, and replaces no other."""
    path = named(journal.target / name)
    theirs = _sha256(path)
    if theirs not in ("", journal.meta(key)):
        raise InTheWay(f"{path} exists, and was not written by this batch")
    digest = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for line in lines:
            digest.update(line)
            yield line

    _write(path, hashed(), overwrite=bool(theirs))
    journal.set_meta(key, digest.hexdigest())
    return path


def _write(path: str, lines: Iterable[bytes], *, overwrite: bool) -> None:
    """Write a file, whole or not at all."""
    if not is_url(path):
        _writing.whole(
            Path(path), lambda file: file.writelines(lines), overwrite=overwrite, originals=()
        )
        return
    with tempfile.TemporaryDirectory(prefix="restore-") as folder:
        here = Path(folder) / "content"
        with here.open("wb") as file:
            file.writelines(lines)
        remote.put(here, path, overwrite=overwrite)


def _content(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def _sha256(path: str) -> str:
    """SHA-256 of a file; "" if there is none."""
    if is_url(path):
        return remote.sha256(path)
    with suppress(OSError):
        return sums.sha256(Path(path))
    return ""
