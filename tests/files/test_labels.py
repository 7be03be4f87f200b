"""A result says in XMP what it is: other programs read there that a network made its colours."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import restore
from restore.cli import cli
from restore.files.metadata import _labels, _properties
from restore.image.photo import Photo, Source

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
NAMES = {name: f"{{{space}}}" for name, space in _labels.SPACES.items()}
QUICK = {"colorize": 'use = "colorize"\nside = 64\n', "levels": 'use = "levels"\nblack = 3\n'}

FOREIGN = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><!-- <r:Description a:b="> -->
<r:Description r:about="" xmlns:a="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:m="http://ns.adobe.com/xap/1.0/mm/" a:ModifyDate="2020" a:Rating='5'
 xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" m:InstanceID="old instance">
<m:DocumentID>old &amp; document</m:DocumentID>
<m:Pantry><r:Bag><r:li><r:Description m:InstanceID="other"><m:DocumentID>another</m:DocumentID>
</r:Description></r:li></r:Bag></m:Pantry>
<m:History><r:Seq><r:li stEvt:action="created"/></r:Seq></m:History>
<dc:source>box 3</dc:source></r:Description></r:RDF></x:xmpmeta><?xpacket end="w"?>"""


def made(step: str, xmp: bytes | None = None, **record: str) -> Photo:
    """A small photo restored by one step, as it is to be saved."""
    ramp = np.linspace(0, 255, 40 * 50).reshape(40, 50, 1).astype(np.uint8)
    photo = Photo(np.repeat(ramp, 3, 2), source=Source(xmp=xmp, record=record))
    return restore.Recipe.parse(f"[[steps]]\n{QUICK[step]}", step)(photo)


def properties(packet: bytes | None) -> dict[str, list[ElementTree.Element | str]]:
    """The top-level properties of a packet; each should be there once."""
    assert packet
    root = ElementTree.fromstring(packet.decode())
    result: dict[str, list[ElementTree.Element | str]] = {}
    for description in root.findall(f"{RDF}RDF/{RDF}Description"):
        for key, text in description.attrib.items():
            result.setdefault(key, []).append(text)
        for element in description:
            result.setdefault(element.tag, []).append(
                element if len(element) else element.text or ""
            )
    for name, space in NAMES.items():
        result = {key.replace(space, f"{name}:"): value for key, value in result.items()}
    return result


def saved(photo: Photo, path: Path) -> dict[str, list[ElementTree.Element | str]]:
    return properties(restore.load(restore.save(photo, path)).source.xmp)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "jxl", "jp2"])
def test_colours_of_a_network_are_labelled_in_every_format(tmp_path: Path, suffix: str) -> None:
    coloured = saved(made("colorize"), tmp_path / f"a.{suffix}")
    (kind,) = coloured["Iptc4xmpExt:DigitalSourceType"]
    assert kind == f"{_labels.SOURCE_TYPE}compositeWithTrainedAlgorithmicMedia"
    corrected = saved(made("levels"), tmp_path / f"b.{suffix}")
    (kind,) = corrected["Iptc4xmpExt:DigitalSourceType"]
    assert kind == f"{_labels.SOURCE_TYPE}algorithmicallyEnhanced"
    (tool,) = corrected["xmp:CreatorTool"]
    assert tool == f"restore {restore.__version__}"


def test_a_foreign_packet_keeps_all_else_and_its_history_goes_on(tmp_path: Path) -> None:
    held = saved(made("levels", FOREIGN), tmp_path / "a.png")
    assert all(len(values) == 1 for key, values in held.items() if not key.startswith(RDF))
    assert held["xmp:Rating"] == ["5"]
    assert held["{http://purl.org/dc/elements/1.1/}source"] == ["box 3"]
    (pantry,) = held["xmpMM:Pantry"]
    assert not isinstance(pantry, str)
    assert len(pantry.findall(f".//{NAMES['xmpMM']}DocumentID")) == 1
    (history,) = held["xmpMM:History"]
    assert not isinstance(history, str)
    first, second = history[0]
    assert first.get(f"{NAMES['stEvt']}action") == "created"
    assert second.findtext(f"{NAMES['stEvt']}action") == "edited"
    assert "levels" in (second.findtext(f"{NAMES['stEvt']}parameters") or "")
    (parent,) = held["xmpMM:DerivedFrom"]
    assert not isinstance(parent, str)
    assert parent.findtext(f"{NAMES['stRef']}documentID") == "old & document"
    assert parent.findtext(f"{NAMES['stRef']}instanceID") == "old instance"
    assert held["xmpMM:OriginalDocumentID"] == ["old & document"]
    assert held["xmpMM:DocumentID"] != ["old & document"]


def test_a_correction_does_not_take_the_networks_label_away(tmp_path: Path) -> None:
    first = restore.load(restore.save(made("colorize"), tmp_path / "a.png"))
    recipe = restore.Recipe.parse(f"[[steps]]\n{QUICK['levels']}", "levels")
    again = saved(recipe(first), tmp_path / "b.png")
    (kind,) = again["Iptc4xmpExt:DigitalSourceType"]
    assert str(kind).endswith("compositeWithTrainedAlgorithmicMedia")
    (history,) = again["xmpMM:History"]
    assert not isinstance(history, str)
    assert len(history[0]) == 2


def test_a_copy_of_a_result_stays_the_same_document(tmp_path: Path) -> None:
    first = restore.save(made("levels"), tmp_path / "a.png")
    copy = restore.save(restore.load(first), tmp_path / "b.png")
    assert copy.read_bytes() == first.read_bytes()


def test_a_result_made_again_is_the_same_document(tmp_path: Path) -> None:
    original = restore.save(Photo(np.full((9, 8, 3), 80, np.uint8)), tmp_path / "photo.png")
    run = ["run", "monochrome", str(original), "-o", str(tmp_path / "one")]
    first = CliRunner().invoke(cli, run).stdout.strip()
    held = properties(restore.load(first).source.xmp)
    assert held["xmp:ModifyDate"] == [restore.load(first).source.record["modified"]]
    time.sleep(1.1)  # another second
    again = ["rerun", first, "--from", str(original), "-o", str(tmp_path / "two")]
    second = CliRunner().invoke(cli, again).stdout.strip()
    remade = properties(restore.load(second).source.xmp)
    for name in ("xmp:ModifyDate", "xmpMM:DocumentID", "xmpMM:InstanceID"):
        assert remade[name] == held[name]


def test_hostile_packets_are_walked_through_in_no_time() -> None:
    start = time.process_time()
    for packet in (
        b"<a>" * 1_000_000,
        b"<" * 4_000_000,
        b"<!--" * 1_000_000,
        b"<a b='" * 600_000,
        b"<RDF><D " + b"a:b='c' " * 500_000,
        b"<RDF>" + b"<D><a:b>" * 300_000,
        b"</RDF>" * 600_000,
        b" xmlns:a" * 500_000,
    ):
        _properties.properties(packet)
        _properties.prefixes(packet, _labels.SPACES)
    assert time.process_time() - start < 6
