"""The samples of a TIFF page: grey or RGB, with alpha and infrared separate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from restore.files import _multiplied
from restore.files._tiffpages import GREY, ICC_LAB, INKS, INVERTED_GREY, LAB, PALETTE, Page

if TYPE_CHECKING:
    from restore.color.space import Samples
    from restore.files._reading import Ask

UNSPECIFIED, MULTIPLIED, ALPHA = 0, 1, 2
"""Kinds of extra samples (TIFF 6.0, section 18)."""
_ENDS = 0.5
"""Share of the pixels at 0 and full from which an unspecified channel counts as alpha."""
_WHITE_POINT, _INK_SET = 318, 332


@dataclass
class Decoded:
    """The content of a page.

    Attributes
    ----------
    colours
        (rows, columns, 1 … 4) samples as they are stored, then grey or RGB.
    profile
        ICC profile of the colours, or None.
    alpha, infrared
        (rows, columns), or None.
    extra
        Kind of the alpha channel.
    multiplied
        The colours were stored premultiplied by alpha; they no longer are.
    """

    colours: Samples
    profile: bytes | None
    alpha: Samples | None = None
    infrared: Samples | None = None
    extra: int = ALPHA
    multiplied: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def samples(self) -> Samples:
        """Colours and alpha together."""
        if self.alpha is None:
            return self.colours
        return np.concatenate([self.colours, self.alpha[..., None]], 2)


def decoded(ask: Ask, page: Page, profile: bytes | None) -> Decoded:
    """The samples of a page whose colours have this ICC profile."""
    samples = _stored(ask, page.tiff)[: page.rows]
    colours = {INVERTED_GREY: 1, GREY: 1, PALETTE: 1, INKS: 4}.get(page.kind, 3)
    if samples.shape[2] < colours:
        raise ask.error(f"has {samples.shape[2]} channels where {colours} are needed")
    result = Decoded(samples[..., :colours], profile)
    kinds = [int(kind) for kind in page.tiff.extrasamples]
    _sort_extra(result, samples[..., colours:], kinds)
    if page.infrared is not None:
        result.infrared = _stored(ask, page.infrared)[: page.rows, :, 0]
    _develop(ask, page, result)
    if result.extra == MULTIPLIED and result.alpha is not None:
        divided = _multiplied.divided(result.samples) if page.kind != INKS else None
        if divided is not None:
            result.colours, result.multiplied = divided[..., :-1], True
    return result


def _stored(ask: Ask, page: Any) -> Samples:
    """(rows, columns, channels) samples as they are stored, over the whole range of their dtype."""
    from restore.files import _reading

    if int(page.compression) == 5:
        _check_lzw(ask, page)
    with ask.decoding():
        samples = page.asarray(buffersize=2**24)
    samples = samples.reshape(page.shaped[0], page.imagelength, page.imagewidth, -1)
    samples = samples[0] if len(samples) == 1 else np.moveaxis(samples[..., 0], 0, -1)
    if int(page.photometric) == PALETTE:  # places in it
        return samples.astype(np.uint8) if samples.dtype == bool else samples
    if samples.dtype == bool:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype.kind == "u":
        return _reading.stretched(samples, page.bitspersample)
    return samples


def _check_lzw(ask: Ask, page: Any) -> None:
    """Refuse codes that would make the decoder read outside its table."""
    import imagecodecs

    from restore.files import _lzw

    for at, size in zip(page.dataoffsets, page.databytecounts, strict=True):
        data = ask.peek(at, size)
        if page.fillorder == 2:
            data = bytes(imagecodecs.bitorder_decode(data))
        if size and not _lzw.sound(data):
            raise ask.error(
                "cannot be decoded; it is damaged (an LZW code before its entry exists)"
            )


def _sort_extra(result: Decoded, extra: Samples, kinds: list[int]) -> None:
    """Distinguish alpha from infrared in the channels after the colours.

    Scanner programs leave their infrared channel unspecified; other programs do so with alpha,
    which is 0 or full nearly everywhere, as infrared never is.
    """
    left = 0
    for number in range(extra.shape[2]):
        plane = extra[..., number]
        kind = kinds[number] if number < len(kinds) else UNSPECIFIED
        infrared = kind == UNSPECIFIED and plane.dtype.kind == "u" and not _at_ends(plane)
        if infrared and result.infrared is None:
            result.infrared = plane
        elif not infrared and result.alpha is None:
            result.alpha = plane
            result.extra = kind if number < len(kinds) else ALPHA
        else:
            left += 1
    if left:
        channels = "channel is" if left == 1 else "channels are"
        result.warnings.append(f"{left} extra {channels} dropped")


def _at_ends(plane: Samples) -> bool:
    """Whether most of a plane is 0 or full."""
    rows = max(1, 2**22 // plane.shape[1])
    full = np.iinfo(plane.dtype).max
    bands = (plane[top : top + rows] for top in range(0, len(plane), rows))
    return sum(int(((band == 0) | (band == full)).sum()) for band in bands) > _ENDS * plane.size


def _develop(ask: Ask, page: Page, result: Decoded) -> None:
    """Convert the stored colours to grey or RGB."""
    from restore.files import _lab, _profile

    stored = result.colours
    if page.kind == PALETTE:
        with ask.decoding("has a damaged palette"):
            result.colours = _painted(stored[..., 0], np.asarray(page.tiff.colormap))
    elif page.kind == INVERTED_GREY:
        full = 1 if stored.dtype.kind == "f" else np.iinfo(stored.dtype).max
        result.colours = np.subtract(stored.dtype.type(full), stored)
    elif page.kind == INKS:
        if stored.dtype.kind == "f" or int(page.tiff.tags.valueof(_INK_SET, default=1)) != 1:
            raise ask.error("has inks of an unsupported kind; CMYK of 8 and 16 bits is supported")
        if result.extra == MULTIPLIED and result.alpha is not None:
            result.alpha, result.extra = None, ALPHA
            result.warnings.append("its alpha channel was dropped")
        result.colours, result.profile, warnings = _profile.without_inks(stored, result.profile)
        result.warnings += warnings
    elif page.kind in (LAB, ICC_LAB):
        white = page.tiff.tags.valueof(_WHITE_POINT)
        result.colours, result.profile = _lab.developed(stored, page.kind == ICC_LAB, white)
        result.warnings.append("Lab was converted to Adobe RGB")


def _painted(places: Samples, palette: Samples) -> Samples:
    """Palette colours (3, n) uint16 for the indices; 8 bits if they have no more."""
    if palette.max(initial=0) < 256:  # some writers forget to scale
        palette = palette.astype(np.uint8)
    elif not (palette % 257).any() or not (palette % 256).any():
        palette = (palette >> 8).astype(np.uint8)
    return np.ascontiguousarray(palette.T)[places]
