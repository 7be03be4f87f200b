"""PNG: 8 and 16 bits, grey, palette, alpha; text, resolution and profile are kept.

Portable Network Graphics, third edition (W3C, 2025).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from restore.files._contract import Holds

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.image.photo import Photo

SUFFIXES = (".png", ".apng")
HOLDS = Holds((8, 16), alpha=True, metadata=("exif", "xmp", "iptc"))

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp\0"
_MOST_CHUNKS = 10_000
_KEPT = (b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"cHRM", b"sRGB")
"""Chunks kept unchanged (the last three only if no profile replaces them)."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is a PNG."""
    return head.startswith(_SIGNATURE)


def read(ask: Ask) -> list[Photo]:
    """The photo, or the first picture of an animation."""
    import imagecodecs

    from restore.files import _reading
    from restore.files.metadata import _pngtext
    from restore.image.photo import Source

    data = ask.bytes()
    chunks = list(islice(_chunks(data), _MOST_CHUNKS + 1))
    if len(chunks) > _MOST_CHUNKS:
        raise ask.error(f"has more than {_MOST_CHUNKS} chunks beside its pixels")
    kind, header = chunks[0] if chunks else (b"", b"")
    if kind != b"IHDR" or len(header) != 13:
        raise ask.error("has no header; it is damaged")
    width, height, bits, colours = struct.unpack_from(">IIBB", header)
    # deflate packs at most 1032 : 1 (zlib, "Maximum Compression Factor")
    packed = width * bits * _CHANNELS.get(colours, 1) // 8 * height // 1032
    depth = max(8, bits) // 8 * max(3 if colours == 3 else 1, _CHANNELS.get(colours, 1))
    ask.check(height, width, 0 if ask.salvage else packed, held=3 * depth)
    picture, warnings = _picture(data), []
    if chunks[-1][0] != b"IEND":
        picture, warning = _salvaged(ask, data, header)
        warnings.append(warning)
    with ask.decoding():
        samples = imagecodecs.png_decode(picture)
    if any(kind == b"acTL" and body[:4] > b"\0\0\0\1" for kind, body in chunks):
        warnings.append("is animated; only the first picture is restored")
    profile, trouble = _profile(ask, dict(reversed(chunks)), grey=colours in (0, 4))
    warnings += trouble
    blocks = {kind: _pngtext.profile(body) for kind, body in _pngtext.profiles(chunks)}
    exif = next((body for kind, body in chunks if kind == b"eXIf"), None)
    exif = exif or blocks.get(b"exif") or blocks.get(b"APP1")
    xmp = [body for kind, body in chunks if kind == b"iTXt" and body.startswith(_XMP)]
    text_chunks = tuple(
        (kind, body)
        for kind, body in chunks
        if kind in _KEPT and body not in xmp and not _pngtext.is_profile(body)
    )
    source = Source(
        format="png",
        exif=exif.removeprefix(b"Exif\0\0") if exif else None,  # of JPEG; some write it here too
        xmp=_pngtext.text(xmp[0]) if xmp else blocks.get(b"xmp"),
        iptc=_pngtext.iptc(blocks),
        profile=profile,
        resolution=_resolution(chunks),
        details=_reading.frozen(chunks=text_chunks),
    )
    return [_reading.photo(ask, samples, source=source, warnings=tuple(warnings))]


def _profile(ask: Ask, chunks: Mapping[bytes, bytes], grey: bool) -> tuple[bytes | None, list[str]]:
    """The ICC profile of the samples, None for sRGB; warnings (order of precedence: PNG, 4.3)."""
    from restore.files import _codepoints
    from restore.files.metadata import _pngtext

    numbers = chunks.get(b"cICP", b"")
    if len(numbers) == 4 and (profile := _codepoints.profile(ask, numbers[0], numbers[1])):
        return profile, []
    if b"iCCP" in chunks:
        packed = chunks[b"iCCP"].partition(b"\0")[2][1:]
        profile = _pngtext.inflated(packed)
        return profile, [] if profile else ["its colour profile is damaged; taken as sRGB"]
    return (None if numbers else _described(chunks, grey)), []


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Types and bodies of the chunks; those of the pixels are left out."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            return
        if kind not in (b"IDAT", b"fdAT"):
            body = data[at + 8 : at + 8 + size]
            checked = zlib.crc32(kind + body) == struct.unpack_from(">I", data, at + 8 + size)[0]
            if checked or kind in (b"IHDR", b"PLTE"):  # the decoder judges these
                yield kind, body
        if kind == b"IEND":
            return
        at += 12 + size


def _picture(data: bytes) -> bytes:
    """Only the chunks the pixels need: libpng prints complaints about others to the terminal."""
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


def _salvaged(ask: Ask, data: bytes, header: bytes) -> tuple[bytes, str]:
    """A PNG of the rows present in a truncated one, and the warning; PhotoError if rows are missing
    and not to be salvaged."""
    width, height, bits, colours, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    row = (width * bits * _CHANNELS.get(colours, 1) + 7) // 8 + 1
    unpacker, rows_data, at = zlib.decompressobj(), bytearray(), len(_SIGNATURE)
    others = [_SIGNATURE]
    while at + 8 < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        if kind in (b"PLTE", b"tRNS"):
            others.append(data[at : at + 12 + size])
        for start in range(0, len(body), 2**16) if kind == b"IDAT" else ():
            room = row * height - len(rows_data)
            try:
                rows_data += unpacker.decompress(body[start : start + 2**16], max(room, 1))
            except zlib.error:
                break
        at += 12 + size
    rows = min(len(rows_data) // row, height)
    if rows < height and not ask.salvage:
        raise ask.cut_off(f"{rows} of {height} rows are there")
    if not rows or interlaced:
        raise ask.cut_off("none of its rows are whole")
    picture = zlib.compress(bytes(rows_data[: rows * row]), 1)
    others.insert(1, _chunk(b"IHDR", header[:4] + struct.pack(">I", rows) + header[8:]))
    picture = b"".join((*others, _chunk(b"IDAT", picture), _chunk(b"IEND", b"")))
    whole = "its end is missing; all pixels are there"
    return picture, ask.salvaged(rows, height) if rows < height else whole


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def _described(chunks: Mapping[bytes, bytes], grey: bool) -> bytes | None:
    """A profile for the gamma and primaries that older files give; None for sRGB."""
    from restore.color.profile import of_grey, of_primaries

    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] if len(chunks.get(b"gAMA", b"")) == 4 else 0
    if b"sRGB" in chunks or not 10_000 <= gamma <= 200_000:
        return None
    white, primaries = (0.3127, 0.3290), (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
    if len(chunks.get(b"cHRM", b"")) == 32:
        given = [value / 100_000 for value in struct.unpack(">8I", chunks[b"cHRM"])]
        if any(abs(a - b) > 0.005 for a, b in zip(given, (*white, *primaries), strict=True)):
            white, primaries = (given[0], given[1]), tuple(given[2:])
            if not all(0 < value < 1 for value in given):
                return None
    if 44_000 < gamma < 47_000 and primaries[0] == 0.64:
        return None  # sRGB, as older files express it
    with suppress(RuntimeError):
        if grey:
            return of_grey(100_000 / gamma)
        return of_primaries(100_000 / gamma, white, primaries)
    return None


def _resolution(chunks: Sequence[tuple[bytes, bytes]]) -> tuple[float, float] | None:
    for kind, body in chunks:
        if kind == b"pHYs" and len(body) == 9 and body[8] == 1:
            across, down = struct.unpack_from(">II", body)
            return (across * 0.0254, down * 0.0254) if across and down else None
    return None


def write(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """Write the first page: a PNG has one."""
    import imagecodecs
    import numpy as np

    photo = pages[0]
    samples, profile = photo.samples, photo.source.profile
    if samples.shape[2] == 1 and profile and profile[16:20] == b"RGB ":
        samples = np.repeat(samples, 3, 2)  # a grey PNG may only have a grey profile
    if photo.source.alpha is not None:
        samples = np.concatenate([samples, photo.source.alpha[..., None]], 2)
    if samples.shape[2] == 1:
        samples = samples[..., 0]
    # Runs only (3), on Paeth's differences (128): a third of the time of zlib's matching, and on
    # photos no larger.
    packed = samples.nbytes + len(samples)  # a byte more in each row, which imagecodecs forgets
    room = packed + packed // 64 + 1024
    body = memoryview(imagecodecs.png_encode(samples, level=1, strategy=3, filter=128, out=room))
    file.write(body[:33])  # signature and header
    for kind, data in _headers(photo):
        file.write(_chunk(kind, data))
    file.write(body[33:])


def check(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """OSError unless all rows can be inflated and all checksums hold; a piece at a time."""
    from restore.files import _checking

    height, width = pages[0].size
    file.seek(len(_SIGNATURE))
    unpacker, kind, count, row = zlib.decompressobj(), b"", 0, 0
    with _checking.decoding():
        while kind != b"IEND":
            size, kind = struct.unpack(">I4s", file.read(8))
            data = file.read(size)
            if zlib.crc32(data, zlib.crc32(kind)) != struct.unpack(">I", file.read(4))[0]:
                raise _checking.cut_off()
            if kind == b"IHDR":
                row = 1 + width * data[8] // 8 * _CHANNELS[data[9]]
            while kind == b"IDAT" and data:
                count += len(unpacker.decompress(data, 2**20))
                data = unpacker.unconsumed_tail
    if count != height * row or not unpacker.eof:
        raise _checking.cut_off()


def _headers(photo: Photo) -> Iterator[tuple[bytes, bytes]]:
    """The chunks between the header and the pixels."""
    from restore.files.metadata import _pngtext

    source = photo.source
    if source.profile:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(source.profile)
    for kind, body in source.details.get("chunks", ()):
        if kind in _KEPT[:3] or not source.profile:
            yield kind, body
    if source.resolution:
        across, down = (
            min(max(round(density / 0.0254), 0), 2**31) for density in source.resolution
        )
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    if source.exif:
        yield b"eXIf", source.exif
    if source.iptc:
        yield b"zTXt", _pngtext.as_profile(b"iptc", source.iptc)
    if source.xmp:
        yield b"iTXt", _XMP + b"\0\0\0\0" + source.xmp
