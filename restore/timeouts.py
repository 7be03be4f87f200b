"""How long native code may be silent before it counts as hung."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Allow = Callable[[float, str], None]
"""Called with the seconds that may now pass between two signs of life, and with what is being done
("scan.tif: reading it"): native code that hangs cannot report it."""
READING = 30.0, 1e-6, 4e-6
"""Seconds allowed for reading a file without a sign of life: a base, and more per byte and pixel:
1 MB a second, and eight times what the slowest decoder (JPEG 2000) took on one core of ours."""
WORKING = 600.0, 0.0, 20e-6
"""The same for all other work: planning, a tile, writing."""


class Patience:
    """How long each part of the work on a file may take, by the size of the file and its pages.

    `allow` is called with the seconds and with what is being done.
    """

    def __init__(self, path: Path, allow: Allow) -> None:
        self.path, self.allow = path, allow
        self.pixels = self.bytes = 0
        with suppress(OSError):
            self.bytes = path.stat().st_size

    def reads(self, pixels: int = 0) -> None:
        """Reading starts, or goes on with a page of so many pixels."""
        self.pixels += pixels
        self._allow(*READING, "reading it")

    def works(self, what: str = "restoring it") -> None:
        """Reading is over, and `what` begins."""
        self._allow(*WORKING, what)

    def _allow(self, least: float, byte: float, pixel: float, what: str) -> None:
        seconds = least + self.bytes * byte + self.pixels * pixel
        self.allow(seconds, f"{self.path}: {what}")
