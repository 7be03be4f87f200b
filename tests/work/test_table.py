"""Tables of settings that are hostile: one clear line, in little time and memory."""

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
