"""Locate the top-level properties of an XMP packet in its text, to change only some.

Packets come from untrusted files and are not parsed as XML: their tags are scanned once, without
entities, comments or anything else that could refer elsewhere.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST = 100_000
"""Most tags that are read; any beyond them stay as they are."""
_TAG = re.compile(
    rb"<(/?)([A-Za-z_][\w.-]*+:)?([A-Za-z_][\w.-]*+)((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>"
)
_ATTRIBUTE = re.compile(
    rb"\s([A-Za-z_][\w.-]*+):([A-Za-z_][\w.-]*+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')"
)
_SKIPPED = ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<![CDATA[", b"]]>"))


@dataclass(frozen=True)
class Property:
    """A property: its prefix and name, its position, its simple value.

    `inner` is the end of its last non-empty child element, where a list takes more items.
    """

    prefix: bytes
    name: bytes
    start: int
    end: int
    value: bytes
    inner: int | None = None


def properties(packet: bytes) -> list[Property]:
    """The top-level properties of a packet in UTF-8, in order: attributes and elements."""
    result: list[Property] = []
    depth, top = 0, None  # of the tag at hand, and of rdf:RDF
    begun: tuple[bytes, bytes, int, int] | None = None
    inner = None
    at = 0
    for _ in range(MOST):
        at = packet.find(b"<", at)
        if at < 0:
            break
        closing = next((end for start, end in _SKIPPED if packet.startswith(start, at)), None)
        if closing:
            at = packet.find(closing, at)
            if at < 0:
                break
            continue
        tag = _TAG.match(packet, at)
        if not tag:
            at += 1
            continue
        ends, prefix, name, rest = tag[1], (tag[2] or b":")[:-1], tag[3], tag[4]
        alone = rest.endswith(b"/")
        if ends:
            depth -= 1
            if top is not None and depth == top + 3:
                inner = at
            if top is not None and depth == top + 2 and begun:
                prefix, name, start, content = begun
                result.append(Property(prefix, name, start, tag.end(), packet[content:at], inner))
                begun = None
            if top == depth:
                break
        else:
            if top is None and name == b"RDF":
                top = depth
            elif top is not None and depth == top + 1:
                result += [
                    Property(
                        one[1],
                        one[2],
                        tag.start(4) + one.start(),
                        tag.start(4) + one.end(),
                        one[3] if one[3] is not None else one[4],
                    )
                    for one in itertools.islice(_ATTRIBUTE.finditer(rest), MOST)
                ]
            elif top is not None and depth == top + 2:
                inner = None
                begun = (prefix, name, at, tag.end())
                if alone:
                    result.append(Property(prefix, name, at, tag.end(), b""))
                    begun = None
            depth += not alone
        at = tag.end()
    return result


def prefixes(packet: bytes, spaces: Mapping[str, str]) -> dict[bytes, str]:
    """The prefixes a packet binds to the namespaces of interest, and our names for them.

    Parameters
    ----------
    spaces
        Addresses of the namespaces by our names.
    """
    names = {space.encode(): name for name, space in spaces.items()}
    return {
        one[2]: names[value]
        for one in re.finditer(
            rb"\s(xmlns):([A-Za-z_][\w.-]*+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')", packet
        )
        if (value := one[3] if one[3] is not None else one[4]) in names
    }
