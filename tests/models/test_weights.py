"""The folder of models: pulled, added, verified, removed; and what a person reads when it fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import caffemodel
import pytest
from small_models import MODEL, OTHER, begun, in_folder, offer

from restore.colorizers import zhang2016
from restore.context import Context
from restore.errors import WeightsError
from restore.models import weights


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return in_folder(tmp_path, monkeypatch)


def test_every_published_place_is_https_and_has_the_published_sums() -> None:
    from restore.models.weights import KNOWN

    norebal = KNOWN["zhang2016-norebal"]
    assert (norebal.size, norebal.sha256[:8]) == (128946454, "6ab42a7f")
    with pytest.raises(WeightsError, match=r"no download source is known .*models add"):
        weights.pull("zhang2016-norebal")


def test_a_folder_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("RESTORE_MODELS", str(tmp_path / "file" / "models"))
    (tmp_path / "m.caffemodel").write_bytes(MODEL)
    with pytest.raises(WeightsError, match=r"cannot be written: .*set RESTORE_MODELS"):
        weights.add(tmp_path / "m.caffemodel")


def test_adds_the_release_by_its_sum_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "x_norebal.bin"
    file.write_bytes(MODEL)
    added = weights.add(file)
    assert (added.name, added.notes) == ("zhang2016", ())
    assert file.exists()
    with pytest.raises(WeightsError, match="is zhang2016 by its SHA-256, not zhang2016-norebal"):
        weights.add(file, "zhang2016-norebal")


def test_adds_another_file_of_the_layout_and_says_so(tmp_path: Path) -> None:
    encoded, boosted = (caffemodel.layer(name, "Python", ()) for name in ("ab_enc", "prior_boost"))
    for file, content, name, why in (
        ("mine.caffemodel", OTHER, "zhang2016", "because most files are"),
        ("NoRebal.caffemodel", OTHER, "zhang2016-norebal", "because of its name"),
        ("norebal.bin", OTHER + encoded + boosted, "zhang2016", "because a training layer"),
        ("mine.bin", OTHER + encoded, "zhang2016-norebal", "because no training layer"),
    ):
        (tmp_path / file).write_bytes(content)
        added = weights.add(tmp_path / file)
        assert added.name == name
        assert "does not match a published file" in added.notes[0]
        assert why in added.notes[1]
        assert weights.details(name)["published"] == "no"
    said = weights.add(tmp_path / "mine.caffemodel", "zhang2016-norebal")
    assert (said.name, len(said.notes)) == ("zhang2016-norebal", 1)


def test_the_length_says_more_than_the_name(tmp_path: Path) -> None:
    """Another training of the same layout, written by the same program, is as long to the byte."""
    for name, file in (("zhang2016-norebal", "mine.bin"), ("zhang2016", "x_norebal.bin")):
        for key, wanted in weights.KNOWN.items():
            size = len(OTHER) if key == name else len(OTHER) + 310
            weights.KNOWN[key] = replace(wanted, size=size)
        (tmp_path / file).write_bytes(OTHER)
        added = weights.add(tmp_path / file)
        assert added.name == name
        assert f"because it has its size, {len(OTHER)} bytes" in added.notes[1]


def test_adds_what_another_machine_has_made(tmp_path: Path) -> None:
    (tmp_path / "mine_norebal.caffemodel").write_bytes(OTHER)
    first = weights.add(tmp_path / "mine_norebal.caffemodel")
    copy = first.path.rename(tmp_path / "copy.onnx")
    again = weights.add(copy)
    assert again.name == "zhang2016-norebal"
    assert "because its metadata says so" in again.notes[1]


def test_a_broken_file_leaves_the_installed_model(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "good").write_bytes(MODEL)
    (tmp_path / "bad").write_bytes(MODEL[:-100])
    weights.add(tmp_path / "good")
    before = weights.location("zhang2016").read_bytes()
    with pytest.raises(WeightsError, match="cut off or damaged"):
        weights.add(tmp_path / "bad")
    assert weights.location("zhang2016").read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {"zhang2016.onnx", ".zhang2016.lock"}


@pytest.mark.parametrize("place", [200, -40, -200])
def test_verify_finds_one_changed_bit(tmp_path: Path, place: int) -> None:
    (tmp_path / "good").write_bytes(MODEL)
    file = weights.add(tmp_path / "good").path
    assert weights.verify("zhang2016")["network"] == "zhang2016"
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(WeightsError, match=r"SHA-256 is .*damaged|is damaged \("):
        weights.verify("zhang2016")


def test_a_damaged_model_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(MODEL)
    file = weights.add(tmp_path / "good").path
    zhang2016.load(Context(engine="onnxruntime"))
    good = file.read_bytes()
    damaged = bytearray(good)
    damaged[len(good) // 2] ^= 16
    file.write_bytes(damaged)
    for _ in range(2):  # nor taken for good the second time
        with pytest.raises(WeightsError, match=r"SHA-256 is .*; it is damaged: remove it"):
            zhang2016.load(Context(engine="onnxruntime"))
    file.write_bytes(good)
    zhang2016.load(Context(engine="onnxruntime"))


def test_a_model_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves the name, and not what was in the file, if it was not synced first."""
    import os

    (tmp_path / "good").write_bytes(MODEL)
    synced: list[int] = []
    replace = Path.replace

    def noted(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)

    def renamed(part: Path, target: Path) -> Path:
        assert part.stat().st_ino in synced
        return replace(part, target)

    monkeypatch.setattr("os.fsync", noted)
    monkeypatch.setattr(Path, "replace", renamed)
    added = weights.add(tmp_path / "good")
    assert added.path.parent.stat().st_ino in synced


def test_a_file_of_somebody_else_in_the_folder_is_not_run(folder: Path) -> None:
    folder.mkdir()
    compact = Path(weights.__file__).parents[1] / "data" / "compact.onnx"
    weights.location("zhang2016").write_bytes(compact.read_bytes())
    with pytest.raises(WeightsError, match=r"was not written by restore.*models add FILE"):
        weights.path("zhang2016")


def test_what_is_not_there_is_said_with_what_to_do() -> None:
    offer(("https://127.0.0.1:9/model",))
    for ask in (weights.path, weights.verify, weights.remove, weights.details):
        with pytest.raises(WeightsError, match="restore models pull zhang2016` fetches it, or"):
            ask("zhang2016")
    with pytest.raises(
        WeightsError, match=r'there is no model "zhang2061"; did you mean "zhang2016"\?'
    ):
        weights.path("zhang2061")


def test_removes_the_model_and_what_was_left(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "good").write_bytes(MODEL)
    weights.add(tmp_path / "good")
    begun(folder, b"left")
    weights.remove("zhang2016")
    assert [path.name for path in folder.iterdir()] == [".zhang2016.lock"]
