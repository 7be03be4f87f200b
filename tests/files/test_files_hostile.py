"""Files made to do harm, where damage by chance does not come: each is read, or one line."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from click.testing import CliRunner
from icc import ADOBE, fixed, rgb
from PIL import Image
from skimage.data import astronaut

from restore import files
from restore.cli import cli
from restore.color import profile
from restore.errors import PhotoError
from restore.files import _boxes, raw, tiff
from restore.files._ifd import Value, write
from restore.files.metadata import _xmp

FACE = np.ascontiguousarray(astronaut()[40:88, 150:214])
NAN, ENDLESS = struct.pack("<f", float("nan")), struct.pack("<f", float("inf"))
JXL = b"\0\0\0\x0cJXL \r\n\x87\n" + _boxes.box(b"ftyp", b"jxl \0\0\0\0jxl ")


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is read, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def block(tags: Iterable[tuple[int, int, bytes]]) -> bytes:
    """A TIFF structure of tags: number, kind, one value."""
    return b"II*\0\x08\0\0\0" + write({n: Value(kind, 1, data) for n, kind, data in tags}, 8, "<")


def jpeg(path: Path, exif: bytes = b"", xmp: bytes = b"") -> Path:
    Image.fromarray(FACE).save(path, exif=b"Exif\0\0" + exif if exif else b"", xmp=xmp)
    return path


@pytest.mark.parametrize("number", [NAN, ENDLESS])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_tags_that_are_no_numbers_are_none(tmp_path: Path, number: bytes, suffix: str) -> None:
    tags = [(tag, 11, number) for tag in (274, 282, 283, 296, 34665, 34853)]
    photo = files.load(jpeg(tmp_path / "a.jpg", block(tags)))
    assert files.load(files.save(photo, tmp_path / f"b{suffix}")).size == (48, 64)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_a_resolution_beyond_all_bounds_is_none(tmp_path: Path, suffix: str) -> None:
    dense = struct.pack("<d", 1e308)  # to the centimetre: to the inch it is endless
    tags = [(282, 12, dense), (283, 12, dense), (296, 3, b"\3\0")]
    photo = files.load(jpeg(tmp_path / "a.jpg", block(tags)))
    assert photo.source.resolution is None
    files.save(photo, tmp_path / f"b{suffix}")


def test_camera_raw_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    canon = struct.pack(">I", 24) + b"ftypcrx " + bytes(12)
    for name, content in (
        ("a.dng", block([(330, 11, NAN), (50706, 1, b"\1")])),
        ("b.nef", block([(330, 11, ENDLESS), (254, 4, b"\1\0\0\0")])),
        ("c.raf", b"FUJIFILMCCD-RAW" + bytes(20)),
        ("d.cr3", canon + struct.pack(">I4s", 16, b"uuid") + raw._ADOBE + bytes(64)),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PhotoError, match="LibRaw cannot read"):
            files.load(tmp_path / name)


def test_a_colour_box_without_colours_is_passed_over(tmp_path: Path) -> None:
    data = bytes(imagecodecs.jpeg2k_encode(FACE, level=0, codecformat="jp2"))
    (tmp_path / "a.jp2").write_bytes(data + _boxes.box(b"jp2h", _boxes.box(b"colr", b"")))
    np.testing.assert_array_equal(files.load(tmp_path / "a.jp2").samples, FACE)


def test_a_character_of_a_thousand_digits_is_left_out(tmp_path: Path) -> None:
    fields = (
        b"<restore:name>&#" + b"1" * 5000 + b";</restore:name><restore:version>1</restore:version>"
    )
    packet = f'<x xmlns:restore="{_xmp.SPACE}">'.encode() + fields + b"</x>"
    photo = files.load(jpeg(tmp_path / "a.jpg", xmp=packet))
    assert dict(photo.source.record) == {"version": "1"}


def test_a_second_picture_does_not_hide_the_size_of_the_first(tmp_path: Path) -> None:
    large = np.zeros((300, 400, 3), np.uint8)
    streams = [
        bytes(imagecodecs.jpegxl_encode(each, lossless=True, usecontainer=False))
        for each in (large, FACE)
    ]
    (tmp_path / "a.jxl").write_bytes(JXL + b"".join(_boxes.box(b"jxlc", s) for s in streams))
    chunks = bytes(imagecodecs.webp_encode(large, lossless=True))[8:]
    chunks += b"VP8X" + struct.pack("<I", 10) + bytes(10)  # says 1 x 1
    (tmp_path / "a.webp").write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    for name in ("a.jxl", "a.webp"):
        with pytest.raises(PhotoError, match=r"400 x 300 is 0\.12 million pixels"):
            files.load(tmp_path / name, limit=100_000)


def test_pages_that_share_a_bomb_of_metadata_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiff, "_SHARED", 1_000_000)
    pages, size, packet = 30, 2 + 10 * 12 + 4, 100_000
    out = b"II*\0\x08\0\0\0"
    for number in range(pages):
        tags = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1)]
        out += struct.pack("<H", 10)
        out += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in [*tags, (279, 1)])
        out += struct.pack("<HHII", 700, 1, packet, 8 + pages * size)
        out += struct.pack("<I", 8 + (number + 1) * size if number + 1 < pages else 0)
    (tmp_path / "a.tif").write_bytes(out + b"<x" * (packet // 2))
    with pytest.raises(PhotoError, match="pages share metadata"):
        files.load_pages(tmp_path / "a.tif")
    monkeypatch.setattr(tiff, "_SHARED", 10_000_000)
    assert len(files.load_pages(tmp_path / "a.tif")) == pages


def test_a_record_too_long_for_a_jpeg_segment_is_in_the_parts_alone(tmp_path: Path) -> None:
    long = {"name": "mine", "recipe": "x" * 100_000}
    photo = files.load(jpeg(tmp_path / "a.jpg", xmp=_xmp.write(None, {"name": "mine"})))
    object.__setattr__(photo.source, "record", long)
    result = files.save(photo, tmp_path / "b.jpg")
    assert dict(files.load(result).source.record) == {"name": "mine"}
    assert b"x" * 50_000 in result.read_bytes()


@pytest.mark.parametrize(
    "curve",
    [
        b"curv\0\0\0\0" + struct.pack(">IH", 1, 0),  # everything is white
        b"para\0\0\0\0\0\0\0\0" + fixed(-2),
        b"para\0\0\0\0\0\3\0\0" + fixed(30000, 30000, 30000, 1, 0.5),
    ],
)
def test_a_curve_without_sense_is_refused_in_silence(tmp_path: Path, curve: bytes) -> None:
    packed = io.BytesIO()
    Image.fromarray(FACE).save(packed, "PNG", icc_profile=rgb(ADOBE, curve))
    (tmp_path / "a.png").write_bytes(packed.getvalue())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo = files.load(tmp_path / "a.png")
    assert "a curve does not rise" in photo.source.warnings[0]
    with pytest.raises(profile.ProfileError):
        profile.transform(rgb(ADOBE, curve))


def test_a_jpeg_2000_without_some_tiles_is_refused(tmp_path: Path) -> None:
    Image.fromarray(FACE).save(tmp_path / "a.j2k", tile_size=(32, 32), irreversible=False)
    assert files.load(tmp_path / "a.j2k").size == (48, 64)
    data = (tmp_path / "a.j2k").read_bytes()
    last = data.rindex(b"\xff\x90\0\x0a")
    (tmp_path / "a.j2k").write_bytes(data[:last] + b"\xff\xd9")
    with pytest.raises(PhotoError, match="is cut off: it has 3 of its 4 tiles"):
        files.load(tmp_path / "a.j2k")
    data = bytearray(imagecodecs.jpeg2k_encode(FACE, level=0, codecformat="j2k"))
    struct.pack_into(">II", data, 8, 10_000, 10_000)  # hundred million pixels in 9 kB
    (tmp_path / "a.j2k").write_bytes(data)
    with pytest.raises(PhotoError, match="1 of its"):
        files.load(tmp_path / "a.j2k")


def test_what_a_file_says_of_itself_is_not_shown_without_end(tmp_path: Path) -> None:
    recipe = '[[steps]]\nuse = "monochrome"\n'
    long = dict.fromkeys(("network", "networkSha256", "version", "history"), "x" * 100_000)
    Image.fromarray(FACE).save(tmp_path / "a.png")
    photo = files.load(tmp_path / "a.png")
    source = replace(photo.source, xmp=_xmp.write(None, {**long, "recipe": recipe}))
    result = files.save(replace(photo, source=source), tmp_path / "b.tif")
    shown = CliRunner().invoke(cli, ["info", str(result)])
    assert (shown.exit_code, len(shown.output) < 20_000) == (0, True)
    again = ["rerun", str(result), "--from", str(tmp_path / "a.png"), "-o", str(tmp_path / "c")]
    done = CliRunner().invoke(cli, again)
    assert (done.exit_code, len(done.stderr) < 2000) == (0, True)


def test_exif_does_not_make_a_result_camera_raw(tmp_path: Path) -> None:
    photo = files.load(jpeg(tmp_path / "a.jpg", block([(50706, 1, b"\1"), (305, 2, b"x")])))
    result = files.load(files.save(photo, tmp_path / "b.tif"))
    assert result.source.format == "tiff"
    assert result.source.exif is not None
