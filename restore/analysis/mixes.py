"""Black and white: one grey out of three channels. Arrays in, arrays out.

All on sRGB-encoded values, as photographers know them. Every mix leaves a neutral pixel as it is if
its weights sum to 1. A channel mix with weights (r, g, b) of sum 1 *is* the Black & White layer
with Reds r, Yellows r + g, Greens g, Cyans g + b, Blues b, Magentas r + b (`as_layer`).
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from restore.color import Array

CARRIED = 0.3
"""Detail that JPEG files and colour matrices carry over into a channel, as a share of the strongest
channel's. A file without visible noise has this much in channels that no lamp lit."""
SEEN = 256
"""Long side in pixels of the picture that `evidence` measures."""

Weights = Sequence[float] | NDArray[np.floating]

# Reds, Yellows, Greens, Cyans, Blues, Magentas in %: the presets of Photoshop's Black & White
# adjustment. "default" is in Adobe's own actionJSON documentation; the table agrees in two
# independent re-implementations.
LAYERS = MappingProxyType(
    {
        "default": (40, 60, 40, 60, 20, 80),
        "darker": (30, 50, 30, 50, 10, 70),
        "lighter": (50, 70, 50, 70, 30, 90),
        "neutral-density": (128, 128, 100, 100, 128, 100),
        "maximum-white": (100, 100, 100, 100, 100, 100),
        "maximum-black": (0, 0, 0, 0, 0, 0),
        "infrared": (-40, 235, 144, -68, -3, -107),
        "red-filter": (120, 110, -10, -50, 0, 120),
        "yellow-filter": (120, 110, 40, -30, 0, 70),
        "green-filter": (50, 120, 90, 50, 0, 0),
        "blue-filter": (0, 0, 0, 110, 110, 110),
        "high-contrast-red": (120, 120, -10, -50, -50, 120),
        "high-contrast-blue": (-50, -50, -50, 150, 150, 150),
    }
)

# Red, green, blue in parts, divided by their sum when used.
CHANNELS = MappingProxyType(
    {
        # Film stocks, the table that darktable's and GIMP's scripts share.
        "agfa-200x": (18, 41, 41),
        "agfapan-25": (25, 39, 36),
        "agfapan-100": (21, 40, 39),
        "agfapan-400": (20, 41, 39),
        "delta-100": (21, 42, 37),
        "delta-400": (22, 42, 36),
        "delta-3200": (31, 36, 33),
        "fp4": (28, 41, 31),
        "hp5": (23, 37, 40),
        "pan-f": (33, 36, 31),
        "sfx": (36, 31, 33),
        "xp2": (21, 42, 37),
        "t-max-100": (24, 37, 39),
        "t-max-400": (27, 36, 37),
        "tri-x": (25, 35, 40),
        # Kinds of film, as in RawTherapee's black-and-white tool.
        "luminance": (30, 59, 11),
        "panchromatic": (1, 1, 1),
        "hyper-panchromatic": (41, 25, 34),
        "orthochromatic": (0, 42, 58),
        "normal-contrast": (43, 33, 30),
        "high-contrast": (40, 34, 60),
        "low-sensitivity": (27, 27, 46),
        "high-sensitivity": (30, 28, 42),
        "landscape": (66, 24, 10),
        "portrait": (54, 44, 12),
        "infrared-film": (-40, 200, -17),
        # Filters before panchromatic film, RawTherapee's; red, yellow, green and blue are layers.
        "orange-filter": (1, 0.6, 0),
        "yellow-green-filter": (0.6, 1, 0.3),
        "cyan-filter": (0.05, 1, 1),
        "purple-filter": (1, 0.05, 1),
        # The presets of Photoshop's channel mixer.
        "mixer-red": (100, 0, 0),
        "mixer-orange": (50, 50, 0),
        "mixer-yellow": (34, 66, 0),
        "mixer-green": (0, 100, 0),
        "mixer-blue": (0, 0, 100),
        "mixer-infrared": (-70, 200, -30),
    }
)

TINTS = MappingProxyType({"sepia": "#E1D3B3", "selenium": "#CDBFC8", "cyanotype": "#A9C3DC"})
"""Sepia is the default tint of Photoshop's Black & White layer; the others are to taste."""

CROSSTALK = np.array(
    [[0.685, 0.246, 0.069], [0.038, 0.802, 0.160], [0.0, 0.183, 0.817]], np.float32
)
"""From linear sRGB most of the way (0.7) back to a camera's own channels.

0.3 of the identity and 0.7 of the inverse of the colour matrix of 50 cameras' mean. Rows sum to 1.
"""


def channels(v: Array, weights: Weights, constant: float = 0) -> Array:
    """The channel mixer's grey (h, w), 0 … 1, of (h, w, 3): weights and constant as shares of 1."""
    import cv2

    row = np.array([[*weights, constant]], np.float32)
    grey = cv2.transform(v, row)
    return grey.clip(0, 1, out=grey)


def weighted(v: Array, weights: Weights) -> Array:
    """The weighted mean (h, w) of the channels of (h, w, 3); not clipped."""
    import cv2

    return cv2.transform(v, np.array([weights], np.float32))


def layer(v: Array, sliders: Sequence[float]) -> Array:
    """The grey of a Black & White layer.

    Parameters
    ----------
    v
        (h, w, 3) sRGB-encoded, 0 … 1.
    sliders
        Reds, Yellows, Greens, Cyans, Blues, Magentas as shares of 1 (Photoshop's 40% is 0.4).

    Returns
    -------
    (h, w), 0 … 1: the smallest channel, plus the difference of the middle and smallest times the
    slider of their pair (red and green: Yellows …), plus the difference of the largest and middle
    times the largest one's slider.

    References
    ----------
    M. Ransom, https://stackoverflow.com/a/55233732, and three independent re-implementations.
    Written here without sorting: the part of Reds is what red has above green and blue, if any.
    """
    import cv2

    r, g, b = cv2.split(v)
    low = (np.minimum(g, b), np.minimum(r, b), np.minimum(r, g))
    high = (np.maximum(g, b), np.maximum(r, b), np.maximum(r, g))
    reds, yellows, greens, cyans, blues, magentas = sliders
    grey = np.minimum(low[0], r)
    for alone, others, lower, slider, pair in zip(
        (r, g, b), high, low, (reds, greens, blues), (cyans, magentas, yellows), strict=True
    ):
        grey += np.maximum(alone - others, 0) * np.float32(slider)
        grey += np.maximum(lower - alone, 0) * np.float32(pair)
    return grey.clip(0, 1, out=grey)


def as_layer(weights: Weights) -> tuple[float, ...]:
    """The six sliders of the layer that equals a channel mix whose weights sum to 1."""
    r, g, b = map(float, weights)
    return r, r + g, g, g + b, b, r + b


def uncrossed(v: Array) -> Array:
    """The camera's own channels, as far as they can be recovered from its sRGB picture.

    A camera's colour matrix subtracts two channels from the third. Under LED light that leaves
    noise and clipped zeros; adding it back before mixing is worth 0.2 dB of lightness on average
    over lamps, and 1 dB under white + blue. Squares stand in for linear light: they are fast and
    do not change the result.

    Parameters
    ----------
    v
        (h, w, 3) sRGB-encoded; values below 0 are taken as 0. Neutral pixels stay.
    """
    import cv2

    light = v.clip(0, np.float32(np.inf))  # a third of np.maximum's time
    light *= light
    light = cv2.transform(light, CROSSTALK)
    return cv2.sqrt(light, dst=light)


def tinted(grey: Array, tint: str) -> Array:
    """A grey picture (h, w) 0 … 1 in a tint "#RRGGBB", (h, w, 3); black and white stay.

    W3C Compositing and Blending Level 1, 9.1: SetLum(tint, grey), as Photoshop's layer does.
    """
    shade = np.array([int(tint[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    offset = (shade - shade @ (0.3, 0.59, 0.11)).astype(np.float32)
    grey = grey.clip(0, 1)
    share = np.ones_like(grey)
    for room, reach in ((grey, -offset.min()), (1 - grey, offset.max())):
        if reach > 0:
            np.minimum(share, room * (1 / reach), out=share)
    return grey[..., None] + share[..., None] * offset


def evidence(view: Array, noise: Array, averaged: float = 1) -> tuple[Array, Array]:
    """The detail of each channel, and its weight in an SNR-gated mean.

    A channel's weight is q = snr^2 / (snr^2 + 6), normalised, with snr its detail over its noise. A
    share of the strongest channel's detail counts as noise too: in a denoised photo, a channel
    that no lamp lit would otherwise weigh as much as the others. All weights are positive: a
    clipped channel is flat there, the others carry the picture, and there are no steps as with
    weights for each pixel; and noise is never amplified.

    Parameters
    ----------
    view
        (h, w, 3) the whole photo, sRGB-encoded, about 200 pixels or more on the long side.
    noise
        (3,) standard deviation of a pixel of the full photo.
    averaged
        Pixels of the full photo in one of the view.

    Returns
    -------
    (3,) amplitude of detail between 1/200 and 1/16 of the long side, noise removed; (3,) weights
    of sum 1.
    """
    import cv2

    small = shrunk(view, SEEN)
    averaged *= view[..., 0].size / small[..., 0].size
    fine, coarse = (
        max(share * max(small.shape), floor) for share, floor in ((0.005, 1), (0.06, 1))
    )
    band = cv2.GaussianBlur(small, (0, 0), fine) - cv2.GaussianBlur(small, (0, 0), coarse)
    rest = noise**2 / averaged / (4 * np.pi * fine**2)
    detail = np.sqrt(np.maximum((band * band).mean((0, 1)) - rest, 1e-8))
    ratio = (detail / np.hypot(noise, CARRIED * detail.max())) ** 2
    share = ratio / (ratio + 6)
    return detail, share / share.sum()


def shrunk(view: Array, side: int) -> Array:
    """The view area-averaged to at most `side` pixels on the long side."""
    import cv2

    shrink = min(1.0, side / max(view.shape[:2]))
    size = [max(1, round(length * shrink)) for length in view.shape[1::-1]]
    return cv2.resize(view, size, interpolation=cv2.INTER_AREA)


def clipped(sample: Array) -> Array:
    """(3,) share of (n, 3) pixels whose channel is at or next to its largest value, 0.985."""
    counts = [np.count_nonzero(full) for full in (sample >= np.float32(0.985)).T]
    return np.array(counts, np.float32) / np.float32(len(sample))
