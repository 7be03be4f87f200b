"""PNG text, and the metadata blocks that ImageMagick and ExifTool write as text.

Portable Network Graphics, third edition (W3C, 2025), 11.3.3; ImageMagick, "Raw profile type".
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterable, Iterator, Mapping

_PROFILE = b"Raw profile type "
_KINDS = (b"exif", b"APP1", b"iptc", b"8bim", b"xmp")
_LARGEST = 16 * 1024 * 1024
"""Most bytes of a text or a profile."""


def inflated(body: bytes) -> bytes | None:
    """A compressed text or profile; None if it is damaged or too large."""
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(body, _LARGEST)
    except zlib.error:
        return None
    return content if unpacker.eof else None


def text(body: bytes) -> bytes | None:
    """The text of an iTXt chunk."""
    _, _, rest = body.partition(b"\0")
    packed, rest = rest[:1] == b"\1", rest[2:]
    content = rest.partition(b"\0")[2].partition(b"\0")[2]
    return inflated(content) if packed else content


def is_profile(body: bytes) -> bool:
    """Whether a text is a supported metadata block."""
    return body.startswith(_PROFILE) and body[len(_PROFILE) :].partition(b"\0")[0] in _KINDS


def profiles(chunks: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes | None]]:
    """Kind and text of the metadata blocks."""
    for kind, body in chunks:
        if not is_profile(body):
            continue
        name, _, rest = body[len(_PROFILE) :].partition(b"\0")
        if kind == b"tEXt":
            yield name, rest
        elif kind == b"zTXt":
            yield name, inflated(rest[1:])
        elif kind == b"iTXt":
            yield name, text(body)


def profile(content: bytes | None) -> bytes | None:
    """The block in a text: a line with its name, one with its length, then hexadecimal digits."""
    lines = (content or b"").strip().split(b"\n", 2)
    if len(lines) < 3 or not lines[1].strip().isdigit():
        return None
    try:
        block = binascii.unhexlify(b"".join(lines[2].split()))
    except binascii.Error:
        return None
    return block if str(len(block)) == lines[1].strip().decode() else None


def as_profile(name: bytes, block: bytes) -> bytes:
    """The body of a zTXt chunk that holds a block."""
    digits = binascii.hexlify(block)
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    content = b"\n%s\n%8d\n%s\n" % (name, len(block), lines)
    return _PROFILE + name + b"\0\0" + zlib.compress(content)


def iptc(blocks: Mapping[bytes, bytes | None]) -> bytes | None:
    """The IPTC in the blocks: by itself, or in Photoshop's resources."""
    from restore.files.metadata import _photoshop

    plain = blocks.get(b"iptc")
    if plain and plain[:1] == b"\x1c":
        return plain
    resources = (plain or blocks.get(b"8bim") or b"").removeprefix(b"Photoshop 3.0\0")
    return _photoshop.kept(resources)[1]
