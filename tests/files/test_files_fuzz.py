"""A short slice of `python -m benchmarks.fuzz_files`; the long run is in docs/files.md."""

from __future__ import annotations

import base64
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.fuzz_files import HEIC, Reader, run
from restore.errors import PhotoError
from restore.files import _lzw, load


def test_damaged_files_give_a_photo_or_one_line(tmp_path: Path) -> None:
    reader = Reader()
    try:
        result = [told for told, _ in run(400, 7, reader, tmp_path)]
    finally:
        reader.close()
    assert set(result) == {"photo", "error"}
    assert result.count("photo") > 40  # the mutations must not all fail at the door


@pytest.mark.parametrize("kind", [b"Ex\xe9f\0", b"\x7f\xff\xff\xff\0", b"mime\0\xff\0"])
def test_a_heif_item_of_no_kind_is_an_error_not_a_crash(tmp_path: Path, kind: bytes) -> None:
    # seeds 4 and 5: pi-heif makes no text of it, and goes on
    data = bytearray(base64.b64decode(HEIC))
    at = data.index(b"Exif\0")
    more = len(kind) - 5
    item = at - 16
    for place in (item, data.index(b"iinf") - 4, data.index(b"meta") - 4):
        data[place : place + 4] = (int.from_bytes(data[place : place + 4]) + more).to_bytes(4)
    data[at : at + 5] = kind
    path = tmp_path / "a.heic"
    path.write_bytes(data)
    reader = Reader()
    try:
        assert reader(path) == "error"
    finally:
        reader.close()


def test_a_png_of_which_nothing_is_whole_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.png"  # seed 4
    Image.new("L", (9, 9)).save(path)
    data = bytearray(path.read_bytes())
    data[14:16] = data[-1:] = b"\xff\xff"  # the header's name, the end's checksum
    path.write_bytes(data[:-1])
    with pytest.raises(PhotoError, match="has no header; it is damaged"):
        load(path)


def packed(codes: list[int], old: bool) -> bytes:
    """LZW codes of 9 bits, low bits first in the older kind."""
    bits = "".join(f"{code:09b}"[:: -1 if old else 1] for code in codes).ljust(64, "0")
    octets = [bits[at : at + 8] for at in range(0, len(bits) // 8 * 8, 8)]
    return bytes(int(each[:: -1 if old else 1], 2) for each in octets)


@pytest.mark.parametrize("old", [False, True])
def test_lzw_that_begins_with_an_entry_of_an_empty_table_is_an_error(
    tmp_path: Path, old: bool
) -> None:
    # seed 5: imagecodecs follows a pointer that nobody has set
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((2, 3, 3), np.uint8), compression="lzw", photometric="rgb")
    with tifffile.TiffFile(path) as tiff:
        at, size = tiff.pages[0].dataoffsets[0], tiff.pages[0].databytecounts[0]
    data = path.read_bytes()
    bad = packed([256, 7, 256, 256, 300, 9, 257], old)
    path.write_bytes((data[:at] + bad).ljust(at + size, b"\0"))
    with pytest.raises(PhotoError, match="an LZW code before its entry exists"):
        load(path)


@settings(deadline=None)
@given(st.binary(max_size=3000), st.integers(0, 2))
def test_all_that_is_written_as_lzw_is_read(data: bytes, times: int) -> None:
    assert _lzw.sound(bytes(imagecodecs.lzw_encode(data * 10**times)))


def test_lzw_in_all_its_kinds_is_read() -> None:
    assert _lzw.sound(packed([256, 7, 258, 256, 9, 257], old=True))
    assert _lzw.sound(packed([256, 7, 258, 256, 9, 257], old=False))
    assert _lzw.sound(packed([256, 257], old=False))
    assert _lzw.sound(b"")
    assert not _lzw.sound(packed([256, 7] * 10_000, old=False))  # clears for ever: too slow
