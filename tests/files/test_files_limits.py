"""What a photo, a file or a call may hold, and what is told when it holds more."""

from __future__ import annotations

import time
from pathlib import Path
from unittest.mock import Mock

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.data import astronaut

from restore import files
from restore.color import profile
from restore.errors import PhotoError
from restore.files import _reading
from restore.files._ifd import Value
from restore.files.metadata import _exif
from restore.image.photo import Photo, Source
from restore.recipe import Recipe, names
from restore.report import comparison

FACE = np.ascontiguousarray(astronaut()[40:140, 150:290])


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is written, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_floats_are_limited(tmp_path: Path, dtype: type) -> None:
    data = np.full((6, 5, 4), 0.5, dtype)
    data[0, 0, :3] = 1e30, -1e30, 999
    data[1, 1, 3] = 1e30  # the alpha channel
    tifffile.imwrite(
        tmp_path / "a.tif", data, photometric="rgb", extrasamples=[2], planarconfig="contig"
    )
    photo = files.load(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.samples[0, 0], [1000, -1000, 999])
    assert photo.source.alpha is not None
    assert photo.source.alpha.max() == 1000
    assert (
        "2 samples were beyond 1000 times white; they were limited to that"
        in photo.source.warnings[0]
    )


def test_floats_of_another_white_are_reported(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FACE.astype(np.float32), photometric="rgb")
    (told,) = files.load(tmp_path / "a.tif").source.warnings
    assert "most samples are over 1, which is white in floats" in told
    tifffile.imwrite(tmp_path / "b.tif", FACE / np.float32(200), photometric="rgb")
    assert files.load(tmp_path / "b.tif").source.warnings == ()


def test_numbers_beyond_float32_are_endless(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((2, 2, 3), 1e300), photometric="rgb")
    photo = files.load(tmp_path / "a.tif")
    assert (photo.samples == 1).all()
    assert "12 samples were not finite" in photo.source.warnings[0]


@pytest.mark.parametrize("recipe", ["faded-print", "led-concert", "monochrome", "old-photo"])
@pytest.mark.parametrize("value", [1e30, -1e30])
def test_one_huge_sample_breaks_no_recipe(tmp_path: Path, recipe: str, value: float) -> None:
    data = FACE / np.float32(255)
    data[50, 70, 1] = value
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb")
    result = Recipe.named(recipe)(files.load(tmp_path / "a.tif"))
    assert np.isfinite(result.samples).all()


@pytest.mark.parametrize("recipe", names())
def test_the_thinnest_photos_go_through_every_recipe(tmp_path: Path, recipe: str) -> None:
    random = np.random.default_rng(0)
    chosen = Recipe.named(recipe)
    for height, width in ((1, 1), (1, 2), (2, 1), (1, 700), (700, 1)):
        for channels, dtype, suffix in ((1, np.uint8, ".png"), (3, np.uint16, ".tif")):
            data = random.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype)
            photo = files.load(files.save(Photo(data), tmp_path / f"a{suffix}", overwrite=True))
            result = chosen(photo)
            again = files.load(files.save(result, tmp_path / f"b{suffix}", overwrite=True))
            assert again.size == (height, width)
            comparison.save_compare(photo, result, tmp_path / "c.jpg", overwrite=True)


@pytest.mark.parametrize("recipe", names())
def test_what_is_no_number_breaks_no_recipe(tmp_path: Path, recipe: str) -> None:
    data = FACE / np.float32(255)
    data[50:60, 70] = np.nan, np.inf, -np.inf
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb")
    tifffile.imwrite(tmp_path / "b.tif", np.full_like(data, np.nan), photometric="rgb")
    for name in ("a.tif", "b.tif"):
        result = Recipe.named(recipe)(files.load(tmp_path / name))
        assert np.isfinite(result.samples).all()


def test_our_profiles_do_not_tell_the_time() -> None:
    def made() -> list[bytes]:
        return [profile.made("srgb"), profile.made("adobergb"), profile.linear_srgb()]

    before = made()
    time.sleep(1.01)  # LittleCMS writes seconds
    assert made() == before
    assert before[0][24:36] == bytes.fromhex("07ea 0001 0001 0000 0000 0000")
    assert profile.is_srgb(before[0])


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "jpeg2000", "jpegxl"])
def test_pages_are_not_dropped_silently(tmp_path: Path, format: str) -> None:
    pages = [Photo(FACE.copy()) for _ in range(3)]
    for call in (files.save, files.losses):
        with pytest.raises(PhotoError) as caught:
            call(pages, tmp_path / "a.x", format=format)
        assert f"has 3 pages, but {format} holds only one; write a TIFF" in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert files.save(pages[:1], tmp_path / "a.x", format=format).exists()
    assert len(files.load_pages(files.save(pages, tmp_path / "a.tif"))) == 3


def test_what_a_format_cannot_hold_is_named(tmp_path: Path) -> None:
    def told(photo: Photo, name: str) -> list[str]:
        lines = files.losses([photo], tmp_path / name)
        assert all(line.startswith(f"{tmp_path / name}: ") for line in lines)
        return [line.partition(": ")[2] for line in lines]

    deep = FACE.astype(np.uint16) * 257
    alpha = deep[..., 0].copy()
    clear = Photo(deep, source=Source(alpha=alpha))
    rounded = "stores 8 bits per sample; the photo's 16 bits will be rounded"
    hidden = "cannot store transparency; the alpha channel will be dropped"
    assert told(clear, "a.jpg") == [f"jpeg {rounded}", f"jpeg {hidden}"]
    assert told(clear, "a.webp") == [f"webp {rounded}"]
    assert told(clear, "a.png") == told(clear, "a.tif") == told(clear, "a.jxl") == []
    assert told(Photo(FACE.astype(np.float32)), "a.png") == [
        "png stores 16 bits per sample; the photo's floats will be rounded"
    ]
    covered = Source(alpha=np.full(FACE.shape[:2], 255, np.uint8))
    assert told(Photo(FACE.copy(), source=covered), "a.jpg") == []  # nothing to be seen is lost


def test_metadata_that_a_format_cannot_hold_are_named(tmp_path: Path) -> None:
    long = _exif.build(_exif.Parts(main={270: Value(2, 70_000, b"x" * 70_000)}))
    source = Source(
        exif=long, iptc=b"\x1c\x02\x78\0\1a", xmp=b"<x/>", details={"comments": (b"hello",)}
    )
    photo = Photo(FACE.copy(), source=source)
    for format, lost in {
        "jpeg": ["stores at most 65527 bytes of Exif"],
        "png": ["cannot store comments"],
        "tiff": ["cannot store comments"],
    }.items():
        told = files.losses(photo, tmp_path / f"a.{format}")
        assert len(told) == len(lost)
        assert all(word in line for word, line in zip(lost, told, strict=True)), told
        kept = files.load(files.save(photo, tmp_path / f"a.{format}")).source
        assert (kept.iptc is None) == ("cannot store IPTC" in lost)
        assert (kept.details.get("comments") is None) == ("cannot store comments" in lost)


def test_further_pictures_are_reported(tmp_path: Path) -> None:
    pictures = [Image.fromarray(FACE), Image.fromarray(FACE[::-1])]
    for name, kind in (("a.jpg", "MPO"), ("b.png", "PNG")):
        pictures[0].save(tmp_path / name, kind, save_all=True, append_images=pictures[1:])
    assert files.load(tmp_path / "a.jpg").source.warnings == (
        f"{tmp_path / 'a.jpg'}: holds 2 pictures; only the first is restored",
    )
    assert files.load(tmp_path / "b.png").source.warnings == (
        f"{tmp_path / 'b.png'}: is animated; only the first picture is restored",
    )
    pictures[0].save(tmp_path / "c.png", "PNG", save_all=True)
    assert files.load(tmp_path / "c.png").source.warnings == ()


def test_wrong_calls_are_reported(tmp_path: Path) -> None:
    photo = Photo(FACE.copy())
    path = files.save(photo, tmp_path / "a.png")
    with pytest.raises(PhotoError, match='raw is "foo"; it must be "developed" or "camera"'):
        files.load(path, raw="foo")
    with pytest.raises(PhotoError, match='profile is "foo"; it must be "original" or "srgb"'):
        files.save(photo, tmp_path / "b.png", profile="foo")
    with pytest.raises(PhotoError, match="no pages to write"):
        files.save([], tmp_path / "b.png")
    with pytest.raises(PhotoError, match="cannot be opened"):
        files.load("a\0.png")
    for name in ("a\0.png", "a\0/a.png"):
        with pytest.raises(PhotoError, match="the path contains a NUL byte"):
            files.save(photo, tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_a_decoder_that_lacks_memory_does_not_call_the_file_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenJPEG and libjxl fail without a word of memory."""
    path = tmp_path / "a.jp2"
    files.save(Photo(np.zeros((40, 50, 3), np.uint8)), path)
    monkeypatch.setattr(imagecodecs, "jpeg2k_decode", Mock(side_effect=RuntimeError("failed")))
    with pytest.raises(PhotoError, match="it is damaged, or of an unsupported kind"):
        files.load(path)
    monkeypatch.setattr(_reading, "DECODING", 2**50)
    with pytest.raises(PhotoError, match="not enough memory to decode it, or it is damaged"):
        files.load(path)
