"""BMP, as older scanners wrote it: 8 bits per sample, no profile, no metadata; results are TIFF."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.color.space import Samples
    from restore.files._reading import Ask
    from restore.image.photo import Photo

SUFFIXES = (".bmp", ".dib")

_PLAIN, _MASKS, _ALPHA_MASKS = 0, 3, 6
"""Compression codes that mean uncompressed."""
_USUAL = ((0xFF0000, 0xFF00, 0xFF), (0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F))
"""Masks of red, green and blue that Pillow always supports."""


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is a BMP."""
    return head[:2] == b"BM" and len(head) > 54 and head[14:18] in _HEADERS


_HEADERS = {struct.pack("<I", size) for size in (40, 52, 56, 64, 108, 124)}
"""Sizes of the headers of OS/2 and of Windows from version 3 on."""


def read(ask: Ask) -> list[Photo]:
    """The photo."""
    import imageio.v3 as imageio
    import numpy as np
    from PIL.Image import DecompressionBombError

    from restore.files import _reading
    from restore.image.photo import Source

    data = ask.bytes()
    width, height, bits, kind = struct.unpack_from("<ii2xHI", data, 18)
    plain = kind in (_PLAIN, _MASKS, _ALPHA_MASKS)
    ask.check(abs(height), width, abs(height) * width * bits // 8 if plain else 0)
    masks = struct.unpack_from("<4I", data, 54) if len(data) >= 70 else ()
    resolution = None
    if kind in (_MASKS, _ALPHA_MASKS) and bits in (16, 32) and masks[:3] not in _USUAL:
        samples = _masked(ask, data, masks)
    else:
        with ask.decoding(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its size, which is within our limit
            try:
                samples = imageio.imread(data, extension=".bmp", plugin="pillow")
                metadata = imageio.immeta(data, extension=".bmp", plugin="pillow")
            except DecompressionBombError as error:
                raise ask.error(
                    f"{width} x {abs(height)} is too large for a BMP; save it as TIFF"
                ) from error
        resolution = metadata.get("dpi")
    if samples.dtype == bool:
        samples = samples.astype(np.uint8) * np.uint8(255)
    if samples.shape[:2] != (abs(height), width):
        raise ask.error("its size differs from its header; it is damaged")
    return [_reading.photo(ask, samples, source=Source(format="bmp", resolution=resolution))]


def _masked(ask: Ask, data: bytes, masks: tuple[int, ...]) -> Samples:
    """Pixels of 16 or 32 bits, with masks for red, green, blue (and alpha)."""
    import numpy as np

    start, size = struct.unpack_from("<II", data, 10)
    width, height, bits = struct.unpack_from("<ii2xH", data, 18)
    row = -(-width * bits // 32) * 4
    if start + row * abs(height) > len(data):
        raise ask.error("is cut off: some of its pixels are beyond its end")
    if not all(masks[:3]):
        raise ask.error("does not say where its colours are; it is damaged")
    rows = np.frombuffer(data, np.uint8, row * abs(height), start).reshape(abs(height), row)
    codes = rows[:, : width * bits // 8].copy().view(f"<u{bits // 8}")[:: -1 if height > 0 else 1]
    planes = []
    for mask in masks[:3] if size < 56 or not masks[3] else masks:
        low = (mask & -mask).bit_length() - 1
        share = (codes >> low & (mask >> low)) / np.float32(mask >> low)
        planes.append((share * 255 + np.float32(0.5)).astype(np.uint8))
    if len(planes) == 4 and not planes[3].any():  # written by a program without alpha support
        del planes[3]
    return np.stack(planes, -1)
