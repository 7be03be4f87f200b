"""Select the pages of a TIFF that are photos and can be read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restore.files._reading import Ask

MOST = 1000
"""Most pages that are read."""
REDUCED, MASK = 1, 4
"""Bits of NewSubfileType (TIFF 6.0, section 8)."""
CFA, LINEAR_RAW = 32803, 34892
INVERTED_GREY, GREY, RGB, PALETTE, INKS, YCBCR, LAB, ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9
_FAX = (2, 3, 4)
_JPEG = (6, 7)
_PHOTOMETRIC, _LAYERS = 262, 37724
_LAYER_KEYS = tuple(
    mark for key in (b"Layr", b"Lr16", b"Lr32") for mark in (b"8BIM" + key, b"MIB8" + key[::-1])
)


@dataclass(frozen=True)
class Page:
    """A page that is a photo.

    Attributes
    ----------
    tiff
        The page as tifffile has it.
    infrared
        The page with its infrared channel, as SilverFast writes it; or None.
    kind
        What its samples mean: PhotometricInterpretation, or a guess if it is missing.
    rows
        Rows present: fewer than the page has only if a truncated file is salvaged.
    warnings
        What is odd.
    """

    tiff: Any
    infrared: Any
    kind: int
    rows: int
    warnings: tuple[str, ...]


def pages(ask: Ask, tiff: Any) -> list[tuple[Any, Any, bool]]:
    """The pages that are photos, each with the page of its infrared channel or None, and whether
    one that is called a mask belongs to it."""
    tiff.pages.useframes = False
    if len(tiff.pages) > MOST:
        raise ask.error(f"has {len(tiff.pages)} pages; at most {MOST} are read")
    listed = list(tiff.pages)
    photos: list[tuple[Any, Any, bool]] = []
    for page, following in zip(listed, [*listed[1:], None], strict=True):
        below = list(page.pages or ())[:16]
        if not int(page.subfiletype) & (REDUCED | MASK):
            masks = [p for p in (following, *below) if p and int(p.subfiletype) & MASK]
            infrared = next((mask for mask in masks if _infrared_of(page, mask)), None)
            photos.append((page, infrared, bool(masks)))
        elif int(page.subfiletype) & REDUCED:  # a preview, and the photo in a table below it
            photos += [
                (one, None, False) for one in below if not int(one.subfiletype) & (REDUCED | MASK)
            ]
    if not photos:
        raise ask.error("holds no photo, only previews or masks")
    return photos


def _infrared_of(photo: Any, page: Any) -> bool:
    """Whether a page is the infrared channel of a photo: as large, one channel, called a mask.

    A transparency mask has one bit (TIFF 6.0, section 8); SilverFast's HDRi has 16.
    """
    return (
        page.samplesperpixel == 1
        and page.bitspersample == photo.bitspersample >= 8
        and (page.imagelength, page.imagewidth) == (photo.imagelength, photo.imagewidth)
    )


def checked(ask: Ask, page: Any, infrared: Any, masked: bool) -> Page:
    """The page, if it is a photo that can be read and not too large; else PhotoError."""
    depth = page.samplesperpixel * max(8, page.bitspersample) / 8
    ask.check(page.imagelength, page.imagewidth, held=2.5 * depth)
    kind, warnings = _kind(page)
    if kind in (CFA, LINEAR_RAW):
        raise ask.error("holds camera RAW; give it the suffix of its camera, or .dng")
    compression = int(page.compression)
    if kind not in (INVERTED_GREY, GREY, RGB, PALETTE, INKS, LAB, ICC_LAB) and not (
        kind == YCBCR and compression in _JPEG
    ):
        raise ask.error("stores its colours in a way that is not supported; save it as RGB")
    if page.imagedepth != 1 or page.dtype is None or page.dtype.kind not in "buf":
        raise ask.error(f"has {page.bitspersample}-bit samples of an unsupported kind")
    if page.dtype.itemsize > 2 and page.dtype.kind == "u":
        raise ask.error(f"has {page.bitspersample}-bit integers; 8 and 16 bits are supported")
    if kind in (LAB, ICC_LAB) and (page.dtype.kind != "u" or compression in _JPEG):
        raise ask.error("has Lab colours of an unsupported kind; 8 and 16 bits are supported")
    if masked and infrared is None:
        warnings += ("has a transparency mask, which is not supported and was dropped",)
    rows = _rows_there(ask, page)
    if infrared is not None and _rows_there(ask, infrared) < rows:
        infrared = None
    if rows < page.imagelength:
        warnings += (ask.salvaged(rows, page.imagelength),)
    if _layered(ask, page):
        warnings += ("has Photoshop layers; only the flattened picture is restored",)
    return Page(page, infrared, kind, rows, warnings)


def _kind(page: Any) -> tuple[int, tuple[str, ...]]:
    """What the samples mean; if the file does not say, libtiff's guess."""
    if _PHOTOMETRIC in page.tags:
        return int(page.photometric), ()
    if page.samplesperpixel >= 3:
        return RGB, ("does not say what its channels are; they are read as RGB",)
    kind = INVERTED_GREY if int(page.compression) in _FAX else GREY
    return kind, ("does not say whether 0 is black or white; it is read as most programs do",)


def _rows_there(ask: Ask, page: Any) -> int:
    """Rows whose samples are in the file; missing sizes of strips are filled in.

    PhotoError if some are missing, unless the rest is to be salvaged.
    """
    _count_bytes(ask, page)
    wide, tall = page.imagewidth, page.imagelength
    high = page.tilelength if page.is_tiled else min(page.rowsperstrip or tall, tall)
    across = -(-wide // page.tilewidth) if page.is_tiled else 1
    down = -(-tall // high)
    missing = [
        number
        for number, (at, size) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True))
        if at < 8 or size < 1 or at + size > ask.size
    ]
    if (
        missing
        and max(map(sum, zip(page.dataoffsets, page.databytecounts, strict=True))) <= ask.size
    ):
        raise ask.error("has no data for some of its pixels")
    if missing and not ask.salvage:
        raise ask.cut_off("some of its pixels are beyond its end")
    held = sum(page.databytecounts)
    # at most: LZW's longest string in one code, deflate's longest run (1032 : 1)
    factor = {1: 1, 32773: 64, 5: 4096, 8: 1032, 32946: 1032}.get(int(page.compression), 10**6)
    packed = tall * wide * page.samplesperpixel * page.bitspersample // 8
    if not missing:
        if packed > held * factor or len(page.dataoffsets) > 10**7:
            ask.check(tall, wide, least=2**63)
        return tall
    rows = min(number // across % down for number in missing) * high
    if not rows or packed * rows // tall > held * factor:
        raise ask.cut_off("none of its pixels are left")
    counts = list(page.databytecounts)
    for number in missing:
        counts[number] = 0
    page.databytecounts = tuple(counts)
    return rows


def _count_bytes(ask: Ask, page: Any) -> None:
    """Fill in strip sizes of 0, and correct those that are too long.

    As libtiff does: uncompressed ones are as long as they must be, others reach to the next.
    """
    counts = list(page.databytecounts)
    if len(counts) != len(page.dataoffsets) or page.is_tiled:
        return
    plain = int(page.compression) == 1 and page.predictor == 1
    rows, planes = min(page.rowsperstrip or page.imagelength, page.imagelength), page.shaped[0]
    channels = page.samplesperpixel // planes
    row = -(-page.imagewidth * channels * page.bitspersample // 8)
    strips = -(-page.imagelength // rows)
    starts = sorted({*page.dataoffsets, ask.size})
    for number, (at, size) in enumerate(zip(page.dataoffsets, counts, strict=True)):
        first = number % strips * rows
        needed = row * min(rows, page.imagelength - first)
        if plain and (not size or at + size > ask.size):
            counts[number] = needed
        elif not size:
            with suppress(StopIteration):
                counts[number] = next(start for start in starts if start > at) - at
    page.databytecounts = tuple(counts)


def _layered(ask: Ask, page: Any) -> bool:
    """Whether Photoshop's layers are in the page."""
    if _LAYERS not in page.tags:
        return False
    start = ask.peek(page.tags[_LAYERS].valueoffset, 2**16)
    return any(key in start for key in _LAYER_KEYS)
