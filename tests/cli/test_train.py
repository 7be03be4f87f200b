"""`restore train`: what it says before anything is trained, and a training of seconds."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from skimage import data

from restore.cli import cli
from restore.errors import MissingPackage, RestoreError, ResultExists
from restore.training import _photos, _session


def photos(folder: Path, count: int) -> Path:
    """A folder of small photos, parts of one."""
    folder.mkdir()
    for number in range(count):
        part = data.astronaut()[number : number + 200, number : number + 220, ::-1]
        cv2.imwrite(str(folder / f"{number:03}.jpg"), part)
    return folder


def run(*arguments: str | Path):
    return CliRunner().invoke(cli, ["train", *map(str, arguments)])


@pytest.mark.parametrize("network", ["colorizer", "damage", "fade"])
def test_says_what_to_install_where_torch_is_missing(
    network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    out = tmp_path / "network.onnx"
    result = run(network, "--photos", tmp_path, "--out", out)
    assert isinstance(result.exception, MissingPackage)
    assert str(result.exception) == (
        'training needs the torch package; install it with: pip install "restore-photos[train]"'
    )
    assert not list(tmp_path.iterdir())


def test_needs_photos_and_a_file() -> None:
    result = run("damage", "--out", "damage.onnx")
    assert result.exit_code == 2
    assert "--photos" in result.output
    result = run("blur", "--photos", "x", "--out", "blur.onnx")
    assert result.exit_code == 2
    assert "colorizer" in result.output


def settings(tmp_path: Path, *folders: Path, held: tuple[Path, ...] = ()) -> _session.Settings:
    return _session.Settings(folders, held, tmp_path / "state", None, 1)


def test_keeps_one_photo_in_ten_back_the_same_ones_each_time(tmp_path: Path) -> None:
    folder = photos(tmp_path / "own", 100)
    given = settings(tmp_path, folder)
    (trained,), held = given.read()
    assert len(trained) + len(held) == 100
    assert 3 <= len(held) <= 20
    assert not set(trained) & set(held)
    assert given.read() == ([trained], held)


def test_trains_on_all_photos_if_others_are_held_out(tmp_path: Path) -> None:
    own, other = photos(tmp_path / "own", 30), photos(tmp_path / "other", 5)
    folders, held = settings(tmp_path, own, held=(other,)).read()
    assert [len(part) for part in folders] == [30]
    assert len(held) == 5


def test_refuses_too_few_photos_and_missing_folders(tmp_path: Path) -> None:
    with pytest.raises(RestoreError, match="at least 20 are needed"):
        settings(tmp_path, photos(tmp_path / "few", 12)).read()
    with pytest.raises(RestoreError, match="does not exist"):
        settings(tmp_path, tmp_path / "none").read()


def test_large_photos_are_reduced_when_they_are_read(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1000, 2000, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "large.png"), noise)
    (content,) = _photos.files([tmp_path])
    photo = _photos.decoded(content)
    assert photo is not None
    assert photo.shape == (700, 1400, 3)


def test_trains_goes_on_and_refuses_to_overwrite(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder, out = photos(tmp_path / "own", 40), tmp_path / "damage.onnx"
    arguments = ("damage", "--photos", folder, "-o", out, "--from-scratch", "--threads", "1")
    result = run(*arguments, "--minutes", "0.02")
    assert result.exit_code == 0, result.output
    assert "within" in out.with_suffix(".md").read_text("utf-8")
    assert (tmp_path / "damage.onnx.training" / "checkpoint.pt").exists()
    assert isinstance(run(*arguments).exception, ResultExists)
