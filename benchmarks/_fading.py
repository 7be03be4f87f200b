"""Faded dyes: the six kinds, an undamaged photo, and other dyes with an S-curve."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks import _measures, _oracle, _ours, _peers
from benchmarks._work import Score, Scores
from restore import color
from restore.simulate import KINDS, Faded, fade
from restore.simulate.fading import UNDAMAGED

SECTION = "fading"
REFERENCE = "input as is"
FEW = ("grey world", "stretch 0.5 %", "stretch 0.1 %")
SIX, OTHER, NONE = "six kinds", "other dyes, S-curve", UNDAMAGED


def measure(name: str, photo: color.Array, seed: int) -> Scores:
    """Scores of every method on every kind of fading of one photo."""
    truth = color.to_lab(photo)
    cases = [(SIX, kind, fade(photo, kind, seed=seed)) for kind in KINDS]
    cases += [(OTHER, kind, fade(photo, kind, seed=seed, other=True)) for kind in KINDS]
    cases.append((NONE, UNDAMAGED, fade(photo, UNDAMAGED)))
    for group, case, scan in cases:
        if group != OTHER:
            yield Score(SECTION, group, case, "truth", name, {}, photo)
        for method, result in _results(scan, group):
            values = _measures.colours(color.to_lab(result), truth)
            yield Score(SECTION, group, case, method, name, values, result)


def _results(scan: Faded, group: str) -> Iterator[tuple[str, color.Array]]:
    faded = scan.srgb / np.float32(255)
    yield REFERENCE, faded
    for method, peer in _peers.PEERS.items():
        if group != OTHER or method in FEW:
            yield method, peer(faded)
    for step in ("fade", "white_balance"):
        if not _ours.missing(step):
            yield f"ours: {step}", _ours.restored(scan.srgb, step)[0].clip(0, 1)
    if group == SIX:
        yield "bound: best affine densities", _oracle.affine_density(faded, scan.photo)
