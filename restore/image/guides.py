"""What a step passes to those after it besides pixels: by type, not by name."""

from __future__ import annotations

from dataclasses import dataclass

from restore.image.field import Field
from restore.values import Value


@dataclass(frozen=True, eq=False)
class ColourGuess(Value):
    """What a network says of the colours: for steps that weigh it against evidence.

    Attributes
    ----------
    ab
        (h, w, 2) CIE a* b*.
    covariance
        (h, w, 3) variances of a* and b* and their covariance, or None if it is not known.
    """

    ab: Field
    covariance: Field | None = None
