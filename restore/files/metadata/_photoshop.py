"""Photoshop image resources, the block around IPTC in JPEG and TIFF files.

Adobe Photoshop File Formats Specification, "Image Resource Blocks".
"""

from __future__ import annotations

import struct

IPTC, THUMBNAILS = 0x0404, (0x0409, 0x040C)


def read(block: bytes) -> list[tuple[int, bytes, bytes]]:
    """The resources of a block: number, name (with its length and padding), content."""
    resources = []
    at = 0
    while block[at : at + 4] == b"8BIM" and at + 12 <= len(block):
        number = struct.unpack_from(">H", block, at + 4)[0]
        name = block[at + 6 : at + 6 + (block[at + 6] | 1) + 1]
        start = at + 6 + len(name) + 4
        size = int.from_bytes(block[start - 4 : start], "big")
        if start + size > len(block):
            break
        resources.append((number, name, block[start : start + size]))
        at = start + size + size % 2
    return resources


def write(resources: list[tuple[int, bytes, bytes]]) -> bytes:
    """The block of resources."""
    return b"".join(
        b"8BIM" + struct.pack(">H", number) + name + struct.pack(">I", len(data)) + data
        + b"\0" * (len(data) % 2)
        for number, name, data in resources
    )  # fmt: skip


def kept(block: bytes | None) -> tuple[bytes | None, bytes | None]:
    """The block without its previews, which show the unrestored photo; and the IPTC in it."""
    if not block:
        return None, None
    resources = [resource for resource in read(block) if resource[0] not in THUMBNAILS]
    iptc = next((data for number, _, data in resources if number == IPTC), None)
    return write(resources) or None, iptc or None


def around(block: bytes | None, iptc: bytes | None) -> bytes | None:
    """The block to write: the original one, or one made for IPTC alone."""
    if block or not iptc:
        return block
    return write([(IPTC, b"\0\0", iptc)])
