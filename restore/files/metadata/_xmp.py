"""XMP packets: record how a photo was made, read it back, reset the orientation.

Packets come from untrusted files, so nothing here parses XML: our own block is found, cut and
inserted as text, and everything else stays as it is, byte by byte. (XMP specification, part 1,
ISO 16684-1; part 3 for the position of packets in files.)
"""

from __future__ import annotations

import html  # quicker to import than xml.sax, which brings urllib along
import re
from collections.abc import Mapping
from contextlib import suppress

from restore.files.metadata import _regions

DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
GOOGLE_CAMERA = "http://ns.google.com/photos/1.0/camera/"
MOTION = r"(?:MotionPhoto|MicroVideo)\w{0,64}"
"""Names in `GOOGLE_CAMERA` that announce a video after the picture."""
SPACE = "https://restore-photos.org/ns/1.0/"
_NOTE = "http://ns.adobe.com/xmp/note/"
LARGEST = 16 * 1024 * 1024
MOST = 50
"""Most blocks of ours read from a packet: it has one, unless it is forged."""

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,63}")
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# our own prefix for RDF, too: the packet's may be another
_OPEN = f'" xmlns:restore="{SPACE}" xmlns:rdf="{RDF}">'.encode()
_DESCRIPTION, _CLOSE = b'<rdf:Description rdf:about="', b"</rdf:Description>"
_ONLY_OURS = re.compile(rb"\s*(?:<restore:[a-zA-Z0-9]{1,64}>[^<]*</restore:[a-zA-Z0-9]{1,64}>\s*)*")
_FIELD = re.compile(rb"<restore:([a-zA-Z0-9]{1,64})>([^<]*)</restore:\1>")
_ATTRIBUTE = re.compile(rb'\srestore:([a-zA-Z0-9]{1,64})="([^"<]*)"')
_END = re.compile(rb"</(?:[A-Za-z_][\w.-]{0,63}:)?RDF\s*>")
_ABOUT = re.compile(rb':about="([^"<>]{0,2000})"')
_ORIENTATION = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>)\s*)([2-8])(?=\s*[\"'<])")
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{RDF}">'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


def write(
    packet: bytes | None, fields: Mapping[str, str], extended: str = "", more: bytes = b""
) -> bytes:
    """The packet with our fields replaced; a new packet if it is broken.

    Parameters
    ----------
    packet
        XMP as a file held it, or None.
    fields
        Names (letters and digits) and free strings.
    extended
        Name of a longer packet elsewhere in a JPEG.
    more
        Other descriptions to insert.
    """
    text = _without_ours(base(packet))
    about = _ABOUT.search(text)
    lines = "".join(
        f"<restore:{name}>{escaped(value)}</restore:{name}>\n"
        for name, value in sorted(fields.items())
        if _NAME.fullmatch(name)
    )
    ours = _DESCRIPTION + (about[1] if about else b"") + _OPEN + b"\n" + lines.encode() + _CLOSE
    if extended:
        note = f'" xmlns:rdf="{RDF}" xmlns:n="{_NOTE}" n:HasExtendedXMP="{extended}"/>'
        ours += _DESCRIPTION + note.encode()
    return inserted(text, ours + more)


def base(packet: bytes | None) -> bytes:
    """The packet in UTF-8 if it can be extended; else a new one."""
    text = utf8(packet) if packet else _EMPTY
    return text if _END.search(text) else _EMPTY


def inserted(text: bytes, description: bytes) -> bytes:
    """A packet (see `base`) with another description at its end, in place of its padding."""
    at = [end.start() for end in _END.finditer(text)][-1]
    before, end, after = text[at:].rpartition(b"<?xpacket end")
    return text[:at] + description + before.rstrip() + end + after


def escaped(value: str) -> str:
    """A string escaped for XML."""
    return html.escape(_FORBIDDEN.sub("?", value))


def _without_ours(text: bytes) -> bytes:
    """The packet without earlier blocks of `write`."""
    at = text.find(_OPEN)
    for _ in range(MOST):
        if at < 0:
            break
        start = text.rfind(_DESCRIPTION, max(0, at - 2100), at)
        end = text.find(_CLOSE, at)
        if start >= 0 and end >= 0 and _ONLY_OURS.fullmatch(text, at + len(_OPEN), end):
            text = text[:start] + text[end + len(_CLOSE) :]
            at = start
        else:
            at += len(_OPEN)
        at = text.find(_OPEN, at)
    return text


def read(packet: bytes | None) -> dict[str, str]:
    """Our fields in a packet, even if another program has rewritten it."""
    if not packet or len(packet) > LARGEST or SPACE.encode() not in packet:
        return {}
    fields: dict[str, str] = {}
    for name, value in [*_ATTRIBUTE.findall(packet), *_FIELD.findall(packet)]:
        with suppress(ValueError):  # the number of a character with thousands of digits
            fields[name.decode()] = html.unescape(value.decode("utf-8", "replace"))
    return fields


def orientation(packet: bytes | None) -> int | None:
    """tiff:Orientation, 2 … 8; None if the packet has none or is upright."""
    match = _ORIENTATION.search(utf8(packet)) if packet else None
    return int(match[2]) if match else None


def upright(packet: bytes | None, turn: int) -> bytes | None:
    """The packet with tiff:Orientation 1, and its face regions where a `turn` of 1 … 8 put them."""
    if not packet:
        return packet
    text = utf8(packet)
    text = _ORIENTATION.sub(rb"\g<1>1", text) if _ORIENTATION.search(text) else packet
    return _regions.turned(text, turn)


def without_regions(packet: bytes | None) -> bytes | None:
    """The packet without face regions, whose places are those of another picture."""
    for space in _regions.SPACES:
        packet = without(packet, space)
    return packet


def without(packet: bytes | None, namespace: str, names: str = "") -> bytes | None:
    """The packet without the properties of a namespace whose names match, or without any of it."""
    if not packet or len(packet) > LARGEST:
        return packet
    text = utf8(packet)
    declared = (
        rb"xmlns:([\w.-]{1,64})\s{0,9}=\s{0,9}[\"']" + re.escape(namespace).encode() + rb"[\"']"
    )
    prefixes = {match[1] for match in re.finditer(declared, text)}
    if not prefixes:
        return packet
    for prefix in prefixes:
        name = re.escape(prefix) + b":(?:" + (names or r"\w{1,64}").encode() + b")"
        attribute = rb"\s" + name + rb"\s{0,9}=\s{0,9}(?:\"[^\"]*\"|'[^']*')"
        text = _without_elements(re.sub(attribute, b"", text), name)
    return text if names else re.sub(rb"\s" + declared, b"", text)


def _without_elements(text: bytes, name: bytes) -> bytes:
    kept, at = [], 0
    for opening in re.finditer(rb"<(" + name + rb")(?=[\s/>])[^>]{0,4000}>", text):
        if opening.start() < at:  # within one that is taken out
            continue
        end = opening.end()
        if not opening[0].endswith(b"/>"):
            closing = b"</" + opening[1] + b">"
            end = text.find(closing, end) + len(closing)
            if end < len(closing):
                break
        kept.append(text[at : opening.start()])
        at = end
    return b"".join(kept) + text[at:]


def utf8(packet: bytes) -> bytes:
    """The packet in UTF-8: a few programs write 16 bits a character."""
    for name, begins in (
        ("utf-16-le", (b"<\0?\0", b"\xff\xfe<\0")),
        ("utf-16-be", (b"\0<\0?", b"\xfe\xff\0<")),
    ):
        if packet.startswith(begins):
            return packet.decode(name, "replace").removeprefix("\ufeff").encode()
    return packet
