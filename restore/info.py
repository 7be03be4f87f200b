"""What a photo is, what is wrong with it, and which recipe suits: from what the steps find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from restore import color, lamps, mixes, steps
from restore.effect import Findings
from restore.photo import Photo, Proxy

ONE_HUE, STRONG = 1.5, 70.0
"""Lab units: rms distance from one tone curve below which a photo has no colours of its own, and
95th percentile of chroma above which hardly any daylight photo lies."""
PALE = 0.06
"""Light of the weakest channel to that of the strongest below which the light is coloured: under
narrow lamps at most 0.02 (160 simulated shots), in daylight at least 0.07 (20 photos)."""
BLACK = 5.0
"""L* up to which a place is black: a face in a dark hall is small, and lit all the same."""
SCRATCHED = 0.9
"""% of a photo; straight lines that belong to it may be taken for as much."""


@dataclass(frozen=True)
class Channel:
    """How a channel fares.

    Attributes
    ----------
    black, white
        Shares of the pixels at the ends of the range, 0 … 1.
    noise
        Standard deviation in 8-bit codes.
    low, high
        1st and 99th percentile, 0 … 1.
    """

    black: float
    white: float
    noise: float
    low: float
    high: float


@dataclass(frozen=True)
class Info:
    """What was found.

    Attributes
    ----------
    channels
        By name: red, green, blue.
    findings
        Sentences.
    recipe, reason
        The recipe that suits, or "" where nothing seems wrong, and why.
    """

    channels: Mapping[str, Channel]
    findings: tuple[str, ...]
    recipe: str
    reason: str


def inspect(photo: Photo) -> Info:
    """Look at a photo as the steps do, on its proxy."""
    proxy = photo.cropped(photo.visible()).proxy()
    found = {name: _findings(name, proxy) for name in ("hue_blend", "fade", "white_balance")}
    recipe, reason = _advice(proxy, found)
    telling = {"led-concert": ["hue_blend"], "colorize": [], "old-photo": []}.get(
        recipe, ["fade", "white_balance"]
    )
    findings = (found[name].summary for name in telling)
    return Info(_channels(proxy), tuple(text for text in findings if text), recipe, reason)


def _findings(name: str, proxy: Proxy) -> Findings:
    return steps.get(name).plan(proxy).findings


def _channels(proxy: Proxy) -> dict[str, Channel]:
    pixels = proxy.sample()
    noise = mixes.noise([patch.pixels for patch in proxy.patches]) * 255
    low, high = np.percentile(pixels, [1, 99], axis=0)
    ends = (pixels <= 0.5 / 255).mean(0), (pixels >= 254.5 / 255).mean(0)
    rows = zip(*ends, noise, low, high, strict=True)
    names = ("red", "green", "blue")
    return {n: Channel(*map(float, row)) for n, row in zip(names, rows, strict=True)}


def _advice(proxy: Proxy, found: Mapping[str, Findings]) -> tuple[str, str]:
    lab = color.to_lab(proxy.view.pixels).reshape(-1, 3)
    strong = _strong(lab)
    if _apart(lab) < ONE_HUE and strong < STRONG:
        tone = "toned " if strong > 6 else ""
        damage = _findings("scratches", proxy)
        share = sum(damage.number(kind) for kind in damage.values)
        if share > SCRATCHED:
            return "old-photo", f"a {tone}black-and-white photo, {share:.1f} % of it scratched"
        return "colorize", f"a {tone}black-and-white photo"
    lit = found["hue_blend"].names("lamps")
    narrow = [lamp for lamp in lit if not lamps.broad(lamp, proxy.camera)]
    linear = color.decode(proxy.view.pixels)
    pale = linear.min(-1).sum() / max(float(linear.max(-1).sum()), 1e-6)
    alone = len(narrow) == len(lit) and pale < PALE
    if narrow and (alone or (strong > STRONG and not found["fade"].number("faded"))):
        colours = lamps.listed(narrow)
        return "led-concert", f"lit by {colours} stage light, which no white balance takes away"
    if found["fade"].number("faded"):
        return "faded-print", "its dyes have faded (faded-slide, if it is film)"
    return "", "nothing that a recipe is for was found"


def _strong(lab: color.Array) -> float:
    """95th percentile of chroma; of a photo that is mostly black, where it is not."""
    lit = lab[:, 0] > BLACK
    seen = lab[lit] if 0 < lit.mean() < 0.5 else lab
    return float(np.percentile(np.hypot(seen[:, 1], seen[:, 2]), 95))


def _apart(lab: color.Array) -> float:
    """Root mean square distance in a* b* from the tone curve that fits best, in Lab units."""
    light = lab[:, :1] / 100
    powers = np.concatenate([np.ones_like(light), light, light**2, light**3], 1)
    fit = powers @ np.linalg.lstsq(powers, lab[:, 1:], rcond=None)[0]
    return float(np.sqrt(((lab[:, 1:] - fit) ** 2).sum(1).mean()))
