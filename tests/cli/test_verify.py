"""`restore verify` names every file that is not as the batch left it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from restore.cli import cli
from restore.work import sums


def verify(target: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["verify", str(target), *options])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The target of a batch of three photos, with journal and sums."""
    (tmp_path / "scans").mkdir()
    (tmp_path / "out/sub").mkdir(parents=True)
    lines = []
    for name in ("a.tif", "b.tif", "sub/c.tif"):
        original = tmp_path / "scans" / Path(name).name
        original.write_text(f"original {name}")
        (tmp_path / "out" / name).write_text(f"result {name}")
        digest = sums.sha256(tmp_path / "out" / name)
        record = {
            "path": str(original),
            "state": "restored",
            "sha256": sums.sha256(original),
            "results": [{"path": name, "sha256": digest}],
        }
        lines.append(json.dumps(record))
    (tmp_path / "out/restore-journal.jsonl").write_text("\n".join(lines) + "\n")
    write_sums(tmp_path / "out")
    return tmp_path / "out"


def write_sums(target: Path) -> None:
    names = ("a.tif", "b.tif", "sub/c.tif")
    sums.write(target, {name: sums.sha256(target / name) for name in names})


def test_nothing_is_wrong(target: Path) -> None:
    result = verify(target)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "3 results and 3 originals read: no problems" in result.stderr


def test_what_is_wrong_is_a_line_each(target: Path) -> None:
    (target / "a.tif").write_text("changed")
    (target / "sub/c.tif").unlink()
    (target.parent / "scans/b.tif").write_text("changed")
    (target.parent / "scans/c.tif").unlink()
    result = verify(target)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{target}/a.tif: has changed",
        f"{target}/sub/c.tif: is missing",
        f"{target.parent}/scans/b.tif: the original has changed",
        f"{target.parent}/scans/c.tif: the original is missing",
    ]
    lines = [json.loads(line) for line in verify(target, "--json", "-q").stdout.splitlines()]
    assert lines[1] == {"path": f"{target}/sub/c.tif", "problem": "is missing"}
    assert len(lines) == 4


def test_a_photo_that_failed_is_a_problem(target: Path) -> None:
    with (target / "restore-journal.jsonl").open("a") as journal:
        journal.write('{"path": "/scans/d.tif", "state": "failed", "error": "is empty"}\n{"pa\n')
    lines = verify(target).stdout.splitlines()
    journal_line = f"{target}/restore-journal.jsonl, line 5: is damaged"
    assert lines == ["/scans/d.tif: was not restored: is empty", journal_line]


def test_journal_and_sums_must_agree(target: Path) -> None:
    (target / "a.tif").write_text("changed, and the sums made again")
    write_sums(target)
    listing = target / sums.NAME
    listing.write_bytes(b"".join(listing.read_bytes().splitlines(keepends=True)[:2]))
    lines = verify(target).stdout.splitlines()
    assert f"{target}/a.tif: SHA256SUMS and the journal say different things about it" in lines
    assert f"{target}/sub/c.tif: is not in SHA256SUMS" in lines


def test_sums_alone_are_enough(target: Path) -> None:
    (target / "restore-journal.jsonl").unlink()
    assert verify(target).exit_code == 0
    (target / "b.tif").write_text("changed")
    assert verify(target).exit_code == 1


def test_a_folder_without_either_is_a_mistake(tmp_path: Path) -> None:
    result = verify(tmp_path)
    assert "only what restore batch has made can be verified" in str(result.exception)


def test_what_is_no_file_or_no_journal_is_named(target: Path) -> None:
    with (target / "restore-journal.jsonl").open("a") as journal:
        for name in ("/dev/zero", "a\0b"):
            record = {"path": name, "state": "restored", "sha256": "0" * 64}
            journal.write(json.dumps(record) + "\n")
        journal.write("[" * 100_000 + "\n")
    result = verify(target)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{target}/restore-journal.jsonl, line 6: is damaged",
        "/dev/zero: the original cannot be read: is not a regular file",
        "a?b: the original cannot be read: embedded null byte",
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
@pytest.mark.parametrize("name", ["restore-journal.jsonl", "SHA256SUMS"])
def test_a_pipe_is_no_list(target: Path, name: str) -> None:
    (target / name).unlink()
    os.mkfifo(target / name)
    result = verify(target)
    assert result.exit_code == 1
    assert f"{target}/{name}: cannot be read: is not a regular file" in result.stdout
