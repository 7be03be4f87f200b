"""Faded dyes: the six kinds, strong casts, mild ones, an undamaged photo, and other simulators."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks import _measures, _oracle, _ours, _peers
from benchmarks._work import Score, Scores
from restore import color
from restore.simulate import KINDS, MILD, STRONG, fade, fade_spectra
from restore.simulate.fading import UNDAMAGED

SECTION = "fading"
REFERENCE = "input as is"
JUDGED = "ours: fade, judged by a network"
"""As the recipe for slides uses it."""
FEW = ("grey world", "stretch 0.5%", "stretch 0.1%")
SIX, OTHER, NONE = "six kinds", "other dyes, S-curve", UNDAMAGED
CASTS, SLIGHT = "strong casts", "mild fading, stain alone"
SPECTRA, SPECTRA_CASTS = "spectra of dyes: six kinds", "spectra of dyes: strong casts"


def measure(name: str, photo: color.Array, seed: int) -> Scores:
    """Scores of every method on every kind of fading of one photo."""
    truth = color.to_lab(photo)
    simulated = [(SIX, KINDS, False), (OTHER, KINDS, True), (CASTS, STRONG, False)]
    simulated += [(SLIGHT, MILD, False)]
    cases = [
        (group, kind, fade(photo, kind, seed=seed, other=other).srgb)
        for group, kinds, other in simulated
        for kind in kinds
    ]
    cases += [(SPECTRA, kind, fade_spectra(photo, kind, seed=seed)) for kind in KINDS]
    cases += [(SPECTRA_CASTS, kind, fade_spectra(photo, kind, seed=seed)) for kind in STRONG]
    cases.append((NONE, UNDAMAGED, fade(photo, UNDAMAGED).srgb))
    for group, case, scan in cases:
        if group in (SIX, CASTS, NONE):
            yield Score(SECTION, group, case, "truth", name, {}, photo)
        for method, result in _results(scan, photo, group):
            values = _measures.colours(color.to_lab(result), truth)
            yield Score(SECTION, group, case, method, name, values, result)


def _results(
    scan: NDArray[np.uint8], photo: color.Array, group: str
) -> Iterator[tuple[str, color.Array]]:
    faded = scan / np.float32(255)
    yield REFERENCE, faded
    for method, peer in _peers.PEERS.items():
        if group in (SIX, NONE) or method in FEW:
            yield method, peer(faded)
    for step in ("fade", "white_balance") if group in (SIX, OTHER, NONE) else ("fade",):
        if not _ours.missing(step):
            yield f"ours: {step}", _ours.restored(scan, step)[0].clip(0, 1)
    yield JUDGED, _ours.restored(scan, "fade\nnetwork = true")[0].clip(0, 1)
    if group == SIX:
        yield "bound: best affine densities", _oracle.affine_density(faded, photo)
