"""JPEG: quantisation tables and subsampling come back as they were, metadata byte by byte.

ITU-T T.81; JFIF 1.02; Exif 2.32; XMP part 3; ICC.1:2022, annex B.4.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from restore.files import _ifd

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.photo import Photo, Source

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")
DEPTHS = (8,)
ALPHA = False
METADATA = ("exif", "xmp", "iptc", "comments")
SIDE = 65500

_EXIF, _XMP, _MORE_XMP = (
    b"Exif\0\0",
    b"http://ns.adobe.com/xap/1.0/\0",
    b"http://ns.adobe.com/xmp/ext",
)
_IRB, _ICC = b"Photoshop 3.0\0", b"ICC_PROFILE\0"
_MPF, _MP_ENTRIES, _MP_PREVIEW = b"MPF\0", 0xB002, 1
"""CIPA DC-007 (multi-picture format), 5.2.3: 16 bytes a picture; its class is in bits 16 to 23."""
_ROOM = 65533
"""Bytes a segment can hold."""
EXIF = _ROOM - len(_EXIF)
_MOST_SCANS, _MOST_SEGMENTS = 500, 10_000
"""Each scan goes over the whole photo, however few bytes it has: 10 are usual."""
_LARGE = 64_000_000
"""Pixels above which no progressive JPEG is written: it needs a copy of the whole photo."""
_BAND = 2**21
"""Pixels encoded at once."""
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# T.81, figure A.6: where the n-th coefficient of a table lies in the 8 x 8 square
_ZIGZAG = sorted(range(64), key=lambda n: (s := n // 8 + n % 8, (n // 8 if s % 2 else n % 8)))


def matches(head: bytes) -> bool:
    """Whether a file that begins so is a JPEG."""
    return head[:3] == b"\xff\xd8\xff"


def read(ask: Ask) -> list[Photo]:
    """The photo; further images in the file (previews, depth maps) are left out."""
    import imagecodecs
    import numpy as np

    from restore.files import _photoshop, _profile, _reading
    from restore.photo import Source

    data = ask.bytes()
    found = _Segments(ask, data)
    # a block of 8 x 8 pixels takes at least 2 bits in a scan; progressive ones can join blocks
    least = int(found.height * found.width * found.blocks) // 256 if found.sequential else 0
    ask.check(found.height, found.width, least)
    with ask.decoding():
        samples = imagecodecs.jpeg8_decode(data)
    profile = found.profile()
    warnings: tuple[str, ...] = ()
    if (samples[-16:] == 128).all() and not (samples[:-16] == 128).all():
        # what libjpeg puts where data are missing; it tells nobody
        warnings = ("ends in plain grey: a part of it may be missing",)
    if samples.ndim == 3 and samples.shape[2] == 4:
        inverted = found.first(0xEE, b"Adobe") is not None  # as Photoshop has always written it
        inks = np.subtract(255, samples) if inverted else samples
        samples, profile, more = _profile.without_inks(inks, profile)
        warnings += more
    if (pictures := found.pictures()) > 1:
        warnings = (*warnings, f"holds {pictures} pictures; only the first is read")
    irb, iptc = _photoshop.kept(found.joined(0xED, _IRB))
    xmp = found.first(0xE1, _XMP)
    source = Source(
        format="jpeg",
        exif=found.first(0xE1, _EXIF),
        xmp=xmp,
        iptc=iptc,
        profile=profile,
        resolution=found.resolution(),
        details=_reading.frozen(
            tables=found.tables(),
            subsampling=found.subsampling(),
            progressive=found.progressive,
            photoshop=irb,
            more_xmp=tuple(found.all(0xE1, _MORE_XMP)) or None,
            comments=tuple(found.all(0xFE)) or None,
        ),
    )
    return [_reading.photo(ask, samples, source=source, warnings=warnings)]


class _Segments:
    """The segments of a JPEG file before and between its scans."""

    def __init__(self, ask: Ask, data: bytes) -> None:
        self._kept: list[tuple[int, bytes]] = []
        self.height = self.width = 0
        self.frame = b""
        self.progressive = self.sequential = False
        for marker, body in _walk(ask, data):
            if marker in _FRAMES:
                if self.frame:
                    raise ask.error("has two frames; it is damaged")
                if len(body) < 6 or len(body) < 6 + 3 * body[5] or not body[5]:
                    raise ask.error("has a damaged frame header")
                self.frame = body
                self.height, self.width = struct.unpack_from(">HH", body, 1)
                self.progressive = marker in (0xC2, 0xC6, 0xCA, 0xCE)
                self.sequential = marker in (0xC0, 0xC1)
                if body[0] != 8:
                    raise ask.error(f"has {body[0]} bits a sample; only JPEG of 8 bits is read")
            else:
                self._kept.append((marker, body))
        if not self.frame:
            raise ask.error("has no frame; it is damaged or cut off")

    @property
    def blocks(self) -> float:
        """Blocks of 8 x 8 coefficients to 8 x 8 pixels, all components together."""
        factors = [self.frame[7 + 3 * n] for n in range(self.frame[5])]
        areas = [(factor >> 4) * (factor & 15) for factor in factors]
        return sum(areas) / max(*areas, 1)

    def all(self, wanted: int, prefix: bytes = b"") -> Iterator[bytes]:
        """Bodies of the segments of a kind that begin so."""
        return (body for marker, body in self._kept if marker == wanted and body.startswith(prefix))

    def first(self, wanted: int, prefix: bytes) -> bytes | None:
        """The first such body, without the prefix."""
        return next((body[len(prefix) :] for body in self.all(wanted, prefix)), None)

    def joined(self, wanted: int, prefix: bytes) -> bytes | None:
        """All such bodies, without their prefixes, as one."""
        return b"".join(body[len(prefix) :] for body in self.all(wanted, prefix)) or None

    def profile(self) -> bytes | None:
        """The ICC profile, its parts in their order."""
        parts = sorted(body[len(_ICC) :] for body in self.all(0xE2, _ICC))
        return b"".join(part[2:] for part in parts) or None

    def pictures(self) -> int:
        """Pictures in the file and behind it, without those that are only previews."""
        block = self.first(0xE2, _MPF) or b""
        if (layout := _ifd.layout(block)) is None:
            return 1
        table, _ = _ifd.read(_ifd.from_bytes(block), layout.first, layout.order)
        entries = table[_MP_ENTRIES].data if _MP_ENTRIES in table else b""
        kinds = [
            struct.unpack_from(layout.order + "I", entries, at)[0] >> 16 & 255
            for at in range(0, len(entries) - 15, 16)
        ]
        return sum(kind != _MP_PREVIEW for kind in kinds)

    def resolution(self) -> tuple[float, float] | None:
        """Pixels per inch of the JFIF header, if it tells."""
        body = self.first(0xE0, b"JFIF\0")
        if body is None or len(body) < 7 or body[2] not in (1, 2):
            return None
        across, down = struct.unpack_from(">HH", body, 3)
        scale = 1 if body[2] == 1 else 2.54
        return (across * scale, down * scale) if across and down else None

    def tables(self) -> tuple[tuple[int, ...], ...] | None:
        """Quantisation tables of brightness and colour, 64 steps each, row by row."""
        known: dict[int, tuple[int, ...]] = {}
        for body in self.all(0xDB):
            at = 0
            while at < len(body):
                wide, number = body[at] >> 4, body[at] & 15
                size = 128 if wide else 64
                steps = body[at + 1 : at + 1 + size]
                if len(steps) < size:
                    return None
                coded = struct.unpack(">64H", steps) if wide else tuple(steps)
                flat = [0] * 64
                for place, step in zip(_ZIGZAG, coded, strict=True):
                    flat[place] = step
                known[number] = tuple(flat)
                at += 1 + size
        used = [self.frame[8 + 3 * n] for n in range(min(self.frame[5], 2))]
        chosen = tuple(known[number] for number in used if number in known)
        usable = len(chosen) == len(used) and all(min(t) > 0 and max(t) < 256 for t in chosen)
        return chosen if usable else None

    def subsampling(self) -> int:
        """0: none, 1: halves across, 2: halves both ways (Pillow's numbers); others become 0."""
        if self.frame[5] != 3:
            return 0
        factors = (self.frame[7], self.frame[10], self.frame[13])
        return {(0x21, 0x11, 0x11): 1, (0x22, 0x11, 0x11): 2}.get(factors, 0)


def _walk(ask: Ask, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers and bodies of segments up to the end of the image, which has to be there."""
    at = 2
    scans = segments = 0
    while True:
        if scans > _MOST_SCANS or segments > _MOST_SEGMENTS:
            raise ask.error(f"has more than {_MOST_SCANS} scans or {_MOST_SEGMENTS} segments")
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if at + 4 > len(data) and data[at : at + 2] != b"\xff\xd9":
            raise ask.error("is cut off")
        if data[at] != 0xFF:
            raise ask.error(f"is damaged at byte {at}")
        marker = data[at + 1]
        if marker == 0xD9:
            return
        if marker in (0x01, *range(0xD0, 0xD9)):
            at += 2
            continue
        size = struct.unpack_from(">H", data, at + 2)[0]
        if size < 2 or at + 2 + size > len(data):
            raise ask.error("is cut off")
        segments += 1
        if marker != 0xDA:
            yield marker, data[at + 4 : at + 2 + size]
        at += 2 + size
        if marker == 0xDA:
            scans += 1
            end = _SCAN_END.search(data, at)
            if end is None:
                raise ask.error("is cut off: its end is missing")
            at = end.end() - 2


def write(path: Path, pages: Sequence[Photo]) -> None:
    """Write the first page: a JPEG has one."""
    photo = pages[0]
    with path.open("wb") as file:
        file.write(b"\xff\xd8" + b"".join(_headers(photo.source)))
        for part in _encoded(photo):
            file.write(part)


def _encoded(photo: Photo) -> Iterator[bytes]:
    """The photo as JPEG, with the tables it came with; without its begin and header of JFIF.

    A band at a time on all cores: restart markers join what was encoded apart (T.81, E.1.4), and
    no second copy of a large photo is made.
    """
    from concurrent.futures import ThreadPoolExecutor

    from restore.render import cores

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
    """A band as a JPEG of its own, without its begin and header of JFIF."""
    import numpy as np
    from PIL import Image

    samples = photo.samples[top : top + rows]
    details = photo.source.details
    if details.get("tables"):
        options["qtables"] = [list(table) for table in details["tables"]]
    else:
        options["quality"] = 95
    image = Image.fromarray(
        np.ascontiguousarray(samples.squeeze(2) if samples.shape[2] == 1 else samples)
    )
    with _scratch() as out:  # only into a true file are bands encoded side by side
        image.save(out, "JPEG", subsampling=details.get("subsampling", 0), **options)
        out.seek(0)
        data = out.read()
    return data[4 + struct.unpack_from(">H", data, 4)[0] :]


def _scratch() -> IO[bytes]:
    """A true file for a moment, in memory where the system has that: a disk may be full."""
    import os
    import tempfile

    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("band"), "w+b")
    return tempfile.TemporaryFile()


def _segment_at(data: bytes, marker: int) -> int:
    """Where a segment begins in what was just encoded."""
    at = 0
    while data[at + 1] != marker:
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return at


def _headers(source: Source) -> Iterator[bytes]:
    """The segments in front of the image."""
    from restore.files import _exif, _photoshop

    across, down = (round(each) for each in source.resolution or (0, 0))
    known = 0 < across < 65536 and 0 < down < 65536
    density = struct.pack(">BHH", 1, across, down) if known else b"\0\0\1\0\1"
    yield _segment(0xE0, b"JFIF\0\1\1" + density + b"\0\0")
    if source.exif and (exif := _exif.fitting(source.exif, EXIF)):
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
    """A packet that no segment can hold: a short one and the whole in parts (XMP 3, 1.1.3.1)."""
    import hashlib

    from restore.files import _xmp

    packet = source.xmp or b""
    name = hashlib.md5(packet, usedforsecurity=False).hexdigest().upper()
    fields = {**source.record, "history": "\n".join(source.history)}
    while len(short := _xmp.write(None, fields, extended=name)) > _ROOM - len(_XMP):
        del fields[max(fields, key=lambda field: len(fields[field]))]  # the whole still has it
    yield _segment(0xE1, _XMP + short)
    prefix = _MORE_XMP + b"ension/\0" + name.encode() + struct.pack(">I", len(packet))
    room = _ROOM - len(prefix) - 4
    for at in range(0, len(packet), room):
        yield _segment(0xE1, prefix + struct.pack(">I", at) + packet[at : at + room])


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
