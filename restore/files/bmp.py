"""BMP, as older scanners wrote it: 8 bits a sample, no profile, no metadata; results are TIFF."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.photo import Photo

SUFFIXES = (".bmp", ".dib")

_PLAIN = (0, 3)
"""Kinds of compression that are none."""


def matches(head: bytes) -> bool:
    """Whether a file that begins so is a BMP."""
    return head[:2] == b"BM" and len(head) > 54 and head[14:18] in _HEADERS


_HEADERS = {struct.pack("<I", size) for size in (40, 52, 56, 64, 108, 124)}
"""How long the headers of Windows and OS/2 are, from version 3 of Windows on."""


def read(ask: Ask) -> list[Photo]:
    """The photo."""
    import imageio.v3 as imageio
    import numpy as np
    from PIL.Image import DecompressionBombError

    from restore.files import _reading
    from restore.photo import Source

    data = ask.bytes()
    width, height, bits, kind = struct.unpack_from("<ii2xHI", data, 18)
    least = abs(height) * width * bits // 8 if kind in _PLAIN else 0
    ask.check(abs(height), width, least)
    with ask.decoding(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its size, which is within our limit
        try:
            samples = imageio.imread(data, extension=".bmp", plugin="pillow")
            told = imageio.immeta(data, extension=".bmp", plugin="pillow")
        except DecompressionBombError as error:
            raise ask.error(
                f"{width} x {abs(height)} is too large for a BMP; save it as TIFF"
            ) from error
    if samples.dtype == bool:
        samples = samples.astype(np.uint8) * np.uint8(255)
    if samples.shape[:2] != (abs(height), width):
        raise ask.error("is another size than it says; it is damaged")
    return [_reading.photo(ask, samples, source=Source(format="bmp", resolution=told.get("dpi")))]
