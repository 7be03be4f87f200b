"""PGM and PPM, as scanners' drivers and raw converters for Linux write them; results are TIFF.

Samples of 8 or 16 bits, no profile, no metadata (netpbm.sourceforge.net/doc/ppm.html). Decoded
here: Pillow, behind imageio as elsewhere, would make 8 bits of 16 bits RGB.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.image.photo import Photo

SUFFIXES = (".ppm", ".pgm", ".pnm")
_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([56])" + 3 * (_SPACE + rb"(\d{1,9})") + rb"\s")


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is a binary PGM or PPM."""
    return _HEADER.match(head) is not None


def read(ask: Ask) -> list[Photo]:
    """The photo."""
    import numpy as np

    from restore.files import _reading
    from restore.image.photo import Source

    data = ask.bytes()
    header = _HEADER.match(data)
    if header is None:
        raise ask.error("its header is damaged")
    kind, width, height, most = map(int, header.groups())
    channels = 1 if kind == 5 else 3
    if not 0 < most < 65536:
        raise ask.error(f"its white is {most}; 1 … 65535 are allowed")
    dtype = np.dtype(np.uint8 if most < 256 else ">u2")
    count = height * width * channels
    full = int(np.iinfo(dtype).max)
    least = header.end() + count * dtype.itemsize
    ask.check(height, width, least, held=8 if most == full else 24)
    samples = np.frombuffer(data, dtype, count, header.end()).reshape(height, width, channels)
    if most != full:
        samples = (samples.clip(0, most) * np.float64(full / most) + 0.5).astype(dtype)
    return [_reading.photo(ask, samples, source=Source(format="pnm"))]
