"""HEIF and AVIF, as phones write them, up to 16 bits; read only: results are TIFF.

HEIF needs the package pi-heif (libheif, decoder only). AVIF comes with imagecodecs and Pillow.
"""

from __future__ import annotations

import importlib
import struct
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restore.color.space import Samples
    from restore.files._reading import Ask
    from restore.image.photo import Photo

SUFFIXES = (".heic", ".heif", ".hif", ".avif")

_AVIF = (b"avif", b"avis")
_HEIF = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


def matches(head: bytes) -> bool:
    """Whether a file with this beginning is HEIF or AVIF."""
    return head[4:8] == b"ftyp" and head[8:12] in _AVIF + _HEIF


def read(ask: Ask) -> list[Photo]:
    """The main picture; depth maps, gain maps and further pictures are left out."""
    from restore.files import _codepoints, _reading
    from restore.files.metadata import _xmp
    from restore.image.photo import Source

    head = ask.peek(0, 64)
    brands = head[8:12], *(head[at : at + 4] for at in range(16, min(head[3], 64), 4))
    decode = _avif if any(brand in _AVIF for brand in brands) else _heif
    samples, info, orientation = decode(ask)
    exif, profile = info.get("exif"), info.get("icc_profile")
    if profile is None and (numbers := info.get("nclx_profile")):
        profile = _codepoints.profile(
            ask, numbers["color_primaries"], numbers["transfer_characteristics"]
        )
    source = Source(
        format="heif",
        exif=exif[exif.find(b"Exif\0\0") + 6 if b"Exif\0\0" in exif[:16] else 0 :]
        if exif
        else None,
        xmp=_xmp.without(info.get("xmp"), _xmp.GOOGLE_CAMERA, _xmp.MOTION),
        profile=profile,
    )
    warnings: tuple[str, ...] = ()
    if (pictures := info.get("pictures", 1)) > 1:
        warnings = (f"holds {pictures} pictures; only the main one is restored",)
    photo = _reading.photo(ask, samples, source=source, orientation=orientation, warnings=warnings)
    return [photo]


def _heif(ask: Ask) -> tuple[Samples, dict[str, Any], int | None]:
    """libheif turns the picture itself."""
    import numpy as np

    try:
        pi_heif: Any = importlib.import_module("pi_heif")
    except ImportError as error:
        raise ask.error(
            'is HEIF, which needs the package pi-heif: pip install "restore-photos[heif]"'
        ) from error
    _check_items(ask)
    with ask.decoding():
        ask.file.seek(0)
        picture = pi_heif.open_heif(ask.file, convert_hdr_to_8bit=False)
        width, height = picture.size
    ask.check(height, width)
    with ask.decoding():
        # a copy: the array would not keep the memory of `picture` alive
        return np.array(picture), {**picture.info, "pictures": len(picture)}, 1


def _check_items(ask: Ask) -> None:
    """Refuse items whose type is not ASCII: pi-heif 1.4 crashes on them.

    ISO/IEC 14496-12, 8.11.6: an `infe` box has version and flags, an item's number (in 2 bytes, or
    4 from version 3 on), 2 bytes of protection, 4 of kind, a name, and of `mime` its content type.
    """
    from restore.files import _boxes

    for name, at, size in _boxes.walk(ask.peek, 0, ask.size):
        parts = _boxes.walk(ask.peek, at + 4, at + size) if name == b"meta" else ()
        for part, start, length in parts:
            before = 8 if ask.peek(start, 1) != b"\0" else 6
            items = _boxes.walk(ask.peek, start + before, start + length)
            for _, begin, count in items if part == b"iinf" else ():
                body = ask.peek(begin, min(count, 2**16))
                rest = body[10 if body[:1] == b"\3" else 8 :]
                strings = rest[4:].split(b"\0") if rest[:4] == b"mime" else []
                try:
                    (rest[:4] + b"".join(strings[1:2])).decode()
                except UnicodeDecodeError as error:
                    raise ask.error("holds an item of unknown type; it is damaged") from error


def _avif(ask: Ask) -> tuple[Samples, dict[str, Any], int | None]:
    """Pixels by imagecodecs, which keeps 10 and 12 bits; the rest by Pillow, which reduces to 8."""
    import io

    import imagecodecs
    import numpy as np
    from PIL.AvifImagePlugin import AvifImageFile

    from restore.files import _reading

    data = ask.bytes()
    info: dict[str, Any] = {}
    with ask.decoding(), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # Pillow's warnings about damaged Exif, which we parse ourselves
        with AvifImageFile(io.BytesIO(data)) as opened:
            width, height = opened.size
            info.update(opened.info)  # type: ignore[arg-type]
        ask.check(height, width)
        samples = imagecodecs.avif_decode(data)
    numbers = data.find(b"colrnclx", 0, 2**20) + 8  # ISO/IEC 14496-12, 12.1.5
    if numbers >= 8 and len(data) >= numbers + 4:
        primaries, curve = struct.unpack_from(">HH", data, numbers)
        info["nclx_profile"] = {"color_primaries": primaries, "transfer_characteristics": curve}
    if samples.ndim == 4:
        samples = samples[0]
    if samples.dtype == np.uint16:
        flags = data[data.find(b"av1C") + 6]  # AV1 ISOBMFF binding, 2.3.3
        bits = 12 if flags & 0x20 else 10
        samples = _reading.stretched(samples, bits)
    return samples, info, None
