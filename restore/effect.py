"""What a step plans for a photo: plain data that restores a tile, and its findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from restore import color
from restore.image.field import Field
from restore.image.guides import ColourGuess
from restore.image.photo import Tile
from restore.values import Value

Measure = float | int | bool | str | tuple[float, ...] | tuple[str, ...] | Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Quantity(Value):
    """A named result of a step: `value` in `unit` ("" for shares, names and plain numbers)."""

    value: Measure
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Findings(Value):
    """What a step found in a photo.

    Attributes
    ----------
    summary
        One sentence for the user, or "" if there is nothing worth saying.
    warnings
        Sentences to read before trusting the result.
    values
        Numbers and names by their name.
    maps
        Small maps over the photo by name.
    """

    summary: str = ""
    warnings: tuple[str, ...] = ()
    values: Mapping[str, Quantity] = field(default_factory=dict)
    maps: Mapping[str, Field] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """A value that is a number, or a yes or no (1 or 0)."""
        value = self.values[name].value
        if not isinstance(value, (int, float)):
            raise TypeError(f"{name} is {value!r}, not a number")
        return float(value)

    def names(self, name: str) -> tuple[str, ...]:
        """A value that is several names."""
        value = self.values[name].value
        if not isinstance(value, tuple):
            raise TypeError(f"{name} is {value!r}, not several names")
        return tuple(map(str, value))


@dataclass(frozen=True, eq=False)
class NetworkUsed(Value):
    """Which network ran: the colorizer's name, the SHA-256 of its weights, the engine."""

    name: str
    sha256: str
    engine: str


class Effect(Value):
    """Base of what steps return: a frozen dataclass of plain data that can restore a tile.

    Attributes
    ----------
    halo
        Pixels of the full photo around a tile that its result depends on.
    findings
        What the step saw.
    guess, network
        Colours that a network guessed, and which network that was.
    """

    halo: int = 0
    findings: Findings = Findings()
    guess: ColourGuess | None = None
    network: NetworkUsed | None = None

    def tile(self, t: Tile) -> color.Array:
        """The restored pixels of a tile, same shape; pure, and safe to call from many threads."""
        raise NotImplementedError

    def passed(self, t: Tile) -> Tile:
        """The tile as the next step finds it."""
        return t.holding(self.tile(t))


class LabEffect(Effect):
    """Base of effects that work in L*a*b*: their colours are brought into the gamut once, last.

    A subclass gives `lab`; an `amount` under 1 is blended in RGB.
    """

    amount: float = 1

    def lab(self, t: Tile) -> color.Lab:
        """The restored planes of a tile."""
        raise NotImplementedError

    def tile(self, t: Tile) -> color.Array:
        restored = t.holding(self.lab(t)).pixels
        if self.amount == 1:
            return restored
        return t.pixels + np.float32(self.amount) * (restored - t.pixels)

    def passed(self, t: Tile) -> Tile:
        return t.holding(self.lab(t) if self.amount == 1 else self.tile(t))


@dataclass(frozen=True, eq=False)
class Unchanged(Effect):
    """A step that leaves the photo as it is, with findings that say why."""

    findings: Findings = field(default_factory=Findings)

    def tile(self, t: Tile) -> color.Array:
        return t.pixels


def with_unit(text: str, unit: str) -> str:
    """ "12 px", "12%", or the text alone without a unit."""
    return f"{text}{'' if unit.startswith('%') else ' '}{unit}".rstrip()


def named(values: Mapping[str, Any]) -> dict[str, Quantity]:
    """Plain values as quantities without a unit."""
    return {name: Quantity(value) for name, value in values.items()}
