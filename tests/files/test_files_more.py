"""Camera RAW, and the formats of phones and archives."""

from __future__ import annotations

import base64
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from icc import ADOBE, gamma, grey, rgb
from numpy.typing import NDArray
from PIL import Image
from skimage.data import astronaut

from benchmarks.fuzz_files import HEIC
from restore import color, files
from restore.color import profile
from restore.color.space import Space
from restore.errors import PhotoError
from restore.files import _boxes
from restore.files.metadata import _exif
from restore.image.photo import Photo, Source

FACE = np.ascontiguousarray(astronaut()[40:140, 150:290])
WIDE = rgb(ADOBE, gamma(2.2))

BLACK, FULL = np.array([500, 520, 540]), 15000
GAINS = np.array([2.0, 1.0, 1.5])
"""Of daylight: what the simulated sensor's channels have to be multiplied by."""


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is written, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def dng(path: Path, native: NDArray[np.float64], orientation: int = 1) -> Path:
    """A camera RAW file of a sensor's linear channels (h, w, 3), 1 is full."""
    codes = np.rint(BLACK + native.clip(0, 1) * (FULL - BLACK)).astype(np.uint16)
    mosaic = codes[..., 1].copy()
    mosaic[::2, ::2] = codes[::2, ::2, 0]
    mosaic[1::2, 1::2] = codes[1::2, 1::2, 2]
    matrix = np.linalg.inv(color.RGB_TO_XYZ) / GAINS[:, None]
    ratios = [
        part for entry in np.rint(matrix * 10000).astype(int).ravel() for part in (entry, 10000)
    ]
    tags = [
        (271, "s", 0, "Maker", False),
        (274, "H", 1, orientation, False),
        (306, "s", 0, "2026:01:02 03:04:05", False),
        (33421, "H", 2, (2, 2), False),
        (33422, "B", 4, bytes([0, 1, 1, 2]), False),
        (50706, "B", 4, bytes([1, 4, 0, 0]), False),
        (50713, "H", 2, (2, 2), False),
        (50714, "H", 4, (*BLACK[[0, 1, 1, 2]],), False),
        (50717, "H", 1, FULL, False),
        (50721, "2i", 9, ratios, False),
        (50728, "2I", 3, (5000, 10000, 10000, 10000, 6667, 10000), False),
        (50778, "H", 1, 21, False),
    ]
    tifffile.imwrite(path, mosaic, photometric=32803, extratags=tags, metadata=None)
    return path


def flat(*channels: float) -> NDArray[np.float64]:
    return np.broadcast_to(np.array(channels), (32, 48, 3)).copy()


def inner(photo: Photo) -> NDArray[np.float32]:
    """Linear light of the middle, where the edges' demosaicing does not reach."""
    return color.decode(photo.proxy().view.pixels[8:-8, 8:-8])


def test_camera_channels_are_linear_and_daylight_is_grey(tmp_path: Path) -> None:
    photo = files.load(dng(tmp_path / "a.dng", flat(*0.4 / GAINS)), raw="camera")
    assert photo.samples.dtype == np.uint16
    assert photo.space.camera
    # half a code of black level in 14 bits, times the gains
    np.testing.assert_allclose(inner(photo), 0.4, atol=3e-4)


def test_black_is_black_and_a_full_channel_is_not_clipped_by_its_gain(tmp_path: Path) -> None:
    photo = files.load(dng(tmp_path / "a.dng", flat(0, 0, 0)), raw="camera")
    np.testing.assert_allclose(inner(photo), 0, atol=2e-4)
    # one blue lamp: the sensor's blue is almost full, where a balance would have clipped it
    for blue in (0.8, 0.9, 1.0):
        photo = files.load(dng(tmp_path / "b.dng", flat(0.01, 0.05, blue)), raw="camera")
        assert np.abs(inner(photo) - [0.02, 0.05, 1.5 * blue]).max() < 1e-3


def test_developed_has_the_cameras_balance_and_srgb_colours(tmp_path: Path) -> None:
    scene = np.array([0.3, 0.2, 0.1])
    photo = files.load(dng(tmp_path / "a.dng", flat(*scene / GAINS)))
    assert photo.space == Space()
    assert photo.source.profile == profile.made("srgb")
    assert np.abs(inner(photo) - scene).max() < 4e-3


@pytest.mark.parametrize("raw", ["camera", "developed"])
def test_raw_becomes_an_upright_tiff_with_its_exif(tmp_path: Path, raw: str) -> None:
    native = flat(0.1, 0.1, 0.1)
    native[:4] = 0.5
    photo = files.load(dng(tmp_path / "a.dng", native, 6), raw=raw)
    assert photo.size == (48, 32)
    assert files.written_suffix(tmp_path / "a.dng") == ".tif"
    again = files.load(files.save(photo, tmp_path / "a.tif"))
    assert again.samples.dtype == np.uint16
    assert again.space == Space()
    right = again.samples[20, 29:].mean()  # the bright rows of the top are now at the right
    assert right > 1.5 * again.samples[20, 8].mean()
    parts = _exif.parse(again.source.exif or b"")
    assert parts.main[271].data == b"Maker\0"
    assert parts.main[306].data.startswith(b"2026:01:02")
    assert set(parts.main) <= {271, 274, 282, 283, 296, 305, 306}


def test_raw_is_known_by_its_content(tmp_path: Path) -> None:
    path = dng(tmp_path / "really-a-dng.tif", flat(0.1, 0.1, 0.1))
    assert files.load(path).source.format == "raw"
    tifffile.imwrite(tmp_path / "really-a-tiff.dng", FACE, photometric="rgb")
    assert files.load(tmp_path / "really-a-tiff.dng").source.format == "tiff"


def test_raw_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    path = dng(tmp_path / "a.dng", flat(0.1, 0.1, 0.1))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(PhotoError, match=r"a\.dng: is cut off"):
        files.load(path)
    path.write_bytes(b"FUJIFILMCCD-RAW 0201" + bytes(5000))
    with pytest.raises(PhotoError, match=r"a\.dng: is camera RAW that LibRaw cannot read"):
        files.load(path)


def test_exif_is_found_where_canon_and_fuji_put_it(tmp_path: Path) -> None:
    from restore.files import raw
    from restore.files._boxes import box
    from restore.files._reading import opened

    def text(tag: int, words: bytes) -> bytes:
        return _exif.build(_exif.Parts(">", {tag: _exif.Value(2, len(words), words)}))

    def tables(path: Path) -> tuple[_exif.Parts, bytes | None]:
        with opened(path, 10**9, "camera", False) as ask:
            return raw._metadata(ask)

    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    adobe = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    inside = box(b"CMT1", text(271, b"Canon\0")) + box(b"CMT2", text(36867, b"2026\0"))
    moov = box(b"moov", box(b"uuid", canon + inside + box(b"CMT4", text(1, b"N\0"))))
    head = box(b"ftyp", b"crx \0\0\0\1crx isom")
    (tmp_path / "a.cr3").write_bytes(head + moov + box(b"uuid", adobe + b"<x/>") + bytes(200))
    assert raw.matches((tmp_path / "a.cr3").read_bytes())
    parts, xmp = tables(tmp_path / "a.cr3")
    assert (parts.main[271].data, parts.exif[36867].data) == (b"Canon\0", b"2026\0")
    assert parts.gps[1].data == b"N\0"
    assert xmp == b"<x/>"

    Image.fromarray(FACE).save(
        tmp_path / "preview.jpg", exif=b"Exif\0\0" + text(271, b"FUJIFILM\0")
    )
    preview = (tmp_path / "preview.jpg").read_bytes()
    start = (
        b"FUJIFILMCCD-RAW".ljust(84, b" ")
        + (100).to_bytes(4, "big")
        + len(preview).to_bytes(4, "big")
    )
    (tmp_path / "a.raf").write_bytes(start.ljust(100, b"\0") + preview)
    assert raw.matches(start)
    assert tables(tmp_path / "a.raf")[0].main[271].data == b"FUJIFILM\0"


def test_heif_is_read_and_turned(tmp_path: Path) -> None:
    pytest.importorskip("pi_heif")
    (tmp_path / "a.heic").write_bytes(base64.b64decode(HEIC))
    photo = files.load(tmp_path / "a.heic")
    assert photo.size == (24, 16)
    rows, columns = np.mgrid[:24, :16]
    expected = np.dstack([rows * 10, (15 - columns) * 15, np.full((24, 16), 90)])
    assert np.abs(photo.samples.astype(int) - expected).mean() < 4  # it is a lossy file
    parts = _exif.parse(photo.source.exif or b"")
    assert parts.main[271].data == b"Cam\0"
    assert parts.main[274].numbers(parts.order) == (1,)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_avif_keeps_its_bits(tmp_path: Path, bits: int) -> None:
    codes = FACE.astype(np.uint16) * 257 >> (16 - bits)
    data = codes.astype(np.uint8 if bits == 8 else np.uint16)
    # at the highest quality; of a dark photo, whose depth cannot be told from its values
    path = tmp_path / "a.avif"
    path.write_bytes(imagecodecs.avif_encode(data // 5, level=100, bitspersample=bits))
    photo = files.load(path)
    assert photo.bits == (8 if bits == 8 else 16)
    share = photo.samples / np.iinfo(photo.samples.dtype).max
    assert np.abs(share - data // 5 / (2**bits - 1)).max() < 1.5 / 2**bits


def test_avif_is_turned_and_keeps_its_profile(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(FACE).save(tmp_path / "a.avif", exif=exif, icc_profile=WIDE)
    photo = files.load(tmp_path / "a.avif")
    assert photo.size == FACE.shape[1::-1]
    assert photo.space == Space(profile=WIDE)


@pytest.mark.parametrize("suffix", [".jp2", ".jxl"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_archive_formats_lose_nothing(
    tmp_path: Path, suffix: str, channels: int, dtype: type
) -> None:
    if suffix == ".jp2" and dtype is np.float32:
        pytest.skip("JPEG 2000 has no floats here")
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[dtype]
    samples = (FACE[..., : min(channels, 3)] * np.asarray(scale, dtype)).astype(dtype)
    alpha = samples[..., 0].copy() if channels == 4 else None
    written = files.save(
        Photo(
            np.ascontiguousarray(samples), source=Source(alpha=alpha, exif=_block(), xmp=b"<x/>")
        ),
        tmp_path / f"a{suffix}",
    )
    again = files.load(written)
    np.testing.assert_array_equal(again.samples, samples)
    assert again.space == Space()
    if alpha is not None:
        np.testing.assert_array_equal(again.source.alpha, alpha)
    assert again.source.exif == _block()
    assert again.source.xmp == b"<x/>"
    decode = imagecodecs.jpeg2k_decode if suffix == ".jp2" else imagecodecs.jpegxl_decode
    result = decode(written.read_bytes()).reshape(100, 140, channels)
    np.testing.assert_array_equal(result[..., : samples.shape[2]], samples)


def _block() -> bytes:
    return _exif.build(_exif.Parts("<", {271: _exif.Value(2, 7, b"Camera\0")}))


def test_jpeg_2000_keeps_a_profile_and_jpeg_xl_becomes_srgb(tmp_path: Path) -> None:
    photo = Photo(FACE.astype(np.uint16) * 257, Space(profile=WIDE), Source(profile=WIDE))
    again = files.load(files.save(photo, tmp_path / "a.jp2"))
    assert again.space == photo.space
    np.testing.assert_array_equal(again.samples, photo.samples)
    again = files.load(files.save(photo, tmp_path / "a.jxl"))
    assert again.space == Space()
    one, other = photo.proxy().view.pixels, again.proxy().view.pixels
    assert np.abs(one.clip(0, 1) - other).max() < 1 / 65535


def test_jpeg_2000_with_a_palette_is_refused(tmp_path: Path) -> None:
    data = bytes(imagecodecs.jpeg2k_encode(FACE[..., 0] // 4, level=0, codecformat="jp2"))
    header = data.find(b"jp2h") - 4
    end = header + int.from_bytes(data[header : header + 4], "big")
    palette = _boxes.box(b"pclr", b"\0\x40\3\7\7\7" + bytes(range(192)))
    content = data[header + 8 : end] + palette
    (tmp_path / "a.jp2").write_bytes(data[:header] + _boxes.box(b"jp2h", content) + data[end:])
    with pytest.raises(PhotoError, match="has a palette, which is not supported"):
        files.load(tmp_path / "a.jp2")


def test_jpeg_xl_of_linear_light_is_read_as_such(tmp_path: Path) -> None:
    linear = color.decode(FACE / np.float32(255))
    path = tmp_path / "a.jxl"
    path.write_bytes(imagecodecs.jpegxl_encode(linear, lossless=True))
    result = files.load(path).proxy().view.pixels
    assert np.abs(result - FACE / 255).max() < 1e-4


def test_an_animated_jpeg_xl_is_not_called_damaged(tmp_path: Path) -> None:
    frames = np.stack([FACE, FACE[::-1]])
    data = imagecodecs.jpegxl_encode(frames, lossless=True, photometric="rgb")
    (tmp_path / "a.jxl").write_bytes(data)
    with pytest.raises(PhotoError, match="cannot be read: previews and animations are not read"):
        files.load(tmp_path / "a.jxl")


def test_grey_of_a_grey_profile_becomes_srgb_in_webp(tmp_path: Path) -> None:
    # a WebP has RGB only: there a profile of grey would be ignored, and the photo too dark
    curved = grey(gamma(1.8))
    source = Source(profile=curved, details={"lossless": True})
    photo = Photo(np.ascontiguousarray(FACE[..., :1]), Space(profile=curved), source)
    again = files.load(files.save(photo, tmp_path / "a.webp"))
    assert not again.source.warnings
    one, other = photo.proxy().view.pixels, again.proxy().view.pixels
    assert np.abs(one - other).max() < 1 / 255


def test_a_missing_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pi_heif", None)
    (tmp_path / "a.heic").write_bytes(base64.b64decode(HEIC))
    with pytest.raises(PhotoError, match=r'pip install "restore-photos\[heif\]"'):
        files.load(tmp_path / "a.heic")


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_narrow_noise_has_room_in_a_png(tmp_path: Path, width: int, dtype: type) -> None:
    # each row has a byte more than its pixels, which is much where they are two
    noise = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (3000, width, 1), dtype)
    again = files.load(files.save(Photo(noise), tmp_path / "a.png"))
    np.testing.assert_array_equal(again.samples, noise)


def test_a_view_of_one_pixel_is_written(tmp_path: Path) -> None:
    view = np.full((1, 1, 3), 9, np.uint8)[..., :1]  # contiguous to numpy, with strides of three
    assert files.load(files.save(Photo(view), tmp_path / "a.png")).samples.tolist() == [[[9]]]


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_bmp_is_read_with_its_resolution(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(FACE).convert(mode)
    image.save(tmp_path / "a.bmp", dpi=(300, 300))
    photo = files.load(tmp_path / "a.bmp")
    assert photo.source.format == "bmp"
    assert photo.source.resolution == pytest.approx((300, 300), abs=0.01)
    expected = np.asarray(image.convert("RGB"))
    assert (photo.samples == (expected if mode in ("RGB", "P") else expected[..., :1])).all()
    assert files.written_suffix(tmp_path / "a.bmp") == ".tif"


def test_a_bmp_may_stand_on_its_head_and_must_hold_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    Image.fromarray(FACE).save(path)
    data = bytearray(path.read_bytes())
    data[22:26] = (-len(FACE)).to_bytes(4, "little", signed=True)
    path.write_bytes(data)
    assert (files.load(path).samples == FACE[::-1]).all()
    data[22:26] = (10 * len(FACE)).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(PhotoError, match="which cannot fit in its"):
        files.load(path)
