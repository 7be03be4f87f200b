"""Recipes and settings for single photos, from a CSV or TOML file."""

from __future__ import annotations

import csv
import fnmatch
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restore.errors import RecipeError

LARGEST = 64 * 1024**2
"""Most bytes of such a file: a million rows."""


@dataclass(frozen=True)
class Row:
    """What is wanted of the photos that `pattern` names: a recipe ("" for the batch's), settings.

    `where` is its place in the file, for messages.
    """

    pattern: str
    recipe: str
    settings: Mapping[str, str]
    where: str


@dataclass
class Table:
    """The rows of a file of settings. The last row that fits a photo counts.

    A row's path is that of a photo within its SOURCE, from the table's folder, or absolute; it may
    have * and ?.
    """

    folder: Path = field(default_factory=Path)
    rows: list[Row] = field(default_factory=list)
    _exact: dict[str, int] = field(default_factory=dict)
    _patterns: list[int] = field(default_factory=list)
    _used: set[int] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> Table:
        """The table in a file; RecipeError if it has an error."""
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise RecipeError(f"{path}: is larger than {LARGEST} bytes")
            text = data.decode("utf-8-sig")
            rows = list((_toml if path.suffix.lower() == ".toml" else _csv)(text, path))
        except OSError as error:
            raise RecipeError(f"{path}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise RecipeError(f"{path}: is not UTF-8 text") from error
        except csv.Error as error:
            raise RecipeError(f"{path}: is not CSV: {error}") from error
        table = cls(Path(os.path.abspath(path.parent)), rows)  # noqa: PTH100
        for number, row in enumerate(rows):
            if any(char in row.pattern for char in "*?["):
                table._patterns.append(number)
            else:
                table._exact[os.path.normpath(row.pattern)] = number
        return table

    def number(self, path: Path, tree: str) -> int | None:
        """The number of the row for a photo with an absolute path, and a path in its SOURCE."""
        names = [tree, os.fspath(path)]
        if path.is_relative_to(self.folder):
            names.append(os.fspath(path.relative_to(self.folder)))
        fitting = [self._exact[name] for name in names if name in self._exact]
        fitting += [
            number
            for number in self._patterns
            if any(fnmatch.fnmatchcase(name, self.rows[number].pattern) for name in names)
        ]
        if not fitting:
            return None
        self._used |= {*fitting}
        return max(fitting)

    @property
    def unused(self) -> list[Row]:
        """Rows that have fitted no photo so far."""
        return [row for number, row in enumerate(self.rows) if number not in self._used]


def _csv(text: str, path: Path) -> Iterator[Row]:
    """Columns: path; recipe and settings ("fade.amount=0.5; levels.black=2") if any; STEP.NAME."""
    with io.StringIO(text, newline="") as file:
        head = file.readline()
        file.seek(0)
        rows = csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",")
        columns = [name for name in rows.fieldnames or [] if name]
        if "path" not in columns:
            raise RecipeError(f"{path}: has no column path; the first line names the columns")
        for name in columns:
            if name not in ("path", "recipe", "settings") and "." not in name:
                raise RecipeError(
                    f'{path}: unknown column "{name:.60}"; choose from: path, recipe, settings, '
                    "or a setting such as fade.amount"
                )
        for cells in rows:
            where = f"{path}, line {rows.line_num}"
            if None in cells:
                raise RecipeError(f"{where}: has more cells than the first line")
            filled = {name: (cells[name] or "").strip() for name in columns}
            if not any(filled.values()):
                continue
            if not filled["path"]:
                raise RecipeError(f"{where}: has no path")
            settings = _assignments(filled.get("settings", ""), where)
            settings |= {name: cell for name, cell in filled.items() if "." in name and cell}
            yield Row(filled["path"], filled.get("recipe", ""), settings, where)


def _assignments(text: str, where: str) -> dict[str, str]:
    """{"fade.amount": "0.5"} from "fade.amount=0.5; …"."""
    settings = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = part.partition("=")
        if not equals:
            raise RecipeError(f"{where}: write {part:.60} as STEP.NAME=VALUE")
        settings[name.strip()] = value.strip()
    return settings


def _toml(text: str, path: Path) -> Iterator[Row]:
    """A table for each path: recipe = "…", fade.amount = 0.5."""
    from restore.recipe import toml

    for pattern, wishes in toml.parsed(text, str(path), LARGEST).items():
        where = f'{path}, "{pattern:.60}"'
        if not isinstance(wishes, dict):
            raise RecipeError(f'{where}: write a table for each photo: ["{pattern:.60}"]')
        recipe = wishes.pop("recipe", "")
        if not isinstance(recipe, str):
            raise RecipeError(f"{where}: recipe is not a string")
        yield Row(pattern, recipe, dict(_flat(wishes, where)), where)


def _flat(wishes: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for step, values in wishes.items():
        if not isinstance(values, dict):
            raise RecipeError(f"{where}: write {step:.60} as STEP.NAME = VALUE")
        for name, value in values.items():
            if isinstance(value, (dict, list)):
                raise RecipeError(f"{where}: {step:.60}.{name:.60} is not a number or a string")
            yield f"{step}.{name}", str(value).lower() if isinstance(value, bool) else str(value)
