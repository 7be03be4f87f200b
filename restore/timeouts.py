"""How long native code may be silent before it is taken to hang."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Allow = Callable[[float, str], None]
"""Hears how many seconds may pass from now on between two signs of life, and what is done in them
("scan.tif: reading it"): native code that hangs cannot say so."""
READING = 30.0, 1e-6, 4e-6
"""Seconds that reading a file may take without a sign of life, more for each byte and each pixel:
1 MB a second, and eight times what the slowest decoder (JPEG 2000) took on one core of ours."""
WORKING = 600.0, 0.0, 20e-6
"""The same for anything else: planning, a tile, writing."""


class Patience:
    """How long each part of the work on a file may take, by the size of the file and its pages.

    `allow` hears it: the seconds, and what is done in them.
    """

    def __init__(self, path: Path, allow: Allow) -> None:
        self.path, self.allow = path, allow
        self.pixels = self.bytes = 0
        with suppress(OSError):
            self.bytes = path.stat().st_size

    def reads(self, pixels: int = 0) -> None:
        """It is read from now on, and has so many pixels more."""
        self.pixels += pixels
        self._allow(*READING, "reading it")

    def works(self, what: str = "restoring it") -> None:
        """It is read, and this is done now."""
        self._allow(*WORKING, what)

    def _allow(self, least: float, byte: float, pixel: float, what: str) -> None:
        seconds = least + self.bytes * byte + self.pixels * pixel
        self.allow(seconds, f"{self.path}: {what}")
