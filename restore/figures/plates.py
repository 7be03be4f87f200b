"""All figures of a photo, in order: what each is called, says, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from restore.figures import blocks, gamut, points, survived, temperatures, uncertainty
from restore.figures.alternatives import alternative_sheet
from restore.figures.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = {
    "blocks": (
        "Where each colour is likely",
        "The network does not see colours, it guesses them: for every place it says how likely "
        "each of 313 colours is. Each panel shows one block of colours, framed in its own: "
        "bright where the network would expect it.",
    ),
    "points": (
        "What a place could be",
        "All colours that the network holds possible at single places, the few they come down to, "
        "and the annealed mean that becomes the colour of the result.",
    ),
    "uncertainty": (
        "How sure the network is",
        "Entropy in bits: each bit more means twice as many colours that are equally likely.",
    ),
    "temperatures": (
        "From the likeliest colour to the mean of all",
        "The same guess at several temperatures: low ones are bold and patchy, high ones smooth "
        "and dull.",
    ),
    "alternatives": (
        "Other colours it could have been",
        "The likeliest colourings of the whole photo that differ from each other. Regions that "
        "belong together change together; the likelihood is the share among all combinations of "
        "the regions' colours.",
    ),
    "survived": (
        "What survived",
        "What the file itself still holds, and what each step of the recipe made of it.",
    ),
    "gamut": (
        "Colours before and after",
        "The photo's colours in the plane of CIE a* (green to red) and b* (blue to yellow); the "
        "line is what sRGB can show.",
    ),
}


@dataclass(frozen=True)
class Plate:
    """A figure of a photo.

    Attributes
    ----------
    name
        Of its files, without suffix.
    section
        The heading in `HEADINGS` that it stands under.
    alt
        What it shows, in words and numbers.
    draw
        Makes it.
    vector
        It is worth having as SVG: a chart rather than pictures.
    """

    name: str
    section: str
    alt: str
    draw: Callable[[], Figure]
    vector: bool = False


def plates(subject: Subject, places: Sequence[points.Place] = ()) -> list[Plate]:
    """All there is to show of a photo.

    Parameters
    ----------
    places
        Where to look at distributions; the 6 most uncertain regions if there are none.
    """
    seen = subject.distribution
    where = list(places) or uncertainty.most_unsure(seen.entropy)
    side, chosen = blocks.blocks(seen.p, seen.grid)
    largest = chosen[0]
    drawn = [
        Plate(
            "blocks",
            "blocks",
            f"The final colours and {len(chosen)} maps of probability, one for each block of "
            f"{side} by {side} Lab units; together {sum(b.mass for b in chosen):.1%} of all. The "
            f"weightiest is a* {largest.ab[0]:.0f}, b* {largest.ab[1]:.0f} with "
            f"{largest.mass:.0%}.",
            lambda: blocks.block_sheet(subject),
        ),
        Plate(
            "points",
            "points",
            _of_points(subject, where),
            lambda: points.points(subject, where),
            vector=True,
        ),
        Plate(
            "uncertainty",
            "uncertainty",
            f"The photo in grey beside a map of entropy: on average {seen.entropy.mean():.1f} "
            f"bits, over 4 bits in {uncertainty.share_unsure(seen.entropy):.0%} of the photo.",
            lambda: uncertainty.uncertainty(subject),
        ),
        Plate(
            "temperatures",
            "temperatures",
            "The photo coloured at temperatures "
            + ", ".join(f"{t:g}" for t in temperatures.STRIP)
            + ".",
            lambda: temperatures.temperatures(subject),
        ),
        Plate(
            "alternatives",
            "alternatives",
            "Up to four different colourings of the whole photo with their likelihoods.",
            lambda: alternative_sheet(subject),
        ),
    ]
    for name, (draw, words) in survived.figures(subject).items():
        drawn.append(
            Plate(name, "survived", words + ".", draw, name in ("channels", "mix", "dyes"))
        )
    clipped = float(gamut.outside(subject.unbounded).mean())
    drawn.append(
        Plate(
            "gamut",
            "gamut",
            "Two maps of how many pixels have each a* and b*, before and after, and where chroma "
            f"was given up: in {clipped:.1%} of the pixels.",
            lambda: gamut.gamut(subject),
            vector=True,
        )
    )
    return drawn


def _of_points(subject: Subject, where: Sequence[points.Place]) -> str:
    """The places and their likeliest colours in words."""
    height, width = subject.size
    parts = []
    for x, y in where:
        likely = points.at(subject.distribution, (x, y))[1]
        colours = ", ".join(
            f"{m.probability:.0%} a* {m.ab[0]:.0f} b* {m.ab[1]:.0f}" for m in likely[:3]
        )
        parts.append(f"x {np.floor(x * width):.0f}, y {np.floor(y * height):.0f}: {colours}")
    return "Distributions at " + "; ".join(parts) + "."
