"""The first bits of a JPEG XL codestream: size, depth and colours (ISO/IEC 18181-1, annex D, E)."""

from __future__ import annotations

from dataclasses import dataclass

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SRGB_PRIMARIES, _D65 = 1, 1
SRGB, LINEAR = 13, 8
"""Transfer curves (E.2, table E.5)."""


@dataclass(frozen=True)
class Header:
    """The header of a codestream.

    Attributes
    ----------
    curve
        `SRGB`, `LINEAR`, or None for colours that are not read.
    curve_at
        Position of the last four bits of the curve's number (2 or more), if given.
    """

    height: int
    width: int
    bits: int
    curve: int | None
    curve_at: int | None = None


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)
        self.at = 0

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the header is cut off")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        self.at += count
        return value

    def pick(self, *ways: tuple[int, int]) -> int:
        """One of four ways: a number, and how many bits are added to it (E.2.1, U32)."""
        base, count = ways[self.take(2)]
        return base + self.take(count)

    def enum(self) -> int:
        return self.pick((0, 0), (1, 0), (2, 4), (18, 6))


def read(data: bytes) -> Header:
    """The header of a codestream; ValueError if it is not one."""
    if data[:2] != b"\xff\x0a":
        raise ValueError("is not a codestream")
    bits = _Bits(data[2:200])
    height, width = _size(bits)
    if bits.take(1):
        return Header(height, width, 8, SRGB)
    if bits.take(1):
        bits.take(3)  # orientation: the decoder turns the picture
        if bits.take(1):
            _size(bits)
        if bits.take(2):  # preview, animation
            raise ValueError("previews and animations are not read")
    depth = _depth(bits)
    bits.take(1)
    for _ in range(bits.pick((0, 0), (1, 0), (2, 4), (1, 12))):
        if not bits.take(1):
            if bits.enum():
                raise ValueError("extra channels other than alpha are not read")
            _depth(bits)
            bits.pick((0, 0), (3, 0), (4, 0), (1, 3))
            bits.take(8 * bits.pick((0, 0), (0, 4), (16, 5), (48, 10)))
            bits.take(1)
    bits.take(1)
    if bits.take(1):
        return Header(height, width, depth, SRGB)
    described, space = bits.take(1), bits.enum()
    if described or space > 1:
        return Header(height, width, depth, None)
    usual = bits.enum() == _D65 and (space == 1 or bits.enum() == _SRGB_PRIMARIES)
    if not usual or bits.take(1):
        return Header(height, width, depth, None)
    curve = bits.enum()
    return Header(height, width, depth, curve if curve in (SRGB, LINEAR) else None, bits.at - 4)


def as_srgb(stream: bytes) -> bytes:
    """A codestream of linear colours relabelled as sRGB; the samples stay as they are."""
    header = read(stream)
    if header.curve != LINEAR or header.curve_at is None:
        return stream
    head = int.from_bytes(stream[2:200], "little") & ~(15 << header.curve_at)
    head |= (SRGB - 2) << header.curve_at
    return stream[:2] + head.to_bytes(len(stream[2:200]), "little") + stream[200:]


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)

    def side() -> int:
        return 8 * (1 + bits.take(5)) if small else bits.pick((1, 9), (1, 13), (1, 18), (1, 30))

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return height, side()
    across, down = _RATIOS[ratio - 1]
    return height, height * across // down


def _depth(bits: _Bits) -> int:
    if bits.take(1):
        depth = bits.pick((32, 0), (16, 0), (24, 0), (1, 6))
        bits.take(4)
        return depth
    return bits.pick((8, 0), (10, 0), (12, 0), (1, 6))
