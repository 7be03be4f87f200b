"""GIF, as the early web stored photos: a palette of 256 colours, no profile; results are TIFF."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.image.photo import Photo

SUFFIXES = (".gif",)


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is a GIF."""
    return head[:6] in (b"GIF87a", b"GIF89a") and len(head) > 13


def read(ask: Ask) -> list[Photo]:
    """The photo, or the first picture of an animation."""
    import imageio.v3 as imageio

    from restore.files import _reading
    from restore.image.photo import Source

    data = ask.bytes()
    width, height = struct.unpack_from("<HH", data, 6)
    ask.check(height, width)
    with ask.decoding(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its size, which is within our limit
        with imageio.imopen(data, "r", extension=".gif", plugin="pillow") as file:
            clear = "transparency" in file.metadata(index=0)
            samples = file.read(index=0, mode="RGBA" if clear else None)
            animated = file.properties(index=...).n_images > 1
    if samples.shape[:2] != (height, width):
        raise ask.error("its size differs from its header; it is damaged")
    notes = ("is animated; only the first picture is restored",) if animated else ()
    return [_reading.photo(ask, samples, source=Source(format="gif"), warnings=notes)]
