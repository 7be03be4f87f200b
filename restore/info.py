"""What a photo is, what is wrong with it, and which recipe suits: from what the steps find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from restore import color, light, mixes, steps
from restore.photo import Photo, Proxy

ONE_HUE, STRONG = 1.5, 70.0
"""Lab units: rms distance from one tone curve below which a photo has no colours of its own, and
95th percentile of chroma above which no daylight photo lies (60 photos: at most 66)."""


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
    proxy = photo.proxy()
    found = {name: _notes(name, proxy) for name in ("hue_blend", "fade", "white_balance")}
    damage = _notes("scratches", proxy)
    recipe, reason = _advice(proxy, found, damage)
    findings = [str(notes["summary"]) for notes in found.values() if "summary" in notes]
    if "summary" in damage:
        findings.append(str(damage["summary"]))
    return Info(_channels(proxy), tuple(findings), recipe, reason)


def _notes(name: str, proxy: Proxy) -> Mapping[str, Any]:
    return steps.get(name).plan(proxy).notes


def _channels(proxy: Proxy) -> dict[str, Channel]:
    pixels = proxy.sample()
    noise = mixes.noise([patch.pixels for patch in proxy.patches]) * 255
    low, high = np.percentile(pixels, [1, 99], axis=0)
    ends = (pixels <= 0.5 / 255).mean(0), (pixels >= 254.5 / 255).mean(0)
    rows = zip(*ends, noise, low, high, strict=True)
    names = ("red", "green", "blue")
    return {n: Channel(*map(float, row)) for n, row in zip(names, rows, strict=True)}


def _advice(
    proxy: Proxy, found: Mapping[str, Mapping[str, Any]], damage: Mapping[str, Any]
) -> tuple[str, str]:
    lab = color.to_lab(proxy.view.pixels).reshape(-1, 3)
    strong = float(np.percentile(np.hypot(lab[:, 1], lab[:, 2]), 95))
    lamps = found["hue_blend"]["lamps"]
    narrow = [lamp for lamp in lamps if not light.broad(lamp, proxy.camera)]
    scratched = damage.get("damaged", False)
    if _apart(lab) < ONE_HUE and strong < STRONG:
        tone = "toned " if strong > 6 else ""
        if scratched:
            return "old-photo", f"a {tone}black-and-white photo with scratches or dust"
        return "colorize", f"a {tone}black-and-white photo"
    if narrow and (len(narrow) == len(lamps) or strong > STRONG):
        colours = " and ".join(lamp.replace("-", " ") for lamp in narrow)
        return "led-concert", f"lit by {colours} stage light, which no white balance takes away"
    if found["fade"].get("faded", False):
        return "faded-print", "its dyes have faded"
    return "", "nothing that a recipe is for was found"


def _apart(lab: color.Array) -> float:
    """Root mean square distance in a* b* from the tone curve that fits best, in Lab units."""
    light = lab[:, :1] / 100
    powers = np.concatenate([np.ones_like(light), light, light**2, light**3], 1)
    fit = powers @ np.linalg.lstsq(powers, lab[:, 1:], rcond=None)[0]
    return float(np.sqrt(((lab[:, 1:] - fit) ** 2).sum(1).mean()))
