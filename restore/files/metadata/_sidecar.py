"""XMP sidecars: what a photo manager noted beside a photo goes with the result.

Two habits: Adobe writes IMG_1.xmp beside a camera RAW, darktable and digiKam IMG_1.CR2.xmp. As
everywhere in `metadata`, nothing is parsed as XML: properties are found as text.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from restore.files.metadata import _regions, _xmp
from restore.files.metadata._properties import Property, properties

LARGEST = 4 * 1024 * 1024
"""Most bytes of a sidecar."""
_DECLARED = re.compile(rb"\sxmlns:([A-Za-z_][\w.-]*+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
_LEFT_OUT = (
    b"http://ns.adobe.com/tiff/1.0/",  # of the original's pixels
    b"http://darktable.sf.net/",  # how it was developed
    _xmp.SPACE.encode(),
    _xmp.RDF.encode(),
)
_CROPS = re.compile(rb"HasCrop|Crop(?:Top|Left|Bottom|Right|Angle|ConstrainToWarp)")
"""What stays of Camera Raw's settings: the result is framed like the original."""


def beside(path: Path) -> Path | None:
    """The sidecar of a photo; None if there is none.

    Where there is a camera RAW beside a JPEG, IMG_1.xmp is the RAW's.
    """
    from restore.files.raw import SUFFIXES

    with suppress(OSError, ValueError):
        for name in (f"{path.name}.xmp", f"{path.name}.XMP"):
            if (sidecar := path.with_name(name)).is_file():
                return sidecar
        for suffix in (".xmp", ".XMP"):
            sidecar = path.with_suffix(suffix)
            if sidecar != path and sidecar.is_file():
                others = () if path.suffix.lower() in SUFFIXES else SUFFIXES
                both = (path.with_suffix(case) for one in others for case in (one, one.upper()))
                return None if any(other.exists() for other in both) else sidecar
    return None


def read(path: Path) -> bytes:
    """A sidecar's packet in UTF-8.

    Raises
    ------
    ValueError
        If it is not one; the message says why, after its name.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise ValueError(f"is larger than {LARGEST // 1024**2} MiB")
    text = _xmp.utf8(content)
    if b"RDF" not in text or not properties(text):
        raise ValueError("is not an XMP sidecar")
    return text


def merged(packet: bytes | None, sidecar: bytes, turn: int = 1) -> bytes:
    """A photo's packet with the properties of its sidecar (see `read`), which replace its own.

    Parameters
    ----------
    turn
        The Exif orientation 1 … 8 by which the photo is turned: its crop turns with it.
    """
    spaces = _spaces(sidecar)
    taken = {one: space for one in properties(sidecar) if (space := _space(one, spaces))}
    if not taken:
        return packet or _xmp.base(None)
    names = {(space, one.name) for one, space in taken.items()}
    text = _xmp.base(packet)
    own = _spaces(text)
    for one in sorted(properties(text), key=lambda one: one.start, reverse=True):
        if (own.get(one.prefix, b""), one.name) in names:
            text = text[: one.start] + text[one.end :]
    crop = _crop({one.name: one.value for one in taken if _CROPS.fullmatch(one.name)}, turn)
    content = b"".join(_element(one, sidecar, crop) for one in taken)
    declared = b"".join(
        b' xmlns:%s="%s"' % (prefix, space)
        for prefix, space in spaces.items()
        if prefix != b"rdf"  # ours, for the description itself
    )
    opening = b'<rdf:Description rdf:about="" xmlns:rdf="%s"%s>' % (_xmp.RDF.encode(), declared)
    return _xmp.inserted(text, opening + content + b"</rdf:Description>")


def _spaces(text: bytes) -> dict[bytes, bytes]:
    """The namespaces of a packet by prefix."""
    declared = _DECLARED.finditer(text)
    return {one[1]: one[2] if one[2] is not None else one[3] for one in declared}


def _space(one: Property, spaces: dict[bytes, bytes]) -> bytes:
    """The namespace of a property that a result should have; else empty."""
    space = spaces.get(one.prefix, b"")
    if space in _LEFT_OUT:
        return b""
    if space == _xmp.CAMERA_RAW.encode() and not _CROPS.fullmatch(one.name):
        return b""
    return space


def _element(one: Property, text: bytes, crop: dict[bytes, bytes]) -> bytes:
    """A property as an element, also where it was an attribute."""
    name = one.prefix + b":" + one.name
    written = text[one.start : one.end]
    if one.name in crop:
        return b"<%s>%s</%s>" % (name, crop[one.name], name)
    if written.startswith(b"<"):
        return written
    return b"<%s>%s</%s>" % (name, one.value.replace(b">", b"&gt;"), name)


def _crop(values: dict[bytes, bytes], turn: int) -> dict[bytes, bytes]:
    """Camera Raw's crop, in shares of the sides, of a photo turned by an orientation."""
    sides = (b"CropLeft", b"CropTop", b"CropRight", b"CropBottom")
    try:
        left, top, right, bottom = (float(values[side]) for side in sides)
    except (KeyError, ValueError):
        return {}
    corners = [_regions.place(x, y, turn) for x, y in ((left, top), (right, bottom))]
    xs, ys = (sorted(axis) for axis in zip(*corners, strict=True))
    turned = (xs[0], ys[0], xs[1], ys[1])
    return {side: b"%.6f" % value for side, value in zip(sides, turned, strict=True)}


def carried(path: Path, packet: bytes | None, turn: int) -> tuple[bytes | None, tuple[str, ...]]:
    """A photo's packet with the properties of its sidecar, and warnings."""
    sidecar = beside(path)
    if sidecar is None:
        return packet, ()
    try:
        return merged(packet, read(sidecar), turn), ()
    except ValueError as error:
        return packet, (f"{sidecar.name} beside it {error}; left out",)
