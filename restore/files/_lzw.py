"""Whether TIFF's LZW codes can be decoded safely.

A code right after a clear code must be a literal byte. imagecodecs (2026.3) looks any other up in
a table that is not filled yet, and follows a wild pointer.

References
----------
TIFF 6.0, section 13: codes of 9 to 12 bits, longer from an entry of the table on. A file that
begins with a clear code from the low bit is of the older kind: low bits first, longer one later.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CLEAR, END = 256, 257


def sound(data: bytes) -> bool:
    """Whether every code that follows a clear code is one that may."""
    old = len(data) > 1 and data[0] == 0 and data[1] & 1 == 1
    source = np.frombuffer(data + bytes(8), np.uint8)
    bits, at, tables = 8 * len(data), 0, 0
    while at + 9 <= bits:
        tables += 1
        if (
            tables > 1000 + len(data) // 64
        ):  # real files clear less often, and checking would take for ever
            return False
        table = _table(old, at % 8)
        piece = source[at // 8 : at // 8 + int(table.byte[-1]) + 3].astype(np.uint32)
        first, second, third = piece[:-2], piece[1:-1], piece[2:]
        whole = first | second << 8 | third << 16 if old else first << 16 | second << 8 | third
        there = int(np.searchsorted(table.end, bits - at, "right"))
        codes = whole[table.byte[:there]] >> table.shift[:there] & table.mask[:there]
        if at and codes[0] > END:
            return False
        special = codes >> 1 == CLEAR >> 1
        number = 0 if not at else int(special.argmax())
        if not special[number] or codes[number] == END:
            return True  # the decoder stops here, too: the table is full, or the data end
        at += int(table.end[number])
    return True


class _Table(NamedTuple):
    """Where the codes after a clear code lie: byte, bits to shift, mask; the bit after each."""

    byte: NDArray[np.intp]
    shift: NDArray[np.uint32]
    mask: NDArray[np.uint32]
    end: NDArray[np.intp]


@cache
def _table(old: bool, phase: int) -> _Table:
    """For codes that begin at bit `phase` of a byte."""
    entries = np.maximum(np.arange(4096 - 257) - 1, 0) + 258
    widths = 9 + np.searchsorted(np.array([512, 1024, 2048]) - (not old), entries, "right")
    end = np.cumsum(widths)
    start = end - widths + phase
    shift = start % 8 if old else 24 - widths - start % 8
    return _Table(start // 8, shift.astype(np.uint32), ((1 << widths) - 1).astype(np.uint32), end)
