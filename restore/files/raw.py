"""Camera RAW by LibRaw, at 16 bits; read only: results are TIFF.

Two ways: developed (camera white balance, camera matrix to sRGB, no automatic brightness), or the
camera's own channels, linear and daylight-balanced, before the matrix.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from restore.files import _ifd

if TYPE_CHECKING:
    from restore.color.space import Samples, Space
    from restore.files._reading import Ask
    from restore.files.metadata import _exif
    from restore.image.photo import Photo

SUFFIXES = (
    *(".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".raf", ".orf", ".rw2"),
    *(".pef", ".srw", ".3fr", ".fff", ".iiq", ".rwl", ".kdc", ".dcr", ".erf", ".mef", ".mos"),
    *(".mrw", ".x3f", ".crw", ".gpr"),
)

_MAGICS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM")
_CRX = b"ftypcrx "
_PHOTOMETRIC, _SUBFILE, _SUB_TABLES, _DNG, _XMP = 262, 254, 330, 50706, 700
_CFA, _LINEAR_RAW = 32803, 34892
_SPOTS = ((273, 279), (324, 325))
"""Tags with the offsets and the sizes of strips and of tiles."""
_DESCRIBING = {
    *(269, 270, 271, 272, 282, 283, 285, 296, 305, 306, 315, 316, 18246, 18249, 33432),
    *(36867, 40091, 40092, 40093, 40094, 40095, 42016, 42032, 42033, 42034, 42035, 42036, 42037),
}
"""Tags of a RAW file's first table that describe the photo, not the sensor's data."""
_CANON = b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48"
_ADOBE = b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac"


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is camera RAW."""
    if head.startswith(_MAGICS) or head[4:12] == _CRX or head[6:14] == b"HEAPCCDR":
        return True
    if head[8:12] in (b"CR\2\0", b"IIII", b"MMMM"):
        return True
    layout = _ifd.layout(head)
    if layout is None or layout.big:
        return False
    tables = _tables(_ifd.from_bytes(head), layout)
    main = next(tables, {})
    if _DNG in main or _number(main, _PHOTOMETRIC, layout.order) in (_CFA, _LINEAR_RAW):
        return True
    # a preview first and the photo in a table below: how cameras lay out their TIFFs
    return _SUB_TABLES in main and _number(main, _SUBFILE, layout.order) == 1


def _number(table: _ifd.Table, tag: int, order: str) -> float | None:
    numbers = table[tag].numbers(order) if tag in table else ()
    return numbers[0] if numbers else None


def _tables(peek: _ifd.Peek, layout: _ifd.Layout) -> Iterator[dict[int, _ifd.Value]]:
    """The first table and the tables below it."""
    main, _ = _ifd.read(peek, layout.first, layout.order)
    yield main
    below = main[_SUB_TABLES].numbers(layout.order)[:16] if _SUB_TABLES in main else ()
    for at in below:
        yield _ifd.read(peek, int(at), layout.order)[0]


def read(ask: Ask) -> list[Photo]:
    """The photo, or the first of several exposures."""
    from dataclasses import replace

    import rawpy

    from restore.color import profile
    from restore.color.space import Space
    from restore.files import _reading, _rgbi
    from restore.files.metadata import _exif, _xmp
    from restore.image.photo import Source

    _check_all_there(ask)
    parts, xmp = _metadata(ask)
    colours = _rgbi.split(ask)
    try:
        with ask.decoding(), rawpy.RawPy() as raw:
            ask.file.seek(0)
            raw.open_buffer(io.BytesIO(colours[0]) if colours else ask.file)
            sizes = raw.sizes
            ask.check(max(sizes.height, sizes.raw_height), max(sizes.width, sizes.raw_width))
            if ask.raw == "camera":
                samples, space = _camera(raw)
            else:
                samples, space = _developed(raw), Space()
    except rawpy.LibRawError as error:
        text = error.args[0] if error.args else ""
        reason = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        raise ask.error(f"is camera RAW that LibRaw cannot read ({reason})") from error
    if samples.ndim == 3 and samples.shape[2] == 4:
        raise ask.error("has four colours; only raw = 'developed' is supported")
    infrared = _exif.turned(colours[1], _orientation(ask)) if colours else None
    warnings: tuple[str, ...] = ()
    if infrared is not None and infrared.shape != samples.shape[:2]:
        infrared, warnings = None, ("its infrared channel has another size and was dropped",)
    source = Source(
        format="raw",
        exif=_exif.build(parts) if parts else None,
        xmp=_xmp.without(xmp, _xmp.CAMERA_RAW),
        profile=profile.made("srgb"),  # of the result
        infrared=infrared,
        details=_reading.frozen(raw=ask.raw),
    )
    # LibRaw has turned the photo; the profile of a RAW file is not that of the result
    photo = _reading.photo(ask, samples, source=source, orientation=1, warnings=warnings)
    return [replace(photo, space=space)]


def _developed(raw: Any) -> Samples:
    import rawpy

    return raw.postprocess(
        use_camera_wb=True,
        no_auto_bright=True,
        output_bps=16,
        output_color=rawpy.ColorSpace.sRGB,
        gamma=(2.4, 12.92),
    )


def _camera(raw: Any) -> tuple[Samples, Space]:
    """Linear channels before the matrix, balanced so that daylight (D65) grey is grey.

    White is where green is full. The others reach above it, up to where the sensor itself is full:
    a channel that a lamp alone lights is not clipped early by its daylight multiplier. Full is
    taken from the camera's white levels, channel by channel, never from the brightest pixel.
    """
    import rawpy

    from restore.color.space import Space

    balance = [gain or raw.daylight_whitebalance[1] for gain in raw.daylight_whitebalance]
    if not all(0 < gain < 1e6 for gain in balance):
        balance = [1.0] * 4
    black, white = raw.black_level_per_channel, float(raw.white_level)
    levels = raw.camera_white_level_per_channel or []
    full = [float(level) if level and level > 0 else white for level in [*levels, 0, 0, 0, 0][:4]]
    if any(level <= low for level, low in zip(full, black, strict=True)):
        raise ValueError("a white level is not above its black level")
    span = max(full) - min(black)  # LibRaw expects it without the black level
    multipliers = [
        gain * span / (level - low) for gain, low, level in zip(balance, black, full, strict=True)
    ]
    samples = raw.postprocess(
        user_wb=multipliers,
        user_sat=round(span),
        adjust_maximum_thr=0.0,
        highlight_mode=rawpy.HighlightMode.Ignore,
        no_auto_bright=True,
        output_bps=16,
        output_color=rawpy.ColorSpace.raw,
        gamma=(1, 1),
    )
    # LibRaw divides by the largest multiplier; white is where green, the second channel, is full
    return samples, Space(camera=True, exposure=max(multipliers) / balance[1])


def _check_all_there(ask: Ask) -> None:
    """Refuse a TIFF-like file whose data extend beyond its end: LibRaw would fill in zeros."""
    layout = _ifd.layout(ask.peek(0, 16))
    if layout is None:
        return
    for table in _tables(ask.peek, layout):
        for at, size in _SPOTS:
            if at in table and size in table:
                ends = zip(
                    table[at].numbers(layout.order), table[size].numbers(layout.order), strict=False
                )
                if any(start + length > ask.size for start, length in ends):
                    raise ask.error("is cut off: some of its pixels are beyond its end")


def _orientation(ask: Ask) -> int:
    """Of a TIFF-like file, 1 … 8: how LibRaw turns it."""
    from restore.files.metadata import _exif

    layout = _ifd.layout(ask.peek(0, 16))
    main = _ifd.read(ask.peek, layout.first, layout.order)[0] if layout else {}
    return int(_number(main, _exif.ORIENTATION, layout.order) or 1) if layout else 1


def _metadata(ask: Ask) -> tuple[_exif.Parts, bytes | None]:
    """Exif and XMP, which LibRaw does not return."""
    from dataclasses import replace

    from restore.files.metadata import _exif

    head = ask.peek(0, 128)
    parts, xmp = _exif.Parts(), None
    if (layout := _ifd.layout(head)) is not None:
        main, _ = _ifd.read(ask.peek, layout.first, layout.order)
        parts = _exif.read(ask.peek, main, layout.order)
        xmp = main[_XMP].data if _XMP in main else None
    elif head[4:12] == _CRX:
        parts, xmp = _of_canon(ask)
    elif head.startswith(b"FUJIFILMCCD-RAW") and len(head) >= 92:
        parts = _of_fuji(ask, *struct.unpack_from(">II", head, 84))
    main = {tag: value for tag, value in parts.main.items() if tag in _DESCRIBING}
    srgb = _ifd.Value(_ifd.SHORT, 1, struct.pack(parts.order + "H", 1))
    exif = {tag: value for tag, value in parts.exif.items() if tag not in _exif.PIXELS}
    if exif:
        exif[_exif.COLOR_SPACE] = srgb
    return replace(parts, main=main, exif=exif, interop={}), xmp


def _of_canon(ask: Ask) -> tuple[_exif.Parts, bytes | None]:
    """Of a CR3: an ISO media file whose boxes CMT1, 2, 4 hold the main, Exif and GPS tables."""
    from restore.files import _boxes
    from restore.files.metadata import _exif

    tables: dict[bytes, _ifd.Table] = {}
    order, xmp = "<", None
    for kind, at, size in _boxes.walk(ask.peek, 0, ask.size):
        if kind == b"uuid" and size > 16 and ask.peek(at, 16) == _ADOBE:
            xmp = ask.peek(at + 16, min(size - 16, _ifd.LARGEST))
        if kind != b"moov":
            continue
        for inner, start, length in _boxes.walk(ask.peek, at, at + size):
            if inner != b"uuid" or ask.peek(start, 16) != _CANON:
                continue
            for name, begin, count in _boxes.walk(ask.peek, start + 16, start + length):
                block = ask.peek(begin, min(count, _ifd.LARGEST))
                layout = _ifd.layout(block)
                if name in (b"CMT1", b"CMT2", b"CMT3", b"CMT4") and layout:
                    order = layout.order
                    peek = _ifd.from_bytes(block)
                    tables[name], _ = _ifd.read(peek, layout.first, order)
    main, exif, gps = (tables.get(name, {}) for name in (b"CMT1", b"CMT2", b"CMT4"))
    kept = {tag: value for tag, value in exif.items() if tag not in _exif.POINTERS}
    return _exif.Parts(order, main, kept, gps), xmp


def _of_fuji(ask: Ask, at: int, size: int) -> _exif.Parts:
    """Of a RAF: in the JPEG preview at its beginning."""
    from restore.files.metadata import _exif

    preview = ask.peek(at, min(size, _ifd.LARGEST))
    start = preview[:4096].find(b"Exif\0\0")
    if start < 4:
        return _exif.Parts()
    length = struct.unpack_from(">H", preview, start - 2)[0]
    return _exif.parse(preview[start + 6 : start - 2 + length])
