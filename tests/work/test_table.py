"""Tables of settings that are wrong or hostile: one clear line, in little time and memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from restore.errors import RecipeError
from restore.work import table
from restore.work.table import Table

HOSTILE = {
    "long.csv": (b'path,recipe\n"' + b"a" * 200_000 + b'",fade\n', "is not CSV: field larger"),
    "deep.toml": (b"a = " + b"[" * 5000 + b"]" * 5000, "is nested too deeply"),
    "long.toml": (b'["a.png"]\nfade.amount = ' + b"9" * 5000, "is not TOML"),
    "dots.toml": (b"a" + b".a" * 50_000 + b" = 1", "has more than 64 dots"),
    "table.toml": (b"a" + b".a" * 50 + b" = 1", "is not a number or a string"),
    "latin.csv": (b"path,recipe\nGr\xfc\xdfe.jpg,fade\n", "is not UTF-8 text"),
}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "file\na.png\n", "has no column path"),
        ("t.csv", "path,colour\na.png,red\n", 'unknown column "colour"'),
        ("t.csv", "path,settings\na.png,fade\n", "line 2: write fade as STEP.NAME=VALUE"),
        ("t.csv", "path\na.png,b\n", "line 2: has more cells"),
        ("t.toml", "a = 1\n", 'write a table for each photo: ["a"]'),
        ("t.toml", '["a"]\nfade = 1\n', "write fade as STEP.NAME = VALUE"),
        ("t.toml", "[", "t.toml: "),
        ("gone.csv", None, "cannot be read"),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path: Path, name: str, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(RecipeError) as error:
        Table.read(tmp_path / name)
    assert words in str(error.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    content, message = HOSTILE[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError, match=message):
        Table.read(tmp_path / name)


def test_an_endless_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "LARGEST", 1000)
    with pytest.raises(RecipeError, match="is larger than 1000 bytes"):
        Table.read(Path("/dev/zero"))
