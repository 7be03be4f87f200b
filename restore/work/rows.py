"""The tables of a journal, and their rows as records."""

from __future__ import annotations

import json
import os
from typing import Any

from restore.work.records import Due, File, Record

VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY, began TEXT, ended TEXT, how TEXT, versions TEXT);
CREATE TABLE IF NOT EXISTS photos (
    path PRIMARY KEY, target, size INTEGER, mtime INTEGER, state TEXT, run INTEGER, claimed INTEGER,
    recipe TEXT, settings TEXT, wanted TEXT, roll TEXT, modified TEXT, begun_as TEXT, made_as TEXT,
    original TEXT, plan TEXT, record TEXT, summary TEXT, warnings TEXT, error TEXT, seconds REAL,
    pixels INTEGER, ended TEXT, departs REAL, entry TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS due ON photos (state, size DESC, path);
CREATE INDEX IF NOT EXISTS targets ON photos (target);
CREATE TABLE IF NOT EXISTS results (
    path PRIMARY KEY, photo, sha256 TEXT, size INTEGER, mtime INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS made ON results (photo);
"""
COLUMNS = (
    "path, target, size, mtime, recipe, settings, wanted, roll, state, claimed, modified, begun_as"
    ", made_as, original, plan, record, summary, warnings, error, seconds, pixels, ended, departs"
    ", entry"
)


def record_of(row: tuple[Any, ...], results: tuple[File, ...]) -> Record:
    """The record of a row of `COLUMNS`."""
    path, target, size, mtime, recipe, settings, wanted, roll, state, *rest = row
    due = Due(
        path_of(path),
        path_of(target),
        size,
        mtime,
        recipe,
        json.loads(settings),
        wanted,
        path_of(roll),
    )
    names = COLUMNS.split(", ")[9:]
    known: dict[str, Any] = {n: v for n, v in zip(names, rest, strict=True) if v is not None}
    for key in ("record", "warnings"):
        if key in known:
            known[key] = json.loads(known[key])
    known["warnings"] = tuple(known.get("warnings", ()))
    return Record(due, state, results=results, **known)


def stored(path: str) -> str | bytes:
    """A path as SQLite can hold it: not every one is UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def path_of(stored: str | bytes) -> str:
    """The path that `stored` made."""
    return os.fsdecode(stored)
