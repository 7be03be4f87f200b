"""What time has done to a black-and-white print: tone, stains, dust, grain, lost contrast.

A quick estimate for reports only: it decides whether a photo is an old print, and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis import mixes
from restore.analysis.kinds import inner, off_tone
from restore.effect import Quantity

SIDE = 1024
"""Long side in pixels of the copy in which dust and grain are measured."""
TONED, YELLOWED = 3.5, 6.0
"""Median chroma in Lab units: of neutral photos at most so much; of paper that has yellowed."""
UNEVEN = 1.2
"""Lab units: distance of colours from one tone from which there are stains."""
BROWN, PATCHY = 15.0, 3.0
"""The same from which paper is strongly yellowed, and stains are strong."""
FLAT = 45.0
"""L* from the darkest to the brightest hundredth below which a print has lost its contrast."""
DUSTY, LOPSIDED, SMOOTH = 45.0, 4.0, 2.0
"""Bright specks per 100,000 pixels of even ground, and times the dark ones: what belongs to a photo
is as often dark as bright, dust and cracks are bright. The ground's slope in 8-bit codes per
pixel above which it is too uneven to judge."""
GRAINY, COARSE = 2.5, 2.2
"""8-bit codes, and multiples of the ground's own slopes."""


@dataclass(frozen=True)
class Wear:
    """How a black-and-white photo has aged.

    Attributes
    ----------
    chroma
        Median of the tone's chroma in Lab units; 0 is neutral.
    warm
        Whether that tone is yellow or brown.
    uneven
        Root mean square distance of the colours from one tone, in Lab units: stains.
    contrast
        L* from the 1st to the 99th percentile.
    bright, dark
        Specks per 100,000 pixels of even ground.
    grain, slope
        Of the even ground: deviation from its median in 8-bit codes, and its slope.
    """

    chroma: float
    warm: bool
    uneven: float
    contrast: float
    bright: float
    dark: float
    grain: float
    slope: float

    @property
    def measures(self) -> dict[str, Quantity]:
        """The numbers behind the signs, with their units."""
        return {
            "tone": Quantity(self.chroma, "CIE a* b* from grey"),
            "stains": Quantity(self.uneven, "CIE a* b* from the tone"),
            "contrast": Quantity(self.contrast, "L*"),
            "specks": Quantity(self.bright, "bright, per 100,000 smooth pixels"),
            "grain": Quantity(self.grain, "8-bit codes"),
        }

    @property
    def signs(self) -> dict[str, str]:
        """The signs of age present, in a word, and what a photographer sees of each."""
        dust = self.slope < SMOOTH and self.bright > max(DUSTY, LOPSIDED * (self.dark + 8))
        grain = self.grain > max(GRAINY, COARSE * self.slope)
        signs = {
            "yellowed": (
                self.warm and self.chroma > YELLOWED,
                f"{'strongly ' if self.chroma > BROWN else ''}yellowed paper",
            ),
            "stained": (
                self.uneven > UNEVEN,
                f"{'strong ' if self.uneven > PATCHY else ''}stains",
            ),
            "low in contrast": (
                self.contrast < FLAT,
                f"low contrast: its tones span {self.contrast:.0f}% of the range",
            ),
            "dusty": (
                dust,
                "dust or fine scratches: bright specks on smooth ground",
            ),
            "grainy": (grain, "strong grain"),
        }
        return {name: strength for name, (there, strength) in signs.items() if there}


def wear(view: color.Array) -> Wear:
    """How a black-and-white photo (h, w, 3), sRGB-encoded, has aged."""
    lab = color.to_lab(inner(mixes.shrunk(view, 256), 0.1)).reshape(-1, 3)
    a, b = np.median(lab[:, 1:], 0)
    low, high = np.percentile(lab[:, 0], (1, 99))
    bright, dark, grain, slope = _ground(inner(mixes.shrunk(view, SIDE)).mean(-1))
    return Wear(
        chroma=float(np.hypot(a, b)),
        warm=bool(b > 0.6 * abs(a)),
        uneven=off_tone(lab)[0],
        contrast=float(high - low),
        bright=bright,
        dark=dark,
        grain=grain,
        slope=slope,
    )


def _ground(grey: color.Array) -> tuple[float, float, float, float]:
    """Bright and dark specks, grain and slope of the evenest third of a picture (h, w), 0 … 1."""
    import cv2

    grey = np.ascontiguousarray(grey, np.float32)
    ground = cv2.medianBlur(grey, 5)
    rest = grey - ground
    slopes = [cv2.Sobel(ground, cv2.CV_32F, *way) / 8 for way in ((1, 0), (0, 1))]
    slope = cv2.GaussianBlur(np.hypot(*slopes), (0, 0), 4)
    level = cv2.GaussianBlur(ground, (0, 0), 4)
    usable = (level > 0.08) & (level < 0.95)
    if usable.mean() < 0.05:
        return 0.0, 0.0, 0.0, 0.0
    limit = float(np.quantile(slope[usable], 0.3))
    even = usable & (slope <= limit)
    grain = float(np.median(np.abs(rest[even]))) / 0.6745
    least = max(6 * grain, 0.06)

    def count(specks: NDArray[np.bool_]) -> float:
        return 1e5 * (cv2.connectedComponents(specks.astype(np.uint8))[0] - 1) / even.sum()

    bright, dark = (count((sign * rest > least) & even) for sign in (1, -1))
    return bright, dark, 255 * grain, 255 * limit
