"""A short slice of `python -m benchmarks.fuzz_files`; the long run is in docs/files.md."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.fuzz_files import HEIC, Reader, run
from restore.errors import PhotoError
from restore.files import load


def test_damaged_files_give_a_photo_or_one_line(tmp_path: Path) -> None:
    reader = Reader()
    try:
        found = [told for told, _ in run(400, 7, reader, tmp_path)]
    finally:
        reader.close()
    assert set(found) == {"photo", "error"}
    assert found.count("photo") > 40  # the mutations must not all fail at the door


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
