"""A short slice of `python -m benchmarks.fuzz_files`; the long run is in docs/files.md."""

from __future__ import annotations

from pathlib import Path

from benchmarks.fuzz_files import Reader, run


def test_damaged_files_give_a_photo_or_one_line(tmp_path: Path) -> None:
    reader = Reader()
    try:
        found = [told for told, _ in run(400, 7, reader, tmp_path)]
    finally:
        reader.close()
    assert set(found) == {"photo", "error"}
    assert found.count("photo") > 40  # the mutations must not all fail at the door
