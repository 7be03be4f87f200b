"""All that a file holds beside its pixels comes back, and says how the photo was made."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from icc import ADOBE, SRGB, gamma, grey, inks, rgb, srgb_curve
from PIL import Image, TiffImagePlugin
from skimage.data import astronaut
from xmp import XMP

from restore import color, files
from restore.color import profile
from restore.color.space import Space
from restore.files.metadata import _exif, _photoshop, _xmp
from restore.image.photo import Photo, Source

FACE = astronaut()[40:140, 150:290]
WIDE = rgb(ADOBE, gamma(2.2))
IPTC = b"\x1c\x02\x78\0\5Paula" + b"\x1c\x02\x50\0\4Anna"
MAKER = b"Maker\0" + bytes(range(200))


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is written, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def exif_block(orientation: int = 1, order: str = "<") -> bytes:
    """An Exif block with all its tables, a maker's note and a preview."""

    def text(words: bytes) -> _exif.Value:
        return _exif.Value(2, len(words) + 1, words + b"\0")

    def short(value: int) -> _exif.Value:
        return _exif.Value(3, 1, struct.pack(order + "H", value))

    def ratio(*values: int) -> _exif.Value:
        return _exif.Value(
            5, len(values), b"".join(struct.pack(order + "II", v, 1) for v in values)
        )

    main = {
        271: text(b"Camera"),
        274: short(orientation),
        315: text(b"Anna"),
        306: text(b"2026:01:02 03:04:05"),
    }
    exif = {33434: ratio(2), 37500: _exif.Value(7, len(MAKER), MAKER), 40961: short(65535)}
    parts = _exif.Parts(order, main, exif, {1: text(b"N"), 2: ratio(52, 31, 0)}, {1: text(b"R98")})
    return _exif.build(parts)


def jpeg(path: Path, **options: object) -> Path:
    Image.fromarray(FACE).save(path, "JPEG", quality=90, **options)
    return path


def test_jpeg_keeps_all_blocks(tmp_path: Path) -> None:
    path = jpeg(
        tmp_path / "a.jpg",
        exif=b"Exif\0\0" + exif_block(order=">"),
        icc_profile=WIDE,
        xmp=XMP,
        comment=b"a comment",
        dpi=(300, 250),
    )
    irb = _photoshop.write(
        [(0x0404, b"\0\0", IPTC), (0x040C, b"\0\0", b"preview"), (0x03F3, b"\0\0", b"x")]
    )
    body = b"Photoshop 3.0\0" + irb
    data = path.read_bytes()
    path.write_bytes(data[:2] + struct.pack(">BBH", 255, 0xED, len(body) + 2) + body + data[2:])
    photo = files.load(path)
    again = files.load(files.save(photo, tmp_path / "b.jpg"))
    for result in (photo.source, again.source):
        assert result.exif == exif_block(order=">")
        assert result.profile == WIDE
        assert result.iptc == IPTC
        assert result.xmp == XMP.replace(b'Orientation="6"', b'Orientation="1"')
        assert result.resolution == (300, 250)
        assert result.details["comments"] == (b"a comment",)
        resources = _photoshop.read(result.details["photoshop"])
        assert [number for number, _, _ in resources] == [0x0404, 0x03F3]
    with Image.open(tmp_path / "b.jpg") as written:
        assert written.getexif().get_ifd(0x8769)[37500] == MAKER
        assert written.info["icc_profile"] == WIDE
        assert written.info["dpi"] == (300, 250)
        assert written.info["comment"] == b"a comment"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".tif", ".png", ".webp", ".jpg"])
def test_exif_reaches_every_format(tmp_path: Path, suffix: str, order: str) -> None:
    path = jpeg(
        tmp_path / "a.jpg",
        exif=b"Exif\0\0" + exif_block(6, order),
        icc_profile=WIDE,
        xmp=XMP,
        dpi=(300, 300),
    )
    written = files.save(files.load(path), tmp_path / f"b{suffix}")
    with Image.open(written) as result:
        exif = result.getexif()
        assert exif[271] == "Camera"
        assert exif[315] == "Anna"
        assert exif.get(274, 1) == 1
        assert exif.get_ifd(0x8769)[37500] == MAKER
        assert exif.get_ifd(0x8769)[33434] == 2
        assert exif.get_ifd(0x8825)[2] == (52, 31, 0)
        assert exif.get_ifd(0x8769)[40965] if suffix == ".tif" else exif.get_ifd(0xA005)
        assert result.info["icc_profile"] == WIDE
        assert result.info.get("dpi", (300, 300)) == pytest.approx((300, 300), abs=0.01)
    again = files.load(written)
    assert again.source.xmp == XMP.replace(b'"6"', b'"1"')
    if suffix != ".webp":
        assert again.source.resolution == pytest.approx((300, 300), abs=0.01)


def test_tiff_keeps_all_blocks_on_every_page(tmp_path: Path) -> None:
    irb = _photoshop.write([(0x0404, b"\0\0", IPTC), (0x03F3, b"\0\0", b"x")])
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, byteorder=">") as tiff:
        for number in (1, 2):
            tags = [
                (700, 1, len(XMP), XMP, True),
                (33723, 7, len(IPTC), IPTC, True),
                (34377, 1, len(irb), irb, True),
                (285, 2, 0, f"page {number}", True),
                (315, 2, 0, "Anna", True),
                (65000, 3, 2, (7, number), True),
            ]
            tiff.write(
                FACE[number:], photometric="rgb", metadata=None, extratags=tags, iccprofile=WIDE,
                resolution=(118.11, 118.11), resolutionunit="CENTIMETER", description="says who",
            )  # fmt: skip
    written = files.save(files.load_pages(path), tmp_path / "b.tif")
    with tifffile.TiffFile(path) as before, tifffile.TiffFile(written) as after:
        assert len(after.pages) == 2
        for one, other in zip(before.pages, after.pages, strict=True):
            for tag in (270, 282, 283, 296, 285, 315, 33723, 34377, 34675, 65000):
                assert other.tags[tag].value == one.tags[tag].value, tag
            assert b'Orientation="1"' in other.tags[700].value


def test_exif_tables_of_a_tiff_come_back(tmp_path: Path) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[271] = "Scanner"
    tags[34665] = {33434: TiffImagePlugin.IFDRational(1, 60), 37510: b"ASCII\0\0\0hello"}
    Image.fromarray(FACE).save(tmp_path / "a.tif", tiffinfo=tags)
    for big in (False, True):
        photo = files.load(tmp_path / "a.tif")
        photo = replace(
            photo, source=replace(photo.source, details={**photo.source.details, "big": big})
        )
        result = files.load(files.save(photo, tmp_path / f"{big}.tif"))
        parts = _exif.parse(result.source.exif or b"")
        assert parts.exif[33434].numbers(parts.order) == (1 / 60,)
        assert parts.exif[37510].data == b"ASCII\0\0\0hello"


def test_width_and_height_turn_with_the_photo() -> None:
    def sides(block: bytes) -> list[float]:
        parts = _exif.parse(block)
        return [parts.exif[tag].numbers(parts.order)[0] for tag in (40962, 40963)]

    for orientation, expected in ((3, [140, 100]), (6, [100, 140])):
        parts = _exif.parse(exif_block(orientation))
        size = {
            tag: _exif.Value(4, 1, struct.pack("<I", n)) for tag, n in ((40962, 140), (40963, 100))
        }
        block = _exif.build(replace(parts, exif={**parts.exif, **size}))
        assert sides(_exif.upright(block)[0]) == expected


def test_png_keeps_texts_resolution_and_profile(tmp_path: Path) -> None:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "A face")
    info.add_text("Comment", "längst", zip=True)
    info.add_itxt("Author", "Änna", "de", "Autor")
    Image.fromarray(FACE).save(tmp_path / "a.png", pnginfo=info, dpi=(300, 300), icc_profile=WIDE)
    written = files.save(files.load(tmp_path / "a.png"), tmp_path / "b.png")
    with Image.open(written) as result:
        assert result.text == {"Title": "A face", "Comment": "längst", "Author": "Änna"}
        assert result.info["icc_profile"] == WIDE
        assert result.info["dpi"] == pytest.approx((300, 300), abs=0.02)


def test_what_was_done_is_written_and_read_back(tmp_path: Path) -> None:
    record = {"recipe": '[[steps]]\nuse = "fade" # <&>\n', "networks": "compact 4c0d\nzhang 91ab"}
    for suffix in (".jpg", ".png", ".tif", ".webp"):
        path = jpeg(tmp_path / "a.jpg", xmp=XMP)
        photo = files.load(path)
        source = replace(photo.source, history=("first", "second"), record=record)
        written = files.save(replace(photo, source=source), tmp_path / f"b{suffix}")
        result = files.load(written).source
        assert {key: result.record[key] for key in record} == record
        assert result.history == ("first", "second")
        assert b"<tiff:Make>K\xc3\xb6nig</tiff:Make>" in (result.xmp or b"")
        # once more through a recipe: the new record takes the old one's place
        third = replace(result, history=(*result.history, "third"), record={"recipe": "new"})
        again = files.load(files.save(replace(photo, source=third), tmp_path / f"c{suffix}"))
        assert again.source.history == ("first", "second", "third")
        assert again.source.record["recipe"] == "new"
        assert "networks" not in again.source.record
        assert (again.source.xmp or b"").count(_xmp.SPACE.encode()) == 1


def test_a_packet_too_long_for_a_jpeg_segment_is_written_in_parts(tmp_path: Path) -> None:
    long = XMP.replace(b"K\xc3\xb6nig", b"K\xc3\xb6nig" * 30_000)
    source = Source(xmp=long, history=("one",), record={"recipe": "two"})
    written = files.save(Photo(FACE.copy(), source=source), tmp_path / "a.jpg")
    again = files.load(written).source
    assert again.history == ("one",)
    assert again.record == {"recipe": "two"}
    prefix = b"http://ns.adobe.com/xmp/extension/\0"
    parts = again.details["more_xmp"]
    assert [part[: len(prefix)] for part in parts] == [prefix] * len(parts)
    whole = b"".join(part[len(prefix) + 40 :] for part in parts)
    assert b"<tiff:Make>" + b"K\xc3\xb6nig" * 30_000 + b"</tiff:Make>" in whole
    assert parts[0][len(prefix) : len(prefix) + 32] in (again.xmp or b"")
    second = files.load(files.save(files.load(written), tmp_path / "b.jpg")).source
    assert second.details["more_xmp"] == parts


def test_a_preview_of_the_old_photo_is_unlinked() -> None:
    exif = Image.Exif()
    exif[271] = "Camera"
    block = exif.tobytes()[6:]
    end = 8 + 2 + 12
    preview = struct.pack("<I", len(block)) + struct.pack("<HHHIII", 1, 513, 4, 1, 99, 0)
    little = block[:2] == b"II"
    linked = (
        block[:end] + (preview[:4] if little else preview[3::-1]) + block[end + 4 :] + preview[4:]
    )
    assert _exif.upright(linked)[0][end : end + 4] == b"\0\0\0\0"


def test_a_broken_profile_is_left_out_with_a_warning(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", icc_profile=WIDE[:200])
    photo = files.load(path)
    assert photo.space == Space()
    assert photo.source.profile is None
    assert "a.jpg: the colour profile was dropped and sRGB assumed" in photo.source.warnings[0]
    with Image.open(files.save(photo, tmp_path / "b.jpg")) as result:
        assert "icc_profile" not in result.info


def test_a_profile_that_means_srgb_takes_the_fast_way_and_comes_back(tmp_path: Path) -> None:
    bytes_ = rgb(SRGB, srgb_curve())
    photo = files.load(jpeg(tmp_path / "a.jpg", icc_profile=bytes_))
    assert photo.space == Space()
    assert photo.source.profile == bytes_


def test_exif_alone_can_say_adobe_rgb(tmp_path: Path) -> None:
    block = exif_block()
    block = block.replace(b"R98\0", b"R03\0")
    photo = files.load(jpeg(tmp_path / "a.jpg", exif=b"Exif\0\0" + block))
    assert photo.space.profile == profile.made("adobergb")
    assert files.load(jpeg(tmp_path / "a.jpg", exif=b"Exif\0\0" + exif_block())).space == Space()


def test_colours_can_be_written_as_srgb(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", FACE.astype(np.uint16) * 257, photometric="rgb", iccprofile=WIDE
    )
    photo = files.load(tmp_path / "a.tif")
    again = files.load(files.save(photo, tmp_path / "b.tif", profile="srgb"))
    assert again.space == Space()
    assert again.source.profile == profile.made("srgb")
    view = [each.proxy().view.pixels for each in (photo, again)]
    inside = (view[0] > 0.001).all(-1) & (view[0] < 0.999).all(-1)
    assert np.abs(view[0] - view[1])[inside].max() < 2 / 65535


def test_a_grey_photo_that_got_colours_is_written_in_srgb(tmp_path: Path) -> None:
    image = Image.fromarray(FACE[..., 0])
    image.save(tmp_path / "a.jpg", icc_profile=grey(gamma(1.8)), quality=95)
    photo = files.load(tmp_path / "a.jpg")
    assert photo.space.grey
    samples = np.repeat(photo.samples, 3, 2)
    samples[..., 0] = 255 - samples[..., 0]
    coloured = Photo(samples, photo.space, photo.source)
    again = files.load(files.save(coloured, tmp_path / "b.png"))
    assert again.source.profile == profile.made("srgb")
    expected = coloured.proxy().view.pixels
    assert np.abs(again.proxy().view.pixels - expected).max() < 1.1 / 255


def with_chunk(path: Path, chunk: bytes) -> None:
    """Write a PNG with one more chunk, its kind and content."""
    out = io.BytesIO()
    Image.fromarray(FACE).save(out, "PNG")
    head, rest = out.getvalue()[:33], out.getvalue()[33:]
    framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(head + framed + rest)


def test_png_exif_with_the_prefix_of_jpeg_is_read(tmp_path: Path) -> None:
    with_chunk(tmp_path / "a.png", b"eXIfExif\0\0" + exif_block(6))
    assert files.load(tmp_path / "a.png").size == FACE.shape[1::-1]


def test_png_gamma_is_heeded(tmp_path: Path) -> None:
    with_chunk(tmp_path / "a.png", b"gAMA" + struct.pack(">I", 100000))
    photo = files.load(tmp_path / "a.png")
    grey_ = np.full((1, 1, 3), 55, np.uint8)  # linear 0.2157 is 0.5017 in sRGB
    np.testing.assert_allclose(photo.space.to_working(grey_), 0.5017, atol=2e-3)
    again = files.load(files.save(photo, tmp_path / "b.png"))
    np.testing.assert_array_equal(again.samples, photo.samples)
    np.testing.assert_allclose(again.space.to_working(grey_), 0.5017, atol=2e-3)


@pytest.mark.parametrize("with_profile", [True, False])
def test_inks_become_light(tmp_path: Path, with_profile: bool) -> None:
    cmyk = np.asarray(Image.fromarray(FACE).convert("CMYK"))
    options = {"icc_profile": inks()} if with_profile else {}
    Image.fromarray(cmyk, "CMYK").save(tmp_path / "a.jpg", quality=100, subsampling=0, **options)
    tifffile.imwrite(
        tmp_path / "a.tif", cmyk, photometric="separated", iccprofile=options.get("icc_profile")
    )
    light = (1 - cmyk[..., :3] / 255 * (0.9 if with_profile else 1)) * (
        1 - cmyk[..., 3:] / 255 * (0.95 if with_profile else 1)
    )
    for name in ("a.jpg", "a.tif"):
        photo = files.load(tmp_path / name)
        space = ("adobergb", "Adobe RGB") if with_profile else ("srgb", "sRGB")
        assert photo.source.profile == profile.made(space[0])
        told = " ".join(photo.source.warnings)
        assert f"CMYK was converted to {space[1]}" in told
        assert ("colours are approximate" in told) != with_profile
        if with_profile:
            result = photo.proxy().view.pixels
            assert np.abs(result - color.encode(light)).mean() < 0.02  # 5 nodes a side, and JPEG
    assert isinstance(photo.source, Source)
