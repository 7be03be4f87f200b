"""XMP packets of strangers: ours goes into any of them, and is read back."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree

import pytest
from xmp import XMP

from restore.files.metadata import _xmp

XMPS = [XMP.decode().encode(f"utf-{name}") for name in ("8", "16", "16-le", "16-be")]


def test_a_packet_with_another_prefix_for_rdf_is_kept() -> None:
    packet = XMP.replace(b"rdf:", b"r:").replace(b":rdf=", b":r=")
    written = _xmp.write(_xmp.write(packet, {"a": "b"}), {"a": "c"})
    ElementTree.fromstring(written.decode())
    assert b"<tiff:Make>" in written
    assert _xmp.read(written) == {"a": "c"}
    assert written.count(_xmp.SPACE.encode()) == 1


@pytest.mark.parametrize("packet", [None, b"", b"<broken", b"\xff\xfe" * 9, *XMPS])
def test_fields_go_into_any_packet(packet: bytes | None) -> None:
    fields = {"recipe": 'a = "<b>&amp;"\n\t\x00é\ud83d', "line": "x" * 10000}
    written = _xmp.write(packet, fields)
    root = ElementTree.fromstring(written.decode())
    assert root.tag == "{adobe:ns:meta/}xmpmeta"
    assert (b"<tiff:Make>" in written) == (packet in XMPS)
    result = _xmp.read(written)
    assert result["line"] == fields["line"]
    assert result["recipe"].startswith('a = "<b>&amp;"\n\t')
    # as another program might write it anew
    shorthand = written.replace(b"<restore:line>" + b"x" * 10000 + b"</restore:line>", b"")
    shorthand = shorthand.replace(
        _xmp.SPACE.encode() + b'"', _xmp.SPACE.encode() + b'" restore:line="&quot;y&#xA;"'
    )
    assert _xmp.read(shorthand)["line"] == '"y\n'


def test_hostile_packets_take_no_time() -> None:
    start = time.process_time()
    opening = b'<rdf:Description rdf:about="' + _xmp._OPEN
    for packet in (
        b" " * 4_000_000 + b"</rdf:RDF>" + b" " * 4_000_000,
        opening * 20_000 + b"</rdf:RDF>",
        opening + b"<restore:a>" * 300_000 + b"</rdf:Description></rdf:RDF>",
        b"tiff:Orientation" + b" " * 4_000_000,
        b"rdf:about=" * 400_000 + b"</rdf:RDF>",
        b"</rdf:RDF" * 400_000,
    ):
        _xmp.read(_xmp.write(packet, {"a": "b"}))
        _xmp.upright(packet, 6)
    assert time.process_time() - start < 3
