"""Pixels: every bit depth, layout and page of every format comes back as it went."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image
from skimage.data import astronaut

from restore import files
from restore.errors import PhotoError
from restore.files._contract import Format, Writer
from restore.image.photo import Photo


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is written, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


RAMP = np.arange(141, dtype=np.uint16)


def picture(dtype: type, channels: int) -> NDArray[np.generic]:
    """A face with all low bits in use; (99, 141, channels), 2 and 4 with alpha."""
    face = astronaut()[40:139, 150:291].astype(np.uint16) * 257 + RAMP[:, None]
    chosen = {1: [1], 2: [1, 0], 3: [0, 1, 2], 4: [0, 1, 2, 0]}[channels]
    share = face[..., chosen].astype(np.float64) / 65535
    if np.dtype(dtype).kind == "f":
        return np.ascontiguousarray(share * 1.2 - 0.1, dtype)
    return np.ascontiguousarray(np.rint(share.clip(0, 1) * np.iinfo(dtype).max), dtype)


def held(photo: Photo) -> NDArray[np.generic]:
    """Samples and alpha as one array."""
    if photo.source.alpha is None:
        return photo.samples
    return np.concatenate([photo.samples, photo.source.alpha[..., None]], 2)


def tried(path: Path) -> tuple[Photo, Path, Photo]:
    """A photo, the file it is written to, and that file's photo."""
    photo = files.load(path)
    written = files.save(photo, path.with_stem("written"))
    return photo, written, files.load(written)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_keeps_every_bit(tmp_path: Path, dtype: type, channels: int) -> None:
    data = picture(dtype, channels)
    path = tmp_path / "a.png"
    path.write_bytes(imagecodecs.png_encode(data[..., 0] if channels == 1 else data))
    photo, written, again = tried(path)
    np.testing.assert_array_equal(held(photo), data)
    np.testing.assert_array_equal(held(again), data)
    assert again.samples.dtype == dtype
    np.testing.assert_array_equal(imagecodecs.png_decode(written.read_bytes()), data.squeeze())


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_png_of_few_bits_is_spread_over_eight(tmp_path: Path, bits: int) -> None:
    codes = np.arange(48, dtype=np.uint8).reshape(6, 8) % 2**bits
    path = tmp_path / "a.png"
    rows = b"".join(b"\0" + np.packbits(_bits(row, bits)).tobytes() for row in codes)
    path.write_bytes(_png(8, 6, bits, 0, rows))
    np.testing.assert_array_equal(files.load(path).samples[..., 0], codes * (255 // (2**bits - 1)))


def _bits(row: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    return np.unpackbits(row[:, None], axis=1)[:, 8 - bits :].ravel()


def _png(width: int, height: int, bits: int, colours: int, rows: bytes, *chunks: bytes) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    parts = [
        chunk(b"IHDR", head),
        *chunks,
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_palette_becomes_its_colours(tmp_path: Path) -> None:
    image = Image.fromarray(picture(np.uint8, 3)).quantize(16)
    for name, options in (("a.png", {"transparency": 3}), ("a.tif", {})):
        image.save(tmp_path / name, **options)
        photo = files.load(tmp_path / name)
        np.testing.assert_array_equal(photo.samples, np.asarray(image.convert("RGB")))
    clear = files.load(tmp_path / "a.png").source.alpha
    assert clear is not None
    np.testing.assert_array_equal(clear == 0, np.asarray(image) == 3)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("compression", "options"),
    [
        (None, {}),
        ("lzw", {"predictor": True}),
        ("zlib", {"predictor": True, "tile": (32, 48)}),
        ("packbits", {"byteorder": ">"}),
        (None, {"byteorder": ">", "bigtiff": True}),
        ("zlib", {"planarconfig": "separate", "rowsperstrip": 7}),
    ],
)
def test_tiff_keeps_every_bit(
    tmp_path: Path, compression: str | None, options: dict[str, object], dtype: type, channels: int
) -> None:
    data = picture(dtype, channels).squeeze()
    stored = data
    if options.get("planarconfig"):
        if channels == 1:
            pytest.skip("one channel has no planes")
        stored = np.moveaxis(data, -1, 0)
    if dtype in (np.float16, np.float64) and "predictor" in options:
        options = {**options, "predictor": False}
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        stored,
        compression=compression,
        photometric="minisblack" if channels == 1 else "rgb",
        extrasamples=["unassalpha"] if channels == 4 else None,
        metadata=None,
        **options,
    )
    photo, written, again = tried(path)
    # samples travel as float32, which holds float64's first 24 bits
    limit = 1e-7 if dtype is np.float64 else 0
    assert np.abs(held(photo).squeeze().astype(float) - data).max() <= limit
    with tifffile.TiffFile(path) as before, tifffile.TiffFile(written) as after:
        page, same = before.pages[0], after.pages[0]
        assert same.dtype == dtype
        assert np.abs(same.asarray().astype(float) - data).max() <= limit
        assert same.compression == page.compression
        assert (same.predictor != 1) == (page.predictor != 1)
        assert after.is_bigtiff == before.is_bigtiff
        assert same.extrasamples == page.extrasamples
    # a second reader, libtiff, understands the file
    libtiff = imagecodecs.tiff_decode(written.read_bytes())
    assert np.abs(libtiff.squeeze().astype(float) - data).max() <= limit
    np.testing.assert_array_equal(held(again), held(photo))


def test_an_interlaced_png_is_read_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = picture(np.uint16, 1)[:3, :1, 0]
    # a column of 3: pixel 0 is in the first pass, 2 in the fifth, 1 in the seventh
    rows = b"".join(b"\0" + data[n].astype(">u2").tobytes() for n in (0, 2, 1))
    body = [struct.pack(">4sIIBBBBB", b"IHDR", 1, 3, 16, 0, 0, 0, 1), b"IDAT" + zlib.compress(rows)]
    chunks = [
        struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each))
        for each in (*body, b"IEND")
    ]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    np.testing.assert_array_equal(files.load(tmp_path / "a.png").samples[..., 0], data)
    assert not caplog.records  # libpng has one about each, which Python would print


def test_white_is_zero_is_turned(tmp_path: Path) -> None:
    data = picture(np.uint16, 1)[..., 0]
    tifffile.imwrite(tmp_path / "a.tif", 65535 - data, photometric="miniswhite")
    photo, _, again = tried(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.samples[..., 0], data)
    np.testing.assert_array_equal(again.samples[..., 0], data)


def test_white_is_zero_leaves_opacity(tmp_path: Path) -> None:
    data = picture(np.uint8, 2)
    stored = np.stack([255 - data[..., 0], data[..., 1]], 2)
    options = {"photometric": "miniswhite", "planarconfig": "contig", "extrasamples": [2]}
    tifffile.imwrite(tmp_path / "a.tif", stored, **options)
    photo, _, again = tried(tmp_path / "a.tif")
    np.testing.assert_array_equal(held(photo), data)
    np.testing.assert_array_equal(held(again), data)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [2, 4])
def test_colours_times_opacity_are_divided_and_multiplied_again(
    tmp_path: Path, dtype: type, channels: int
) -> None:
    data = picture(dtype, channels).clip(0)
    full = 1 if dtype is np.float32 else np.iinfo(dtype).max
    data[:20, :20, -1] = 0
    data[20:40, :20, -1] = full
    colours, alpha = data[..., :-1] / full, data[..., -1:]
    stored = data.copy()
    stored[..., :-1] = np.rint(colours * alpha) if full > 1 else colours.clip(0, 1) * alpha
    options = {"photometric": "rgb" if channels == 4 else "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(tmp_path / "a.tif", stored, **options, extrasamples=[1])
    photo, written, _ = tried(tmp_path / "a.tif")
    clear = data[..., -1] > full / 4
    result = photo.samples[clear] / full
    assert np.abs(result - colours.clip(0, 1)[clear]).max() < (2.1 / full if full > 1 else 1e-6)
    with tifffile.TiffFile(written) as tiff:
        np.testing.assert_allclose(tiff.asarray(), stored, rtol=1e-6 * (full == 1))
        assert tiff.pages[0].extrasamples == (1,)


def test_colours_brighter_than_their_opacity_were_not_multiplied(tmp_path: Path) -> None:
    data = picture(np.uint8, 4)
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb", extrasamples=[1])
    photo, written, _ = tried(tmp_path / "a.tif")
    np.testing.assert_array_equal(held(photo), data)
    np.testing.assert_array_equal(tifffile.imread(written), data)


def test_lzw_that_may_grow_beyond_four_gigabytes_becomes_a_bigtiff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).integers(0, 65536, (100, 100, 3), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", noise, compression="lzw", photometric="rgb")
    monkeypatch.setattr("restore.files._tiffwriting._BIG", int(noise.nbytes * 1.1))
    written = files.save(files.load(tmp_path / "a.tif"), tmp_path / "b.tif")
    with tifffile.TiffFile(written) as result:
        assert result.is_bigtiff
        assert (result.asarray() == noise).all()


def test_messages_name_the_page(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    with tifffile.TiffWriter(path) as tiff:
        for _ in range(3):
            tiff.write(picture(np.uint8, 3), photometric="rgb", compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        at = tiff.pages[1].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[at : at + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(PhotoError, match=r"photo\.tif, page 2: cannot be decoded"):
        files.load_pages(path)
    assert files.load(path).source.pages == 3


def test_a_bilevel_tiff_fills_the_range(tmp_path: Path) -> None:
    data = picture(np.uint8, 1)[..., 0] > 99
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack")
    np.testing.assert_array_equal(files.load(tmp_path / "a.tif").samples[..., 0], data * 255)


def test_all_pages_come_back_in_order(tmp_path: Path) -> None:
    pages = [picture(np.uint8, 3), picture(np.uint16, 1)[..., 0], picture(np.uint8, 3)[::-1, :50]]
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for page in pages:
            kind = "rgb" if page.ndim == 3 else "minisblack"
            tiff.write(page, photometric=kind, metadata=None)
            tiff.write(page[:8, :8], photometric=kind, metadata=None, subfiletype=1)
    photos = files.load_pages(tmp_path / "a.tif")
    assert [photo.source.page for photo in photos] == [0, 1, 2]
    written = files.save(photos, tmp_path / "b.tif")
    with tifffile.TiffFile(written) as tiff:
        assert len(tiff.pages) == 3
        for page, expected in zip(tiff.pages, pages, strict=True):
            np.testing.assert_array_equal(page.asarray(), expected)
    np.testing.assert_array_equal(files.load(tmp_path / "a.tif").samples, pages[0])


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_jpeg_keeps_its_tables_and_subsampling(tmp_path: Path, subsampling: int) -> None:
    tables = [[3 + n // 9 for n in range(64)], [5 + n // 7 for n in range(64)]]
    path = tmp_path / "a.jpg"
    Image.fromarray(picture(np.uint8, 3)).save(
        path, qtables=tables, subsampling=subsampling, progressive=True
    )
    photo, written, again = tried(path)
    with Image.open(path) as before, Image.open(written) as after:
        assert after.quantization == before.quantization
        assert [each[1:3] for each in after.layer] == [each[1:3] for each in before.layer]
        assert after.info.get("progressive")
    # the same tables on the same blocks: what rounding to 8 bits leaves, and its spread by colour
    difference = np.abs(again.samples.astype(int) - photo.samples)
    assert difference.mean() < 0.5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_bands_of_a_jpeg_join_without_a_seam(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subsampling: int, channels: int
) -> None:
    from restore.files import jpeg

    image = Image.fromarray(picture(np.uint8, channels).squeeze())
    image.save(tmp_path / "a.jpg", quality=91, subsampling=subsampling)
    photo = files.load(tmp_path / "a.jpg")
    whole = files.load(files.save(photo, tmp_path / "whole.jpg"))
    monkeypatch.setattr(jpeg, "_BAND", 1000)
    written = files.save(photo, tmp_path / "bands.jpg")
    np.testing.assert_array_equal(files.load(written).samples, whole.samples)
    assert written.read_bytes().count(b"\xff\xd0") > 0
    with Image.open(written) as other:
        np.testing.assert_array_equal(np.asarray(other), whole.samples.squeeze())


def test_grey_jpeg_stays_grey(tmp_path: Path) -> None:
    Image.fromarray(picture(np.uint8, 1)[..., 0]).save(tmp_path / "a.jpg", quality=95)
    photo, written, _ = tried(tmp_path / "a.jpg")
    assert photo.samples.shape[2] == 1
    with Image.open(written) as after:
        assert after.mode == "L"


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("channels", [3, 4])
def test_webp_stays_lossless_or_near(tmp_path: Path, lossless: bool, channels: int) -> None:
    data = picture(np.uint8, channels)
    path = tmp_path / "a.webp"
    path.write_bytes(imagecodecs.webp_encode(data, level=92, lossless=lossless))
    photo, _, again = tried(path)
    if lossless:
        np.testing.assert_array_equal(held(again), data)
    difference = np.abs(held(again).astype(int) - held(photo))
    assert difference.mean() < 1.5  # of 255: a second lossy coding at quality 92
    if channels == 4:
        np.testing.assert_array_equal(again.source.alpha, data[..., 3])


@pytest.mark.parametrize(("suffix", "dtype"), [(".png", np.uint16), (".jpg", np.uint8)])
def test_another_format_takes_the_depth_it_can(tmp_path: Path, suffix: str, dtype: type) -> None:
    data = picture(np.float32, 3).clip(0, 1)
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb")
    again = files.load(files.save(files.load(tmp_path / "a.tif"), tmp_path / f"b{suffix}"))
    assert again.samples.dtype == dtype
    # a code of 65535; or JPEG's loss at quality 95
    limit = 0.6 / 65535 if dtype is np.uint16 else 0.02
    assert np.abs(again.samples / np.iinfo(dtype).max - data).mean() < limit


def test_the_content_decides_not_the_suffix(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.fromarray(picture(np.uint8, 3)).save(out, "PNG")
    path = tmp_path / "really-a-png.jpg"
    path.write_bytes(out.getvalue())
    np.testing.assert_array_equal(files.load(path).samples, picture(np.uint8, 3))
    assert files.written_suffix(path) == ".png"
    assert files.written_suffix(path, "tiff") == ".tif"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_orientation_is_applied_and_reset(tmp_path: Path, suffix: str, orientation: int) -> None:
    from PIL import ImageOps

    face = Image.fromarray(np.kron(picture(np.uint8, 3)[::8, ::8], np.ones((8, 8, 1), np.uint8)))
    exif = face.getexif()
    exif[274] = orientation
    exif[271] = "Camera"
    options = {".jpg": {"quality": 100, "subsampling": 0}, ".webp": {"lossless": True}}
    path = tmp_path / f"a{suffix}"
    face.save(path, exif=exif, **options.get(suffix, {}))
    _, written, again = tried(path)
    with Image.open(path) as before:
        expected = np.asarray(ImageOps.exif_transpose(before))
    assert np.abs(again.samples.astype(int) - expected).mean() < 0.5  # 0 but for JPEG
    with Image.open(written) as after:
        assert after.size == expected.shape[1::-1]
        assert after.getexif().get(274, 1) == 1
        assert after.getexif()[271] == "Camera"


@pytest.mark.parametrize("name", files.formats())
def test_a_formats_module_keeps_the_contract(name: str) -> None:
    module = files.formats()[name]
    assert isinstance(module, Format)
    assert all(suffix.startswith(".") and suffix.islower() for suffix in module.SUFFIXES)
    if hasattr(module, "write"):
        assert isinstance(module, Writer)
        assert set(module.HOLDS.depths) <= {8, 16, 32}
