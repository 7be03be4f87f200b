"""TIFF structures (Exif, TIFF, most camera RAW): tables of tags, read with bounds and written.

Values stay bytes in the file's own byte order, so that unknown tags come through unharmed.
TIFF 6.0, section 2; BigTIFF: the same with 8-byte counts and offsets.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Peek = Callable[[int, int], bytes]
"""From offset and size to the bytes there; fewer where the file ends."""

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
BIG_SIZES = {**SIZES, 16: 8, 17: 8, 18: 8}
BYTE, SHORT, LONG, RATIONAL, UNDEFINED = 1, 3, 4, 5, 7
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q"}

MOST_TAGS = 2000
LARGEST = 16 * 1024 * 1024
"""Most bytes of the values of one table: more is not a photo's metadata."""


@dataclass(frozen=True)
class Value:
    """A tag's value: its TIFF type, count, bytes, and their offset."""

    kind: int
    count: int
    data: bytes
    at: int = 0

    def numbers(self, order: str) -> tuple[float, ...]:
        """The value as numbers; rationals are divided (0 where the divisor is 0).

        NaN and infinite floats become 0 too: callers calculate with them, and no tag uses them.
        """
        if self.kind in (5, 10):
            flat = struct.unpack(f"{order}{2 * self.count}{'Ii'[self.kind == 10]}", self.data)
            pairs = zip(flat[::2], flat[1::2], strict=True)
            return tuple(top / bottom if bottom else 0.0 for top, bottom in pairs)
        if self.kind not in _CODES:
            return ()
        numbers = struct.unpack(f"{order}{self.count}{_CODES[self.kind]}", self.data)
        return tuple(number if math.isfinite(number) else 0.0 for number in numbers)


Table = Mapping[int, Value]


@dataclass(frozen=True)
class Layout:
    """Byte order ("<" or ">"), whether offsets have 8 bytes, where the first table is."""

    order: str
    big: bool
    first: int


def layout(head: bytes) -> Layout | None:
    """The layout of a TIFF structure that begins with `head`, or None if it is not one."""
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        return None
    magic = head[2:4] if order == "<" else head[3:1:-1]
    if magic == b"+\0" and len(head) >= 16:
        return Layout(order, True, struct.unpack(order + "Q", head[8:16])[0])
    # 42, and what Olympus (RO, RS) and Panasonic (U) use instead
    if magic in (b"*\0", b"RO", b"RS", b"OR", b"SR", b"U\0"):
        return Layout(order, False, struct.unpack(order + "I", head[4:8])[0])
    return None


def read(peek: Peek, at: int, order: str, big: bool = False) -> tuple[dict[int, Value], int]:
    """The table at an offset, and the offset of the next one (0 if there is none).

    A tag whose value is too large or outside the file is left out.
    """
    wide, slot, sizes = (8, 8, BIG_SIZES) if big else (2, 4, SIZES)
    head = peek(at, wide)
    if len(head) < wide:
        return {}, 0
    count = struct.unpack(order + ("Q" if big else "H"), head)[0]
    if count > MOST_TAGS:
        return {}, 0
    length = 4 + 2 * slot
    body = peek(at + wide, count * length + slot)
    table: dict[int, Value] = {}
    left = LARGEST
    for start in range(0, min(count * length, len(body) - length + 1), length):
        tag, kind = struct.unpack_from(order + "HH", body, start)
        number = struct.unpack_from(order + ("Q" if big else "I"), body, start + 4)[0]
        size = sizes.get(kind, 0) * number
        place = at + wide + start + 4 + slot
        if size > slot:
            place = struct.unpack_from(order + ("Q" if big else "I"), body, start + 4 + slot)[0]
        if tag in table or not 0 < size <= left:
            continue
        data = peek(place, size)
        if len(data) == size:
            left -= size
            table[tag] = Value(kind, number, data, place)
    tail = body[count * length : count * length + slot]
    following = struct.unpack(order + ("Q" if big else "I"), tail)[0] if len(tail) == slot else 0
    return table, following


def write(table: Table, at: int, order: str, big: bool = False, following: int = 0) -> bytes:
    """The bytes of a table at offset `at` (even), followed by its values."""
    wide, slot = (8, 8) if big else (2, 4)
    one = order + ("Q" if big else "I")
    out = bytearray(struct.pack(order + ("Q" if big else "H"), len(table)))
    values = bytearray()
    behind = at + wide + len(table) * (4 + 2 * slot) + slot
    for tag, value in sorted(table.items()):
        out += struct.pack(order + "HH", tag, value.kind) + struct.pack(one, value.count)
        if len(value.data) <= slot:
            out += value.data.ljust(slot, b"\0")
        else:
            out += struct.pack(one, behind + len(values))
            values += value.data + b"\0" * (len(value.data) % 2)
    return bytes(out + struct.pack(one, following) + values)


def from_bytes(data: bytes) -> Peek:
    """Look into bytes."""
    return lambda at, size: data[at : at + size]
