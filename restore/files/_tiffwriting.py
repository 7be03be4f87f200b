"""Write TIFF pages with all their tables.

tifffile writes neither Exif's tables nor tags as raw bytes; and writing strip by strip needs no
second copy of a large photo in the other byte order.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from restore.color.space import Samples
from restore.context import cores
from restore.files import _multiplied
from restore.files._ifd import BYTE, LONG, RATIONAL, SHORT, UNDEFINED, Value
from restore.files._tiffpages import MASK
from restore.files._tiffsamples import ALPHA, UNSPECIFIED
from restore.files.metadata import _exif
from restore.image.photo import Photo, Source

STRIP = 2**19
"""Target size of a strip in bytes."""
COMPRESSIONS = {None: 1, "lzw": 5, "zlib": 8, "packbits": 32773}
_BIG = 2**32 - 2**26
_INCH = 2


def write(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """Write a TIFF; a BigTIFF if it came as one or its samples need it."""
    order = _exif.parse(pages[0].source.exif or b"").order
    size = sum(_most_bytes(page) for page in pages)
    big = size > _BIG or any(page.source.details.get("big") for page in pages)
    magic = b"II" if order == "<" else b"MM"
    if big:
        file.write(magic + struct.pack(order + "HHHQ", 43, 8, 0, 0))
    else:
        file.write(magic + struct.pack(order + "HI", 42, 0))
    pointer = 8 if big else 4
    for page in _with_infrared(pages):
        strips = _write_strips(file, page, order)
        start = _end(file)
        parts = _parts(page, order)
        main = {**parts.main, **_structure(page, strips, order, big), **_blocks(page, order)}
        file.write(_exif.tables(parts, main, start, big))
        after = (
            start
            + (8 if big else 2)
            + (20 if big else 12) * len({*main, *_exif.pointers(parts, 0)})
        )
        file.seek(pointer)
        file.write(struct.pack(order + ("Q" if big else "I"), start))
        pointer = after


def _with_infrared(pages: Sequence[Photo]) -> Iterator[Photo]:
    """The pages, each followed by its infrared channel where that came as a page of its own."""
    for page in pages:
        source = page.source
        if source.infrared is None or not source.details.get("infrared page"):
            yield page
            continue
        yield replace(page, source=replace(source, infrared=None))
        compression = source.details.get("compression")
        details = {"compression": compression, "subfile": MASK}
        yield Photo(
            source.infrared[..., None],
            source=Source(details=details, pages=source.pages, resolution=source.resolution),
        )


def _extra(page: Photo) -> list[tuple[int, Samples]]:
    """The channels after the colours, each with its kind of extra sample."""
    source = page.source
    extra = []
    if source.alpha is not None:
        extra.append((int(source.details.get("extra", ALPHA)), source.alpha))
    if source.infrared is not None:
        extra.append((UNSPECIFIED, source.infrared))
    return extra


def _most_bytes(page: Photo) -> int:
    """Most bytes of a page's strips: LZW enlarges noise by half, with a 12-bit code per byte; the
    other compressions hardly add."""
    channels = page.samples.shape[2] + len(_extra(page))
    size = page.size[0] * page.size[1] * channels * _dtype(page).itemsize
    return size * 3 // 2 if page.source.details.get("compression") == "lzw" else size


def _end(file: BinaryIO) -> int:
    """The end of the file, made even: tables begin at even offsets."""
    at = file.seek(0, 2)
    if at % 2:
        file.write(b"\0")
    return at + at % 2


def _parts(page: Photo, order: str) -> _exif.Parts:
    """The page's Exif; empty if it is in another byte order than the file's first page."""
    parts = _exif.parse(page.source.exif or b"")
    return parts if parts.order == order else _exif.Parts(order)


def _write_strips(file: BinaryIO, page: Photo, order: str) -> tuple[list[int], list[int], int]:
    """Write the samples in strips; their offsets, sizes, and the rows of one."""
    height, width = page.size
    extra = _extra(page)
    alpha = page.source.alpha
    channels = page.samples.shape[2] + len(extra)
    dtype = _dtype(page)
    rows = min(height, max(1, STRIP // (width * channels * dtype.itemsize)))
    offsets, sizes = [], []
    at = _end(file)

    def encoded(top: int) -> bytes:
        part = page.samples[top : top + rows]
        if alpha is not None and page.source.details.get("multiplied"):
            part = _multiplied.multiplied(part, alpha[top : top + rows, :, None])
        if extra:
            planes = [plane[top : top + rows, :, None] for _, plane in extra]
            part = np.concatenate([part, *planes], 2)
        return _encode(part.astype(dtype, copy=False), page.source.details, order)

    with ThreadPoolExecutor(cores()) as pool:
        ahead = 4 * cores()
        tops = range(0, height, rows)
        for start in range(0, len(tops), ahead):
            for data in pool.map(encoded, tops[start : start + ahead]):
                file.write(data)
                offsets.append(at)
                sizes.append(len(data))
                at += len(data)
    return offsets, sizes, rows


def _dtype(page: Photo) -> np.dtype[Any]:
    if page.samples.dtype.kind == "f":
        return np.dtype(page.source.details.get("float", np.float32))
    return page.samples.dtype


def _predictor(page_details: Mapping[str, Any], dtype: np.dtype[Any]) -> int:
    """1: none, 2: differences across, 3: of float planes; only where a compression gains by it."""
    if page_details.get("compression", "zlib") not in ("lzw", "zlib"):
        return 1
    if not page_details.get("predictor", True):
        return 1
    return 3 if dtype.kind == "f" else 2


def _encode(part: Samples, details: Mapping[str, Any], order: str) -> bytes:
    import imagecodecs

    predictor = _predictor(details, part.dtype)
    stored = part.dtype.newbyteorder("<" if order == "<" else ">")
    if predictor == 2:
        part = np.asarray(imagecodecs.delta_encode(part, axis=-2))
    part = np.ascontiguousarray(part, stored)
    if predictor == 3:
        part = np.asarray(imagecodecs.floatpred_encode(part, axis=-2))
    compression = details.get("compression", "zlib")
    if compression == "zlib":
        return bytes(imagecodecs.deflate_encode(part.tobytes(), level=6))
    if compression == "lzw":
        return bytes(imagecodecs.lzw_encode(part.tobytes()))
    if compression == "packbits":  # row by row, as TIFF 6.0, section 9 wants it
        return b"".join(bytes(imagecodecs.packbits_encode(row.tobytes())) for row in part)
    return part.tobytes()


def _structure(
    page: Photo, strips: tuple[list[int], list[int], int], order: str, big: bool
) -> dict[int, Value]:
    """The tags of the pixel layout."""
    offsets, sizes, rows = strips
    height, width = page.size
    details, dtype = page.source.details, _dtype(page)
    colours = page.samples.shape[2]
    extra = _extra(page)
    channels = colours + len(extra)

    def shorts(*values: int) -> Value:
        return Value(SHORT, len(values), struct.pack(f"{order}{len(values)}H", *values))

    def longs(*values: int) -> Value:
        return Value(LONG, len(values), struct.pack(f"{order}{len(values)}I", *values))

    def places(values: list[int]) -> Value:
        if not big:
            return longs(*values)
        return Value(16, len(values), struct.pack(f"{order}{len(values)}Q", *values))

    multiple = page.source.pages > 1
    tags = {
        256: longs(width),
        257: longs(height),
        258: shorts(*[dtype.itemsize * 8] * channels),
        259: shorts(COMPRESSIONS[details.get("compression", "zlib")]),
        262: shorts(2 if colours == 3 else 1),
        273: places(offsets),
        277: shorts(channels),
        278: longs(rows),
        279: places(sizes),
        284: shorts(1),
        254: longs(details.get("subfile", 2 if multiple else 0)),
        _exif.ORIENTATION: shorts(1),
    }
    predictor = _predictor(details, dtype)
    if predictor != 1:
        tags[317] = shorts(predictor)
    if extra:
        tags[338] = shorts(*[kind for kind, _ in extra])
    if dtype.kind == "f":
        tags[339] = shorts(*[3] * channels)
    return tags | _resolution(page, order)


def _resolution(page: Photo, order: str) -> dict[int, Value]:
    """Pixels per inch, unless Exif's own tags say the same already."""
    resolution = page.source.resolution
    parts = _parts(page, order)
    if not resolution or _exif.resolution(parts.main, parts.order) == resolution:
        return {}
    pairs = [
        struct.pack(order + "II", round(min(density, 4e5) * 10000), 10000) for density in resolution
    ]
    return {
        _exif.X_RESOLUTION: Value(RATIONAL, 1, pairs[0]),
        _exif.Y_RESOLUTION: Value(RATIONAL, 1, pairs[1]),
        _exif.UNIT: Value(SHORT, 1, struct.pack(order + "H", _INCH)),
    }


def _blocks(page: Photo, order: str) -> dict[int, Value]:
    """XMP, IPTC, Photoshop's resources and the profile."""
    source = page.source
    blocks = {
        700: (BYTE, source.xmp),
        33723: (UNDEFINED, source.iptc),
        34377: (BYTE, source.details.get("photoshop")),
        34675: (UNDEFINED, source.profile),
    }
    return {tag: Value(kind, len(data), data) for tag, (kind, data) in blocks.items() if data}
