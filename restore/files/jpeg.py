"""JPEG: quantisation tables and subsampling are kept, and metadata byte by byte.

ITU-T T.81; JFIF 1.02; Exif 2.32; XMP part 3; ICC.1:2022, annex B.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from restore.files._contract import Holds

if TYPE_CHECKING:
    from restore.color.space import Samples
    from restore.files._jpegsegments import Segments
    from restore.files._reading import Ask
    from restore.image.photo import Photo, Source

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")

_EXIF, _XMP, _MORE_XMP = (
    b"Exif\0\0",
    b"http://ns.adobe.com/xap/1.0/\0",
    b"http://ns.adobe.com/xmp/ext",
)
_IRB, _ICC = b"Photoshop 3.0\0", b"ICC_PROFILE\0"
_PADDINGS = b"\0" * 64, b"\xaa" * 64
_ROOM = 65533
"""Most bytes of a segment."""
_LARGE = 64_000_000
"""Pixels above which JPEGs are not progressive: that needs a copy of the whole photo."""
_BAND = 2**21
"""Pixels encoded at once."""
_LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G and B in a JPEG's luma (JFIF 1.02; ITU-R BT.601)."""
_OFF = 24
"""Codes by which the mean of a row of blocks may be off."""

HOLDS = Holds(
    (8,), metadata=("exif", "xmp", "iptc", "comments"), exif=_ROOM - len(_EXIF), side=65500
)


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is a JPEG."""
    return head[:3] == b"\xff\xd8\xff"


def read(ask: Ask) -> list[Photo]:
    """The photo; further images in the file (previews, depth maps) are left out."""
    import numpy as np

    from restore.files import _profile, _reading
    from restore.files._jpegsegments import Segments
    from restore.files.metadata import _photoshop, _xmp
    from restore.image.photo import Source

    data = ask.bytes()
    segments = Segments(ask, data)
    # a block of 8 x 8 pixels takes at least 2 bits in a scan; in progressive ones, which can join
    # blocks but for their means, 1 bit, and all coefficients lie in memory
    area = int(segments.height * segments.width * segments.blocks)
    least = area // 256 if segments.sequential else area // 512 * segments.progressive
    ask.check(segments.height, segments.width, least, held=14 if segments.progressive else 8)
    samples, warnings = _decoded(ask, data, segments)
    profile = segments.profile()
    if samples.ndim == 3 and samples.shape[2] == 4:
        # Photoshop stores inks inverted, and so do nearly all programs
        samples, profile, more = _profile.without_inks(np.subtract(255, samples), profile)
        warnings += more
        if segments.first(0xEE, b"Adobe") is None:
            warnings += ("does not say whether 0 is full ink or none; it is read as full ink",)
    if (pictures := segments.pictures()) > 1:
        warnings += (f"holds {pictures} pictures; only the first is restored",)
    xmp = segments.first(0xE1, _XMP)
    behind = data[segments.end : segments.end + 256] if segments.end else b""
    if b"ftyp" in behind[:64] or b"MotionPhoto_Data" in behind:
        warnings += ("is a motion photo; only the picture is restored, without its video",)
    irb, iptc = _photoshop.kept(segments.joined(0xED, _IRB))
    source = Source(
        format="jpeg",
        exif=segments.first(0xE1, _EXIF),
        xmp=_xmp.without(xmp, _xmp.GOOGLE_CAMERA, _xmp.MOTION),
        iptc=iptc,
        profile=profile,
        resolution=segments.resolution(),
        details=_reading.frozen(
            tables=segments.tables(),
            subsampling=segments.subsampling(),
            progressive=segments.progressive,
            photoshop=irb,
            more_xmp=tuple(segments.all(0xE1, _MORE_XMP)) or None,
            comments=tuple(segments.all(0xFE)) or None,
        ),
    )
    return [_reading.photo(ask, samples, source=source, warnings=warnings)]


def _decoded(ask: Ask, data: bytes, segments: Segments) -> tuple[Samples, tuple[str, ...]]:
    """The samples in the file, and warnings; PhotoError if some are missing."""
    import imagecodecs
    import numpy as np

    warnings: tuple[str, ...] = ()
    if segments.junk:
        warnings = (f"has {segments.junk} stray bytes between its segments; they are skipped",)
    if segments.end is not None:
        with ask.decoding():
            samples = imagecodecs.jpeg8_decode(data)
        if (samples[-16:] == 128).all() and not (samples[:-16] == 128).all():
            # what libjpeg silently substitutes for missing data
            warnings += ("ends in plain grey; part of it may be missing",)
        return samples, warnings
    # Without an end marker, bytes beyond the end affect the pixels.
    with ask.decoding():
        samples, other = (
            imagecodecs.jpeg8_decode(data + padding + b"\xff\xd9") for padding in _PADDINGS
        )
    same = (samples == other).reshape(len(samples), -1).all(1)
    if same.all() and segments.all_scans:
        return samples, (*warnings, "its end marker is missing; all pixels are there")
    rows = len(samples) if same.all() else int(np.argmin(same)) // segments.unit * segments.unit
    if segments.progressive and segments.scans > 1:
        what = f"below row {rows} it lacks detail" if segments.all_scans else "it lacks detail"
        if not ask.salvage:
            raise ask.cut_off(what)
        return samples, (*warnings, f"is cut off: {what}")
    if not ask.salvage:
        raise ask.cut_off(f"{rows} of {len(samples)} rows are there")
    if not rows:
        raise ask.cut_off("none of its pixels are left")
    return samples[:rows], (*warnings, ask.salvaged(rows, len(samples)))


def write(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """Write the first page: a JPEG has one."""
    photo = pages[0]
    file.write(b"\xff\xd8" + b"".join(_headers(photo.source)))
    for part in _encoded(photo):
        file.write(part)


def check(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """OSError unless each block of 8 x 8 pixels decodes to about the brightness it has.

    Decoded at an eighth of the size, where a block is one pixel: all data are read, in a 64th of
    the memory. No block is off by more than half a step of the coarsest table, 16 codes; libjpeg's
    substitute for missing data is.
    """
    import cv2
    import numpy as np
    from PIL.JpegImagePlugin import JpegImageFile

    from restore.files import _checking

    samples = pages[0].samples
    height, width = pages[0].size
    file.seek(0)
    with _checking.decoding(), JpegImageFile(file) as image:
        if image.size != (width, height):
            raise _checking.cut_off()
        image.draft("L", (1, 1))  # an eighth is the smallest scale
        small = np.array(image).astype(np.float32)
    if min(height, width) < 8:
        return
    for top in range(0, height, 2**10):
        band = samples[top : top + 2**10]
        below, beside = -len(band) % 8, -width % 8
        if below or beside:  # as the encoder fills up its last blocks
            band = cv2.copyMakeBorder(band, 0, below, 0, beside, cv2.BORDER_REPLICATE)
        means = cv2.resize(band, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
        means = means if means.ndim == 2 else means @ np.array(_LUMA, np.float32)
        off = np.abs(means - small[top // 8 : top // 8 + len(means)])
        if off.mean(1).max() > _OFF:
            raise _checking.cut_off()


def _encoded(photo: Photo) -> Iterator[bytes]:
    """The photo as JPEG with its original tables; without the start marker and JFIF header.

    Bands are encoded in parallel and joined by restart markers (T.81, E.1.4), without a second
    copy of a large photo.
    """
    from concurrent.futures import ThreadPoolExecutor

    from restore.context import cores

    details = photo.source.details
    height, width = photo.size
    if details.get("progressive") and height * width <= _LARGE:
        yield _picture(photo, 0, height, progressive=True)
        return
    sampling = details.get("subsampling", 0) if photo.samples.shape[2] == 3 else 0
    unit = (8, 8, 16)[sampling]  # rows and columns that are coded together
    across = -(-width // (8, 16, 16)[sampling])
    bands = max(1, min(65535 // across, _BAND // (unit * width)))
    tops = range(0, height, unit * bands)
    interval = across * bands if len(tops) > 1 else 0
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(tops), 2 * cores()):
            wanted = tops[start : start + 2 * cores()]
            made = pool.map(lambda top: _picture(photo, top, unit * bands), wanted)
            for number, data in enumerate(made, start):
                scan = _segment_at(data, 0xDA)
                pixels = scan + 2 + struct.unpack_from(">H", data, scan + 2)[0]
                if number:
                    yield bytes((0xFF, 0xD0 + (number - 1) % 8))
                else:
                    frame = _segment_at(data, 0xC0)
                    yield data[: frame + 5] + struct.pack(">H", height) + data[frame + 7 : scan]
                    yield struct.pack(">HHH", 0xFFDD, 4, interval) if interval else b""
                    yield data[scan:pixels]
                yield data[pixels:-2]
    yield b"\xff\xd9"


def _picture(photo: Photo, top: int, rows: int, **options: Any) -> bytes:
    """A band as a JPEG of its own, without the start marker and JFIF header."""
    import numpy as np
    from PIL import Image

    from restore.files import _checking

    samples = photo.samples[top : top + rows]
    details = photo.source.details
    if details.get("tables"):
        options["qtables"] = [list(table) for table in details["tables"]]
    else:
        options["quality"] = 95
    image = Image.fromarray(
        np.ascontiguousarray(samples.squeeze(2) if samples.shape[2] == 1 else samples)
    )
    with _scratch() as out:  # bands can be encoded in parallel only into a real file
        image.save(out, "JPEG", subsampling=details.get("subsampling", 0), **options)
        out.seek(0)
        data = out.read()
    if not data.endswith(b"\xff\xd9"):  # Pillow ignores short writes
        raise _checking.cut_off()
    return data[4 + struct.unpack_from(">H", data, 4)[0] :]


def _scratch() -> BinaryIO:
    """A temporary file in memory; plain memory where the system has no such files.

    Never on a disk: Pillow does not notice a full one.
    """
    import io
    import os

    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("band"), "w+b")
    return io.BytesIO()


def _segment_at(data: bytes, marker: int) -> int:
    """The position of a segment in the encoded bytes."""
    at = 0
    while data[at + 1] != marker:
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return at


def _headers(source: Source) -> Iterator[bytes]:
    """The segments in front of the image."""
    from restore.files.metadata import _exif, _photoshop

    across, down = (round(density) for density in source.resolution or (0, 0))
    known = 0 < across < 65536 and 0 < down < 65536
    density = struct.pack(">BHH", 1, across, down) if known else b"\0\0\1\0\1"
    yield _segment(0xE0, b"JFIF\0\1\1" + density + b"\0\0")
    if source.exif and (exif := _exif.fitting(source.exif, _ROOM - len(_EXIF))):
        yield _segment(0xE1, _EXIF + exif)
    if source.xmp and len(source.xmp) <= _ROOM - len(_XMP):
        yield _segment(0xE1, _XMP + source.xmp)
        for body in source.details.get("more_xmp", ()):
            yield _segment(0xE1, body)
    elif source.xmp:
        yield from _long_xmp(source)
    block = _photoshop.around(source.details.get("photoshop"), source.iptc) or b""
    room = _ROOM - len(_IRB)
    for at in range(0, len(block), room):
        yield _segment(0xED, _IRB + block[at : at + room])
    profile = source.profile or b""
    room = _ROOM - len(_ICC) - 2
    count = -(-len(profile) // room)
    for number in range(count if count < 256 else 0):
        part = profile[number * room : (number + 1) * room]
        yield _segment(0xE2, _ICC + bytes((number + 1, count)) + part)
    for comment in source.details.get("comments", ()):
        yield _segment(0xFE, comment)


def _long_xmp(source: Source) -> Iterator[bytes]:
    """A packet too long for a segment: a short one and the whole in parts (XMP 3, 1.1.3.1)."""
    import hashlib

    from restore.files.metadata import _labels, _xmp

    packet = source.xmp or b""
    name = hashlib.md5(packet, usedforsecurity=False).hexdigest().upper()
    fields = {**source.record, "history": "\n".join(source.history)}
    labels = _labels.block(packet)
    while len(short := _xmp.write(None, fields, name, labels)) > _ROOM - len(_XMP):
        del fields[max(fields, key=lambda field: len(fields[field]))]  # the whole still has it
    yield _segment(0xE1, _XMP + short)
    prefix = _MORE_XMP + b"ension/\0" + name.encode() + struct.pack(">I", len(packet))
    room = _ROOM - len(prefix) - 4
    for at in range(0, len(packet), room):
        yield _segment(0xE1, prefix + struct.pack(">I", at) + packet[at : at + room])


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
