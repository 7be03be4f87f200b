"""What the benchmark must reach: `fidelity.py --check` fails where it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import _end, _fading, _hues, _measures, _monochrome
from benchmarks._tables import Table, mean, worse
from benchmarks._work import Score

TWO_LAMPS = ("red left + blue right", "magenta", "white+blue")
FUSED = (*TWO_LAMPS, "white+red")


@dataclass(frozen=True)
class Target:
    """One number: what it is, what was found (None: not measured), its limit and which side."""

    what: str
    value: float | None
    limit: float
    least: bool

    @property
    def held(self) -> bool:
        """Whether it is reached."""
        if self.value is None:
            return False
        return self.value >= self.limit if self.least else self.value <= self.limit


def targets(scores: Sequence[Score], guided: float | None) -> list[Target]:
    """All targets; `guided` is the PSNR near edges of the guided chroma in dB."""

    def pick(section: str, group: str, method: str, cases: Sequence[str] | None = None):
        return [
            s
            for s in scores
            if (s.section, s.group, s.method) == (section, group, method)
            and (cases is None or s.case in cases)
            and s.values
        ]

    def difference(one: list[Score], other: list[Score], measure: str) -> float | None:
        return mean(one, measure) - mean(other, measure) if one and other else None

    def of(scores: list[Score], value: Callable[[list[Score]], float]) -> float | None:
        return value(scores) if scores else None

    mono, auto = _monochrome.SECTION, "ours: monochrome auto"
    luma = pick(mono, _monochrome.JPEG, "luma")
    ours = pick(_hues.SECTION, _hues.JPEG, _hues.OURS, TWO_LAMPS)
    six, faded = (
        pick(_fading.SECTION, _fading.SIX, name) for name in ("ours: fade", _fading.REFERENCE)
    )
    plain, scanned = (
        pick(_fading.SECTION, _fading.NONE, name) for name in ("ours: fade", _fading.REFERENCE)
    )
    casts, stretched = (
        pick(_fading.SECTION, _fading.CASTS, name) for name in ("ours: fade", "stretch 0.1%")
    )
    slight, as_scanned = (
        pick(_fading.SECTION, _fading.SLIGHT, name) for name in ("ours: fade", _fading.REFERENCE)
    )
    spectra = pick(_fading.SECTION, _fading.SPECTRA, "ours: fade")
    plain_grey, bound = (
        pick(_hues.SECTION, _hues.JPEG, name, TWO_LAMPS) for name in (_hues.REFERENCE, _hues.BOUND)
    )
    gained = difference(plain_grey, ours, "dE")
    whole = difference(plain_grey, bound, "dE")
    fused = [
        difference(
            pick(_hues.SECTION, group, _hues.FUSED, FUSED),
            pick(_hues.SECTION, group, "network alone", FUSED),
            "dE",
        )
        for group in (_hues.JPEG, _hues.CAMERA)
    ]
    harmed, lightings = safety(scores)
    binned = recoverability(scores)
    return [
        Target(
            "monochrome from JPEG, over luma, dB",
            difference(pick(mono, _monochrome.JPEG, auto), luma, "psnr"),
            0.9,
            True,
        ),
        Target(
            "monochrome from camera channels, over luma, dB",
            difference(pick(mono, _monochrome.CAMERA, auto), luma, "psnr"),
            1.3,
            True,
        ),
        Target(
            "LED hues over monochrome, two lamps, dE",
            of(ours, lambda s: mean(s, "dE")),
            14.0,
            False,
        ),
        Target(
            "the same, share of the way from monochrome to the bound",
            None if gained is None or whole is None else gained / whole,
            0.53,
            True,
        ),
        Target(
            "lightings where hues are worse than monochrome (ab error)",
            float(len(harmed)) if lightings else None,
            0,
            False,
        ),
        Target("hues over the network, from JPEG, dE", fused[0], -1.0, False),
        Target("hues over the network, from camera, dE", fused[1], -1.5, False),
        Target(
            "recoverability against skill, rank correlation",
            None if binned is None else rank(binned),
            0.95,
            True,
        ),
        Target(
            "the same over the lightings: what is said of each against its skill",
            recoverability_over(scores),
            0.7,
            True,
        ),
        *(
            Target(
                f"end to end, {group}, nearer than grey, dE",
                difference(
                    pick(_end.SECTION, group, _end.REFERENCE),
                    pick(_end.SECTION, group, _end.OURS),
                    "dE",
                ),
                least,
                True,
            )
            for count, least in ((_end.TWO, 1.0), (_end.ONE, 0.0))
            for group in (f"{count}, {_hues.JPEG}", f"{count}, {_hues.CAMERA}")
        ),
        Target("fading, six kinds, dE", of(six, lambda s: mean(s, "dE")), 6.7, False),
        Target(
            "fading, better than the input, %",
            of(six, lambda s: 100 * (1 - worse(s, faded))),
            97,
            True,
        ),
        Target("an undamaged photo, dE", of(plain, lambda s: mean(s, "dE")), 3.6, False),
        Target("the same, over its scan, dE", difference(plain, scanned, "dE"), 0.9, False),
        Target("spectra of dyes, six kinds, dE", of(spectra, lambda s: mean(s, "dE")), 7.5, False),
        Target(
            "strong casts, share of per-channel stretch",
            of(casts, lambda s: mean(s, "dE") / mean(stretched, "dE")),
            0.8,
            False,
        ),
        Target(
            "mild fading and stain alone, share of the input",
            of(slight, lambda s: mean(s, "dE") / mean(as_scanned, "dE")),
            0.95,
            False,
        ),
        Target("guided chroma near edges, dB", guided, 34.0, True),
    ]


def safety(scores: Sequence[Score]) -> tuple[list[str], int]:
    """Lightings where our hues have more ab error than monochrome, and how many were looked at.

    Mean squared error over the photos; a fifth of a percent is rounding.
    """
    sums: dict[tuple[str, str, str], list[float]] = {}
    for s in scores:
        if s.section == _hues.SECTION and s.method in (_hues.OURS, _hues.REFERENCE):
            sums.setdefault((s.group, s.case, s.method), []).append(s.values["ab"] ** 2)
    lightings = [(g, c) for g, c, method in sums if method == _hues.OURS]
    harmed = [
        f"{case}, {group}"
        for group, case in lightings
        if np.mean(sums[group, case, _hues.OURS])
        > 1.002 * np.mean(sums[group, case, _hues.REFERENCE])
    ]
    return harmed, len(lightings)


def recoverability(scores: Sequence[Score], case: str | None = None) -> NDArray[np.float64] | None:
    """(bins, 3) pixels, mean recoverability, skill 1 - MSE / MSE(prior's mean), or None."""
    bins = [s.bins for s in scores if s.bins is not None and case in (None, s.case)]
    if not bins:
        return None
    count, sure, error, prior = np.sum(bins, 0).T
    used = count >= 0.002 * count.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([count, sure / count, 1 - error / prior], 1)[used]


def recoverability_within(scores: Sequence[Score]) -> dict[str, float]:
    """Rank correlation of binned recoverability and skill, per lighting with four bins or more."""
    cases = dict.fromkeys(s.case for s in scores if s.bins is not None)
    binned = {case: recoverability(scores, case) for case in cases}
    return {case: rank(b) for case, b in binned.items() if b is not None and len(b) >= 4}


def recoverability_over(scores: Sequence[Score]) -> float | None:
    """Rank correlation, over the lightings and inputs, of mean recoverability and skill."""
    sums: dict[tuple[str, str], NDArray[np.float64]] = {}
    for s in scores:
        if s.bins is not None:
            sums[s.group, s.case] = sums.get((s.group, s.case), 0) + s.bins.sum(0)
    if len(sums) < 4:
        return None
    count, sure, error, prior = np.stack(list(sums.values()), 1)
    return _measures.spearman(sure / count, 1 - error / prior)


def rank(binned: NDArray[np.float64]) -> float:
    """Rank correlation of mean recoverability and skill over the bins."""
    return _measures.spearman(binned[:, 1], binned[:, 2])


def table(targets: Sequence[Target]) -> Table:
    """The targets as a table."""
    rows = [
        (
            t.what,
            "not measured" if t.value is None else f"{t.value:.2f}",
            f"{'≥' if t.least else '≤'} {t.limit:g}",
            "yes" if t.held else "**no**",
        )
        for t in targets
    ]
    return Table("Targets", ("what", "found", "to reach", "reached"), tuple(rows))
