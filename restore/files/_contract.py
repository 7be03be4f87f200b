"""What a format's module must have. The registry finds it by its file name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, runtime_checkable

if TYPE_CHECKING:
    from restore.image.photo import Photo


@dataclass(frozen=True)
class Holds:
    """What a format can store.

    Attributes
    ----------
    depths
        Bits per sample: 8, 16, 32 (floats).
    alpha, infrared
        An alpha channel, a scanner's infrared channel.
    metadata
        Which of `Source`'s exif, xmp and iptc, and of its details' comments.
    exif
        The most bytes of Exif.
    profiles
        Colour profiles other than sRGB.
    grey
        Grey in one channel, which a grey profile needs.
    pages
        Several photos in one file.
    side
        The most pixels a side may have.
    """

    depths: tuple[int, ...]
    alpha: bool = False
    infrared: bool = False
    metadata: tuple[str, ...] = ()
    exif: float = math.inf
    profiles: bool = True
    grey: bool = True
    pages: bool = False
    side: float = math.inf


@runtime_checkable
class Format(Protocol):
    """A format that can be read."""

    __name__: str
    SUFFIXES: tuple[str, ...]
    """Of the files it reads, with the dot; the first also of those it writes."""

    def matches(self, head: bytes) -> bool:
        """Whether a file with this beginning (64 KiB) is of this format."""

    def read(self, ask: Any) -> Sequence[Photo]:
        """The photo's pages; `ask` is a `_reading.Ask`."""


@runtime_checkable
class Writer(Format, Protocol):
    """A format that can be written as well."""

    HOLDS: Holds

    def write(self, file: BinaryIO, pages: Sequence[Photo]) -> None:
        """Write the pages; the file is empty, open for writing and reading."""

    def check(self, file: BinaryIO, pages: Sequence[Photo]) -> None:
        """OSError if the written file is incomplete or does not decode to its end."""
