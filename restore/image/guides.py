"""What a step passes to later steps besides pixels, by type rather than by name."""

from __future__ import annotations

from dataclasses import dataclass

from restore.image.field import Field
from restore.values import Value


@dataclass(frozen=True, eq=False)
class ColourGuess(Value):
    """A network's estimate of the colours, for steps that weigh it against evidence.

    Attributes
    ----------
    ab
        (h, w, 2) CIE a* b*.
    covariance
        (h, w, 3) variances of a* and b* and their covariance, or None if unknown.
    """

    ab: Field
    covariance: Field | None = None
