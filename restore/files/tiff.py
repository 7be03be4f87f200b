"""TIFF: all pages, 8, 16 bits and float, every compression tifffile knows; BigTIFF.

TIFF 6.0; Adobe Photoshop TIFF technical notes; Exif 2.32 for the tables behind tag 34665.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from restore.files import _ifd

if TYPE_CHECKING:
    from restore.files._reading import Ask
    from restore.photo import Photo, Source
    from restore.space import Samples

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")
DEPTHS = (8, 16, 32)
ALPHA = True
METADATA = ("exif", "xmp", "iptc")
PAGES = True

_XMP, _IPTC, _PHOTOSHOP, _PROFILE = 700, 33723, 34377, 34675
_PHOTOMETRIC, _DNG = 262, 50706
_CFA, _LINEAR_RAW = 32803, 34892
_KEPT = {1: None, 5: "lzw", 8: "zlib", 32946: "zlib", 32773: "packbits"}
"""Compressions that come back; others become deflate, which loses nothing either."""
_MOST_PAGES = 1000
_SHARED = 4 * _ifd.LARGEST
"""Bytes by which the metadata of all pages may be longer than the file: pages can share a profile,
but a thousand that share 16 MB are a bomb."""


def matches(head: bytes) -> bool:
    """Whether a file that begins so is a TIFF; camera RAW that looks like one is not."""
    found = _ifd.layout(head)
    if found is None or head[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return False
    main, _ = _ifd.read(_ifd.from_bytes(head), found.first, found.order, found.big)
    kind = main[_PHOTOMETRIC].numbers(found.order) if _PHOTOMETRIC in main else ()
    return _DNG not in main and kind[:1] not in ((_CFA,), (_LINEAR_RAW,))


def read(ask: Ask) -> list[Photo]:
    """The pages in order, previews and masks left out."""
    import tifffile

    ask.file.seek(0)
    with ask.decoding("is no readable TIFF"), tifffile.TiffFile(ask.file) as tiff:
        pages = _photos(ask, tiff)
        wanted = pages if ask.every else pages[:1]
        asks = [
            replace(ask, page=f", page {number}" if len(pages) > 1 else "")
            for number in range(1, len(wanted) + 1)
        ]
        for one, page in zip(asks, wanted, strict=True):
            _check(one, page)
        if sum(page.imagewidth * page.imagelength for page in wanted) > ask.limit:
            raise ask.error(f"its {len(wanted)} pages have more pixels than are allowed")
        photos, held = [], 0
        for number, (one, page) in enumerate(zip(asks, wanted, strict=True)):
            photos.append(_page(one, tiff, page, number, len(pages)))
            held += _metadata(photos[-1].source)
            if held > ask.size + _SHARED:
                raise ask.error(f"its pages share metadata that would come to {held} bytes")
        return photos


def _metadata(source: Source) -> int:
    """Bytes of a page's metadata."""
    blocks = (source.exif, source.xmp, source.iptc, source.profile, source.details["photoshop"])
    return sum(len(block) for block in blocks if block)


def _photos(ask: Ask, tiff: Any) -> list[Any]:
    """The pages that are photos."""
    tiff.pages.useframes = False
    if len(tiff.pages) > _MOST_PAGES:
        raise ask.error(f"has {len(tiff.pages)} pages; at most {_MOST_PAGES} are read")
    found = [page for page in tiff.pages if not int(page.subfiletype) & 5]
    if not found:
        raise ask.error("holds no photo, only previews or masks")
    return found


def _check(ask: Ask, page: Any) -> None:
    """Refuse a page that is not a photo we know, is too large, or is not all there."""
    ask.check(page.imagelength, page.imagewidth)
    kind = int(page.photometric)
    if kind in (_CFA, _LINEAR_RAW):
        raise ask.error("holds camera RAW; give it the suffix of its camera, or .dng")
    if kind not in (0, 1, 2, 3, 5) and not (kind == 6 and int(page.compression) in (6, 7)):
        raise ask.error(f"has colours of a kind that is not read (photometric {kind})")
    if page.imagedepth != 1 or page.dtype is None or page.dtype.kind not in "buf":
        raise ask.error(f"has {page.bitspersample}-bit samples of a kind that is not read")
    if page.dtype.itemsize > 2 and page.dtype.kind == "u":
        raise ask.error(f"has {page.bitspersample}-bit whole numbers; 8 and 16 are read")
    held = 0
    for at, size in zip(page.dataoffsets, page.databytecounts, strict=True):
        if at < 8 or size < 1 or at + size > ask.size:
            raise ask.error("is cut off: some of its pixels lie beyond its end")
        held += size
    # at most: LZW's longest string in one code, deflate's longest run (1032 : 1)
    factor = {1: 1, 32773: 64, 5: 4096, 8: 1032, 32946: 1032}.get(int(page.compression), 10**6)
    packed = page.imagelength * page.imagewidth * page.samplesperpixel * page.bitspersample // 8
    if packed > held * factor or len(page.dataoffsets) > 10**7:
        ask.check(page.imagelength, page.imagewidth, least=2**63)


def _page(ask: Ask, tiff: Any, page: Any, number: int, pages: int) -> Photo:
    from restore.files import _exif, _multiplied, _photoshop, _reading
    from restore.photo import Source

    order, big = tiff.byteorder, bool(tiff.is_bigtiff)
    main, _ = _ifd.read(ask.peek, page.offset, order, big)
    parts = _exif.read(ask.peek, main, order, big)

    def block(tag: int) -> bytes | None:
        return main[tag].data if tag in main else None

    samples, extra, warnings = _samples(ask, page)
    divided = _multiplied.divided(samples) if extra == 1 and samples.shape[2] in (2, 4) else None
    samples = samples if divided is None else divided
    profile = block(_PROFILE)
    if int(page.photometric) == 5:
        samples, profile, extra, warnings = _without_inks(ask, page, samples, profile)
    irb, iptc = _photoshop.kept(block(_PHOTOSHOP))
    compression = int(page.compression)
    source = Source(
        format="tiff",
        exif=_exif.build(parts) if parts else None,
        xmp=block(_XMP),
        iptc=block(_IPTC) or iptc,
        profile=profile,
        page=number,
        pages=pages,
        details=MappingProxyType(
            {
                "compression": _KEPT.get(compression, "zlib"),
                "predictor": int(page.predictor) != 1 or compression not in _KEPT,
                "big": big,
                "extra": extra,
                "multiplied": divided is not None,
                "float": page.dtype.str[1:] if page.dtype.kind == "f" else None,
                "photoshop": irb,
            }
        ),
    )
    return _reading.photo(ask, samples, source=source, warnings=warnings)


def _samples(ask: Ask, page: Any) -> tuple[Samples, int, tuple[str, ...]]:
    """(height, width, channels) samples as grey or R G B with at most one opacity; its kind."""
    import numpy as np

    from restore.files import _reading

    if int(page.compression) == 5:
        _check_lzw(ask, page)
    with ask.decoding():
        samples = page.asarray(buffersize=2**24)
    samples = samples.reshape(page.shaped[0], page.imagelength, page.imagewidth, -1)
    samples = samples[0] if len(samples) == 1 else np.moveaxis(samples[..., 0], 0, -1)
    kind = int(page.photometric)
    warnings: tuple[str, ...] = ()
    if kind == 3:
        with ask.decoding("has a damaged palette"):
            samples = _painted(samples[..., 0], np.asarray(page.colormap))
    elif samples.dtype == bool:
        samples = samples.astype(np.uint8) * np.uint8(255)
    elif samples.dtype.kind == "u":
        samples = _reading.stretched(samples, page.bitspersample)
    if kind == 0:  # the light only: opacity is as it always is
        white = samples.dtype.type(1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max)
        np.subtract(white, samples[..., :1], out=samples[..., :1])
    colours = {0: 1, 1: 1, 5: 4}.get(kind, 3)
    if samples.shape[2] < colours:
        raise ask.error(f"has {samples.shape[2]} channels where {colours} are needed")
    if samples.shape[2] > colours + 1:
        warnings = (f"has {samples.shape[2] - colours} extra channels; only the first is kept",)
    extra = int(page.extrasamples[0]) if page.extrasamples else 2
    return samples[..., : colours + 1], extra, warnings


def _check_lzw(ask: Ask, page: Any) -> None:
    """Refuse codes that the decoder would follow to anywhere in memory."""
    import imagecodecs

    from restore.files import _lzw

    for at, size in zip(page.dataoffsets, page.databytecounts, strict=True):
        data = ask.peek(at, size)
        if page.fillorder == 2:
            data = bytes(imagecodecs.bitorder_decode(data))
        if not _lzw.sound(data):
            raise ask.error("cannot be decoded; it is damaged (a code before any it could mean)")


def _without_inks(
    ask: Ask, page: Any, samples: Samples, profile: bytes | None
) -> tuple[Samples, bytes, int, tuple[str, ...]]:
    from restore.files import _profile

    if page.dtype.kind == "f" or int(page.tags.valueof(332, default=1)) != 1:
        raise ask.error("has inks of a kind that is not read; only C M Y K of 8 and 16 bits is")
    light, profile, warnings = _profile.without_inks(samples[..., :4], profile)
    return light, profile, 2, warnings


def _painted(places: Samples, palette: Samples) -> Samples:
    """Palette colours (3, n) uint16 in the places' stead; 8 bits where that is all they have."""
    import numpy as np

    if palette.max(initial=0) < 256:  # some writers forget to scale
        palette = palette.astype(np.uint8)
    elif not (palette % 257).any() or not (palette % 256).any():
        palette = (palette >> 8).astype(np.uint8)
    return np.ascontiguousarray(palette.T)[places]


def write(path: Path, pages: Sequence[Photo]) -> None:
    """Write all pages."""
    from restore.files import _tiffwriting

    with path.open("r+b") as file:
        _tiffwriting.write(file, pages)
