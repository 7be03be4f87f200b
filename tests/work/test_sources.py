"""What SOURCEs stand for, and how results are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from restore.errors import RestoreError
from restore.work.sources import Found, Naming, find


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "box/a.png", "box/b.jpg", "out/x.png", ".hidden/x.png"):
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).touch()
    (tmp_path / "list.txt").write_text("scans/box/b.jpg\n\nscans/box\n/elsewhere/c.png\n")

    def seen(*sources: str) -> list[str]:
        return [
            f.tree if isinstance(f, Found) else str(f) for f in find(sources, Path("scans/out"))
        ]

    assert seen("scans") == ["a.png", "box/a.png", "box/b.jpg"]
    assert seen("scans", "scans/box") == [
        "scans/a.png", "scans/box/a.png", "scans/box/b.jpg", "box/a.png", "box/b.jpg",
    ]  # fmt: skip
    assert seen("scans/*/*.png") == ["box/a.png"]
    assert seen("scans/**") == ["a.png", "box/a.png", "box/b.jpg"]
    assert seen("none/*.png") == ["none/*.png: matches no photos"]
    assert seen("scans/a.png", "gone.png") == ["a.png", "gone.png"]
    assert seen("@list.txt") == [
        "scans/box/b.jpg", "scans/box/a.png", "scans/box/b.jpg", "elsewhere/c.png",
    ]  # fmt: skip
    with pytest.raises(RestoreError, match='two SOURCEs are called "box"'):
        seen("scans/box", "scans/box")


def test_names() -> None:
    found = Found(Path("scans/box/a.cr2"), Path("box"))
    target = Path("/out")
    assert Naming().target(found, target, None) == Path("/out/box/a.tif")
    named = Naming("{stem}_restored{suffix}").target(replace(found, folder=Path()), target, "png")
    assert named == Path("/out/a_restored.png")
    for pattern in ("{stem}", "{folder}{suffix}", "../{stem}{suffix}", "{stem.x}{suffix}", "{"):
        with pytest.raises(RestoreError):
            Naming(pattern)
