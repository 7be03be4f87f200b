"""JPEG, XMP, AVIF, HEIC and BMP as other programs, phones and broken disks leave them."""

from __future__ import annotations

import base64
import io
import re
import struct
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from chunks import chunk, png
from icc import P3, rgb, srgb_curve
from PIL import Image
from skimage.data import astronaut
from xmp import packet

from benchmarks.fuzz_files import HEIC
from restore import files
from restore.color.space import Space
from restore.errors import CutOff, PhotoError
from restore.files.metadata import _regions, _xmp
from restore.image.photo import Window
from restore.work.job import Job, Outcome, by_recipe

FACE = np.ascontiguousarray(astronaut()[40:140, 150:290])


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask what is written, not whether it outlasts a power cut."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def jpeg(**options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(FACE).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("marker", [True, False])
def test_inverted_inks_are_read_with_and_without_adobes_marker(
    tmp_path: Path, marker: bool
) -> None:
    file = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 55, 195, 0)).save(file, "JPEG", quality=100, subsampling=0)
    data = file.getvalue()
    assert b"Adobe" in data
    if not marker:
        data = re.sub(rb"\xff\xee\0\x0eAdobe.{7}", b"", data, flags=re.DOTALL)
    (tmp_path / "a.jpg").write_bytes(data)
    photo = files.load(tmp_path / "a.jpg")
    assert np.abs(photo.samples.astype(int) - (255, 200, 60)).max() <= 1
    assert any("full ink" in line for line in photo.source.warnings) != marker


def test_stray_bytes_between_segments_are_skipped_and_reported(tmp_path: Path) -> None:
    data = jpeg()
    at = 4 + struct.unpack_from(">H", data, 4)[0]
    (tmp_path / "a.jpg").write_bytes(data[:at] + b"\0\0\0" + data[at:])
    photo = files.load(tmp_path / "a.jpg")
    assert (photo.samples == imagecodecs.jpeg8_decode(data)).all()
    assert "3 stray bytes" in photo.source.warnings[0]


def test_fill_bytes_are_no_junk_and_are_gone_over_once(tmp_path: Path) -> None:
    data = jpeg()
    at = 4 + struct.unpack_from(">H", data, 4)[0]
    path = tmp_path / "a.jpg"
    path.write_bytes(data[:at] + b"\xff" * 9 + data[at:])
    assert files.load(path).source.warnings == ()
    path.write_bytes(data[:at] + b"\xff" * 2_000_000 + b"\0" + data[at:])
    assert "2000001 stray bytes" in files.load(path).source.warnings[0]


@pytest.mark.parametrize("progressive", [True, False])
def test_only_the_end_mark_is_missing(tmp_path: Path, progressive: bool) -> None:
    data = jpeg(progressive=progressive)
    (tmp_path / "a.jpg").write_bytes(data[:-2])
    photo = files.load(tmp_path / "a.jpg")
    assert (photo.samples == imagecodecs.jpeg8_decode(data)).all()
    assert "end marker is missing; all pixels are there" in photo.source.warnings[0]


def test_a_jpeg_that_is_cut_off_can_be_salvaged(tmp_path: Path) -> None:
    data = jpeg(subsampling=2)
    path = tmp_path / "a.jpg"
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(CutOff, match=r"of 100 rows are there$"):
        files.load(path)
    photo = files.load(path, salvage=True)
    rows = photo.size[0]
    assert 32 <= rows < 80
    assert rows % 16 == 0
    whole = imagecodecs.jpeg8_decode(data)[:rows]
    assert (photo.samples[:-1] == whole[:-1]).all()  # colours are mixed across the last
    assert f"{rows} of 100 rows ({rows}%) could be read" in photo.source.warnings[0]
    path.write_bytes(data[:300])
    with pytest.raises(PhotoError, match="is cut off"):
        files.load(path, salvage=True)


def test_a_progressive_jpeg_that_is_cut_off_lacks_detail(tmp_path: Path) -> None:
    data = jpeg(progressive=True)
    path = tmp_path / "a.jpg"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(PhotoError, match="it lacks detail"):
        files.load(path)
    photo = files.load(path, salvage=True)
    assert photo.samples.shape == FACE.shape
    assert np.abs(photo.samples.astype(int) - FACE).mean() < 12
    assert "lacks detail" in photo.source.warnings[0]


def test_a_motion_photo_is_reported_and_claims_no_video(tmp_path: Path) -> None:
    tags = packet(
        "xmlns:GCamera='http://ns.google.com/photos/1.0/camera/' GCamera:MotionPhoto='1'"
        " GCamera:MicroVideoOffset='512' GCamera:Shot='kept'>"
    )
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
    (tmp_path / "a.jpg").write_bytes(jpeg(xmp=tags) + video)
    photo = files.load(tmp_path / "a.jpg")
    assert "motion photo" in photo.source.warnings[0]
    assert b"Motion" not in (photo.source.xmp or b"")
    assert b"MicroVideo" not in (photo.source.xmp or b"")
    assert b"GCamera:Shot='kept'" in (photo.source.xmp or b"")


@pytest.mark.parametrize(
    "content", ["tiff:Orientation='6'>", "><tiff:Orientation>6</tiff:Orientation>"]
)
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_an_orientation_in_xmp_alone_is_applied(tmp_path: Path, content: str, suffix: str) -> None:
    xmp = packet(f"xmlns:tiff='http://ns.adobe.com/tiff/1.0/' {content}")
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        tags = [(700, "B", len(xmp), xmp, False)]
        tifffile.imwrite(path, FACE, photometric="rgb", extratags=tags)
    elif suffix == ".png":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        Image.fromarray(FACE).save(path, pnginfo=info)
    else:
        Image.fromarray(FACE).save(path, quality=100, xmp=xmp)
    photo = files.load(path)
    expected = np.rot90(FACE, -1).astype(int)
    assert photo.size == expected.shape[:2]
    assert np.abs(photo.samples - expected).mean() < 6
    assert _xmp.orientation(photo.source.xmp) is None


def test_exif_says_the_orientation_where_both_do(tmp_path: Path) -> None:
    xmp = packet("xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation='6'>")
    exif = Image.Exif()
    exif[274] = 1
    Image.fromarray(FACE).save(tmp_path / "a.jpg", exif=exif, xmp=xmp)
    assert files.load(tmp_path / "a.jpg").size == FACE.shape[:2]


FORMS = {
    "elements": "<mwg-rs:AppliedToDimensions rdf:parseType='Resource'><stDim:h>96</stDim:h>"
    "<stDim:unit>pixel</stDim:unit><stDim:w>128</stDim:w></mwg-rs:AppliedToDimensions>"
    "<mwg-rs:Area rdf:parseType='Resource'><stArea:h>0.2</stArea:h>"
    "<stArea:unit>normalized</stArea:unit><stArea:w>0.1</stArea:w><stArea:x>0.25</stArea:x>"
    "<stArea:y>0.4</stArea:y></mwg-rs:Area>",
    "attributes": '<mwg-rs:AppliedToDimensions stDim:w="128" stDim:h="96" stDim:unit="pixel"/>'
    '<mwg-rs:Area stArea:x="0.25" stArea:y="0.4" stArea:w="0.1" stArea:h="0.2"'
    ' stArea:unit="normalized"/>',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("orientation", "place"),
    [
        (1, (0.25, 0.4)),
        (2, (0.75, 0.4)),
        (3, (0.75, 0.6)),
        (4, (0.25, 0.6)),
        (5, (0.4, 0.25)),
        (6, (0.6, 0.25)),
        (7, (0.6, 0.75)),
        (8, (0.4, 0.75)),
    ],
)
def test_regions_turn_with_the_photo(
    form: str, orientation: int, place: tuple[float, float]
) -> None:
    turned = _regions.turned(FORMS[form].encode(), orientation).decode()
    regions = {
        name: float(number)
        for name, number in re.findall(r"st(Area:[xywh]|Dim:[wh])(?:=\"|>)([\d.]+)", turned)
    }
    sides = (0.1, 0.2, 128, 96) if orientation < 5 else (0.2, 0.1, 96, 128)
    names = ("Area:x", "Area:y", "Area:w", "Area:h", "Dim:w", "Dim:h")
    assert regions == pytest.approx(dict(zip(names, (*place, *sides), strict=True)))
    assert "normalized" in turned
    assert "pixel" in turned


def test_regions_of_microsoft_turn_too() -> None:
    text = b'<rdf:li MPReg:Rectangle="0.2, 0.3, 0.1, 0.2" MPReg:PersonDisplayName="Oma"/>'
    assert b'MPReg:Rectangle="0.5, 0.2, 0.2, 0.1"' in _regions.turned(text, 6)
    element = b"<MPReg:Rectangle>0.2, 0.3, 0.1, 0.2</MPReg:Rectangle>"
    assert _regions.turned(element, 3) == element.replace(b"0.2, 0.3,", b"0.7, 0.5,")


def test_regions_of_a_photo_turn_when_it_is_read(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    names = "xmlns:mwg-rs='a' xmlns:stArea='b' xmlns:stDim='c'>"
    Image.fromarray(FACE).save(tmp_path / "a.jpg", exif=exif, xmp=packet(names + FORMS["elements"]))
    xmp = files.load(tmp_path / "a.jpg").source.xmp or b""
    assert b"<stArea:x>0.6</stArea:x>" in xmp
    assert b"<stDim:h>128</stDim:h>" in xmp


def test_camera_raws_settings_and_type_do_not_reach_a_developed_result(tmp_path: Path) -> None:
    xmp = packet(
        f"xmlns:crs='{_xmp.CAMERA_RAW}' xmlns:dc='{_xmp.DUBLIN_CORE}' xmlns:o='other'"
        " crs:Exposure2012='+1.5' o:Kept='1'><crs:ToneCurve><rdf:Seq><rdf:li>0, 0</rdf:li>"
        "</rdf:Seq></crs:ToneCurve><crs:Look/><dc:format>image/x-adobe-dng</dc:format><o:Too/>"
    )
    tags = [
        (50706, "B", 4, bytes([1, 4, 0, 0]), False),
        (50708, "s", 0, "Camera", False),
        (700, "B", len(xmp), xmp, False),
    ]
    data = FACE.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.dng", data, photometric=34892, extratags=tags, planarconfig=1)
    photo = files.load(tmp_path / "a.dng")
    result = files.load(files.save(photo, tmp_path / "a.tif"))
    for left in (b"crs", b"camera-raw", b"0, 0", b"dng"):
        assert left not in (result.source.xmp or b"")
    for kept in (b"o:Kept='1'", b"<o:Too/>"):
        assert kept in (result.source.xmp or b"")


@pytest.mark.parametrize("broken", [b"<p:a " * 20_000, b"<p:a>" * 20_000, b" p:a='" * 20_000])
def test_taking_out_of_broken_xmp_comes_to_an_end(broken: bytes) -> None:
    text = b"xmlns:p='space' " + broken
    assert text.startswith(_xmp.without(text, "space").rstrip())
    regions = b"<mwg-rs:Area " * 20_000 + b"MPReg:Rectangle=' , , , " * 9
    assert _regions.turned(regions, 6) == regions


def avif(path: Path, primaries: int, curve: int) -> Path:
    """An AVIF whose colours are given as code points."""
    file = io.BytesIO()
    Image.fromarray(FACE).save(file, "AVIF", quality=100, subsampling="4:4:4")
    data = bytearray(file.getvalue())
    at = data.index(b"colrnclx") + 8
    data[at : at + 4] = struct.pack(">HH", primaries, curve)
    path.write_bytes(data)
    return path


def heic(path: Path, primaries: int, curve: int) -> Path:
    pytest.importorskip("pi_heif")
    data = bytearray(base64.b64decode(HEIC))
    at = data.index(b"nclx") + 4
    data[at : at + 4] = struct.pack(">HH", primaries, curve)
    path.write_bytes(data)
    return path


def cicp(path: Path, primaries: int, curve: int) -> Path:
    return png(path, FACE, chunk(b"cICP", bytes((primaries, curve, 0, 1))))


NUMBERED = [(avif, "a.avif"), (heic, "a.heic"), (cicp, "a.png")]


@pytest.mark.parametrize(("make", "name"), NUMBERED)
def test_display_p3_by_code_points_is_honoured(
    tmp_path: Path, make: Callable[..., Path], name: str
) -> None:
    plain = files.load(make(tmp_path / f"plain{name}", 1, 13))
    assert plain.source.profile is None
    photo = files.load(make(tmp_path / name, 12, 13))
    assert (photo.samples == plain.samples).all()
    pixels = photo.tile(Window.whole(*photo.size)).pixels
    expected = Space(profile=rgb(P3, srgb_curve())).to_working(photo.samples)
    assert np.abs(pixels - expected).max() < 2e-3


@pytest.mark.parametrize("curve", [16, 18])
@pytest.mark.parametrize(("make", "name"), NUMBERED)
def test_high_dynamic_range_is_refused_in_one_line(
    tmp_path: Path, make: Callable[..., Path], name: str, curve: int
) -> None:
    with pytest.raises(PhotoError, match=r"high-dynamic-range photo \((PQ|HLG)\)"):
        files.load(make(tmp_path / name, 9, curve))


@pytest.mark.parametrize("header", [40, 56, 124])
@pytest.mark.parametrize("flipped", [True, False])
def test_a_bmp_of_any_masks_is_read(tmp_path: Path, header: int, flipped: bool) -> None:
    masks = (0x3FF00000, 0xFFC00, 0x3FF, 0)  # ten bits each
    deep = FACE.astype(np.uint32) * 1023 // 255
    codes = deep[..., 0] << 20 | deep[..., 1] << 10 | deep[..., 2]
    height = -len(FACE) if flipped else len(FACE)
    info = struct.pack("<IiiHHIIiiII", header, 140, height, 1, 32, 3, 0, 2835, 2835, 0, 0)
    info = (info + struct.pack("<4I", *masks)).ljust(max(header, 56), b"\0")
    rows = codes if flipped else codes[::-1]
    start = 14 + len(info)
    head = struct.pack("<2sIII", b"BM", start + rows.nbytes, 0, start)
    (tmp_path / "a.bmp").write_bytes(head + info + rows.astype("<u4").tobytes())
    photo = files.load(tmp_path / "a.bmp")
    assert np.abs(photo.samples.astype(int) - FACE).max() <= 1
    assert photo.source.alpha is None


def test_no_librarys_own_words_are_shown(tmp_path: Path) -> None:
    data = bytearray(imagecodecs.png_encode(FACE))
    data[60:90] = bytes(30)
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(PhotoError) as caught:
        files.load(tmp_path / "a.png")
    assert str(caught.value).endswith(
        "a.png: cannot be decoded; it is damaged, or of an unsupported kind"
    )


def test_a_run_salvages_a_photo_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg()[:6000])
    recipe = by_recipe("monochrome", {})

    def restored(**options: bool) -> Outcome:
        job = Job(tmp_path / "a.jpg", tmp_path / "out.jpg", **options)  # type: ignore[arg-type]
        return recipe(job, lambda share: None, lambda seconds, what: None)

    with pytest.raises(CutOff):
        restored()
    outcome = restored(salvage=True)
    assert any("could be read" in line for line in outcome.warnings)
    assert 0 < files.load(tmp_path / "out.jpg").size[0] < 100
