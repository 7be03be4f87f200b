"""What scanners' programs and older ones write: infrared, Lab, odd TIFFs, cut-outs."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from skimage.data import astronaut

from restore import color, files
from restore.color.space import Space
from restore.errors import CutOff, PhotoError
from restore.files import _ifd
from restore.image.photo import Photo, Source, Window
from restore.recipe import Recipe

FACE = np.ascontiguousarray(astronaut()[40:140, 150:290])
DEEP = FACE.astype(np.uint16) * 257
DUST = np.full(FACE.shape[:2], 50000, np.uint16)
DUST[30:34, 50:54] = 9000


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is written, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def untagged(path: Path) -> None:
    """RGBI whose fourth channel is not described."""
    tifffile.imwrite(path, np.dstack([DEEP, DUST]), photometric="rgb", extrasamples=[0])


def silverfast(path: Path) -> None:
    """HDRi: the infrared channel as a page of its own, called a mask."""
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(DEEP, photometric="rgb")
        tiff.write(DUST, subfiletype=2)
    with tifffile.TiffFile(path) as tiff:
        at = tiff.pages[1].tags[254].valueoffset
    data = bytearray(path.read_bytes())
    data[at] = 4
    path.write_bytes(data)


def vuescan(path: Path, channels: int = 4) -> None:
    """A linear DNG of red, green, blue and infrared."""
    data = np.dstack([DEEP, DUST])[..., :channels]
    version = [(50706, "B", 4, bytes([1, 4, 0, 0]), False), (50708, "s", 0, "VueScan 9", False)]
    extra = {"extrasamples": [0]} if channels == 4 else {}
    tifffile.imwrite(path, data, photometric=34892, extratags=version, planarconfig=1, **extra)


@pytest.mark.parametrize(
    ("name", "write"), [("a.tif", untagged), ("b.tif", silverfast), ("c.dng", vuescan)]
)
def test_infrared_is_neither_colour_nor_opacity_and_comes_back(
    tmp_path: Path, name: str, write: object
) -> None:
    write(tmp_path / name)  # type: ignore[operator]
    photo = files.load(tmp_path / name)
    assert photo.samples.shape == (*FACE.shape[:2], 3)
    assert photo.source.alpha is None
    assert (photo.source.infrared == DUST).all()  # type: ignore[union-attr]
    if name == "c.dng":
        vuescan(tmp_path / "three.dng", 3)
        assert (photo.samples == files.load(tmp_path / "three.dng").samples).all()
    else:
        assert (photo.samples == DEEP).all()
    assert not files.losses(photo, tmp_path / "out.tif")
    assert files.losses(photo, tmp_path / "out.png")[0].endswith(
        "cannot store the infrared channel; it will be dropped"
    )
    again = files.load_pages(files.save(photo, tmp_path / "out.tif"))
    assert len(again) == 1
    assert (again[0].samples == photo.samples).all()
    assert (again[0].source.infrared == DUST).all()  # type: ignore[union-attr]
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert len(tiff.pages) == (2 if name == "b.tif" else 1)


def test_steps_see_the_infrared_channel(tmp_path: Path) -> None:
    photo = Photo(DEEP, source=Source(infrared=DUST))
    tile = photo.tile(Window(20, 40, 30, 40, photo.size))
    assert np.abs(tile.infrared - DUST[20:50, 40:80] / 65535).max() < 1e-6
    inner = tile.inner(5).infrared
    assert inner is not None
    assert inner.shape == (20, 30)
    small = photo.proxy(70).view.infrared
    assert small is not None
    assert small.shape == (50, 70)
    assert np.abs(small[16, 26] - 9000 / 65535) < 1e-6


def test_an_undescribed_channel_of_ends_only_is_opacity(tmp_path: Path) -> None:
    alpha = np.where(np.arange(140) < 70, 65535, 0).astype(np.uint16)
    data = np.dstack([DEEP, np.broadcast_to(alpha, FACE.shape[:2])])
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb", extrasamples=[0])
    photo = files.load(tmp_path / "a.tif")
    assert photo.source.infrared is None
    assert (photo.source.alpha == alpha).all()


def lab_codes(deep: bool) -> NDArray[np.generic]:
    """The face as TIFF's L*a*b* (TIFF 6.0, section 23), relative to daylight."""
    lab = color.to_lab(FACE / np.float32(255))
    scale = np.array([655.35, 256, 256] if deep else [2.55, 1, 1])
    return np.rint(lab * scale).astype(np.int32).astype(np.uint16 if deep else np.uint8)


@pytest.mark.parametrize("deep", [False, True])
def test_lab_is_read(tmp_path: Path, deep: bool) -> None:
    white = [(318, "2I", 2, (3127, 10000, 3290, 10000), False)]
    data = lab_codes(deep)
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="cielab", extratags=white)
    photo = files.load(tmp_path / "a.tif")
    pixels = photo.tile(Window.whole(*photo.size)).pixels
    limit = 1 / 255 if deep else 6 / 255  # 8 bits of a* and b* are coarse
    assert np.abs(pixels - FACE / np.float32(255)).mean() < limit
    assert "Lab was converted" in photo.source.warnings[0]


def test_lab_without_a_white_point_is_that_of_profiles(tmp_path: Path) -> None:
    # L* a* b* of sRGB's full red, green and blue under D50, as Photoshop shows them
    lab = np.array([[[54, 81, 70], [88, -79, 81], [30, 68, -112], [100, 0, 0]]])
    codes = np.rint(lab * [2.55, 1, 1]).astype(np.int32).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", codes, photometric="cielab")
    photo = files.load(tmp_path / "a.tif")
    pixels = photo.tile(Window.whole(1, 4)).pixels
    assert np.abs(pixels[0] - [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]).max() < 0.1
    assert np.abs(pixels[0, 3] - 1).max() < 0.005


def changed(path: Path, tag: int, value: int | None) -> None:
    """Set a number of the first table of a little-endian TIFF, or take the tag out."""
    data = bytearray(path.read_bytes())
    first = struct.unpack_from("<I", data, 4)[0]
    main, following = _ifd.read(_ifd.from_bytes(bytes(data)), first, "<")
    if value is None:
        del main[tag]
        table = _ifd.write(main, len(data), "<", following=following)
        data[4:8] = struct.pack("<I", len(data))
        data += table
    else:
        spot = main[tag]
        data[spot.at : spot.at + len(spot.data)] = value.to_bytes(len(spot.data), "little")
    path.write_bytes(data)


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_that_are_not_described_are_read_as_most_programs_do(
    tmp_path: Path, channels: int
) -> None:
    data = FACE[..., 0] if channels == 1 else FACE
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb" if channels == 3 else None)
    changed(tmp_path / "a.tif", 262, None)
    photo = files.load(tmp_path / "a.tif")
    assert (photo.samples == data.reshape(*FACE.shape[:2], channels)).all()
    assert "does not say" in photo.source.warnings[0]


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_strips_whose_sizes_are_missing_are_read(tmp_path: Path, compression: str | None) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FACE, photometric="rgb", compression=compression)
    changed(tmp_path / "a.tif", 279, 0)
    assert (files.load(tmp_path / "a.tif").samples == FACE).all()


def test_a_tiff_with_holes_is_not_called_cut_off(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FACE, photometric="rgb", compression="zlib", tile=(64, 64))
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        spots = [tiff.pages.first.tags[tag].valueoffset for tag in (324, 325)]
    data = bytearray((tmp_path / "a.tif").read_bytes())
    for spot in spots:
        data[spot : spot + 4] = bytes(4)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(PhotoError, match="has no data for some of its pixels"):
        files.load(tmp_path / "a.tif")


def test_a_palette_of_two_colours_is_read(tmp_path: Path) -> None:
    places = FACE[..., 0] > 128
    palette = [(320, "H", 6, (65535, 0, 0, 0, 0, 65535), False)]
    tifffile.imwrite(tmp_path / "a.tif", places, photometric="minisblack", extratags=palette)
    changed(tmp_path / "a.tif", 262, 3)
    photo = files.load(tmp_path / "a.tif")
    assert (photo.samples == np.where(places[..., None], (0, 0, 255), (255, 0, 0))).all()


def test_a_photo_below_its_preview_is_read(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(FACE[::4, ::4], photometric="rgb", subfiletype=1, subifds=1)
        tiff.write(FACE, photometric="rgb")
    photos = files.load_pages(tmp_path / "a.tif")
    assert len(photos) == 1
    assert (photos[0].samples == FACE).all()


def test_a_transparency_mask_that_is_dropped_is_reported(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(FACE, photometric="rgb")
        tiff.write(FACE[..., 0] > 99, photometric=4, subfiletype=4)
    photos = files.load_pages(tmp_path / "a.tif")
    assert len(photos) == 1
    assert photos[0].source.infrared is None
    assert "transparency mask" in photos[0].source.warnings[0]


def test_layers_that_are_dropped_are_reported(tmp_path: Path) -> None:
    block = b"Adobe Photoshop Document Data Block\0MIB8ryaL" + bytes(40)
    layers = [(37724, "B", len(block), block, False)]
    tifffile.imwrite(tmp_path / "a.tif", FACE, photometric="rgb", extratags=layers)
    assert "layers" in files.load(tmp_path / "a.tif").source.warnings[0]


def test_cmyk_keeps_its_opacity(tmp_path: Path) -> None:
    alpha = np.where(np.arange(140) < 70, 255, 40).astype(np.uint8)
    none = np.zeros(FACE.shape[:2], np.uint8)
    data = np.dstack([255 - FACE, none, np.broadcast_to(alpha, FACE.shape[:2])])
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="separated", extrasamples=[2])
    photo = files.load(tmp_path / "a.tif")
    assert np.abs(photo.samples.astype(int) - FACE).max() <= 1
    assert (photo.source.alpha == alpha).all()


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_a_tiff_that_is_cut_off_can_be_salvaged(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, FACE, photometric="rgb", compression=compression, rowsperstrip=10, software=""
    )
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        end = page.dataoffsets[6] + page.databytecounts[6] // 2
    assert end < len(data)
    path.write_bytes(data[:end])
    with pytest.raises(CutOff, match=r"is cut off: "):
        files.load(path)
    photo = files.load(path, salvage=True)
    assert (photo.samples == FACE[:60]).all()
    assert "only 60 of 100 rows (60%) could be read" in photo.source.warnings[0]


@pytest.mark.parametrize("hidden", [0, 255])
def test_what_is_transparent_decides_nothing(hidden: int) -> None:
    recipe = Recipe.named("faded-print")
    faded = (FACE // 2 + 90).astype(np.uint8)
    alone = recipe(Photo(faded))
    samples = np.full((300, 400, 3), hidden, np.uint8)
    alpha = np.zeros((300, 400), np.uint8)
    place = np.s_[120:220, 30:170]
    samples[place], alpha[place] = faded, 255
    result = recipe(Photo(samples, source=Source(alpha=alpha)))
    assert np.abs(result.samples[place].astype(int) - alone.samples).max() <= 1  # dithered
    assert (result.samples[alpha == 0] == hidden).all()
    assert (result.source.alpha == alpha).all()


def test_transparent_corners_are_not_in_the_proxy() -> None:
    rows, columns = np.mgrid[:200, :200]
    inside = np.hypot(rows - 100, columns - 100) < 99
    samples = np.where(inside[..., None], 200, 0).astype(np.uint8)
    photo = Photo(samples, source=Source(alpha=np.where(inside, 255, 0).astype(np.uint8)))
    proxy = photo.proxy(100)
    assert np.abs(proxy.view.pixels * 255 - 200).max() < 0.01
    assert np.abs(proxy.sample() * 255 - 200).max() < 0.01
    assert photo.space == Space()
