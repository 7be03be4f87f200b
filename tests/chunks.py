"""A PNG with chunks of its own."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(path: Path, data: np.ndarray, *chunks: bytes) -> Path:  # type: ignore[type-arg]
    """A PNG with chunks behind its header."""
    file = bytes(imagecodecs.png_encode(np.ascontiguousarray(data)))
    path.write_bytes(file[:33] + b"".join(chunks) + file[33:])
    return path
