"""A file that is hashed and decoded is read once, so that both see the same bytes."""

from __future__ import annotations

import builtins
import hashlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from restore import files
from restore.errors import PhotoError
from restore.files import _reading
from restore.image.photo import Photo
from restore.recipe import Recipe
from restore.work.job import Job, restore_file

RAW = Path(__file__).parents[2] / "sample_images" / "led-red-blue.dng"
SUFFIXES = (".bmp", ".dng", ".gif", ".jp2", ".jpg", ".jxl", ".png", ".tif", ".webp")


def written(folder: Path, suffix: str) -> Path:
    """A small photo in a format."""
    path = folder / f"photo{suffix}"
    samples = astronaut()[40:104, 150:230]
    if suffix == ".dng":
        shutil.copy(RAW, path)
    elif suffix == ".bmp":
        path.write_bytes(imagecodecs.bmp_encode(samples))
    elif suffix == ".gif":
        Image.fromarray(samples).save(path)
    else:
        files.save(Photo.from_array(samples), path)
    return path


@pytest.fixture
def read_bytes(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], int]:
    """How many bytes have been read from a file so far."""
    counts: dict[str, int] = {}

    class Counted(io.FileIO):
        def readinto(self, buffer: Any) -> Any:
            size = super().readinto(buffer)
            counts[str(self.name)] = counts.get(str(self.name), 0) + (size or 0)
            return size

        def readall(self) -> Any:
            data = super().readall()
            counts[str(self.name)] = counts.get(str(self.name), 0) + len(data or b"")
            return data

    opened = builtins.open

    def counting(path: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if mode != "rb" or Path(path).stem != "photo":
            return opened(path, mode, *rest, **options)
        return io.BufferedReader(Counted(path, opener=options.get("opener")))

    monkeypatch.setattr(builtins, "open", counting)
    return lambda path: counts.get(str(path), 0)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_it_is_hashed_and_decoded_from_one_reading(
    tmp_path: Path, suffix: str, read_bytes: Callable[[Path], int]
) -> None:
    path = written(tmp_path, suffix)
    pages = files.load_pages(path, digest=True)
    assert read_bytes(path) == path.stat().st_size
    assert {page.source.sha256 for page in pages} == {hashlib.sha256(path.read_bytes()).hexdigest()}
    plain = files.load(path)
    assert plain.source.sha256 == ""
    np.testing.assert_array_equal(plain.samples, pages[0].samples)


def test_restoring_a_file_reads_it_once(tmp_path: Path, read_bytes: Callable[[Path], int]) -> None:
    path = written(tmp_path, ".png")
    recipe = Recipe.parse('[[steps]]\nuse = "levels"\nblack = 5\n', "quick", "quick")
    outcome = restore_file(Job(path, tmp_path / "out.png"), recipe, lambda share: None)
    assert read_bytes(path) == path.stat().st_size
    assert outcome.record["originalSha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_too_large_to_hold_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_bytes: Callable[[Path], int]
) -> None:
    monkeypatch.setattr(_reading, "IN_MEMORY", 0)
    path = written(tmp_path, ".tif")
    photo = files.load(path, digest=True)
    assert read_bytes(path) > path.stat().st_size
    assert photo.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_replaced_while_it_is_read_does_not_lend_its_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from restore.files import png

    path = written(tmp_path, ".png")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    expected, read = files.load(path).samples, png.read

    def late(ask: _reading.Ask) -> list[Photo]:
        other = written(tmp_path, ".bmp")
        other.replace(path)
        return read(ask)

    monkeypatch.setattr(png, "read", late)
    photo = files.load(path, digest=True)
    assert photo.source.sha256 == digest
    np.testing.assert_array_equal(photo.samples, expected)


def test_a_file_that_changes_between_hashing_and_decoding_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from restore.files import tiff

    monkeypatch.setattr(_reading, "IN_MEMORY", 0)
    path = written(tmp_path, ".tif")
    read = tiff.read

    def late(ask: _reading.Ask) -> list[Photo]:
        pages = read(ask)
        with path.open("ab") as file:
            file.write(b"more")
        return pages

    monkeypatch.setattr(tiff, "read", late)
    with pytest.raises(PhotoError, match="changed while it was read"):
        files.load(path, digest=True)
