"""Faded dyes: restore the density of each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis import mixes
from restore.analysis.fading import dyes, expected, greys, mount
from restore.analysis.reference import averaged
from restore.colorizers import compact
from restore.context import Context
from restore.effect import Effect, Findings, Quantity
from restore.image.field import Field
from restore.image.marks import Mark
from restore.image.photo import Proxy, Tile
from restore.step import Amount, Param

DYES = ("cyan", "magenta", "yellow")
BRIGHTEST = 100.0
"""Linear light above which a sample counts as an error of its file."""
SEEN = (0.85, 0.12)
"""A photo counts as faded from this certainty and from this share of a dye (or stain density)."""
NAMED = (0.05, 0.04)
"""Shares of a dye, and densities of a stain or a moved cast, from which they are reported."""
UNSEEN = "nothing seemed faded; it was treated because you asked"
UNTOUCHED = "nothing seemed faded; left as it was"
CLIPPED = "the places marked as grey are burnt out or cropped away and were ignored"
JUDGED = "; a network helped to judge the cast"
ASKED = 192
"""Short side in pixels of what the network of colours sees."""

ENDS = (0.005, 0.005)
"""Shares of the pixels at the dark and at the light end that may go beyond the range."""
BLACKEST, WHITEST = 0.005, 0.92
"""Linear light towards which the ends are moved."""
FINISHED = (0.6, 0.4)
"""How far, of a photo that has surely faded."""
SURE = (0.95, 1.0)
"""Certainties from which stretching to the full range begins, and is complete."""
LIFTED, BRIGHTER = 0.1, 3.0
"""Highest black point in linear light, and factor up to which the light end is raised."""


@dataclass(frozen=True, eq=False)
class Fade(Effect):
    """An affine change of optical densities, then of linear light.

    Attributes
    ----------
    matrix, shift
        (3, 3) and (3,): D' = matrix D + shift.
    black, white
        Linear light, after that, that becomes black, and the factor on the rest.
    amount
        0 … 1: the share of the change.
    edge
        (h, w, 6) gain and shift of each channel's density before all that, from place to place:
        where a mount has kept its edge from fading.
    """

    matrix: color.Array
    shift: color.Array
    black: float
    white: float
    amount: float
    edge: Field | None = None
    findings: Findings = field(default_factory=Findings)

    def tile(self, t: Tile) -> color.Array:
        import cv2

        if self.amount == 0 or self.idle:
            return t.pixels
        light = color.decode(t.pixels)
        below = None
        if light.min() < color.DARKEST:  # not measured: from there on to black in proportion
            below = np.minimum(light, np.float32(color.DARKEST))
            below *= np.float32(1 / color.DARKEST)
        np.log(light.clip(color.DARKEST, BRIGHTEST, out=light), out=light)
        if self.edge:
            local = self.edge.at(t.window)
            light *= 1 + np.float32(self.amount) * (local[..., :3] - 1)
            light += np.float32(self.amount * -np.log(10)) * local[..., 3:]
        light = cv2.transform(light, self._mix)
        np.exp(light, out=light)
        if below is not None:
            light *= below
        light -= np.float32(self.amount * self.black)
        light *= np.float32(self.white**self.amount)
        color.raise_full(light, t.pixels)
        _whiten(light, t.pixels)
        return color.encode(light)

    @property
    def idle(self) -> bool:
        """Whether nothing changes, as for photos that have surely not faded."""
        same = not self.edge and (self.matrix == np.eye(3)).all() and not self.shift.any()
        return bool(same and self.black == 0 and self.white == 1)

    @property
    def _mix(self) -> color.Array:
        """(3, 4): how logarithms of linear light are mixed, and what is added."""
        mix = np.eye(3) + self.amount * (self.matrix - np.eye(3))
        return np.column_stack([mix, self.shift * (-self.amount * np.log(10))]).astype(np.float32)


def prepare(context: Context, *, network: bool = False, **_: object) -> None:
    """Load the network of colours, if it is asked."""
    if network:
        compact.load(context)


def shared(effects: Sequence[Fade]) -> Fade:
    """The fading of a series: the medians of its photos' numbers."""
    matrix, shift = (
        np.median([getattr(e, name) for e in effects], 0).astype(np.float32)
        for name in ("matrix", "shift")
    )
    black, white = (
        float(np.median([getattr(e, name) for e in effects])) for name in ("black", "white")
    )
    return replace(effects[0], matrix=matrix, shift=shift, black=black, white=white, edge=None)


def follow(proxy: Proxy, series: Fade, **settings: object) -> Fade:
    """A photo has faded as its series has, but for what its own greys say."""
    small = mixes.shrunk(proxy.view.pixels, dyes.SIDE)
    measured = greys.densities(small, _greys(proxy))
    if not len(measured):
        return series
    fading = dyes.Fading(series.matrix, series.shift, 1.0, series.findings.number("doubt"))
    fading = greys.corrected(fading, measured)
    findings = _findings(fading, None, len(measured))
    return replace(series, matrix=fading.matrix, shift=fading.shift, findings=findings)


def fade(
    proxy: Proxy,
    *,
    network: Annotated[
        bool, Param("where a cast is doubtful, weigh in what a network of colours expects")
    ] = False,
    amount: Amount = 1,
) -> Fade:
    """Restore the contrast and neutral greys lost to fading dyes.

    Each dye of a colour photo loses density in proportion, and the paper yellows: in optical
    density the true photo is an affine function of the faded one, D' = M D + s, with a matrix M
    that is nearly diagonal: the layers absorb a little of each other's light. A small network that
    sees a thumbnail and statistics of the densities estimates the numbers, and how certain it is
    that anything has faded; plain borders are excluded. A photo that has surely faded is then
    stretched to the full range from black to white. Where a mount has clearly protected the edge
    from fading, the numbers differ from place to place. Places marked as grey beside the photo say
    that it has faded, and correct the numbers. With `network`, and without such places, a doubtful
    cast of the whole photo is weighed against the colours that the compact network of `colorize`
    expects. `amount` goes from none of the correction to all.

    Known failures: other fading that differs over the sheet is corrected for its mean; a photo that
    is meant to be pale, or of one colour, may be taken for a faded one.
    """
    small, known = mixes.shrunk(proxy.view.pixels, dyes.SIDE), _greys(proxy)
    fading, followed = _estimated(small, known)
    sure = fading.certainty >= dyes.BELIEVED[1]
    places = mount.exposure(small, fading) if sure else None
    edge = None
    if places is not None:
        gain, shift = mount.evening(fading, places)
        small = color.from_density(color.to_density(small) * gain + shift)
        fading, followed = _estimated(small, known)
        edge = Field(np.concatenate([gain, shift], -1).astype(np.float32))
    estimated = fading
    if network and not followed and _doubtful(fading, small):
        fading = _judged(fading, small, proxy.context)
    black, white = _ends(fading, small)
    findings = _findings(fading, places, followed)
    # the cast of what had a density of 1
    if np.ptp(fading.gain + fading.shift - estimated.gain - estimated.shift) >= NAMED[1]:
        findings = replace(findings, summary=findings.summary + JUDGED)
    if known and not followed:
        findings = replace(findings, warnings=(CLIPPED,))
    effect = Fade(fading.matrix, fading.shift, black, white, amount, edge, findings)
    return replace(effect, findings=replace(findings, summary=UNTOUCHED)) if effect.idle else effect


def _greys(proxy: Proxy) -> list[Mark]:
    return [mark for mark in proxy.marks if mark.kind == "grey"]


def _estimated(picture: color.Array, known: Sequence[Mark]) -> tuple[dyes.Fading, int]:
    """The fading of a picture with places known to be grey, and how many of them were of use."""
    measured = greys.densities(picture, known)
    if not len(measured):
        return dyes.estimate(picture), 0
    return greys.corrected(dyes.estimate(picture, known=True), measured), len(measured)


def _doubtful(fading: dyes.Fading, picture: color.Array) -> bool:
    """Whether a network should judge the cast: a black-and-white picture has none."""
    coloured = np.ptp(picture, axis=2).max() >= dyes.GREY
    return bool(coloured and fading.certainty > dyes.BELIEVED[0] and expected.doubted(fading) > 0)


def _judged(fading: dyes.Fading, picture: color.Array, context: Context) -> dyes.Fading:
    """The fading in the light of the colours that a network expects."""
    ends = _ends(fading, picture)
    density = color.to_density(picture[dyes.inside(picture)].clip(0, 1))
    lightness = expected.restored(density, fading, ends)[..., 0]
    chroma = compact.chroma(lightness, side=ASKED, vividness=1, context=context)
    logits = np.asarray(chroma.logits)
    places = averaged(density, (logits.shape[1], logits.shape[2]))
    logits, places = logits[:, 1::2, 1::2], places[1::2, 1::2]
    return expected.corrected(fading, places.reshape(-1, 3), ends, logits.reshape(len(logits), -1))


def _ends(fading: dyes.Fading, picture: color.Array) -> tuple[float, float]:
    """Black point in linear light and factor that bring the restored picture to the full range."""
    seen = dyes.softened(picture[dyes.inside(picture)])
    light = 10 ** -(color.to_density(seen) @ fading.matrix.T + fading.shift).reshape(-1, 3)
    low = float(np.quantile(light @ color.LUMA, ENDS[0]))
    high = float(np.quantile(light.max(1), 1 - ENDS[1]))
    sure = float(np.interp(fading.certainty, SURE, (0, 1)))
    black = FINISHED[0] * sure * min(max(low - BLACKEST, 0), LIFTED)
    white = min(max(WHITEST / max(high - black, 0.05), 1) ** (FINISHED[1] * sure), BRIGHTER)
    return black, max(white, 1 / (1 - black))


def _whiten(light: color.Array, before: color.Array) -> None:
    """Keep pixels white in corrected linear light (h, w, 3) that were white in sRGB `before`."""
    if before.max() > color.FULL:
        least = np.minimum(np.minimum(before[..., 0], before[..., 1]), before[..., 2])
        full = ((least - np.float32(color.FULL)) / np.float32(1 - color.FULL)).clip(0, 1)
        np.maximum(light, full[..., None], out=light)


def _findings(fading: dyes.Fading, places: color.Array | None, followed: int) -> Findings:
    """The findings: the estimate, with the greys it followed, in numbers and as a sentence."""
    loss = 1 - 1 / fading.gain
    stain = -fading.shift / fading.gain
    strongest = max(float(loss.max()), float(stain.max()) * 2)
    faded = (fading.certainty >= SEEN[0] or followed > 0) and strongest >= SEEN[1]
    values: dict[str, Quantity] = {
        "faded": Quantity(faded),
        "certainty": Quantity(round(fading.certainty, 2)),
        "doubt": Quantity(round(fading.doubt, 1), "CIEDE2000"),
        "loss": Quantity(_by_dye(loss)),
        "stain": Quantity(_by_dye(stain), "density"),
    }
    if places is not None:
        values["edges"] = Quantity(round(float(places.min()), 2))
    lost = sorted(zip(loss, DYES, strict=True), reverse=True)
    parts = [f"{name} {share * 100:.0f}%" for share, name in lost if share >= NAMED[0]]
    parts = [f"dyes restored: {', '.join(parts)}"] if parts else []
    stains = [dye for dye, part in zip(DYES, stain, strict=True) if part >= NAMED[1]]
    if len(stains) == len(DYES):
        parts.append("made lighter")
    elif stains:
        parts.append(f"{' and '.join(stains)} stain removed")
    if places is not None:
        parts.append(f"{1 - places.min():.0%} less at the edges")
    summary = "; ".join(parts) if faded and parts else UNSEEN
    if followed:
        values["marks followed"] = Quantity(followed)
        summary += f"; {followed} grey place{'s' * (followed > 1)} followed"
    return Findings(summary, values=values)


def _by_dye(parts: NDArray[np.floating]) -> dict[str, float]:
    return {name: round(float(part), 2) for name, part in zip(DYES, parts, strict=True)}
