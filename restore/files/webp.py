"""WebP, lossy and lossless; metadata in the RIFF chunks around the picture.

RFC 9649 (WebP image format).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from restore.files._contract import Holds

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.image.photo import Photo

SUFFIXES = (".webp",)
HOLDS = Holds((8,), alpha=True, metadata=("exif", "xmp"), grey=False, side=16383)

_ICC, _ALPHA, _EXIF, _XMP = 0x20, 0x10, 0x08, 0x04
QUALITY = 92
"""Of lossy results: files do not record the quality they were written with."""


_OFF = 32
"""Codes by which the mean of 64 rows may be off."""


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is a WebP."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def read(ask: Ask) -> list[Photo]:
    """The photo, or the first picture of an animation."""
    import imagecodecs

    from restore.files import _reading
    from restore.image.photo import Source

    data = ask.bytes()
    chunks: dict[bytes, bytes] = {}
    for kind, body in _chunks(ask, data):
        chunks.setdefault(kind, body)  # one by one: a file can hold millions of empty ones
    ask.check(*_size(ask, chunks), held=12)
    with ask.decoding():
        samples = imagecodecs.webp_decode(data)
    exif = chunks.get(b"EXIF")
    source = Source(
        format="webp",
        exif=exif.removeprefix(b"Exif\0\0") if exif else None,
        xmp=chunks.get(b"XMP "),
        profile=chunks.get(b"ICCP"),
        details=_reading.frozen(lossless=b"VP8L" in chunks),
    )
    animated = "is animated; only the first picture is restored"
    return [
        _reading.photo(
            ask, samples, source=source, warnings=(animated,) if b"ANIM" in chunks else ()
        )
    ]


def _chunks(ask: Ask, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    size = struct.unpack_from("<I", data, 4)[0]
    if size + 8 > len(data):
        raise ask.error("is cut off")
    at = 12
    while at + 8 <= size + 8:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise ask.error("is cut off")
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _size(ask: Ask, chunks: dict[bytes, bytes]) -> tuple[int, int]:
    """Height and width in the first header, which the decoder uses too."""
    kind = next((name for name in chunks if name in (b"VP8X", b"VP8L", b"VP8 ")), b"")
    body = chunks.get(kind, b"")
    if kind == b"VP8X" and len(body) >= 10:
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        return height, width
    if kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    if kind == b"VP8 " and len(body) >= 10:
        width, height = struct.unpack_from("<HH", body, 6)
        return height & 0x3FFF, width & 0x3FFF
    raise ask.error("has no picture; it is damaged")


def write(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """Write the first page: a WebP has one."""
    import imagecodecs
    import numpy as np

    photo = pages[0]
    source = photo.source
    height, width = photo.size
    samples = np.repeat(photo.samples, 3, 2) if photo.samples.shape[2] == 1 else photo.samples
    if source.alpha is not None:
        samples = np.concatenate([samples, source.alpha[..., None]], 2)
    lossless = source.details.get("lossless", False)
    body = imagecodecs.webp_encode(samples, level=None if lossless else QUALITY, lossless=lossless)
    chunks = _plain_chunks(bytes(body))
    flags = (_ICC if source.profile else 0) | (_EXIF if source.exif else 0)
    flags |= (_XMP if source.xmp else 0) | (_ALPHA if source.alpha is not None else 0)
    corner = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    parts = [
        _chunk(b"VP8X", bytes((flags, 0, 0, 0)) + corner),
        *([_chunk(b"ICCP", source.profile)] if source.profile else []),
        *(_chunk(kind, data) for kind, data in chunks),
        *([_chunk(b"EXIF", source.exif)] if source.exif else []),
        *([_chunk(b"XMP ", source.xmp)] if source.xmp else []),
    ]
    content = b"WEBP" + b"".join(parts)
    file.write(b"RIFF" + struct.pack("<I", len(content)) + content)


def check(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """OSError unless it decodes to about the same samples; a tenth of the encoding time."""
    import imagecodecs

    from restore.files import _checking

    photo = pages[0]
    file.seek(0)
    with _checking.decoding():
        decoded = imagecodecs.webp_decode(file.read())
    hidden = photo.source.alpha is not None  # colours of transparent pixels are not kept
    _checking.compare(decoded, photo.samples, most=255 if hidden else _OFF)


def _plain_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The picture's chunks of a file that was just encoded."""
    chunks, at = [], 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind in (b"VP8 ", b"VP8L", b"ALPH"):
            chunks.append((kind, data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return chunks


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
