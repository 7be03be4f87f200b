"""JPEG XL, 8, 16 bits and float, in sRGB; results are lossless.

ISO/IEC 18181-2 (boxes). imagecodecs does not return colour profiles, so photos in another colour
space are refused rather than shown wrong, and results are converted to sRGB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from restore.files import _boxes
from restore.files._contract import Holds

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.image.photo import Photo

SUFFIXES = (".jxl",)
HOLDS = Holds((8, 16, 32), alpha=True, metadata=("exif", "xmp"), profiles=False)

_SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is JPEG XL."""
    return head.startswith((_SIGNATURE, b"\xff\x0a"))


def read(ask: Ask) -> list[Photo]:
    """The photo."""
    import imagecodecs
    import numpy as np

    from restore.color.profile import linear_srgb
    from restore.files import _jxlheader, _reading
    from restore.image.photo import Source

    data = ask.bytes()
    blocks, stream = {}, data
    if data.startswith(_SIGNATURE):
        stream = b""
        for kind, at, size in _boxes.walk(ask.peek, 0, len(data)):
            if kind in (b"jxlc", b"jxlp") and not stream:  # as the decoder does
                stream = data[at + 4 * (kind == b"jxlp") : at + size]
            blocks[kind] = data[at : at + size]
    try:
        header = _jxlheader.read(stream)
    except ValueError as error:
        raise ask.error(f"cannot be read: {error}") from error
    # the decoder has float samples, twice
    ask.check(header.height, header.width, held=3 * (8 + header.bits / 8))
    if header.curve is None:
        raise ask.error(
            "is not in sRGB, the only colour space supported in JPEG XL; save it as sRGB or TIFF"
        )
    with ask.decoding():
        samples = imagecodecs.jpegxl_decode(data)
    if samples.ndim == 4:
        samples = samples[0]
    if samples.dtype == np.uint16:
        samples = _reading.stretched(samples, header.bits)
    exif = blocks.get(b"Exif", b"")
    start = 4 + int.from_bytes(exif[:4], "big")
    source = Source(
        format="jpegxl",
        exif=exif[start:] or None,
        xmp=blocks.get(b"xml "),
        profile=linear_srgb() if header.curve == _jxlheader.LINEAR else None,
    )
    return [_reading.photo(ask, samples, source=source, orientation=1)]


def write(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """Write the first page: a JPEG XL has one."""
    import imagecodecs
    import numpy as np

    from restore.files import _jxlheader

    photo = pages[0]
    source, samples = photo.source, photo.samples
    if source.alpha is not None:
        samples = np.concatenate([samples, source.alpha[..., None]], 2)
    data = bytes(imagecodecs.jpegxl_encode(samples, lossless=True, usecontainer=True))
    for kind, at, size in _boxes.walk(lambda at, size: data[at : at + size], 0, len(data)):
        content = data[at : at + size]
        if kind == b"jxlc":
            # imagecodecs says that 16 bits and floats are linear, which they are not
            content = _jxlheader.as_srgb(content)
            if source.exif:
                file.write(_boxes.box(b"Exif", b"\0\0\0\0" + source.exif))
            if source.xmp:
                file.write(_boxes.box(b"xml ", source.xmp))
        file.write(_boxes.box(kind, content))


def check(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """OSError unless it decodes to the same samples; this takes a third of the encoding time."""
    import imagecodecs

    from restore.files import _checking

    file.seek(0)
    with _checking.decoding():
        decoded = imagecodecs.jpegxl_decode(file.read())
    _checking.compare(decoded, pages[0].samples)
