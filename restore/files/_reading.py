"""Shared by all readers: opening untrusted files, limits, one-line errors."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from restore.color.space import Samples
from restore.errors import (
    CutOff,
    PhotoError,
    TooLittleMemory,
    TooManyPixels,
    is_memory_shortage,
)
from restore.files._profile import assigned
from restore.files.metadata import _exif, _sidecar, _xmp
from restore.image.photo import Photo, Source
from restore.memory import LIBRARIES, allowed

WHOLE = 4 * 1024**3
"""Most bytes of a file that is decoded from memory."""
IN_MEMORY = 1 / 16
"""Share of the memory that may be used up to which a file is held to be hashed and decoded."""
LONGEST = 1_000_000
"""Most pixels per side: longer is not a photo, and a row is the least that is processed."""
DECODING = 32
"""Bytes per pixel of the hungriest decoders: JPEG 2000 and JPEG XL, 32 bits per sample."""
EMPTIEST = 50_000
"""Most pixels per byte of a file: no photo compresses further."""
SMALL = 50e6
"""Bytes below which memory is not checked."""
BRIGHTEST = 1000
"""Limit of float samples, also below 0: steps square and cube them in float32."""

# What tifffile, imagecodecs, Pillow and LibRaw have been seen to raise on damaged files.
DECODER_ERRORS = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, RuntimeError),
    *(ArithmeticError, EOFError, OSError, MemoryError, SyntaxError, struct.error, zlib.error),
)


def _millions(count: int) -> str:
    """A number of pixels in millions, with as many decimals as needed."""
    return f"{count / 1e6:.6f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, eq=False)
class Ask:
    """A request to read a file.

    Attributes
    ----------
    path, file, size
        The file, open for reading or read into memory, and how many bytes it has.
    limit
        Most pixels a page may have.
    raw
        How camera RAW is opened: "developed" or "camera".
    every
        All pages, or only the first.
    salvage
        Read what is left of a truncated file.
    sized
        Called with the number of pixels of a page before it is decoded.
    memory
        Bytes that may be used; None where the system cannot say.
    page
        The page, for messages: ", page 2"; empty if there is only one.
    pixels
        Pixels of the pages checked so far.
    """

    path: Path
    file: io.BufferedReader | io.BytesIO
    size: int
    limit: int
    raw: str = "developed"
    every: bool = False
    salvage: bool = False
    sized: Callable[[int], None] | None = None
    memory: float | None = None
    page: str = ""
    pixels: list[int] = field(default_factory=list)

    def error(self, text: str, kind: type[PhotoError] = PhotoError) -> PhotoError:
        """A PhotoError about this file, or page of it."""
        return kind(f"{self.path}{self.page}: {text}")

    def cut_off(self, what: str) -> PhotoError:
        """A PhotoError about a truncated file."""
        return self.error(f"is cut off: {what}", PhotoError if self.salvage else CutOff)

    def salvaged(self, rows: int, height: int) -> str:
        """The warning that only the first rows could be read."""
        share = round(100 * rows / height)
        return f"is cut off: only {rows} of {height} rows ({share}%) could be read"

    def sha256(self) -> str:
        """SHA-256 of the file, hexadecimal."""
        self.file.seek(0)
        return hashlib.file_digest(self.file, "sha256").hexdigest()

    def peek(self, at: int, size: int) -> bytes:
        """Bytes of the file; fewer where it ends."""
        if at < 0 or at >= self.size:
            return b""
        self.file.seek(at)
        return self.file.read(min(size, self.size - at))

    def bytes(self) -> bytes:
        """The whole file."""
        if self.size > WHOLE:
            raise self.error(f"has {self.size} bytes; at most {WHOLE} are supported in this format")
        return self.peek(0, self.size)

    def check(self, height: int, width: int, least: int = 0, held: float = 8) -> None:
        """Refuse a page that is empty, over a limit, or larger than its data can hold.

        `least` is the fewest bytes such a page compresses to; `held` the most bytes of memory per
        pixel, while decoding or while both the photo and its result are held.
        """
        if height < 1 or width < 1:
            raise self.error(f"has no pixels: {width} x {height}; the file is damaged")
        if height * width > self.limit:
            raise self.error(
                f"{width} x {height} is {_millions(height * width)} million pixels; at most "
                f"{_millions(self.limit)} million are allowed",
                TooManyPixels,
            )
        if max(height, width) > LONGEST:
            raise self.error(
                f"{width} x {height} is too large; at most {LONGEST} pixels per side are supported"
            )
        if max(least, 0 if self.salvage else height * width // EMPTIEST) > self.size:
            raise self.error(
                f"claims to be {width} x {height}, which cannot fit in its {self.size} bytes; "
                "it is damaged or cut off"
            )
        self.pixels.append(height * width)
        self._fits(height, width, held)
        if self.sized:
            self.sized(height * width)

    def _fits(self, height: int, width: int, held: float) -> None:
        needed = height * width * held
        if needed < SMALL:
            return
        needed += LIBRARIES
        if self.memory is not None and needed > self.memory:
            raise self.error(
                f"{width} x {height} needs about {needed / 1e9:.1f} GB of memory, of which "
                f"{self.memory / 1e9:.1f} GB may be used",
                TooLittleMemory,
            )

    @contextmanager
    def decoding(self, what: str = "cannot be decoded") -> Iterator[None]:
        """Turn a decoder's errors into PhotoError."""
        try:
            yield
        except PhotoError:
            raise
        except DECODER_ERRORS as error:
            if is_memory_shortage(error):
                raise self.error("not enough memory to decode it", TooLittleMemory) from error
            if not _would_fit(max(self.pixels, default=0)):
                short = "not enough memory to decode it, or it is damaged"
                raise self.error(f"{what}; {short}") from error
            # the libraries' messages would not help; they are in the traceback
            raise self.error(f"{what}; it is damaged, or of an unsupported kind") from error


def _would_fit(pixels: int) -> bool:
    """Whether so much memory is available: some decoders do not say what failed."""
    try:
        np.empty(pixels * DECODING, np.uint8)  # allocated, not touched
    except MemoryError:
        return False
    return True


@contextmanager
def opened(
    path: Path,
    limit: int,
    raw: str,
    every: bool,
    salvage: bool = False,
    sized: Callable[[int], None] | None = None,
    once: bool = False,
    memory: float | None = None,
) -> Iterator[Ask]:
    """Open a regular file; PhotoError if it is not one, is empty, or changes while open.

    `once`: it will be hashed and decoded, both from one reading if it fits into memory. Files over
    that (long TIFFs of many pages, mostly) are read twice, a piece at a time.
    """
    for library in ("tifffile", "imagecodecs"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # errors are worded here
    try:
        file = open(path, "rb", opener=_open)  # noqa: SIM115
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PhotoError(f"{path}: cannot be opened: {reason}") from error
    with file:
        handle = file.fileno()
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise PhotoError(f"{path}: is not a regular file")
        memory = allowed() if memory is None else memory
        ask = Ask(path, file, before.st_size, limit, raw, every, salvage, sized, memory)
        if not before.st_size:
            raise ask.error("is empty")
        most = SMALL if memory is None else min(WHOLE, memory * IN_MEMORY)
        held = once and before.st_size <= most
        try:
            if held:
                ask = replace(ask, file=io.BytesIO(file.read(before.st_size)))
                _refuse_changed(ask, before, os.fstat(handle))
            yield ask
        except OSError as error:
            raise ask.error(f"cannot be read: {error.strerror}") from error
        if not held:
            _refuse_changed(ask, before, os.fstat(handle))


def _refuse_changed(ask: Ask, before: os.stat_result, after: os.stat_result) -> None:
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ask.error("changed while it was read; try again when it is complete")


def _open(path: str, flags: int) -> int:
    # without waiting: a FIFO would block for ever
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def photo(
    ask: Ask,
    samples: Samples,
    *,
    source: Source,
    orientation: int | None = None,
    warnings: tuple[str, ...] = (),
) -> Photo:
    """A photo from decoded samples: upright, alpha separate, with colour space and history.

    Parameters
    ----------
    samples
        (height, width) or (height, width, 1 … 4): grey or RGB, then alpha; uint8, uint16 or
        floating; any byte order.
    source
        What the file holds; `exif` and `xmp` unchanged.
    orientation
        1 … 8 if the format has its own; otherwise that of Exif, then of XMP.
    """
    exif, tagged = _exif.upright(source.exif) if source.exif else (None, None)
    turn = orientation or tagged or _xmp.orientation(source.xmp) or 1
    xmp, noted = _sidecar.carried(ask.path, source.xmp, turn)
    parts = _exif.parse(exif) if exif else _exif.Parts()
    if samples.ndim == 2:
        samples = samples[..., None]
    alpha = None
    if samples.shape[2] in (2, 4):
        samples, alpha = samples[..., :-1], samples[..., -1]
    samples, warned = _plain(_exif.turned(samples, turn))
    if alpha is not None:
        alpha = _plain(_exif.turned(alpha, turn))[0]
        alpha.flags.writeable = False
    infrared = source.infrared
    if infrared is not None:
        infrared = _plain(_exif.turned(infrared, turn))[0]
        infrared.flags.writeable = False
    resolution = source.resolution or _exif.resolution(parts.main, parts.order)
    if resolution and turn in (5, 6, 7, 8):
        resolution = resolution[::-1]
    space, profile, troubles = assigned(source.profile, samples.shape[2], _exif.is_adobe_rgb(parts))
    record = _xmp.read(source.xmp)
    history = record.pop("history", "").splitlines()
    source = replace(
        source,
        path=ask.path,
        exif=exif,
        xmp=_xmp.upright(xmp, turn),
        profile=profile,
        alpha=alpha,
        infrared=infrared,
        resolution=resolution,
        record=record,
        history=tuple(history),
        warnings=tuple(
            f"{ask.path}{ask.page}: {warning}"
            for warning in (*source.warnings, *warnings, *warned, *troubles, *noted)
        ),
    )
    return Photo(samples, space, source)


def stretched(samples: Samples, bits: int) -> Samples:
    """Integers of so many bits, stretched to the whole range of their dtype."""
    most, full = 2**bits - 1, np.iinfo(samples.dtype).max
    if most == full:
        return samples
    result = np.empty_like(samples)
    rows = max(1, 2**20 // max(samples[0].size, 1))
    for top in range(0, len(samples), rows):  # in twice the bits, a piece at a time
        part = samples[top : top + rows].astype(np.uint32)
        result[top : top + rows] = part * np.uint32(full) // np.uint32(most)
    return result


def _plain(samples: Samples) -> tuple[Samples, tuple[str, ...]]:
    """Contiguous samples in the machine's byte order; float ones as float32 within bounds."""
    kind = samples.dtype
    if kind.kind != "f":
        return np.ascontiguousarray(samples, kind.newbyteorder("=")), ()
    with np.errstate(over="ignore"):  # beyond float32 counts as infinite
        samples = np.ascontiguousarray(samples, np.float32)
    rows = max(1, 2**22 // max(samples[0].size, 1))
    broken = beyond = bright = 0
    for top in range(0, len(samples), rows):
        part = samples[top : top + rows]
        bright += int((part > 1).sum())
        within = np.abs(part) <= BRIGHTEST
        if within.all():
            continue
        if not samples.flags.writeable:
            samples = samples.copy()
            part = samples[top : top + rows]
        endless = part.size - int(np.isfinite(part).sum())
        broken += endless
        beyond += part.size - int(within.sum()) - endless
        # NaN becomes black, infinity white
        np.nan_to_num(part, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
        np.clip(part, -BRIGHTEST, BRIGHTEST, out=part)
    warnings = []
    if broken:
        warnings.append(f"{broken} samples were not finite; they became 0 or 1")
    if beyond:
        warnings.append(
            f"{beyond} samples were beyond {BRIGHTEST} times white; they were limited to that"
        )
    if bright > samples.size / 2:
        warnings.append(
            "most samples are over 1, which is white in floats; rescale them if they should not be"
        )
    return samples, tuple(warnings)


def frozen(**details: Any) -> Mapping[str, Any]:
    """Details for a Source, without those that are None."""
    return {key: value for key, value in details.items() if value is not None}
