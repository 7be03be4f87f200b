"""What a photo is, what is wrong with it, and which recipe suits, with the reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from restore import color, steps
from restore.analysis import kinds, mixes
from restore.analysis.noise import channel_noise
from restore.analysis.stage_light import lamps
from restore.analysis.wear import TONED, wear
from restore.effect import Findings, Quantity
from restore.image.photo import Photo, Proxy

NEUTRAL = ((5.0, 0.8), (4.0, 3.4))
"""Lab units: root mean square chroma, and distance from one tone, both below which a photo is black
and white for certain: of an even tone, or next to grey with stains and the colour noise of film."""
FADE, DOUBT = 0.7, 1.6
"""Weight of `fade`'s certainty in the log odds of faded to sound, and the log odds to begin with:
with these, one in twenty of 295 sound photos left out of the fit is called faded."""
PLAUSIBLE = 0.2
"""Probability from which a kind is named beside the likeliest one."""
RECIPES = {
    "sound": (),
    "lamps": ("led-concert",),
    "faded": ("faded-print", "faded-slide"),
    "grey": ("colorize",),
}
"""The recipes for a kind, the usual one first."""
BROAD = 0.6
"""Mean recoverability of hues beyond which no narrow lamps lit a scene."""
DEVELOPED = "judged as developed: led-concert reads the camera's own channels, which may hold more"
"""What is added for a RAW, which `info` opens once."""
SCRATCHED = 0.05
"""% of a black-and-white photo that `scratches` would fill above which it is scratched."""
BLACK, WHITE = 15.0, 80.0
"""L* of the darkest and brightest hundredth beyond which a photo has no real black or white."""


@dataclass(frozen=True)
class Channel:
    """Statistics of a channel.

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
class Advice:
    """Which recipe suits.

    Attributes
    ----------
    recipe
        Its name, or "" where nothing seems wrong.
    alternatives
        Recipes that may suit as well, the likeliest first.
    reason
        Why, in words.
    certainty
        How likely the photo is of the kind that the recipe is for, 0 … 1.
    """

    recipe: str
    alternatives: tuple[str, ...]
    reason: str
    certainty: float


@dataclass(frozen=True)
class Info:
    """The findings on a photo.

    Attributes
    ----------
    channels
        By name: red, green, blue.
    findings
        Sentences.
    measures
        The numbers behind them by name, with their units.
    advice
        The recipe that suits.
    """

    channels: Mapping[str, Channel]
    findings: tuple[str, ...]
    measures: Mapping[str, Quantity]
    advice: Advice

    @property
    def recipe(self) -> str:
        """The recipe that suits, or "" where nothing seems wrong."""
        return self.advice.recipe

    @property
    def reason(self) -> str:
        """Why it suits."""
        return self.advice.reason


def inspect(photo: Photo) -> Info:
    """Look at a photo on its proxy."""
    proxy = photo.cropped(photo.visible()).proxy()
    chances = _chances(proxy)
    kind = max(chances, key=lambda name: chances[name])
    view = VIEWS[kind](proxy)
    if "led-concert" in view.recipes[:1] and photo.source.format == "raw":
        view = replace(view, findings=(*view.findings, DEVELOPED))
    recipes, reason = view.recipes, view.reason
    likely = sorted(chances, key=lambda name: -chances[name])
    others = [
        name
        for other in likely
        if other != kind and chances[other] >= PLAUSIBLE
        for name in RECIPES[other][:1]
    ]
    if others and not recipes:
        reason += ", or too little to be sure"
    first = recipes[0] if recipes else ""
    advice = Advice(
        recipe=first,
        alternatives=tuple(name for name in dict.fromkeys((*recipes, *others)) if name != first),
        reason=reason,
        certainty=chances[kind],
    )
    return Info(_channels(proxy), view.findings, view.measures, advice)


def _chances(proxy: Proxy) -> dict[str, float]:
    """How likely each kind is; `fade`, which sees the pixels, helps decide sound or faded."""
    view = proxy.view.pixels
    lab = color.to_lab(kinds.inner(mixes.shrunk(view, kinds.SIDE), 0.125)).reshape(-1, 3)
    away, strength = kinds.off_tone(lab)
    if any(strength < chroma and away < tone for chroma, tone in NEUTRAL):
        return {name: float(name == "grey") for name in kinds.KINDS}
    chances = kinds.probabilities(view)
    either = chances["sound"] + chances["faded"]
    own = float(np.clip(chances["faded"] / max(either, 1e-6), 0.01, 0.99))
    certainty = float(np.clip(_findings("fade", proxy).number("certainty"), 0.01, 0.99))
    weighed = (1 - FADE) * np.log(own / (1 - own)) + FADE * np.log(certainty / (1 - certainty))
    faded = either / (1 + float(np.exp(DOUBT - weighed)))
    return {**chances, "faded": faded, "sound": either - faded}


@dataclass(frozen=True)
class View:
    """A photo seen as one of a kind: the recipes that suit, the usual one first, and why."""

    recipes: tuple[str, ...]
    reason: str
    findings: tuple[str, ...]
    measures: Mapping[str, Quantity]


def _grey(proxy: Proxy) -> View:
    """Of a black-and-white photo: old, or clean."""
    aged, marks = wear(proxy.view.pixels), _findings("scratches", proxy)
    toned = "toned " if aged.chroma > TONED else ""
    signs, measures = aged.signs, {**aged.measures, **marks.values}
    scratched = marks.number("scratches")
    if scratched > SCRATCHED:
        signs["scratched"] = f"scratches or creases on {max(scratched, 0.1):.1f}% of the photo"
    if signs:
        reason = f"an old black-and-white print: {lamps.listed(list(signs))}"
        return View(("old-photo", "colorize"), reason, tuple(signs.values()), measures)
    if scratched:
        reason = f"a {toned}black-and-white photo, perhaps scratched"
        return View(("colorize", "old-photo"), reason, (), measures)
    return View(("colorize",), f"a clean {toned}black-and-white photo", (), measures)


def _sound(proxy: Proxy) -> View:
    """Of a photo that needs nothing."""
    return View((), "nothing needs restoring", *_told(proxy, "white_balance"))


def _lamps(proxy: Proxy) -> View:
    """Of a photo under coloured lamps: of few enough colours, or its dyes have gone."""
    lit = _findings("hue_blend", proxy)
    if lit.number("mean recoverability") > BROAD:
        faded = _faded(proxy)
        return replace(faded, recipes=(*faded.recipes, *RECIPES["lamps"]))
    lit = _findings("hue_blend", proxy, lights="stage")  # as in the recipe
    narrow = [lamp for lamp in lit.names("lamps") if not lamps.broad(lamp, proxy.camera)]
    colours = lamps.listed(narrow) if narrow else "coloured"
    reason = f"lit by {colours} stage light, which no white balance takes away"
    return View(RECIPES["lamps"], reason, (lit.summary,), lit.values)


def _faded(proxy: Proxy) -> View:
    """Of a photo whose dyes have faded."""
    low, high = np.percentile(proxy.view.lightness, (1, 99))
    cast = str(_findings("white_balance", proxy).values["cast"].value)
    article = "an" if cast[0] in "aeiou" else "a"
    signs = {
        f"{article} {cast} cast": cast != "neutral",
        "no real black": low > BLACK,
        "no real white": high < WHITE,
    }
    words = [sign for sign, there in signs.items() if there]
    reason = "its dyes have faded" + (f": {lamps.listed(words)}" if words else "")
    return View(RECIPES["faded"], reason, *_told(proxy, "fade", "white_balance"))


VIEWS = {"sound": _sound, "lamps": _lamps, "faded": _faded, "grey": _grey}


def _told(proxy: Proxy, *names: str) -> tuple[tuple[str, ...], dict[str, Quantity]]:
    """The steps' summaries of a photo, if any, and all their values."""
    findings = [_findings(name, proxy) for name in names]
    telling = (f for f in findings if "faded" not in f.values or f.number("faded"))
    values = {name: value for step in findings for name, value in step.values.items()}
    return tuple(f.summary for f in telling if f.summary), values


def _findings(name: str, proxy: Proxy, **settings: object) -> Findings:
    return steps.get(name).plan(proxy, **settings).findings


def _channels(proxy: Proxy) -> dict[str, Channel]:
    pixels = proxy.sample()
    noise = channel_noise([patch.pixels for patch in proxy.patches]) * 255
    low, high = np.percentile(pixels, [1, 99], axis=0)
    ends = (pixels <= 0.5 / 255).mean(0), (pixels >= 254.5 / 255).mean(0)
    rows = zip(*ends, noise, low, high, strict=True)
    names = ("red", "green", "blue")
    return {n: Channel(*map(float, row)) for n, row in zip(names, rows, strict=True)}
