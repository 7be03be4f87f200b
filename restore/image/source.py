"""Where a photo came from, and what its file held besides the pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restore.color.space import Samples


@dataclass(frozen=True, eq=False)
class Source:
    """Where a photo came from, and all its file held besides the pixels.

    Attributes
    ----------
    path
        The file, or None for a photo made in memory.
    sha256
        Of the file, hexadecimal; "" unless it was asked for.
    format
        Name of the file-format module that read it, such as "jpeg".
    exif, xmp, iptc, profile
        The blocks' bytes as the file held them (Exif without the "Exif\\0\\0" prefix: it begins
        with its TIFF header), or None. Orientation is already applied and reset to 1 in `exif`.
    alpha
        (height, width) alpha channel in the samples' dtype, or None.
    infrared
        (height, width) a film scanner's infrared channel, of whichever dtype, or None.
    resolution
        Pixels per inch, horizontal and vertical, or None.
    page, pages
        Which page of a multi-page file this is (from 0), and of how many.
    details
        Format-specific details needed to write the photo as it came (JPEG quality and
        subsampling, TIFF compression …).
    history
        A line for each recipe that was applied, oldest first.
    record
        How the photo was made, to repeat it: names (letters and digits) and free strings. Stored in
        the XMP of a result and read back from it.
    warnings
        Lines for the user: what was unusual in the file, and what was done about it.
    """

    path: Path | None = None
    sha256: str = ""
    format: str = ""
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    profile: bytes | None = None
    alpha: Samples | None = None
    infrared: Samples | None = None
    resolution: tuple[float, float] | None = None
    page: int = 0
    pages: int = 1
    details: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    record: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
