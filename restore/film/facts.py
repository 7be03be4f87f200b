"""What a film's file says about it, and its first pictures show."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from restore.errors import PhotoError
from restore.film import opening
from restore.film.coding import HDR, LUMA, ODD, RGB, UNSPECIFIED, Coding
from restore.film.frame import Orientation

if TYPE_CHECKING:
    import av

LARGEST = 2**26
"""Most pixels of a frame: 8192 x 8192."""
FIRST = 8
"""Frames decoded to find out whether a film is interlaced."""
SECOND = 1_000_000
"""A second in FFmpeg's own time base."""
LIMITED_RANGE, FULL_RANGE = 1, 2
DEPTHS = (8, 9, 10, 12, 14, 16)
SUBSAMPLINGS = {
    (1, 1): "444",
    (2, 1): "422",
    (2, 2): "420",
    (1, 2): "440",
    (4, 1): "411",
    (4, 4): "410",
}
"""Luma samples per sample of chroma, horizontally and vertically, by name."""
CENTRED = {"mjpeg", "mpeg1video", "theora"}
"""Codecs whose chroma lies between columns."""
VAGUE = {RGB, 3}
"""Numbers of matrices that say nothing about planes of luma and chroma."""
LINES_SD, COLUMNS_HD = 576, 1280
"""Above which, or from which, video that does not name its matrix is taken for BT.709's."""


@dataclass(frozen=True)
class Facts:
    """What a film's file says about it, and its first frames show.

    Attributes
    ----------
    size
        Height and width in pixels, upright.
    stored
        The same as stored.
    coding, orientation
        How planes become upright RGB.
    form
        FFmpeg's name of the planes' format, such as "yuv420p10le".
    matrix
        The nine numbers of the display matrix, or None.
    aspect
        Width of a pixel by its height.
    base
        The time base: seconds per unit of `pts`.
    origin
        Seconds that the first thing in the file is shown at: time 0.
    rate
        Frames per second, on average, as the file says; None if unknown.
    duration
        Seconds, as the file says; None if unknown.
    interlaced
        Its frames are two fields each, and are deinterlaced.
    codec, container
        FFmpeg's names.
    grey
        Its planes have no colour by their format.
    alpha
        It has an alpha channel, which is left out.
    """

    size: tuple[int, int]
    stored: tuple[int, int]
    coding: Coding
    orientation: Orientation
    form: str
    matrix: tuple[int, ...] | None
    aspect: Fraction
    base: Fraction
    origin: Fraction
    rate: Fraction | None
    duration: Fraction | None
    interlaced: bool
    codec: str
    container: str
    grey: bool
    alpha: bool


def facts_of(path: Path, container: av.container.InputContainer) -> Facts:
    """What a file says about its film; PhotoError if it cannot be restored."""
    av = opening.library()
    stream = opening.main_stream(container)
    context = stream.codec_context
    if context is None:
        raise PhotoError(f"{path}: its codec is not supported")
    stream.thread_count = 1
    pictures: list[Any] = []
    packets = container.demux(stream)
    with suppress(av.FFmpegError, StopIteration):
        while len(pictures) < FIRST:
            packet = next(packets)
            with suppress(av.FFmpegError):
                pictures += context.decode(packet)
    if not pictures:
        raise PhotoError(f"{path}: no picture in it can be decoded ({context.codec.long_name})")
    first = pictures[0]
    if first.width * first.height > LARGEST:
        raise PhotoError(
            f"{path}: {first.width} x {first.height} is too large; at most {LARGEST >> 20} "
            "megapixels are supported"
        )
    form = _planar(path, first.format)
    matrix = _display_matrix(first)
    orientation = _orientation(matrix)
    stored = first.height, first.width
    duration = stream.duration and stream.duration * stream.time_base
    if not duration and container.duration:
        duration = Fraction(container.duration, SECOND)
    rate = stream.average_rate or stream.guessed_rate
    aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio
    components = first.format.components
    return Facts(
        orientation.size(stored),
        stored,
        _coding(path, first, form, context.codec.name),
        orientation,
        form,
        matrix,
        Fraction(aspect or 1),
        Fraction(stream.time_base),
        Fraction(max(0, container.start_time or 0), SECOND),
        Fraction(rate) if rate else None,
        Fraction(duration) if duration and duration > 0 else None,
        any(picture.interlaced_frame for picture in pictures),
        context.codec.name,
        container.format.name,
        form.startswith("gray"),
        any(component.is_alpha for component in components),
    )


def _planar(path: Path, form: Any) -> str:
    """The planar format that holds a format's very samples."""
    bits = max(component.bits for component in form.components)
    depth = min((deep for deep in DEPTHS if deep >= bits), default=DEPTHS[-1])
    suffix = "" if depth == 8 else f"{depth}le"
    if form.name.startswith("xyz"):
        raise PhotoError(f"{path}: its samples are XYZ, which is not supported")
    if form.is_rgb or form.has_palette:
        return f"gbrp{suffix}"
    if sum(not component.is_alpha for component in form.components) < 3:
        return f"gray{suffix}"
    wide, tall = form.chroma_width(64), form.chroma_height(64)
    return f"yuv{SUBSAMPLINGS[64 // wide, 64 // tall]}p{suffix}"


def _coding(path: Path, picture: Any, form: str, codec: str) -> Coding:
    """How a picture's planes become RGB; PhotoError if they would come out wrong."""
    primaries, transfer, matrix = picture.color_primaries, picture.color_trc, picture.colorspace
    if transfer in HDR:
        raise PhotoError(
            f"{path}: is HDR ({HDR[transfer]}): its colours would come out wrong; convert it to "
            "standard dynamic range (SDR) first"
        )
    if transfer in ODD:
        raise PhotoError(f"{path}: its transfer curve ({ODD[transfer]}) is not supported")
    tags = primaries, transfer, matrix
    across, down = next((key for key, name in SUBSAMPLINGS.items() if f"yuv{name}" in form), (1, 1))
    digits = form.removesuffix("le").rpartition("p" if "p" in form else "y")[2]
    depth = int(digits or 8)
    full = picture.color_range == FULL_RANGE or picture.format.name.startswith("yuvj")
    if form.startswith("gbr"):
        return Coding(RGB, True, depth, tags=tags)
    if form.startswith("gray"):
        full = full or picture.color_range != LIMITED_RANGE
        return Coding(1, full, depth, planes=1, tags=tags)
    if matrix in (UNSPECIFIED, *VAGUE):
        large = picture.height > LINES_SD or picture.width >= COLUMNS_HD
        matrix = 1 if large else 6
    if matrix not in LUMA:
        raise PhotoError(f"{path}: its colour matrix (number {matrix}) is not supported")
    return Coding(matrix, full, depth, 3, across, down, codec in CENTRED, tags)


def _display_matrix(picture: Any) -> tuple[int, ...] | None:
    """The nine numbers of how a picture is to be shown, if given."""
    from av.sidedata.sidedata import Type

    data = picture.side_data.get(Type.DISPLAYMATRIX)
    if data is None or len(bytes(data)) < 36:
        return None
    return tuple(np.frombuffer(bytes(data), np.int32, 9).tolist())


def _orientation(matrix: tuple[int, ...] | None) -> Orientation:
    """Turns by right angles, and mirroring; anything else is left to the player."""
    if matrix is None:
        return Orientation()
    a, b, _, c, d = (round(value / 65536) for value in matrix[:5])
    if (abs(a), abs(b), abs(c), abs(d)) == (1, 0, 0, 1):
        return Orientation(rows=d < 0, columns=a < 0)
    if (abs(a), abs(b), abs(c), abs(d)) == (0, 1, 1, 0):
        return Orientation(True, rows=b < 0, columns=c < 0)
    return Orientation()
