"""PNG: 8 and 16 bits, grey, palette, opacity; texts, resolution and profile come back.

Portable Network Graphics, third edition (W3C, 2025).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.photo import Photo

SUFFIXES = (".png", ".apng")
DEPTHS = (8, 16)
ALPHA = True
METADATA = ("exif", "xmp")

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp\0"
_LARGEST = 16 * 1024 * 1024
"""Bytes a profile may have."""
_MOST_CHUNKS = 10_000
_KEPT = (b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"cHRM", b"sRGB")
"""Chunks that come back as they are (the last three only where no profile replaces them)."""
_SRGB = b"\1\x0d"
"""The primaries and the curve of sRGB in a cICP chunk (ITU-T H.273)."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def matches(head: bytes) -> bool:
    """Whether a file that begins so is a PNG."""
    return head.startswith(_SIGNATURE)


def read(ask: Ask) -> list[Photo]:
    """The photo; of an animated one the first picture."""
    import imagecodecs

    from restore.files import _reading
    from restore.photo import Source

    data = ask.bytes()
    chunks = list(islice(_chunks(ask, data), _MOST_CHUNKS + 1))
    if len(chunks) > _MOST_CHUNKS:
        raise ask.error(f"has more than {_MOST_CHUNKS} chunks beside its pixels")
    kind, header = chunks[0] if chunks else (b"", b"")
    if kind != b"IHDR" or len(header) != 13:
        raise ask.error("has no header; it is damaged")
    width, height, bits, colours = struct.unpack_from(">IIBB", header)
    # deflate packs at most 1032 : 1 (zlib, "Maximum Compression Factor")
    packed = width * bits * _CHANNELS.get(colours, 1) // 8 * height // 1032
    ask.check(height, width, packed)
    if chunks[-1][0] != b"IEND":
        raise ask.error("is cut off: its end is missing")
    with ask.decoding():
        samples = imagecodecs.png_decode(_picture(data))
    exif = next((body for kind, body in chunks if kind == b"eXIf"), None)
    xmp = [body for kind, body in chunks if kind == b"iTXt" and body.startswith(_XMP)]
    warnings = []
    if any(kind == b"acTL" and body[:4] > b"\0\0\0\1" for kind, body in chunks):
        warnings.append("is animated; only its first picture is read")
    profile = None
    packed_profile = next((body for kind, body in chunks if kind == b"iCCP"), None)
    if packed_profile is not None:
        profile = _inflated(packed_profile.partition(b"\0")[2][1:])
        if profile is None:
            warnings.append("its colour profile is damaged; taken as sRGB")
    if profile is None:
        described = dict(chunks)
        profile = _described(described)
        if described.get(b"cICP", _SRGB)[:2] != _SRGB:
            warnings.append("its colour space is told by numbers (cICP), not read; taken as sRGB")
    source = Source(
        format="png",
        exif=exif.removeprefix(b"Exif\0\0") if exif else None,  # of JPEG; some write it here too
        xmp=_text(xmp[0]) if xmp else None,
        profile=profile,
        resolution=_resolution(chunks),
        details=_reading.frozen(
            chunks=tuple(each for each in chunks if each[0] in _KEPT and each[1] not in xmp)
        ),
    )
    return [_reading.photo(ask, samples, source=source, warnings=tuple(warnings))]


def _chunks(ask: Ask, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Types and bodies of the chunks; those of the pixels are left out."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            break
        if kind not in (b"IDAT", b"fdAT"):
            body = data[at + 8 : at + 8 + size]
            checked = zlib.crc32(kind + body) == struct.unpack_from(">I", data, at + 8 + size)[0]
            if checked or kind in (b"IHDR", b"PLTE"):  # the decoder judges these
                yield kind, body
        if kind == b"IEND":
            return
        at += 12 + size
    raise ask.error("is cut off: its end is missing")


def _picture(data: bytes) -> bytes:
    """Only the chunks that the pixels need: libpng prints about the others to the terminal."""
    kept = [_SIGNATURE]
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(data[at : at + 12 + size])
        if kind == b"IEND":
            break
        at += 12 + size
    return b"".join(kept)


def _inflated(body: bytes) -> bytes | None:
    """A compressed text or profile; None if it is damaged or too large."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(body, _LARGEST)
    except zlib.error:
        return None
    return text if unpacker.eof else None


def _text(body: bytes) -> bytes | None:
    """The text of an iTXt chunk."""
    _, _, rest = body.partition(b"\0")
    packed, rest = rest[:1] == b"\1", rest[2:]
    text = rest.partition(b"\0")[2].partition(b"\0")[2]
    return _inflated(text) if packed else text


def _described(chunks: Mapping[bytes, bytes]) -> bytes | None:
    """A profile for the gamma and the primaries that older files tell; None for sRGB."""
    from restore.profile import of_primaries

    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] if len(chunks.get(b"gAMA", b"")) == 4 else 0
    if b"sRGB" in chunks or b"cICP" in chunks or not 10_000 <= gamma <= 200_000:
        return None
    white, primaries = (0.3127, 0.3290), (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
    if len(chunks.get(b"cHRM", b"")) == 32:
        given = [each / 100_000 for each in struct.unpack(">8I", chunks[b"cHRM"])]
        if any(abs(a - b) > 0.005 for a, b in zip(given, (*white, *primaries), strict=True)):
            white, primaries = (given[0], given[1]), tuple(given[2:])
            if not all(0 < each < 1 for each in given):
                return None
    if 44_000 < gamma < 47_000 and primaries[0] == 0.64:
        return None  # sRGB as it was told before there was a word for it
    with suppress(RuntimeError):
        return of_primaries(100_000 / gamma, white, primaries)
    return None


def _resolution(chunks: Sequence[tuple[bytes, bytes]]) -> tuple[float, float] | None:
    for kind, body in chunks:
        if kind == b"pHYs" and len(body) == 9 and body[8] == 1:
            across, down = struct.unpack_from(">II", body)
            return (across * 0.0254, down * 0.0254) if across and down else None
    return None


def write(path: Path, pages: Sequence[Photo]) -> None:
    """Write the first page: a PNG has one."""
    import imagecodecs
    import numpy as np

    photo = pages[0]
    samples = photo.samples
    if photo.source.alpha is not None:
        samples = np.concatenate([samples, photo.source.alpha[..., None]], 2)
    if samples.shape[2] == 1:
        samples = samples[..., 0]
    # Runs only (3), on Paeth's differences (128): a third of the time of zlib's matching, and on
    # photos no larger.
    packed = samples.nbytes + len(samples)  # a byte more in each row, which imagecodecs forgets
    room = packed + packed // 64 + 1024
    body = memoryview(imagecodecs.png_encode(samples, level=1, strategy=3, filter=128, out=room))
    with path.open("wb") as file:
        file.write(body[:33])  # signature and header
        for kind, data in _headers(photo):
            file.write(struct.pack(">I", len(data)) + kind + data)
            file.write(struct.pack(">I", zlib.crc32(kind + data)))
        file.write(body[33:])


def _headers(photo: Photo) -> Iterator[tuple[bytes, bytes]]:
    """The chunks between the header and the pixels."""
    source = photo.source
    if source.profile:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(source.profile)
    for kind, body in source.details.get("chunks", ()):
        if kind in _KEPT[:3] or not source.profile:
            yield kind, body
    if source.resolution:
        across, down = (min(max(round(each / 0.0254), 0), 2**31) for each in source.resolution)
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    if source.exif:
        yield b"eXIf", source.exif
    if source.xmp:
        yield b"iTXt", _XMP + b"\0\0\0\0" + source.xmp
