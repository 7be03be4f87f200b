"""The card of a trained network, from what was measured: a Markdown page beside its file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from restore import color
from restore.errors import WeightsError
from restore.models import engines

AGREED = 0.05
"""Most by which an engine's output may differ from PyTorch's."""


@dataclass
class Card:
    """What is known of a trained network.

    Attributes
    ----------
    what
        One sentence: what it does, from what to what.
    photos, held_out
        How many photos it was trained on, and validated with.
    start
        Name of the file it started from, or "".
    before, after
        Tables of the validation, of the network it started from and of the new one.
    engines
        By engine, the largest difference from PyTorch's output.
    """

    what: str
    photos: int
    held_out: int
    minutes: float
    steps: int
    start: str
    before: str = ""
    after: str = ""
    engines: Mapping[str, float] = field(default_factory=dict)

    def text(self, file: Path) -> str:
        """The page of a file."""
        content = file.read_bytes()
        rows = [
            ("SHA-256", f"`{hashlib.sha256(content).hexdigest()}`"),
            ("size", f"{len(content) / 1e6:.2f} MB"),
            ("started from", self.start or "nothing"),
            ("trained on", f"{self.photos} photos, {self.minutes:.0f} minutes, {self.steps} steps"),
            ("validated on", f"{self.held_out} other photos"),
            *(
                (f"on {name}", f"within {most:.4f} of PyTorch")
                for name, most in self.engines.items()
            ),
        ]
        listing = "\n".join(f"| {name} | {value} |" for name, value in rows)
        parts = [f"# {file.name}\n\n{self.what}\n\n| | |\n|---|---|\n{listing}\n"]
        for title, table in (("Before", self.before), ("After", self.after)):
            if table:
                parts.append(f"\n## {title}\n\n```\n{table}\n```\n")
        return "".join(parts)


def agreement(
    path: Path, inputs: Mapping[str, color.Array], wanted: color.Array
) -> dict[str, float]:
    """By engine that is installed, the largest difference of its output from PyTorch's.

    Raises
    ------
    WeightsError
        If an engine cannot run the file, or is farther off than `AGREED`.
    """
    (first, values), *others = inputs.items()
    differences = {}
    for name in engines.ENGINES:
        if engines.installed(name):
            given = engines.load(path.read_bytes(), name)(values, **dict(others))
            differences[name] = float(np.abs(given - wanted).max())
            if not differences[name] <= AGREED:
                raise WeightsError(
                    f"{path}: {name} is {differences[name]:.3g} off PyTorch's {first} output"
                )
    return differences
