"""What the trainers share: what they are given, what they report, and how far they have come."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from restore.errors import MissingPackage, RestoreError
from restore.training import _photos

KEPT_BACK = 10
"""Where no photos are given to validate with, one of so many is kept back."""
FEWEST = 20
"""Photos without which training is refused."""


@dataclass(frozen=True)
class Settings:
    """What to train on, from what, for how long.

    Attributes
    ----------
    photos, held_out
        Folders of photos, tar files of photos; those to validate with may be none.
    without
        Names of photos to leave out, without suffixes.
    state
        Folder of the checkpoint and the page of examples.
    start
        File to start from; None to start from scratch.
    minutes
        How long the training takes, all sessions together.
    threads
        Threads to calculate with.
    """

    photos: tuple[Path, ...]
    held_out: tuple[Path, ...]
    state: Path
    start: Path | None
    minutes: float
    threads: int = 1
    without: frozenset[str] = frozenset()

    @property
    def checkpoint(self) -> Path:
        """Where the training is kept, to go on."""
        return self.state / "checkpoint.pt"

    def read(self) -> tuple[list[list[bytes]], list[bytes]]:
        """The photos to train on, by folder, and those to validate with.

        Raises
        ------
        RestoreError
            If there are too few.
        """
        folders = [list(_photos.files([folder], self.without)) for folder in self.photos]
        held = list(_photos.files(self.held_out, self.without))
        if not held:
            folders, held = _kept_back(folders)
        folders = [photos for photos in folders if photos]
        count = sum(map(len, folders))
        if count < FEWEST or not held:
            raise RestoreError(
                f"--photos: {count} photos to train on; at least {FEWEST} are needed "
                "(JPEG, PNG, WebP or TIFF, in folders or tar files)"
            )
        return folders, held


def _kept_back(folders: Sequence[list[bytes]]) -> tuple[list[list[bytes]], list[bytes]]:
    """Some photos of each folder set apart: the same ones each time."""
    kept, held = [], []
    for photos in folders:
        apart = [hashlib.sha256(photo).digest()[0] % KEPT_BACK == 0 for photo in photos]
        held += [photo for photo, own in zip(photos, apart, strict=True) if own]
        kept.append([photo for photo, own in zip(photos, apart, strict=True) if not own])
    return kept, held


@dataclass(frozen=True)
class Report:
    """How a training goes: its step, the share that is done, the loss, a validation table."""

    step: int
    share: float
    loss: float
    table: str = ""


@dataclass
class Pace:
    """How far a training has come, by the clock and over all its sessions.

    Attributes
    ----------
    minutes
        How long it takes.
    spent
        Seconds that earlier sessions took.
    """

    minutes: float
    spent: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Spent so far."""
        return self.spent + time.monotonic() - self._began

    @property
    def share(self) -> float:
        """Of the training that is done, 0 … 1."""
        return min(1.0, self.seconds / (60 * self.minutes)) if self.minutes > 0 else 1.0


def device() -> str:
    """What to calculate on: "cuda" where PyTorch has it, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def is_half_fast() -> bool:
    """Whether calculating in bfloat16 saves time: without AVX-512 it takes ten times as long."""
    import torch

    return device() == "cuda" or torch.backends.cpu.get_cpu_capability() == "AVX512"


def calculating() -> AbstractContextManager[object]:
    """Within it, PyTorch calculates in bfloat16 where that saves time."""
    import torch

    return torch.autocast(device(), torch.bfloat16, enabled=is_half_fast())


def require() -> None:
    """MissingPackage if there is nothing to train with."""
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            f"training needs the {error.name} package; install it with: "
            'pip install "restore-photos[train]"'
        ) from error
