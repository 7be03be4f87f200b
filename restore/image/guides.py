"""What a step passes to later steps besides pixels, by type rather than by name."""

from __future__ import annotations

from dataclasses import dataclass

from restore.image.field import Field
from restore.values import Value

CELLS = 48
"""Most cells of a distribution on the long side: what is weighed against it is no finer."""


@dataclass(frozen=True, eq=False)
class Distribution(Value):
    """How likely a network finds each of 313 colours, and how the guess was made of that.

    Attributes
    ----------
    logits
        (h, w, 313) logarithms of the probabilities, on at most `CELLS` cells a side.
    temperature
        At which the mean was taken.
    caution
        With which unsure colours were muted.
    """

    logits: Field
    temperature: float
    caution: float


@dataclass(frozen=True, eq=False)
class ColourGuess(Value):
    """A network's estimate of the colours, for steps that weigh it against evidence.

    Attributes
    ----------
    ab
        (h, w, 2) CIE a* b*.
    covariance
        (h, w, 3) variances of a* and b* and their covariance, or None if unknown.
    distribution
        What the network predicted; None where that is unknown or a person changed it.
    """

    ab: Field
    covariance: Field | None = None
    distribution: Distribution | None = None
