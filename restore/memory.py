"""How much memory a photo may take: refusing it beats being killed while decoding it."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

SHARE = 0.75
"""Part of the free memory that may be used."""
LIBRARIES = 300e6
"""Bytes the program takes without a photo: libraries and the compact network."""


def allowed(root: Path = Path("/")) -> float | None:
    """Bytes that may be used where nothing else is asked for; None if the system cannot say.

    Three quarters of the least of: what is free, what the control group leaves, what `ulimit -v`
    leaves. `root` is where the system's own files (proc, sys) are.
    """
    left = [*_free(root), *_left_of_group(root), *_left_of_limit()]
    return SHARE * min(left) if left else None


def _free(root: Path) -> list[float]:
    with suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return [1024 * float(line.split()[1])]
    with suppress(OSError, ValueError, AttributeError):
        return [float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))]
    return []


def _left_of_group(root: Path) -> list[float]:
    """Bytes left by the process's control groups and their parents (versions 2 and 1)."""
    left = []
    for most, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        for folder in _groups(root):
            with suppress(OSError, ValueError):  # "max": no limit
                limit = float((folder / most).read_text())
                left.append(max(0.0, limit - float((folder / used).read_text())))
    return left


def _groups(root: Path) -> list[Path]:
    groups = root / "sys/fs/cgroup"
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                own = groups / line[3:].strip("/")
                return [own, *(above for above in own.parents if above.is_relative_to(groups))]
    return [groups]


def _left_of_limit() -> list[float]:
    with suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            return [max(0.0, most - pages * resource.getpagesize())]
    return []


def give_back() -> None:
    """Give freed memory back to the system: glibc keeps much of what several threads freed."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
