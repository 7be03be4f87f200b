"""TIFF: all pages, 8, 16 bits and float, every compression tifffile knows; BigTIFF.

TIFF 6.0; Adobe Photoshop TIFF technical notes; Exif 2.32 for the tables behind tag 34665.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from restore.files import _ifd
from restore.files._contract import Holds

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.files._tiffpages import Page
    from restore.image.photo import Photo, Source

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")
HOLDS = Holds((8, 16, 32), alpha=True, infrared=True, metadata=("exif", "xmp", "iptc"), pages=True)

_XMP, _IPTC, _PHOTOSHOP, _PROFILE = 700, 33723, 34377, 34675
_PHOTOMETRIC, _DNG = 262, 50706
_CFA, _LINEAR_RAW = 32803, 34892
_KEPT = {1: None, 5: "lzw", 8: "zlib", 32946: "zlib", 32773: "packbits"}
"""Compressions that are kept; others become deflate, which is lossless too."""
_SHARED = 4 * _ifd.LARGEST
"""Bytes by which all pages' metadata may exceed the file: pages can share a profile, but a
thousand that share 16 MB are a decompression bomb."""


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is a TIFF; camera RAW in TIFF form is not."""
    layout = _ifd.layout(head)
    if layout is None or head[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return False
    main, _ = _ifd.read(_ifd.from_bytes(head), layout.first, layout.order, layout.big)
    kind = main[_PHOTOMETRIC].numbers(layout.order) if _PHOTOMETRIC in main else ()
    return _DNG not in main and kind[:1] not in ((_CFA,), (_LINEAR_RAW,))


def read(ask: Ask) -> list[Photo]:
    """The pages in order, previews and masks left out."""
    import tifffile

    from restore.files import _tiffpages

    ask.file.seek(0)
    with ask.decoding("cannot be read as TIFF"), tifffile.TiffFile(ask.file) as tiff:
        listed = _tiffpages.pages(ask, tiff)
        asks = [
            replace(ask, page=f", page {number}" if len(listed) > 1 else "")
            for number in range(1, len(listed) + 1 if ask.every else 2)
        ]
        pages = [_tiffpages.checked(one, *page) for one, page in zip(asks, listed, strict=False)]
        if sum(page.tiff.imagewidth * page.tiff.imagelength for page in pages) > ask.limit:
            raise ask.error(f"its {len(pages)} pages together have more pixels than allowed")
        photos, held = [], 0
        for number, (one, page) in enumerate(zip(asks, pages, strict=True)):
            photos.append(_photo(one, tiff, page, number, len(listed)))
            held += _metadata(photos[-1].source)
            if held > ask.size + _SHARED:
                raise ask.error(f"its pages share metadata that would come to {held} bytes")
        return photos


def _metadata(source: Source) -> int:
    """Bytes of a page's metadata."""
    blocks = (source.exif, source.xmp, source.iptc, source.profile, source.details["photoshop"])
    return sum(len(block) for block in blocks if block)


def _photo(ask: Ask, tiff: Any, page: Page, number: int, pages: int) -> Photo:
    from restore.files import _reading, _tiffsamples
    from restore.files.metadata import _exif, _photoshop
    from restore.image.photo import Source

    order, big = tiff.byteorder, bool(tiff.is_bigtiff)
    main, _ = _ifd.read(ask.peek, page.tiff.offset, order, big)
    parts = _exif.read(ask.peek, main, order, big)

    def block(tag: int) -> bytes | None:
        return main[tag].data if tag in main else None

    decoded = _tiffsamples.decoded(ask, page, block(_PROFILE))
    irb, iptc = _photoshop.kept(block(_PHOTOSHOP))
    compression, dtype = int(page.tiff.compression), page.tiff.dtype
    source = Source(
        format="tiff",
        exif=_exif.build(parts) if parts else None,
        xmp=block(_XMP),
        iptc=block(_IPTC) or iptc,
        profile=decoded.profile,
        infrared=decoded.infrared,
        page=number,
        pages=pages,
        details={
            "compression": _KEPT.get(compression, "zlib"),
            "predictor": int(page.tiff.predictor) != 1 or compression not in _KEPT,
            "big": big,
            "extra": decoded.extra,
            "multiplied": decoded.multiplied,
            "infrared page": page.infrared is not None,
            "float": dtype.str[1:] if dtype.kind == "f" else None,
            "photoshop": irb,
        },
    )
    warnings = (*page.warnings, *decoded.warnings)
    return _reading.photo(ask, decoded.samples, source=source, warnings=warnings)


def write(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """Write all pages."""
    from restore.files import _tiffwriting

    _tiffwriting.write(file, pages)


def check(file: BinaryIO, pages: Sequence[Photo]) -> None:
    """OSError unless each strip of each page can be decoded; so many rows at a time."""
    import tifffile

    from restore.context import cores
    from restore.files import _checking

    file.seek(0)
    sizes = []
    with _checking.decoding(), tifffile.TiffFile(file) as tiff:
        tiff.pages.useframes = False
        for page in tiff.pages:
            rows = 0
            for strip, _, shape in page.segments(maxworkers=cores(), buffersize=2**24):
                rows += 0 if strip is None else shape[1]
            if rows != page.imagelength:
                raise _checking.cut_off()
            sizes.append((rows, page.imagewidth))
    for photo in pages:  # there may be others between them, of infrared
        if photo.size not in sizes:
            raise _checking.cut_off()
        sizes.remove(photo.size)
