"""The protocol-buffer wire format, read in place and written in one pass.

Shared by Caffe and ONNX files. No generated code and no copies: a message is a span of bytes in one
buffer, every length is checked against the enclosing span before it is used, and the number of
fields is limited, so hostile files cost neither memory nor time.

References
----------
protobuf.dev, Encoding: a field is a varint `number << 3 | kind`, then its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from restore.errors import WeightsError

VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5
_FIXED = {DOUBLE: 8, FLOAT: 4}
MOST_FIELDS = 200_000
"""Most fields read from one file; a Caffe model of this network has about 1500."""
MOST_PIECES = 1000
"""Most pieces one array may be stored in; real files have one."""


class Damaged(WeightsError):
    """The bytes are not a message; callers add the file's name."""


class Field(NamedTuple):
    """One field of a message: its value is `value` (varints) or the bytes `start` … `end`.

    A run of single floats or doubles: the first value's first byte, the last one's end.
    """

    number: int
    kind: int
    start: int
    end: int
    value: int


class Reader:
    """Reads messages out of one buffer."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self._left = MOST_FIELDS

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """The fields of the message in the bytes `start` … `end`.

        Single floats (or doubles) of one number that follow each other, the way in which arrays
        are stored by writers that do not pack, come as one field.

        Raises
        ------
        Damaged
            If it is not a message, or a length goes beyond `end`.
        """
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise Damaged(f"has more than {MOST_FIELDS} fields")
            begin = at
            key, at = self._varint(at, end)
            number, kind = key >> 3, key & 7
            if not 0 < number < 2**29:
                raise Damaged(f"at byte {begin}: invalid field number {number}")
            value = 0
            if kind == VARINT:
                value, after = self._varint(at, end)
            elif kind == BYTES:
                length, at = self._varint(at, end)
                after = at + length
            elif kind in _FIXED:
                after = self._run(begin, at + _FIXED[kind], end)
            else:
                raise Damaged(f"at byte {begin}: unknown kind of field {kind}")
            if after > end:
                overrun = f"a part of {after - at} bytes begins where {end - at} are left"
                raise Damaged(f"at byte {begin}: {overrun}")
            yield Field(number, kind, at, after, value)
            at = after

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = 0
        for place in range(at, min(at + 10, end)):
            byte = self.data[place]
            value |= (byte & 0x7F) << 7 * (place - at)
            if byte < 0x80:
                return value & (2**64 - 1), place + 1
        raise Damaged(f"at byte {at}: a number does not end")

    def _run(self, begin: int, after: int, end: int) -> int:
        """End of the run of like fields that begins at `begin` with one that ends at `after`."""
        size = after - begin
        key = self.data[begin]
        step = 16
        while key < 0x80 and after + size <= end:
            count = min(step, (end - after) // size)
            tags = np.frombuffer(self.data, "u1", count * size, after)[::size]
            other = np.flatnonzero(tags != key)
            if other.size:
                return after + int(other[0]) * size
            after += count * size
            step = min(step * 2, 1 << 20)
        return after

    def text(self, field: Field, most: int = 200) -> str:
        """A string, at most `most` bytes of it, safe to show on one line."""
        whole = bytes(self.data[field.start : min(field.end, field.start + most)])
        return "".join(
            char if char.isprintable() else "?" for char in whole.decode(errors="replace")
        )

    def strings(self, start: int, end: int, number: int) -> dict[str, str]:
        """The strings of a repeated field of key 1 and value 2 in the message `start` … `end`."""
        entries = {}
        for part in self.fields(start, end):
            if part.number == number and part.kind == BYTES:
                pair = {
                    field.number: self.text(field) for field in self.fields(part.start, part.end)
                }
                entries[pair.get(1, "")] = pair.get(2, "")
        return entries

    def integers(self, field: Field, most: int = 8) -> list[int]:
        """The values of a repeated integer field, packed or single; at most `most`."""
        if field.kind == VARINT:
            return [field.value]
        values: list[int] = []
        at = field.start
        while at < field.end:
            value, at = self._varint(at, field.end)
            values.append(value)
            if len(values) > most:
                raise Damaged(f"at byte {field.start}: a shape has more than {most} dimensions")
        return values

    def array(self, field: Field) -> NDArray[np.floating]:
        """The numbers of a float or double array's field, little-endian, viewed in place."""
        if field.kind == BYTES:
            raise TypeError("packed fields do not say their type; use `packed`")
        record = _record(field.number, field.kind)
        begin = field.start - 1
        count = (field.end - begin) // record.itemsize
        return np.frombuffer(self.data, record, count, begin)["value"]

    def packed(self, field: Field, dtype: str) -> NDArray[np.floating]:
        """The bytes of a field as an array of `dtype`, in place."""
        size, length = np.dtype(dtype).itemsize, field.end - field.start
        if length % size:
            raise Damaged(f"at byte {field.start}: {length} bytes are not a multiple of {size}")
        return np.frombuffer(self.data, dtype, length // size, field.start)


def _record(number: int, kind: int) -> np.dtype[np.void]:
    return np.dtype([("tag", "u1"), ("value", f"<f{_FIXED[kind]}")])


def varint(value: int) -> bytes:
    """A number of 0 or more as a varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def head(number: int, length: int) -> bytes:
    """The bytes before those of a string, message or array."""
    return varint(number << 3 | BYTES) + varint(length)


def number(field: int, value: int) -> bytes:
    """An integer field."""
    return varint(field << 3 | VARINT) + varint(value)


def message(field: int, *parts: bytes | str) -> bytes:
    """A string or message field; strings are UTF-8."""
    whole = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return head(field, len(whole)) + whole


def integers(field: int, values: Iterable[int]) -> bytes:
    """A packed repeated integer field."""
    return message(field, *(varint(value) for value in values))
