"""JPEG 2000, 8 and 16 bits; results are lossless.

ISO/IEC 15444-1, annexes A (codestream) and I (boxes); Exif and XMP in the uuid boxes that ExifTool
and Adobe use.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from restore.files import _boxes
from restore.files._contract import Holds

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.image.photo import Photo

SUFFIXES = (".jp2", ".j2k", ".jpx", ".j2c", ".jpf")
HOLDS = Holds((8, 16), alpha=True, metadata=("exif", "xmp", "iptc"))

_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_STREAM = b"\xff\x4f\xff\x51"
_EXIF = b"JpgTiffExif->JP2"
_XMP = b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac"
_IPTC = b"\x33\xc7\xa4\xd2\xb8\x1d\x47\x23\xa0\xba\xf1\xa3\xe0\x97\xad\x38"
_SRGB, _GREY = 16, 17
_TILE, _END = 0xFF90, b"\xff\xd9"


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is JPEG 2000."""
    return head.startswith((_SIGNATURE, _STREAM))


def read(ask: Ask) -> list[Photo]:
    """The photo."""
    import imagecodecs

    from restore.files import _reading
    from restore.image.photo import Source

    data = ask.bytes()
    blocks: dict[bytes, bytes] = {}
    profile, stream = None, 0 if data.startswith(_STREAM) else -1
    for kind, at, size in _boxes.walk(ask.peek, 0, len(data)) if stream else ():
        if kind == b"uuid":
            blocks[data[at : at + 16]] = data[at + 16 : at + size]
        elif kind == b"jp2c" and stream < 0:
            stream = at
        elif kind == b"jp2h":
            profile = _profile(ask, data, at, size)
    if stream < 0 or data[stream : stream + 4] != _STREAM or len(data) < stream + 43:
        raise ask.error("has no picture; it is damaged or cut off")
    right, bottom, left, top = struct.unpack_from(">4I", data, stream + 8)
    channels, bits = struct.unpack_from(">HB", data, stream + 40)
    # the decoder holds 32 bits per sample, twice
    ask.check(bottom - top, right - left, held=channels * (8 + (bits & 127) // 8 + 1))
    if bits > 15 or channels not in (1, 2, 3, 4):
        raise ask.error(
            f"has {channels} channels of {(bits & 127) + 1} bits, which is not supported"
        )
    _check_tiles(ask, data, stream)
    # without its boxes: imagecodecs would apply the profile by itself, in the file's few bits
    with ask.decoding():
        samples = imagecodecs.jpeg2k_decode(data[stream:])
    samples = _reading.stretched(samples, bits + 1)
    source = Source(
        format="jpeg2000",
        exif=blocks.get(_EXIF),
        xmp=blocks.get(_XMP),
        iptc=blocks.get(_IPTC),
        profile=profile,
    )
    return [_reading.photo(ask, samples, source=source)]


def _check_tiles(ask: Ask, data: bytes, stream: int) -> None:
    """Refuse a codestream without some of its tiles: the decoder makes them black."""
    wanted, tiles, _ = _tiles(data, stream)
    if tiles < wanted:
        raise ask.error(f"is cut off: it has {tiles} of its {wanted} tiles")


def _tiles(data: bytes, stream: int) -> tuple[int, int, int]:
    """Number of tiles a codestream declares, number present, and the end of the last one.

    Annex A.4.2: a tile-part begins with its marker, the tile's number and the tile-part's length, 0
    for one that goes to the end.
    """
    right, bottom, _, _, width, height, left, top = struct.unpack_from(">8I", data, stream + 8)
    wanted = -(-(right - left) // max(width, 1)) * -(-(bottom - top) // max(height, 1))
    tiles, at = set(), stream + 2
    while at + 12 <= len(data):
        marker, size = struct.unpack_from(">HH", data, at)
        length = size + 2
        if marker == _TILE:
            tile, length = struct.unpack_from(">HI", data, at + 4)
            tiles.add(tile)
        elif tiles:
            break
        if length < 4:
            break
        at += length
    return wanted, len(tiles), at


def _profile(ask: Ask, data: bytes, at: int, size: int) -> bytes | None:
    """The ICC profile in a header box; None for sRGB and grey. PhotoError for other colours."""
    profile = None
    for kind, start, length in _boxes.walk(ask.peek, at, at + size):
        if kind == b"pclr":
            raise ask.error("has a palette, which is not supported; save it as RGB")
        method = data[start : start + min(length, 1)] if kind == b"colr" else b""
        if method == b"\2":
            profile = profile or data[start + 3 : start + length]
        if method == b"\1":
            colours = int.from_bytes(data[start + 3 : start + 7], "big")
            if colours not in (_SRGB, _GREY):
                raise ask.error(f"has an unsupported colour space ({colours}); save it as sRGB")
    return profile


def write(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """Write the first page: a JPEG 2000 has one."""
    import imagecodecs
    import numpy as np

    photo = pages[0]
    source, samples = photo.source, photo.samples
    if source.alpha is not None:
        samples = np.concatenate([samples, source.alpha[..., None]], 2)
    if samples.shape[2] == 1:
        samples = samples[..., 0]
    data = bytes(imagecodecs.jpeg2k_encode(samples, level=0, codecformat="jp2", reversible=True))
    blocks = ((_EXIF, source.exif), (_XMP, source.xmp), (_IPTC, source.iptc))
    for kind, at, size in _boxes.walk(lambda at, size: data[at : at + size], 0, len(data)):
        content = data[at : at + size]
        if kind == b"jp2h" and source.profile:
            content = _with_profile(content, source.profile)
        if kind == b"jp2c":
            for name, block in blocks:
                file.write(_boxes.box(b"uuid", name + block) if block else b"")
        file.write(_boxes.box(kind, content))


def _with_profile(header: bytes, profile: bytes) -> bytes:
    """The content of a header box, with its colours defined by a profile."""
    parts = _boxes.walk(lambda at, size: header[at : at + size], 0, len(header))
    return b"".join(
        _boxes.box(kind, b"\2\0\0" + profile if kind == b"colr" else header[at : at + size])
        for kind, at, size in parts
    )


def check(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """OSError unless all tiles are present, one after the other to the end of the file.

    It is not decoded: that takes as long as encoding.
    """
    from restore.files import _checking

    file.seek(0)
    data = file.read()
    with _checking.decoding():
        stream = data.index(_STREAM)
        right, bottom = struct.unpack_from(">2I", data, stream + 8)
        wanted, tiles, end = _tiles(data, stream)
    if ((bottom, right), tiles, data[end:]) != (pages[0].size, wanted, _END):
        raise _checking.cut_off()
