"""How the result's pictures are coded, and an encoder that writes some of them to a file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from restore.errors import RecipeError
from restore.film import opening
from restore.film.coding import RGB, Coding, Planes
from restore.film.facts import FULL_RANGE, LIMITED_RANGE, SUBSAMPLINGS, Facts

CODECS = {"h264": "libx264", "hevc": "libx265", "ffv1": "ffv1", "prores": "prores_ks"}
"""FFmpeg's encoders by the names of `--codec`."""
DEEPEST = {"h264": 10, "hevc": 12, "ffv1": 16, "prores": 10}
QUALITY = {"h264": (18, 51), "hevc": (20, 51), "prores": (3, 5)}
"""Quality unless another is asked for, and the largest number: constant rate factor, profile."""
THREADS = 2
"""Threads of an encoder: always as many, since what x264 writes depends on it a little."""
AVX512 = 13
"""OpenCV's number of that set of instructions."""
GROUP = 250
"""Most frames from one key frame to the next: players seek to key frames."""


@dataclass(frozen=True)
class Encoding:
    """How the result's pictures are coded.

    Attributes
    ----------
    encoder
        FFmpeg's name.
    form
        FFmpeg's name of the format of its planes.
    coding
        How RGB becomes its planes.
    size
        Height and width as stored; even where the codec needs it.
    options
        Of the encoder.
    base, rate, aspect
        Time base, frames per second, width of a pixel by its height.
    """

    encoder: str
    form: str
    coding: Coding
    size: tuple[int, int]
    options: dict[str, str]
    base: Fraction
    rate: Fraction
    aspect: Fraction


def encoding(facts: Facts, codec: str, quality: int | None) -> Encoding:
    """The coding of a result: as near to the source's as the codec allows.

    Raises
    ------
    RecipeError
        If the quality is none of the codec's.
    """
    if quality is not None:
        if codec not in QUALITY:
            raise RecipeError(f"quality = {quality}: {codec} is lossless and has no quality")
        if not 0 <= quality <= QUALITY[codec][1]:
            raise RecipeError(f"quality = {quality} is outside 0 … {QUALITY[codec][1]} for {codec}")
    number = str(QUALITY.get(codec, (0,))[0] if quality is None else quality)
    threads = str(THREADS)
    slices = ("4", threads) if min(facts.stored) >= 16 else ("1", "1")
    options = {
        # half the usual lookahead: a hundred megabytes less at 1080p
        "h264": {"preset": "medium", "crf": number, "rc-lookahead": "20", "threads": threads},
        "hevc": {"preset": "medium", "crf": number},
        "ffv1": {"level": "3", "slicecrc": "1", "slices": slices[0], "threads": slices[1]},
        "prores": {"profile": number, "threads": threads},
    }[codec]
    if codec == "hevc":
        options["x265-params"] = f"log-level=none:pools={THREADS}:frame-threads=1"
    form, coding = _form(facts.coding, codec)
    height, width = facts.stored
    if codec != "ffv1":
        height += -height % coding.down
        width += -width % coding.across
    rate = facts.rate or Fraction(25)
    return Encoding(
        CODECS[codec],
        form,
        coding,
        (height, width),
        options,
        facts.base,
        rate,
        facts.aspect,
    )


def _form(source: Coding, codec: str) -> tuple[str, Coding]:
    """The format of the result's planes, and its coding."""
    deep = next(n for n in (8, 10, 12, 16) if n >= source.depth)
    depth = 10 if codec == "prores" else min(deep, DEEPEST[codec])
    suffix = "" if depth == 8 else f"{depth}le"
    rgb = source.matrix == RGB and source.planes == 3
    if rgb:
        if codec == "ffv1":
            return ("bgr0" if depth == 8 else f"gbrp{suffix}"), replace(source, depth=depth)
        source = replace(source, matrix=1, full=False, tags=(*source.tags[:2], 1))
    across, down = source.across, source.down
    if source.planes == 1 or (across, down) not in PLAIN:
        across, down = (1, 1) if codec == "ffv1" else (2, 2)
    elif rgb and codec != "prores":
        across, down = 2, 2  # what all players take
    if codec == "prores":
        across, down = (1, 1) if (across, down) == (1, 1) else (2, 1)
    tags = (*source.tags[:2], source.matrix)
    coding = replace(
        source, depth=depth, planes=3, across=across, down=down, centred=False, tags=tags
    )
    return f"yuv{SUBSAMPLINGS[across, down]}p{suffix}", coding


PLAIN = {(1, 1), (2, 1), (2, 2)}
"""Subsamplings that every codec here takes."""


class Encoder:
    """Writes frames to a file of their own, from a key frame on.

    What it says about times is not used: frames follow each other evenly in it.
    """

    def __init__(self, path: Path, how: Encoding) -> None:
        av = opening.library()
        self._how = how
        path.unlink(missing_ok=True)  # lest an encoder that was abandoned still writes to it
        self._out = av.open(str(path), "w", format="mov" if how.encoder == "prores_ks" else "nut")
        try:
            stream: Any = self._out.add_stream(how.encoder, rate=how.rate)
            stream.height, stream.width = how.size
            stream.pix_fmt = how.form
            context = stream.codec_context
            context.time_base = 1 / how.rate
            context.options = {**how.options, **_repeatable(how)}
            context.gop_size = GROUP
            context.sample_aspect_ratio = how.aspect
            context.color_primaries, context.color_trc, context.colorspace = how.coding.tags
            context.color_range = FULL_RANGE if how.coding.full else LIMITED_RANGE
        except BaseException:
            self._out.close()
            raise
        self._stream = stream
        self._shape: Any = None
        self._count = 0

    def add(self, planes: Planes) -> None:
        """Encode a frame."""
        frame = _picture(planes, self._how)
        frame.pts, frame.time_base = self._count, 1 / self._how.rate
        self._count += 1
        self._out.mux(self._stream.encode(self._shaped(frame)))

    def _shaped(self, frame: Any) -> Any:
        """The frame with the shape of its pixels, which FFV1 takes from there alone."""
        if self._how.encoder != "ffv1" or self._how.aspect == 1:
            return frame
        if self._shape is None:
            graph = opening.library().filter.Graph()
            source = graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format.name,
                time_base=frame.time_base,
            )
            shape = graph.add("setsar", str(self._how.aspect))
            graph.link_nodes(source, shape, graph.add("buffersink")).configure()
            self._shape = graph
        self._shape.push(frame)
        return self._shape.pull()

    @property
    def usual(self) -> int:
        """How long a frame is usually shown, in units of the time base."""
        return max(1, round(1 / self._how.rate / self._how.base))

    def abandon(self) -> None:
        """Close the file as it is."""
        with suppress(Exception):  # an encoder that failed fails again
            self._out.close()

    def close(self) -> None:
        """Encode what is left, and close the file."""
        self._out.mux(self._stream.encode(None))
        self._out.close()


def _repeatable(how: Encoding) -> dict[str, str]:
    """Options that make x264 write the same each time: with AVX-512, it does not."""
    import cv2

    if how.encoder == "libx264" and cv2.checkHardwareSupport(AVX512):
        return {"x264-params": "asm=AVX2,FMA3,BMI2"}
    return {}


def _picture(planes: Planes, how: Encoding) -> Any:
    """Planes as FFmpeg takes them; the last row and column repeated up to an even size."""
    height, width = how.size
    picture = opening.library().VideoFrame(width, height, how.form)
    picture.color_primaries, picture.color_trc, picture.colorspace = how.coding.tags
    picture.color_range = FULL_RANGE if how.coding.full else LIMITED_RANGE
    if how.form == "bgr0":
        green, blue, red = planes
        memory = np.frombuffer(picture.planes[0], np.uint8)
        pixels = memory.reshape(height, -1)[:, : 4 * width].reshape(height, width, 4)
        for channel, samples in enumerate((blue, green, red)):
            pixels[..., channel] = samples
        pixels[..., 3] = 255
        return picture
    for place, samples in zip(picture.planes, planes, strict=True):
        rows = np.frombuffer(place, samples.dtype).reshape(place.height, -1)
        tall, wide = samples.shape
        rows[:tall, :wide] = samples
        rows[tall:, :wide] = samples[-1:]
        rows[:, wide : place.width] = rows[:, wide - 1 : wide]
    return picture
