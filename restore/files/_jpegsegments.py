"""The segments of a JPEG file: their content, and whether the file is complete.

ITU-T T.81, annex B; JFIF 1.02; ICC.1:2022, annex B.4; CIPA DC-007 (multi-picture format).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from restore.files import _ifd

if TYPE_CHECKING:
    from restore.files._reading import Ask

_ICC = b"ICC_PROFILE\0"
_MPF, _MP_ENTRIES, _MP_PREVIEW = b"MPF\0", 0xB002, 1
"""CIPA DC-007, 5.2.3: 16 bytes a picture; its class is in bits 16 to 23."""
_MOST_SCANS, _MOST_SEGMENTS = 500, 10_000
"""Each scan covers the whole photo, however few bytes it has: 10 are usual."""
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MARKER = re.compile(rb"\xff[\x01-\xfe]")
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# T.81, figure A.6: where the n-th coefficient of a table lies in the 8 x 8 square
_ZIGZAG = sorted(range(64), key=lambda n: (s := n // 8 + n % 8, (n // 8 if s % 2 else n % 8)))


class Segments:
    """The segments of a JPEG file before and between its scans.

    Attributes
    ----------
    height, width
        Of the photo, in pixels.
    frame
        Body of the frame's header.
    end
        Offset after the end marker, or None if it is missing.
    junk
        Stray bytes between segments.
    """

    def __init__(self, ask: Ask, data: bytes) -> None:
        self._kept: list[tuple[int, bytes]] = []
        self._scans: list[bytes] = []
        self.height = self.width = self.junk = 0
        self.frame = b""
        self.end: int | None = None
        self.progressive = self.sequential = False
        for marker, body in self._walk(ask, data):
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
                    raise ask.error(f"has {body[0]} bits per sample; only 8-bit JPEG is supported")
            else:
                self._kept.append((marker, body))
        if not self.frame:
            raise ask.error("has no frame; it is damaged or cut off")

    def _walk(self, ask: Ask, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Markers and bodies of segments up to the end of the image."""
        at, segments = 2, 0
        while True:
            if len(self._scans) > _MOST_SCANS or segments > _MOST_SEGMENTS:
                raise ask.error(f"has more than {_MOST_SCANS} scans or {_MOST_SEGMENTS} segments")
            mark = _MARKER.search(data, at)
            if mark is None:
                return self._stop(ask)
            self.junk += len(data[at : mark.start()].rstrip(b"\xff"))  # fill bytes
            at, marker = mark.end(), data[mark.end() - 1]
            if marker == 0xD9:
                self.end = at
                return None
            if marker in (0x01, *range(0xD0, 0xD9)):
                continue
            size = int.from_bytes(data[at : at + 2], "big")
            if size < 2 or at + size > len(data):
                return self._stop(ask)
            segments += 1
            body = data[at + 2 : at + size]
            at += size
            if marker != 0xDA:
                yield marker, body
                continue
            self._scans.append(body)
            end = _SCAN_END.search(data, at)
            if end is None:
                return None
            at = end.start()

    def _stop(self, ask: Ask) -> None:
        """The file ends where a segment should begin or continue."""
        if not self._scans:
            raise ask.error("is cut off before its pixels")

    @property
    def scans(self) -> int:
        """Number of scans begun."""
        return len(self._scans)

    @property
    def all_scans(self) -> bool:
        """Whether scans have begun for all components, and for all bits of a progressive photo."""
        count = self.frame[5]
        bits = {self.frame[6 + 3 * n]: [14] * 64 for n in range(count)}
        for body in self._scans:
            if not body or len(body) < 4 + 2 * body[0]:
                continue
            first, last, low = body[-3], min(body[-2], 63), body[-1] & 15
            if not self.progressive:
                first, last, low = 0, 63, 0
            for component in body[1 : 1 + 2 * body[0] : 2]:
                for place in range(first, last + 1) if component in bits else ():
                    bits[component][place] = low
        return all(low == 0 for component in bits.values() for low in component)

    @property
    def unit(self) -> int:
        """Rows of pixels coded together."""
        return 8 * max(self.frame[7 + 3 * n] & 15 for n in range(self.frame[5]))

    @property
    def blocks(self) -> float:
        """Blocks of 8 x 8 coefficients to 8 x 8 pixels, all components together."""
        factors = [self.frame[7 + 3 * n] for n in range(self.frame[5])]
        areas = [(factor >> 4) * (factor & 15) for factor in factors]
        return sum(areas) / max(*areas, 1)

    def all(self, wanted: int, prefix: bytes = b"") -> Iterator[bytes]:
        """Bodies of the segments of a kind that begin with a prefix."""
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
        """Number of pictures in and after the file, without previews."""
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
        """Pixels per inch in the JFIF header, if given."""
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
