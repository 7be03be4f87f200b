"""PNG as other programs and broken disks leave it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from chunks import chunk, png
from icc import ADOBE, gamma, rgb
from PIL import Image
from skimage.data import astronaut
from xmp import packet

from restore import color, files
from restore.errors import CutOff
from restore.image.photo import Window

FACE = np.ascontiguousarray(astronaut()[40:140, 150:290])


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is written, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def test_a_grey_png_gets_a_grey_profile(tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", FACE[..., 0], chunk(b"gAMA", struct.pack(">I", 100_000)))
    photo = files.load(path)
    assert photo.source.profile is not None
    assert photo.source.profile[16:20] == b"GRAY"
    view = photo.tile(Window.whole(*photo.size)).pixels[..., 0]
    assert np.abs(view - color.encode(FACE[..., 0] / np.float32(255))).max() < 1e-3
    result = files.save(photo, tmp_path / "b.png").read_bytes()
    assert result[25] == 0  # grey
    again = files.load(tmp_path / "b.png")
    assert again.source.profile == photo.source.profile
    assert (again.samples == photo.samples).all()


def test_a_grey_photo_with_a_profile_of_colours_becomes_a_colour_png(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FACE[..., 0], iccprofile=rgb(ADOBE, gamma(2.2)))
    photo = files.load(tmp_path / "a.tif")
    again = files.load(files.save(photo, tmp_path / "b.png"))
    assert again.source.profile == photo.source.profile
    assert (again.samples == photo.samples).all()
    assert again.samples.shape[2] == 3


@pytest.mark.parametrize("compressed", [True, False])
def test_metadata_that_imagemagick_writes_as_text_are_read(
    tmp_path: Path, compressed: bool
) -> None:
    exif = Image.Exif()
    exif[271] = "Maker"
    blocks = {
        b"exif": b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0"),
        b"xmp": packet("xmlns:o='other' o:kept='1'>"),
        b"8bim": b"8BIM\x04\x04\0\0\0\0\0\x06" + b"\x1c\x02\x78\0\x01a",
    }
    chunks = []
    for name, block in blocks.items():
        text = b"\n%s\n%8d\n%s\n" % (name, len(block), block.hex().encode())
        head = b"Raw profile type " + name + b"\0"
        body = head + b"\0" + zlib.compress(text) if compressed else head + text
        chunks.append(chunk(b"zTXt" if compressed else b"tEXt", body))
    photo = files.load(png(tmp_path / "a.png", FACE, *chunks))
    assert b"Maker" in (photo.source.exif or b"")
    assert photo.source.xmp == blocks[b"xmp"]
    assert photo.source.iptc == b"\x1c\x02\x78\0\x01a"
    for name in ("b.png", "b.tif", "b.jpg"):
        again = files.load(files.save(photo, tmp_path / name)).source
        assert (again.xmp, again.iptc) == (photo.source.xmp, photo.source.iptc)
        assert b"Maker" in (again.exif or b"")
    assert not files.losses(photo, tmp_path / "b.png")


def test_a_png_without_its_end_is_read_and_one_cut_off_can_be_salvaged(tmp_path: Path) -> None:
    data = bytes(imagecodecs.png_encode(FACE))
    path = tmp_path / "a.png"
    path.write_bytes(data[:-12])
    photo = files.load(path)
    assert (photo.samples == FACE).all()
    assert "its end is missing; all pixels are there" in photo.source.warnings[0]
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CutOff, match=r"of 100 rows are there$"):
        files.load(path)
    photo = files.load(path, salvage=True)
    rows = photo.size[0]
    assert 30 < rows < 70
    assert (photo.samples == FACE[:rows]).all()
    assert f"{rows} of 100 rows ({rows}%)" in photo.source.warnings[0]
