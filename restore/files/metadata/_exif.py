"""Exif blocks: find what affects the pixels, reset the orientation, parse, rebuild.

CIPA DC-008 (Exif 2.32). A block begins with its TIFF header.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from restore.color.space import Samples
from restore.files import _ifd
from restore.files._ifd import Table, Value

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT = 274, 282, 283, 296
EXIF, GPS, INTEROP, COLOR_SPACE = 34665, 34853, 40965, 40961
DATE, DATE_OFFSET = 306, 36880
PIXELS = (40962, 40963)
"""Width and height in pixels."""
POINTERS = (EXIF, GPS, INTEROP)
DENSEST = 1e9
"""Most pixels per unit of length that may be given; rationals reach four times that."""
STRUCTURE = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284),
    *(288, 289, 290, 291, 292, 293, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330),
    *(332, 333, 334, 336, 337, 338, 339, 340, 341, 342, 343, 346, 347, 512, 513, 514, 515, 517),
    *(518, 519, 520, 521, 529, 530, 531, 532, 559, 700, 32781, 33421, 33422, 33723, 34377),
    *(34675, 37724, 40962, 40963, 50706, EXIF, GPS, INTEROP),
}
"""TIFF tags of the pixel layout or of other metadata blocks: not copied as Exif.
50706 makes a TIFF a DNG."""


@dataclass(frozen=True)
class Parts:
    """A parsed Exif block: byte order, and the main, Exif, GPS and interoperability table."""

    order: str = "<"
    main: Table = field(default_factory=dict)
    exif: Table = field(default_factory=dict)
    gps: Table = field(default_factory=dict)
    interop: Table = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.main or self.exif or self.gps)


def read(peek: _ifd.Peek, main: Table, order: str, big: bool = False) -> Parts:
    """The Exif of a TIFF structure whose main table is known; tags of its structure left out."""

    def sub(table: Table, tag: int) -> Table:
        numbers = table[tag].numbers(order) if tag in table else ()
        below = _ifd.read(peek, int(numbers[0]), order, big)[0] if numbers else {}
        return {key: value for key, value in below.items() if value.kind in _ifd.SIZES}

    exif = sub(main, EXIF)
    interop, gps = sub(exif, INTEROP), sub(main, GPS)
    kept = {key: value for key, value in main.items() if key not in STRUCTURE}
    kept = {key: value for key, value in kept.items() if value.kind in _ifd.SIZES}
    exif = {key: value for key, value in exif.items() if key not in POINTERS}
    return Parts(order, kept, exif, gps, interop)


def parse(block: bytes) -> Parts:
    """A parsed Exif block; empty parts if it is not a TIFF structure."""
    layout = _ifd.layout(block)
    if layout is None:
        return Parts()
    peek = _ifd.from_bytes(block)
    main, _ = _ifd.read(peek, layout.first, layout.order, layout.big)
    return read(peek, main, layout.order, layout.big)


def build(parts: Parts) -> bytes:
    """The block of parts: header, main table, then the others."""
    magic = b"II*\0" if parts.order == "<" else b"MM\0*"
    return magic + struct.pack(parts.order + "I", 8) + tables(parts, parts.main, 8)


def tables(parts: Parts, main: Table, at: int, big: bool = False) -> bytes:
    """A main table with pointers to the other tables, all as they stand at offset `at`."""
    main = {**main, **pointers(parts, 0)}
    start = at + len(_ifd.write(main, at, parts.order, big))
    main = {**main, **pointers(parts, start, big)}
    return _ifd.write(main, at, parts.order, big) + others(parts, start, big)


def others(parts: Parts, at: int, big: bool = False) -> bytes:
    """The Exif, interoperability and GPS tables as they stand at offset `at`."""
    places = _places(parts, at, big)
    exif = {**parts.exif}
    if INTEROP in places:
        exif[INTEROP] = _pointer(places[INTEROP], parts.order)
    out = b""
    for tag, table in ((EXIF, exif), (INTEROP, parts.interop), (GPS, parts.gps)):
        if tag in places:
            out += _ifd.write(table, places[tag], parts.order, big)
    return out


def pointers(parts: Parts, at: int, big: bool = False) -> dict[int, Value]:
    """The main table's tags that lead to `others` at offset `at`."""
    places = _places(parts, at, big)
    return {tag: _pointer(places[tag], parts.order) for tag in (EXIF, GPS) if tag in places}


def _pointer(place: int, order: str) -> Value:
    return Value(_ifd.LONG, 1, struct.pack(order + "I", place))


def _places(parts: Parts, at: int, big: bool) -> dict[int, int]:
    places = {}
    exif = {**parts.exif, **({INTEROP: _pointer(0, parts.order)} if parts.interop else {})}
    for tag, table in ((EXIF, exif), (INTEROP, parts.interop), (GPS, parts.gps)):
        if table:
            places[tag] = at
            at += len(_ifd.write(table, at, parts.order, big))
    return places


def upright(block: bytes) -> tuple[bytes, int | None]:
    """The block with orientation 1 and no preview, in place; and the orientation it had (1 … 8).

    None if it has none.

    Width and height change places where the photo is turned by a quarter.
    Nothing else moves, so that makers' notes, whose offsets are unknown, stay readable. The
    preview (the second table) would show the photo as it was; its pointer is set to 0.
    """
    layout = _ifd.layout(block)
    if layout is None or layout.big:
        return block, None
    main, _ = _ifd.read(_ifd.from_bytes(block), layout.first, layout.order)
    if not main:
        return block, None
    out = bytearray(block)
    orientation = None
    if ORIENTATION in main and (numbers := main[ORIENTATION].numbers(layout.order)):
        orientation = int(numbers[0]) if numbers[0] in range(1, 9) else 1
        at = main[ORIENTATION].at
        size = len(main[ORIENTATION].data)
        out[at : at + size] = (1).to_bytes(size, "little" if layout.order == "<" else "big")
    if orientation and orientation > 4:
        sides = [value for tag in PIXELS if (value := parse(block).exif.get(tag))]
        if len(sides) == 2 and len(sides[0].data) == len(sides[1].data):
            for one, other in zip(sides, sides[::-1], strict=True):
                out[one.at : one.at + len(one.data)] = other.data
    count = struct.unpack_from(layout.order + "H", block, layout.first)[0]
    end = layout.first + 2 + 12 * count
    if end + 4 <= len(out):
        out[end : end + 4] = b"\0\0\0\0"
    return bytes(out), orientation


def resolution(main: Table, order: str) -> tuple[float, float] | None:
    """Pixels per inch given in a main table, or None."""
    numbers = [main[tag].numbers(order) for tag in (X_RESOLUTION, Y_RESOLUTION) if tag in main]
    if len(numbers) < 2 or not all(number and 0 < number[0] < DENSEST for number in numbers):
        return None
    unit = main[UNIT].numbers(order)[:1] if UNIT in main else (2,)
    scale = {2: 1.0, 3: 2.54}.get(int(unit[0]) if unit else 0)
    return (numbers[0][0] * scale, numbers[1][0] * scale) if scale else None


def is_adobe_rgb(parts: Parts) -> bool:
    """Whether Exif says Adobe RGB: colour space 2, or uncalibrated with the option file's R03."""
    space = parts.exif[COLOR_SPACE].numbers(parts.order)[:1] if COLOR_SPACE in parts.exif else ()
    index = parts.interop[1].data[:3] if 1 in parts.interop else b""
    return space == (2,) or (space == (65535,) and index == b"R03")


def as_srgb(block: bytes) -> bytes:
    """The block with colour space 1 (sRGB), where it has one; in place."""
    layout = _ifd.layout(block)
    space = parse(block).exif.get(COLOR_SPACE)
    if layout is None or space is None:
        return block
    one = (1).to_bytes(len(space.data), "little" if layout.order == "<" else "big")
    return block[: space.at] + one + block[space.at + len(one) :]


def dated(block: bytes, when: str) -> bytes:
    """The block with the date of its last change, where it has one; in place.

    Parameters
    ----------
    when
        In ISO 8601, with the offset from UTC: 2026-11-28T21:30:00+01:00.
    """
    layout = _ifd.layout(block)
    if layout is None:
        return block
    main, _ = _ifd.read(_ifd.from_bytes(block), layout.first, layout.order, layout.big)
    date = when[:10].replace("-", ":") + " " + when[11:19]
    for value, text in (
        (main.get(DATE), date),
        (parse(block).exif.get(DATE_OFFSET), when[19:]),
    ):
        new = text.encode() + b"\0"
        if value and len(value.data) == len(new):
            block = block[: value.at] + new + block[value.at + len(new) :]
    return block


def turned(samples: Samples, orientation: int) -> Samples:
    """Samples (height, width, …) turned upright from an Exif orientation 1 … 8."""
    turns: Mapping[int, tuple[bool, bool, bool]] = {  # transpose, then flip rows, flip columns
        2: (False, False, True),
        3: (False, True, True),
        4: (False, True, False),
        5: (True, False, False),
        6: (True, False, True),
        7: (True, True, True),
        8: (True, True, False),
    }
    if orientation not in turns:
        return samples
    transpose, rows, columns = turns[orientation]
    view: NDArray[np.generic] = samples.swapaxes(0, 1) if transpose else samples
    return np.ascontiguousarray(view[:: -1 if rows else 1, :: -1 if columns else 1])


def fitting(block: bytes, room: int) -> bytes | None:
    """The block if it has at most `room` bytes; else without the maker's note, or None."""
    if len(block) <= room:
        return block
    parts = parse(block)
    small = {tag: value for tag, value in parts.exif.items() if len(value.data) < 4096}
    main = {tag: value for tag, value in parts.main.items() if len(value.data) < 4096}
    built = build(Parts(parts.order, main, small, parts.gps, parts.interop))
    return built if len(built) <= room else None
