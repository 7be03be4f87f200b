"""The journal of a batch beside its results: one JSON object per line and photo."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from restore.errors import ResultExists
from restore.files import _writing
from restore.work.journal import Journal

EXPORT = "restore-journal.jsonl"


def export(journal: Journal) -> Path:
    """Write the journal into TARGET; its path.

    Raises
    ------
    PhotoError
        If it cannot be written, or a file of that name is none that a batch has written.
    """
    path = journal.target / EXPORT
    theirs = _sha256(path)
    if theirs not in ("", journal.meta("export")):
        raise ResultExists(f"{path} exists, and was not written by this batch")
    digest = hashlib.sha256()

    def write(file: BinaryIO) -> None:
        for record in journal.records("restored", "copied", "failed"):
            line = json.dumps(record.exported(journal.target)).encode() + b"\n"
            digest.update(line)
            file.write(line)

    _writing.whole(path, write, overwrite=bool(theirs), originals=())
    journal.set_meta("export", digest.hexdigest())
    return path


def _sha256(path: Path) -> str:
    with suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
