"""DNG with an infrared channel behind red, green and blue, as VueScan writes it ("RGBI").

LibRaw would take the four for a four-colour sensor, so it gets the same DNG without the fourth.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from restore.files import _ifd
from restore.files._tiffpages import LINEAR_RAW

if TYPE_CHECKING:
    from restore.color.space import Samples
    from restore.files._reading import Ask

_PHOTOMETRIC, _CHANNELS, _MATRICES = 262, 277, (50721, 50722)
_BITS, _COMPRESSION, _OFFSETS, _ROWS, _COUNTS, _PLANAR = 258, 259, 273, 278, 279, 284
_LAYOUT = {
    _BITS,
    _COMPRESSION,
    _OFFSETS,
    _ROWS,
    _COUNTS,
    _PLANAR,
    317,
    322,
    323,
    324,
    325,
    330,
    338,
}
"""Tags of the sample layout (330 and 338: subtables, extra samples)."""


def split(ask: Ask) -> tuple[bytes, Samples] | None:
    """The DNG without its infrared channel, and that channel; None for any other file."""
    import numpy as np
    import tifffile

    layout = _ifd.layout(ask.peek(0, 16))
    if layout is None or layout.big:
        return None
    main, _ = _ifd.read(ask.peek, layout.first, layout.order)
    if not _has_infrared(main, layout.order):
        return None
    ask.file.seek(0)
    with ask.decoding(), tifffile.TiffFile(ask.file) as tiff:
        page = tiff.pages.first
        ask.check(page.imagelength, page.imagewidth)
        samples = page.asarray()
    if samples.ndim != 3 or samples.shape[2] != 4 or samples.dtype not in (np.uint8, np.uint16):
        return None
    order = layout.order
    colours = np.ascontiguousarray(samples[..., :3], samples.dtype.newbyteorder(order))
    height, bits = len(colours), samples.dtype.itemsize * 8

    def number(code: str, *values: int) -> _ifd.Value:
        kind = {"H": _ifd.SHORT, "I": _ifd.LONG}[code]
        return _ifd.Value(kind, len(values), struct.pack(f"{order}{len(values)}{code}", *values))

    table = {tag: value for tag, value in main.items() if tag not in _LAYOUT}
    table |= {
        _BITS: number("H", bits, bits, bits),
        _CHANNELS: number("H", 3),
        _COMPRESSION: number("H", 1),
        _PLANAR: number("H", 1),
        _ROWS: number("I", height),
        _COUNTS: number("I", colours.nbytes),
        _OFFSETS: number("I", 0),
    }
    start = 8 + len(_ifd.write(table, 8, order))
    table[_OFFSETS] = number("I", start)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + _ifd.write(table, 8, order) + colours.tobytes(), samples[..., 3]


def _has_infrared(table: _ifd.Table, order: str) -> bool:
    """Whether a table's picture has three colours and an extra channel, not four colours."""

    def first(tag: int) -> float:
        return table[tag].numbers(order)[0] if tag in table else 0

    four = any(table[tag].count == 12 for tag in _MATRICES if tag in table)
    return first(_PHOTOMETRIC) == LINEAR_RAW and first(_CHANNELS) == 4 and not four
