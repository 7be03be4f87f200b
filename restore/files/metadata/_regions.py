"""Face regions in XMP, relative to the photo as stored: turned together with it.

Metadata Working Group, "Guidelines for handling image metadata" 2.0, 5.9 (mwg-rs); Microsoft's
MP:RegionInfo, whose rectangles begin at their upper left corner. Nothing here parses XML: numbers
are found as text, and everything else stays as it is.
"""

from __future__ import annotations

import re

SPACES = (
    "http://www.metadataworkinggroup.com/schemas/regions/",
    "http://ns.microsoft.com/photo/1.2/",
)
"""Namespaces of the regions."""
_AREA = re.compile(rb"<mwg-rs:Area\b[^>]{0,2000}(?:/>|>.{0,4000}?</mwg-rs:Area>)", re.DOTALL)
_SIZE = re.compile(
    rb"<mwg-rs:AppliedToDimensions\b[^>]{0,2000}(?:/>|>.{0,4000}?</mwg-rs:AppliedToDimensions>)",
    re.DOTALL,
)
_NUMBER = rb"\d{1,9}(?:\.\d{0,20})?"
_SIDE = re.compile(
    rb"((?<!/)st(?:Area|Dim):[xywh](?:\s{0,9}=\s{0,9}[\"']|>)\s{0,9})(" + _NUMBER + rb")"
)
_RECTANGLE = re.compile(
    rb"((?<!/)MPReg:Rectangle(?:\s{0,9}=\s{0,9}[\"']|>)\s{0,9})("
    + rb"\s{0,9},\s{0,9}".join([_NUMBER] * 4)
    + rb")"
)


def turned(packet: bytes, orientation: int) -> bytes:
    """The packet of a photo that was turned by an Exif orientation of 1 … 8."""
    if orientation not in range(2, 9):
        return packet
    if b"mwg-rs:Area" in packet:
        packet = _AREA.sub(lambda match: _area(match[0], orientation), packet)
        if orientation > 4:
            packet = _SIZE.sub(lambda match: _swapped(match[0]), packet)
    if b"MPReg:Rectangle" in packet:
        packet = _RECTANGLE.sub(lambda match: match[1] + _rectangle(match[2], orientation), packet)
    return packet


def place(x: float, y: float, orientation: int) -> tuple[float, float]:
    """The position of a point (shares of width and height) after turning."""
    if orientation > 4:
        x, y = y, x
    return (
        1 - x if orientation in (2, 3, 6, 7) else x,
        1 - y if orientation in (3, 4, 7, 8) else y,
    )


def _area(text: bytes, orientation: int) -> bytes:
    """An area: its centre and its sides, shares of width and height."""
    given = {name.partition(b":")[2][:1]: value for name, value in _SIDE.findall(text)}
    try:
        x, y, w, h = (float(given[side]) for side in (b"x", b"y", b"w", b"h"))
    except (KeyError, ValueError):
        return text
    if b"pixel" in text:
        return text
    x, y = place(x, y, orientation)
    w, h = (h, w) if orientation > 4 else (w, h)
    return _with(text, {b"x": x, b"y": y, b"w": w, b"h": h})


def _swapped(text: bytes) -> bytes:
    """Dimensions, width and height exchanged."""
    given = dict(re.findall(rb"stDim:([wh])(?:\s{0,9}=\s{0,9}[\"']|>)\s{0,9}(\d{1,9})", text))
    if {*given} != {b"w", b"h"}:
        return text
    return _with(text, {b"w": float(given[b"h"]), b"h": float(given[b"w"])})


def _with(text: bytes, values: dict[bytes, float]) -> bytes:
    """The text with its numbers replaced."""

    def number(match: re.Match[bytes]) -> bytes:
        return match[1] + _written(values[match[1].partition(b":")[2][:1]])

    return _SIDE.sub(number, text)


def _rectangle(text: bytes, orientation: int) -> bytes:
    """A rectangle: its left, top, width and height, shares of the photo's."""
    try:
        left, top, width, height = map(float, text.split(b","))
    except ValueError:
        return text
    x, y = place(left + width / 2, top + height / 2, orientation)
    width, height = (height, width) if orientation > 4 else (width, height)
    return b", ".join(map(_written, (x - width / 2, y - height / 2, width, height)))


def _written(value: float) -> bytes:
    return f"{value:.6f}".rstrip("0").rstrip(".").encode()
