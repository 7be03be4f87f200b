"""Boxes: how HEIF, AVIF, CR3, JPEG 2000 and JPEG XL files are laid out (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from restore.files._ifd import Peek

MOST = 1000


def walk(peek: Peek, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, offset and size of the content of each box between two offsets."""
    for _ in range(MOST):
        head = peek(at, 16)
        if at + 8 > end or len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        before = 8
        if size == 1 and len(head) == 16:
            size, before = struct.unpack_from(">Q", head, 8)[0], 16
        elif size == 0:
            size = end - at
        if size < before or at + size > end:
            return
        yield kind, at + before, size - before
        at += size


def box(kind: bytes, content: bytes) -> bytes:
    """A box."""
    return struct.pack(">I4s", len(content) + 8, kind) + content
