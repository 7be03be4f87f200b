"""What a photo manager noted in a sidecar is in the result; the sidecar stays as it is."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import restore

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
DC = "{http://purl.org/dc/elements/1.1/}"
CRS = "{http://ns.adobe.com/camera-raw-settings/1.0/}"
SIDECAR = b"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:darktable="http://darktable.sf.net/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:Rating="4" xmp:Label="Red &amp; gold" tiff:Orientation="8"
   darktable:history_end="7"
   crs:Exposure2012="+0.50" crs:HasCrop="True" crs:CropTop="0.1" crs:CropLeft="0.2"
   crs:CropBottom="0.9" crs:CropRight="0.7" crs:CropAngle="-1.5">
   <dc:subject><rdf:Bag><rdf:li>harbour</rdf:li><rdf:li>1962</rdf:li></rdf:Bag></dc:subject>
   <crs:ToneCurve><rdf:Seq><rdf:li>0, 0</rdf:li></rdf:Seq></crs:ToneCurve>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
EMBEDDED = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:a="http://ns.adobe.com/xap/1.0/" '
    b'a:Rating="1" a:Nickname="pier"/></rdf:RDF></x:xmpmeta>'
)


def photo(xmp: bytes | None = None) -> restore.Photo:
    samples = np.full((12, 16, 3), 90, np.uint8)
    return restore.Photo(samples, source=restore.Photo(samples).source.__class__(xmp=xmp))


def properties(packet: bytes | None) -> dict[str, ET.Element | str]:
    """The packet's top-level properties, read by another parser."""
    assert packet
    values: dict[str, ET.Element | str] = {}
    for description in ET.fromstring(packet).iter(RDF + "Description"):
        values |= description.attrib
        values |= {one.tag: one if len(one) else (one.text or "") for one in description}
    return values


@pytest.mark.parametrize("name", ["IMG_1.xmp", "IMG_1.jpg.xmp"])
def test_rating_label_keywords_and_crop_reach_the_result(tmp_path: Path, name: str) -> None:
    restore.save(photo(EMBEDDED), tmp_path / "IMG_1.jpg")
    (tmp_path / name).write_bytes(SIDECAR)
    restore.save(restore.load(tmp_path / "IMG_1.jpg"), tmp_path / "result.tif")
    values = properties(restore.load(tmp_path / "result.tif").source.xmp)
    assert values[XMP + "Rating"] == "4"  # not the older one in the photo
    assert values[XMP + "Label"] == "Red & gold"
    assert values[XMP + "Nickname"] == "pier"
    keywords = values[DC + "subject"]
    assert [one.text for one in keywords.iter(RDF + "li")] == ["harbour", "1962"]
    assert values[CRS + "HasCrop"] == "True"
    assert float(values[CRS + "CropLeft"]) == 0.2
    left_out = ("Orientation", "Exposure2012", "ToneCurve", "history_end")
    assert not [name for name in values if name.endswith(left_out)]
    assert (tmp_path / name).read_bytes() == SIDECAR


def test_a_crop_turns_with_the_photo(tmp_path: Path) -> None:
    upright = b'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
    turned = EMBEDDED.replace(b"</rdf:RDF>", upright + b' tiff:Orientation="6"/></rdf:RDF>')
    restore.save(photo(turned), tmp_path / "IMG_1.png")
    (tmp_path / "IMG_1.xmp").write_bytes(SIDECAR)
    turned = restore.load(tmp_path / "IMG_1.png")
    assert turned.size == (16, 12)
    values = properties(turned.source.xmp)
    sides = [float(values[f"{CRS}Crop{side}"]) for side in ("Left", "Top", "Right", "Bottom")]
    assert np.allclose(sides, [0.1, 0.2, 0.9, 0.7])  # 90° clockwise: x becomes 1 - y, y becomes x


def test_the_sidecar_of_a_raw_is_not_that_of_its_jpeg(tmp_path: Path) -> None:
    restore.save(photo(), tmp_path / "IMG_1.jpg")
    (tmp_path / "IMG_1.CR2").write_bytes(b"")
    (tmp_path / "IMG_1.xmp").write_bytes(SIDECAR)
    assert not restore.load(tmp_path / "IMG_1.jpg").source.xmp


@pytest.mark.parametrize(
    "content", [b"", b"not XMP", b"<a>" * 1000, SIDECAR[:300], b"\0" * 5000000]
)
def test_a_broken_sidecar_is_a_warning(tmp_path: Path, content: bytes) -> None:
    restore.save(photo(EMBEDDED), tmp_path / "IMG_1.jpg")
    (tmp_path / "IMG_1.xmp").write_bytes(content)
    source = restore.load(tmp_path / "IMG_1.jpg").source
    assert b"pier" in (source.xmp or b"")
    assert "IMG_1.xmp beside it" in source.warnings[0]
