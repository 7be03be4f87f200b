"""What a photo may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Most pixels of a photo, and bytes of memory (None for three quarters of what is free)."""

    pixels: int
    memory: float | None = None
