"""Make a photo fit its output format: bit depth, alpha channel, profile, history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from restore.color import profile as icc
from restore.color.space import Samples, Space
from restore.files._contract import Writer
from restore.files.metadata import _exif, _labels, _xmp
from restore.image.photo import Photo, Window
from restore.image.render import windows

NAMES = {"exif": "Exif", "xmp": "XMP", "iptc": "IPTC", "comments": "comments"}
_DEPTHS: dict[int, DTypeLike] = {8: np.uint8, 16: np.uint16, 32: np.float32}


def ready(photo: Photo, format: Writer, profile: str) -> Photo:
    """The photo as `format` can hold it, with its history in its XMP."""
    source = photo.source
    exif = source.exif
    space = photo.space
    held = format.HOLDS.profiles or source.profile is None or space == Space()
    coloured = photo.samples.shape[2] == 3 or not format.HOLDS.grey
    if profile == "srgb" or not held or space.camera or (space.grey and coloured):
        space = Space()
        exif = _exif.as_srgb(exif) if exif else None
        source = replace(source, profile=icc.made("srgb"))
    bits = _bits(photo, format)
    alpha = source.alpha if format.HOLDS.alpha else None
    if alpha is not None and alpha.dtype.itemsize * 8 != bits:
        alpha = _scaled(alpha, np.dtype(_DEPTHS[bits]))
    infrared = source.infrared if format.HOLDS.infrared else None
    if infrared is not None and infrared.dtype.itemsize * 8 != bits:
        infrared = _scaled(infrared, np.dtype(_DEPTHS[bits]))
    fields = {**source.record}
    if source.history:
        fields["history"] = "\n".join(source.history)
    xmp = source.xmp
    name = format.__name__.rpartition(".")[2]
    if source.format != name:
        xmp = _xmp.without(xmp, _xmp.DUBLIN_CORE, "format")
    if "recipe" in fields:
        xmp = _labels.labelled(photo, xmp, name, profile)
        if exif and fields.get("modified"):
            exif = _exif.dated(exif, fields["modified"])
    xmp = _xmp.write(xmp, fields) if fields else xmp
    source = replace(source, alpha=alpha, infrared=infrared, exif=exif, xmp=xmp)
    if space == photo.space and bits == photo.bits:
        # via one dimension: encoders refuse the odd strides numpy allows for sides of 1
        samples = np.ascontiguousarray(photo.samples).reshape(-1).reshape(photo.samples.shape)
        return replace(photo, samples=samples, source=source)
    return Photo(_converted(photo, space, np.dtype(_DEPTHS[bits])), space, source, photo.findings)


def losses(photo: Photo, format: Writer) -> list[str]:
    """What `format` cannot hold of the photo, each as a predicate: "stores 8 bits …"."""
    lost = []
    if (bits := _bits(photo, format)) < photo.bits:
        kind = "floats" if photo.bits == 32 else f"{photo.bits} bits"
        lost.append(f"stores {bits} bits per sample; the photo's {kind} will be rounded")
    alpha = photo.source.alpha
    if alpha is not None and not format.HOLDS.alpha:
        full = 1 if alpha.dtype.kind == "f" else np.iinfo(alpha.dtype).max
        if (alpha < full).any():
            lost.append("cannot store transparency; the alpha channel will be dropped")
    if photo.source.infrared is not None and not format.HOLDS.infrared:
        lost.append("cannot store the infrared channel; it will be dropped")
    source = photo.source
    blocks = {"exif": source.exif, "xmp": source.xmp, "iptc": source.iptc}
    blocks["comments"] = source.details.get("comments")
    for name, words in NAMES.items():
        if blocks[name] and name not in format.HOLDS.metadata:
            lost.append(
                f"cannot store {words}; {'they' if words == 'comments' else 'it'} will be dropped"
            )
    most = format.HOLDS.exif
    if source.exif and len(source.exif) > most:
        lost.append(f"stores at most {most:.0f} bytes of Exif; the longest parts will be dropped")
    return lost


def _bits(photo: Photo, format: Writer) -> int:
    """Bits per sample in `format`: the photo's own, the next more, or the most."""
    return min(
        (depth for depth in format.HOLDS.depths if depth >= photo.bits),
        default=max(format.HOLDS.depths),
    )


def _converted(photo: Photo, space: Space, dtype: np.dtype[Any]) -> Samples:
    """The photo's samples in another space or depth, band by band."""
    channels = photo.samples.shape[2]
    result = np.empty((*photo.size, channels), dtype)
    for window in windows(*photo.size, 0):
        place = window.inside(Window.whole(*photo.size))
        pixels = photo.tile(window).pixels
        result[place] = space.from_working(pixels, dtype, window.top, window.left)[..., :channels]
    return result


def _scaled(alpha: Samples, dtype: np.dtype[Any]) -> Samples:
    """An alpha channel in another depth."""
    share = alpha if alpha.dtype.kind == "f" else alpha / np.float32(np.iinfo(alpha.dtype).max)
    if dtype.kind == "f":
        return share.astype(np.float32)
    top = np.iinfo(dtype).max
    return np.rint(share.clip(0, 1) * top).astype(dtype)
