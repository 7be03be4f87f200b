"""The user's folders for configuration, data, caches and journals, if the user has a home."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def own(kind: Literal["config", "data", "cache", "state"]) -> Path | None:
    """The user's folder of a kind; None without a home, as in containers and on clusters."""
    import platformdirs

    try:
        folder: Path = getattr(platformdirs, f"user_{kind}_path")("restore")
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None  # "~" was not expanded
