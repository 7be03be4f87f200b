"""How far a training has come, by the clock and over all its sessions."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Pace:
    """Attributes
    ----------
    minutes
        How long the training takes.
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
