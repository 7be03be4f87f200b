"""A result's labels for other programs, in XMP: made from what, when, by what, and how.

XMP specification, part 1 (ISO 16684-1) and part 2, xmpMM; IPTC Photo Metadata 2023.2, digital
source type. The identifiers are derived from the original, the recipe and the time, not drawn, so
that a result can be made again byte for byte.
"""

from __future__ import annotations

import hashlib
import html
import uuid
from dataclasses import dataclass

import numpy as np

from restore.files.metadata import _xmp
from restore.files.metadata._properties import prefixes, properties
from restore.image.photo import Photo

SPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
}
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED, CORRECTED = "compositeWithTrainedAlgorithmicMedia", "algorithmicallyEnhanced"
_REPLACED = {
    *("xmp:ModifyDate", "xmp:MetadataDate", "xmp:CreatorTool"),
    *("xmpMM:InstanceID", "xmpMM:DocumentID", "xmpMM:DerivedFrom", "xmpMM:OriginalDocumentID"),
    "Iptc4xmpExt:DigitalSourceType",
}
_OPEN = (
    '<rdf:Description rdf:about="" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    + "".join(f' xmlns:{name}="{space}"' for name, space in SPACES.items())
    + ">"
).encode()
_CLOSE = b"</rdf:Description>"


@dataclass(frozen=True)
class Identity:
    """The identifiers of a document and of its state, as in xmpMM."""

    document: str
    instance: str

    @classmethod
    def of(cls, *facts: str) -> Identity:
        """Derived from identifying facts, in order: the last may change between states."""
        document = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([_xmp.SPACE, *facts[:-1]]))
        return cls(f"xmp.did:{document}", f"xmp.iid:{uuid.uuid5(document, facts[-1])}")


def labelled(photo: Photo, packet: bytes | None, format: str, profile: str) -> bytes:
    """The packet of a recipe's result, with the labels, and its history continued."""
    source, record = photo.source, photo.source.record
    text = _xmp.base(packet)
    known = prefixes(text, SPACES)
    before = {
        f"{known[one.prefix]}:{one.name.decode()}": one
        for one in properties(text)
        if one.prefix in known
    }
    values = {
        name: html.unescape(one.value.decode("utf-8", "replace")) for name, one in before.items()
    }
    original = record.get("originalSha256") or _digest(photo)
    modified = record.get("modified", "")
    own = Identity.of(original, record["recipe"], format, profile, modified)
    if values.get("xmpMM:InstanceID") == own.instance:  # only copied since it was made
        return text
    tool = f"restore {record.get('version', '')}".strip()
    document = values.get("xmpMM:DocumentID") or Identity.of(original, "").document
    instance = values.get("xmpMM:InstanceID") or Identity.of(original, "").instance
    kind = values.get("Iptc4xmpExt:DigitalSourceType", "")
    if "network" in record or "trainedalgorithmicmedia" not in kind.lower():
        kind = SOURCE_TYPE + (TRAINED if "network" in record else CORRECTED)
    simple = {
        "Iptc4xmpExt:DigitalSourceType": kind,
        "xmp:CreatorTool": tool,
        "xmp:ModifyDate": modified,
        "xmp:MetadataDate": modified,
        "xmpMM:DocumentID": own.document,
        "xmpMM:InstanceID": own.instance,
        "xmpMM:OriginalDocumentID": values.get("xmpMM:OriginalDocumentID") or document,
    }
    event = {
        "stEvt:action": "edited",
        "stEvt:instanceID": own.instance,
        "stEvt:when": modified,
        "stEvt:softwareAgent": tool,
        "stEvt:parameters": source.history[-1] if source.history else record.get("name", ""),
        "stEvt:changed": "/",
    }
    parent = {"stRef:documentID": document, "stRef:instanceID": instance}
    item = _element("rdf:li", event)
    block = _elements(simple) + _element("xmpMM:DerivedFrom", parent)
    history = before.get("xmpMM:History")
    edits = [(one.start, one.end, b"") for name, one in before.items() if name in _REPLACED]
    if history and history.inner:
        spaces = f' xmlns:rdf="{_xmp.RDF}" xmlns:stEvt="{SPACES["stEvt"]}"'
        edits.append((history.inner, history.inner, _element("rdf:li", event, spaces)))
    else:
        edits += [(history.start, history.end, b"")] if history else []
        block += b"<xmpMM:History><rdf:Seq>" + item + b"</rdf:Seq></xmpMM:History>"
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return _xmp.inserted(text.replace(_OPEN + _CLOSE, b""), _OPEN + block + _CLOSE)


def _digest(photo: Photo) -> str:
    """What identifies a photo if its original's digest is unknown."""
    return hashlib.sha256(np.ascontiguousarray(photo.samples).data).hexdigest()


def block(packet: bytes) -> bytes:
    """The labels in a packet made by `labelled`, for a shorter one beside it."""
    start = packet.rfind(_OPEN)
    end = packet.find(_CLOSE, start)
    return packet[start : end + len(_CLOSE)] if 0 <= start < end else b""


def _elements(values: dict[str, str]) -> bytes:
    return b"".join(
        f"<{name}>{_xmp.escaped(value)}</{name}>".encode()
        for name, value in values.items()
        if value
    )


def _element(name: str, values: dict[str, str], spaces: str = "") -> bytes:
    start = f'<{name}{spaces} rdf:parseType="Resource">'.encode()
    return start + _elements(values) + f"</{name}>".encode()
