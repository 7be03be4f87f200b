"""What a batch has done and has yet to do: one SQLite file per TARGET, with one writer.

It lies in the user's state folder, on a local disk, since SQLite loses data on network drives; only
where there is no home does TARGET carry it. It is a rollback journal: unlike WAL, that is safe on
any file system with locks.

A photo is written down as begun before its result can exist, with the time that its result will
record. So a killed batch knows its own results (`entry`), and none is ever made twice or taken for
somebody else's file.

    with Journal.open(target) as journal:
        journal.note(photos)                 # found by a scan: new, changed or done
        for record in journal.claim(64):     # largest first; begun from now on
            ...
            journal.finish(record.path, made)
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from restore.errors import RestoreError
from restore.work.holding import held, lives, place
from restore.work.records import Due, File, Made, Record, State, state_of
from restore.work.rows import COLUMNS, SCHEMA, VERSION, path_of, record_of, stored

DELAY = 1.0
"""Seconds between two writes of what is done; a killed batch looks up what it had not written."""
MANY = 400
"""Photos to look up at a time: SQLite takes 999 values in a query."""
DAMAGED = (sqlite3.Error, json.JSONDecodeError)
"""What reading a damaged journal raises."""


class Journal:
    """The journal of one TARGET; see the module. Open it with `open` or `read`."""

    def __init__(self, target: Path, where: Path | str) -> None:
        self.target, self.where = target, where
        self.run, self.began = 0, ""
        self._ended: list[tuple[Any, ...]] = []
        self._written = time.monotonic()
        self._db = sqlite3.connect(where, timeout=60, isolation_level=None)

    @classmethod
    @contextmanager
    def open(cls, target: Path, dry: bool = False) -> Iterator[Journal]:
        """The journal of a batch that works on TARGET; nobody else may write to it meanwhile.

        Parameters
        ----------
        dry
            Work on a copy in memory, of which nothing stays.

        Raises
        ------
        RestoreError
            If another batch works on TARGET, or the journal cannot be written.
        """
        where = place(target)
        if dry:
            journal = cls(target, ":memory:")
            if where.exists():
                with cls.read(target) as before:
                    before._db.backup(journal._db)
            journal._db.executescript(SCHEMA)
            yield journal
            return
        with held(where, target):
            try:
                journal = cls(target, where)
                try:
                    journal._prepare()
                    yield journal
                finally:
                    journal._db.close()
            except DAMAGED as error:
                raise RestoreError(f"{where}: the journal cannot be used: {error}") from error

    @classmethod
    @contextmanager
    def read(cls, target: Path) -> Iterator[Journal]:
        """The journal of TARGET, to be read only; also while a batch is working.

        Raises
        ------
        RestoreError
            If there is none.
        """
        where = place(target)
        if not where.exists():
            raise RestoreError(f"{target}: there is no journal of a batch with this TARGET")
        try:
            journal = cls(target, where)
        except sqlite3.Error as error:
            raise RestoreError(f"{where}: the journal cannot be read: {error}") from error
        try:
            # not opened read-only: what a killed batch has left half written must be taken back
            journal._db.execute("PRAGMA query_only = ON")
            yield journal
        except DAMAGED as error:
            raise RestoreError(f"{where}: the journal cannot be read: {error}") from error
        finally:
            journal._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = TRUNCATE")
        self._db.executescript(SCHEMA)
        if self.meta("version", str(VERSION)) != str(VERSION):
            raise RestoreError(f"{self.where}: was written by another version of restore")
        self.set_meta("version", str(VERSION))
        self.set_meta("target", str(self.target))

    def meta(self, key: str, default: str = "") -> str:
        """A fact about the batch as a whole."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else default

    def set_meta(self, key: str, value: str) -> None:
        """Keep a fact about the batch as a whole."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextmanager
    def running(self, versions: Mapping[str, str]) -> Iterator[None]:
        """A run: photos noted from now on belong to it. Its end and how it came are kept."""
        self.began = _time()
        row = (self.began, "", "killed", json.dumps(versions))
        insert = "INSERT INTO runs (began, ended, how, versions) VALUES (?, ?, ?, ?)"
        self.run = self._db.execute(insert, row).lastrowid or 0
        how = "interrupted"
        try:
            yield
            counts = self.counts(self.run)
            if not counts.get("waiting") and not counts.get("begun"):
                how = "finished"
        finally:
            self.flush()
            end = (_time(), how, self.run)
            self._db.execute("UPDATE runs SET ended = ?, how = ? WHERE number = ?", end)

    def note(self, found: Iterable[Due], *, watched: bool = False) -> None:
        """Take down photos that a scan found: new, changed, to be gone on with, or done.

        Parameters
        ----------
        watched
            A photo that is new or has changed must be found equal once more first.
        """
        self.flush()
        chunk: list[Due] = []
        for due in found:
            chunk.append(due)
            if len(chunk) == MANY:
                self._note(chunk, watched)
                chunk = []
        self._note(chunk, watched)

    def _note(self, chunk: list[Due], watched: bool) -> None:
        made = self._made([due.path for due in chunk])
        chunk = [due for due in chunk if due.path not in made]  # TARGET may be a SOURCE as well
        known = {record.due.path: record for record in self._records([d.path for d in chunk])}
        rows: list[tuple[Any, ...]] = []
        for due in chunk:
            record = known.get(due.path)
            if record and record.claimed == self.run and record.state == "begun":
                continue  # it is being worked on
            row = (
                stored(due.target), due.size, due.mtime, state_of(due, record, watched), self.run,
                due.recipe, json.dumps(due.settings), due.wanted, stored(due.roll),
            )  # fmt: skip
            rows.append((stored(due.path), *row, *row))
        columns = "target, size, mtime, state, run, recipe, settings, wanted, roll"
        changes = ", ".join(f"{column} = ?" for column in columns.split(", "))
        changes += ", claimed = CASE WHEN excluded.state IN ('waiting', 'begun', 'seen') "
        changes += "THEN NULL ELSE claimed END"
        with self._transaction():
            self._db.executemany(
                f"INSERT INTO photos (path, {columns}) VALUES (?{', ?' * 9}) "
                f"ON CONFLICT (path) DO UPDATE SET {changes}",
                rows,
            )

    def _made(self, paths: Sequence[str]) -> frozenset[str]:
        """Those of some paths that are results, or may be results of a killed batch."""
        given = [stored(path) for path in paths]
        marks = ", ".join("?" * len(given))
        query = (
            f"SELECT path FROM results WHERE path IN ({marks}) UNION "
            f"SELECT target FROM photos WHERE state = 'begun' AND target IN ({marks})"
        )
        return frozenset(path_of(path) for (path,) in self._db.execute(query, (*given, *given)))

    def refuse_shared(self) -> None:
        """Fail photos whose result another photo of this run has already, or gets first."""
        query = (
            "SELECT target FROM photos WHERE run = ? AND target != '' "
            "GROUP BY target HAVING count(*) > 1"
        )
        for (target,) in self._db.execute(query, (self.run,)).fetchall():
            alike = self._db.execute(
                "SELECT path, state FROM photos WHERE run = ? AND target = ? "
                "ORDER BY state NOT IN ('restored', 'copied', 'begun'), path",
                (self.run, target),
            ).fetchall()
            (first, _), *others = ((path_of(path), state) for path, state in alike)
            for path, state in others:
                if state == "waiting":
                    self.fail(path, f"{path}: {path_of(target)} is the result of {first}")
        self.flush()

    def claim(self, count: int) -> list[Record]:
        """The next photos to work on, the largest first; they are begun from now on.

        A record's state is the one before: of a photo that a killed batch had begun, the time that
        its result was to record still holds.
        """
        from restore.work.job import now

        self.flush()
        query = (
            "SELECT path FROM photos WHERE state = ? AND run = ? AND claimed IS NOT run "
            "ORDER BY size DESC, path LIMIT ?"
        )
        paths: list[Any] = []
        for state in ("begun", "waiting"):
            given = (state, self.run, count - len(paths))
            paths += [path for (path,) in self._db.execute(query, given).fetchall()]
        time = now()
        records = [
            record if record.state == "begun" else replace(record, modified=time)
            for record in self._records(map(path_of, paths))
        ]
        with self._transaction():
            self._db.executemany(
                "UPDATE photos SET modified = ?, claimed = run, state = 'begun', "
                "begun_as = CASE state WHEN 'begun' THEN begun_as ELSE wanted END WHERE path = ?",
                [(record.modified, stored(record.due.path)) for record in records],
            )
        return records

    def finish(self, path: str, made: Made, seconds: float) -> None:
        """Keep what became of a photo; written down within a second."""
        row = (
            made.state, made.original, made.plan, json.dumps(dict(made.record)), made.summary,
            json.dumps(made.warnings), "", seconds, made.pixels, _time(), made.entry,
        )  # fmt: skip
        files = [(stored(f.path), stored(path), f.sha256, f.size, f.mtime) for f in made.results]
        self._ended.append((stored(path), row, files, made.kept))
        self._flush_late()

    def fail(self, path: str, error: str, seconds: float = 0.0) -> None:
        """Keep why a photo failed. An older result of it stays known."""
        self._ended.append((stored(path), ("failed", error, seconds, _time()), None, False))
        self._flush_late()

    def _flush_late(self) -> None:
        if time.monotonic() > self._written + DELAY:
            self.flush()

    def flush(self) -> None:
        """Write down what has ended."""
        self._written = time.monotonic()
        if not self._ended:
            return
        with self._transaction():
            for path, row, files, kept in self._ended:
                if files is None:
                    self._db.execute(
                        "UPDATE photos SET state = ?, error = ?, seconds = ?, ended = ? "
                        "WHERE path = ?",
                        (*row, path),
                    )
                    continue
                columns = "state, original, plan, record, summary, warnings, error, seconds, pixels"
                columns += ", ended, entry"
                values = dict(zip(columns.split(", "), row, strict=True))
                if kept:  # what was known of it holds
                    kinds = ("state", "original", "error", "ended")
                    values = {key: values[key] for key in kinds}
                changes = ", ".join(f"{column} = ?" for column in values)
                self._db.execute(
                    f"UPDATE photos SET {changes}, made_as = wanted WHERE path = ?",
                    (*values.values(), path),
                )
                self._db.execute("DELETE FROM results WHERE photo = ?", (path,))
                self._db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", files)
        self._ended.clear()

    def versions(self) -> dict[int, dict[str, str]]:
        """Versions of all that results depend on, by the number of the run."""
        rows = self._db.execute("SELECT number, versions FROM runs").fetchall()
        return {number: json.loads(versions) for number, versions in rows}

    def retry(self) -> int:
        """Let photos that failed be done again, as they were wanted; how many there are."""
        query = (
            "UPDATE photos SET state = 'waiting', run = ?, claimed = NULL WHERE state = 'failed'"
        )
        return self._db.execute(query, (self.run,)).rowcount

    def rolls(self) -> list[tuple[str, str]]:
        """The rolls with photos that are due in this run, and what is wanted of these."""
        query = (
            "SELECT DISTINCT roll, wanted FROM photos WHERE roll != '' AND run = ? "
            "AND state IN ('waiting', 'begun') ORDER BY roll"
        )
        rows = self._db.execute(query, (self.run,)).fetchall()
        return [(path_of(roll), wanted) for roll, wanted in rows]

    def roll(self, roll: str, wanted: str) -> list[Record]:
        """The photos of a roll that this run has found."""
        query = "SELECT path FROM photos WHERE roll = ? AND wanted = ? AND run = ? ORDER BY path"
        rows = self._db.execute(query, (stored(roll), wanted, self.run)).fetchall()
        paths = [path_of(path) for (path,) in rows]
        chunks = (paths[start : start + MANY] for start in range(0, len(paths), MANY))
        return [record for chunk in chunks for record in self._records(chunk)]

    def departs(self, values: Mapping[str, float]) -> None:
        """Keep how far photos depart from their rolls."""
        with self._transaction():
            self._db.executemany(
                "UPDATE photos SET departs = ? WHERE path = ?",
                [(value, stored(path)) for path, value in values.items()],
            )

    def counts(self, run: int | None = None) -> dict[str, int]:
        """How many photos are in each state, of all or of those that a run found."""
        self.flush()
        which = "WHERE run = ?" if run is not None else ""
        given = (run,) if run is not None else ()
        query = f"SELECT state, count(*) FROM photos {which} GROUP BY state"
        return dict(self._db.execute(query, given).fetchall())

    def bytes_due(self) -> int:
        """Bytes of the photos that are still to be worked on in this run."""
        query = "SELECT sum(size) FROM photos WHERE state IN ('waiting', 'begun') AND run = ?"
        return self._db.execute(query, (self.run,)).fetchone()[0] or 0

    def last_run(self) -> dict[str, str]:
        """When the last run began and ended, and how: finished, interrupted, killed or running."""
        query = "SELECT began, ended, how FROM runs ORDER BY number DESC LIMIT 1"
        row = self._db.execute(query).fetchone() or ("", "", "")
        last = dict(zip(("began", "ended", "how"), row, strict=True))
        if last["how"] == "killed" and lives(place(self.target)):
            last["how"] = "running"
        return last

    def records(self, *states: State, run: int | None = None) -> Iterator[Record]:
        """The photos by path: all, or those in some states, or found by a run."""
        self.flush()
        which = [f"state IN ({', '.join('?' * len(states))})"] if states else []
        which += ["run = ?"] if run is not None else []
        where = f"WHERE {' AND '.join(which)}" if which else ""
        given: tuple[Any, ...] = (*states, *(() if run is None else (run,)))
        after: Any = None
        while True:
            page = f"{where} {'AND' if where else 'WHERE'} path > ?" if after is not None else where
            query = f"SELECT path FROM photos {page} ORDER BY path LIMIT {MANY}"
            paths = self._db.execute(query, given if after is None else (*given, after)).fetchall()
            if not paths:
                return
            yield from self._records([path_of(path) for (path,) in paths])
            after = paths[-1][0]

    def _records(self, paths: Iterable[str]) -> list[Record]:
        """The records of some paths, in the order of the paths; those unknown are left out."""
        wanted = [stored(path) for path in paths]
        marks = ", ".join("?" * len(wanted))
        files: dict[Any, list[File]] = {}
        for row in self._db.execute(
            f"SELECT photo, path, sha256, size, mtime FROM results WHERE photo IN ({marks})", wanted
        ):
            files.setdefault(row[0], []).append(File(path_of(row[1]), *row[2:]))
        rows = self._db.execute(f"SELECT {COLUMNS} FROM photos WHERE path IN ({marks})", wanted)
        records = {row[0]: record_of(row, tuple(files.get(row[0], ()))) for row in rows}
        return [records[path] for path in wanted if path in records]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _time() -> str:
    from datetime import datetime

    return datetime.now().astimezone().isoformat(timespec="seconds")
