"""A photo whose dyes have faded, as a scanner sees it.

Densities come from cyan, magenta and yellow dye, each with side absorptions in the other
channels: D = A q. Fading takes a share of each dye (a little less where it is dense), stain adds
density, flare and noise come from the scanner:

    q' = q keep ((q + .3) / 1.3)^.12,  keep = 1 - loss u(x)
    T  = 10^-(A q' + stain u(x)), plus flare and noise; sRGB, 8 bits, JPEG

`other=True` has other dyes and an S-shaped tone curve of the scanner. A `Kind` may also cross the
layers' curves over, be a dark slide, and be scanned with automatic exposure or levels.

References
----------
Gschwind, Frey, "Electronic imaging, a tool for the reconstruction of faded color photographs",
J. Imaging Sci. Technol. 38/6 (1994); Ando, J. Imaging Sci. Technol. 41/3 (1997).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate.folder import generator, jpeg
from restore.simulate.light import constants


@dataclass(frozen=True)
class Kind:
    """One kind of fading: shares of cyan, magenta, yellow lost; density of the stain in R, G, B.

    Attributes
    ----------
    loss, stain
        See above; each varies by a fifth with the seed.
    flare
        Stray light of the scanner, as a share of white.
    place
        "even", "ramp" (half as much more on one side than in the middle), or "mount" (a border
        that a mount kept from the light).
    bend
        Exponent of each layer's curve after fading, about density 1: cross-over where they differ.
    pale
        Share of the stain missing from the shadows: some stains show in the highlights alone.
    steep, dark
        A slide's own tones: factor of all densities, and density on top of them.
    exposed
        0 … 1: how far the scanner's automatic exposure goes towards white highlights.
    levelled
        0 … 1: how far its automatic levels stretch each channel to the whole range.
    """

    loss: tuple[float, float, float]
    stain: tuple[float, float, float]
    flare: float = 0.01
    place: str = "even"
    bend: tuple[float, float, float] = (1, 1, 1)
    pale: float = 0
    steep: float = 1
    dark: float = 0
    exposed: float = 0
    levelled: float = 0


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "dark cyan loss": Kind((0.50, 0.08, 0.20), (0, 0.01, 0.05)),
        "light magenta loss": Kind((0.20, 0.50, 0.30), (0, 0, 0.02)),
        "yellow stain": Kind((0.15, 0.12, 0.35), (0.02, 0.07, 0.25)),
        "low contrast": Kind((0.45, 0.42, 0.48), (0.04, 0.05, 0.08), flare=0.03),
        "uneven ramp": Kind((0.42, 0.10, 0.20), (0, 0.02, 0.06), place="ramp"),
        "mount": Kind((0.20, 0.42, 0.30), (0, 0, 0), place="mount"),
    }
)
"""The kinds of fading by name."""

STRONG: Mapping[str, Kind] = MappingProxyType(
    {
        "red film": Kind((0.82, 0.15, 0.65), (0.02, 0.03, 0.08), exposed=0.7),
        "red print": Kind((0.65, 0.10, 0.35), (0.0, 0.05, 0.15), 0.02, exposed=0.5),
        "purple slide": Kind((0.55, 0.12, 0.80), (0, 0.02, 0.03), exposed=0.4, bend=(1, 1.1, 0.9)),
        "blue slide": Kind((0.10, 0.35, 0.75), (0, 0.02, 0), steep=1.15, dark=0.2, exposed=0.3),
        "green print": Kind((0.30, 0.70, 0.25), (0.02, 0.04, 0.20), 0.02, exposed=0.5),
        "dark slide": Kind((0.25, 0.30, 0.40), (0, 0, 0), 0.02, steep=1.2, dark=0.45),
    }
)
"""Strong casts as they occur: one dye or two nearly gone, slides scanned dark."""

MILD: Mapping[str, Kind] = MappingProxyType(
    {
        "mild": Kind((0.16, 0.06, 0.10), (0, 0.01, 0.03)),
        "stain alone": Kind((0, 0, 0), (0.02, 0.07, 0.20), pale=0.3),
    }
)
"""Mild fading that should be restored without a trace."""

UNDAMAGED = "undamaged"
"""The kind that only scans the photo (8 bits, JPEG) and fades nothing."""


@dataclass(frozen=True, eq=False)
class Faded:
    """A simulated scan of a faded print or slide, with the ground truth.

    Attributes
    ----------
    kind
        The kind's name.
    photo
        (h, w, 3) float32 sRGB-encoded 0 … 1: the truth.
    srgb
        (h, w, 3) uint8: the scan.
    fine
        (h, w, 3) float32 sRGB-encoded 0 … 1: the scan before it was cut to 8 bits and a JPEG.
    loss
        (3,) shares of cyan, magenta and yellow dye lost where `exposure` is 1.
    stain
        (3,) density added in R, G, B where `exposure` is 1.
    exposure
        (h, w) float32: the loss and stain at each place; 1 is nominal.
    """

    kind: str
    photo: color.Array
    srgb: NDArray[np.uint8]
    fine: color.Array
    loss: NDArray[np.float32]
    stain: NDArray[np.float32]
    exposure: NDArray[np.float32]


def fade(
    photo: color.Array, kind: str | Kind, *, seed: int = 0, other: bool = False, quality: int = 92
) -> Faded:
    """Fade a photo and scan it.

    Parameters
    ----------
    photo
        (h, w, 3) float32 sRGB-encoded 0 … 1.
    kind
        One of `KINDS`, `STRONG` or `MILD` by name, `UNDAMAGED`, or one of your own.
    other
        Other dyes (drawn by `seed`) and an S-shaped tone curve.
    quality
        Of the JPEG, 0 … 100.
    """
    none = np.zeros(3, np.float32)
    if kind == UNDAMAGED:
        even = np.ones(photo.shape[:2], np.float32)
        return Faded(kind, photo, jpeg(photo, quality), photo, none, none, even)
    model = {**KINDS, **STRONG, **MILD}[kind] if isinstance(kind, str) else kind
    kind = kind if isinstance(kind, str) else "own"
    rng = generator(kind, seed)
    loss, stain = (
        np.array(nominal, np.float32) * np.exp(0.2 * rng.standard_normal(3)).astype(np.float32)
        for nominal in (model.loss, model.stain)
    )
    u = _exposure(model.place, photo.shape[:2], rng)
    matrix = _dyes(rng if other else None)

    dyes = -np.log10(np.maximum(color.decode(photo), 1e-3)) @ np.linalg.inv(matrix).T
    keep = (1 - loss * u[..., None]).clip(0.15, 1.2)
    dyes = dyes * keep * ((np.maximum(dyes, 0) + 0.3) / 1.3) ** 0.12
    if model.bend != (1, 1, 1):
        dyes = np.sign(dyes) * np.abs(dyes) ** np.array(model.bend)
    density = np.maximum(dyes @ matrix.T, -0.05)
    density += stain * u[..., None] * (1 - model.pale * (1 - np.exp(-2 * density.clip(0))))
    density = density * model.steep + model.dark
    seen = (10.0**-density + model.flare) / (1 + model.flare)
    if model.exposed:
        seen /= np.quantile(seen.max(-1), 0.995) ** model.exposed
    seen += 0.002 * np.sqrt(np.maximum(seen, 0) + 0.02) * rng.standard_normal(seen.shape)
    scan = color.encode(seen).clip(0, 1)
    if model.levelled:
        low, high = np.quantile(scan, (0.002, 0.998), axis=(0, 1))
        low, high = low * model.levelled, 1 - (1 - high) * model.levelled
        scan = ((scan - low) / np.maximum(high - low, 0.1)).clip(0, 1).astype(np.float32)
    if other:
        bend = rng.uniform(0.3, 0.7)
        scan += np.float32(bend) * scan * (1 - scan) * (2 * scan - 1)
    return Faded(kind, photo, jpeg(scan, quality), scan, loss, stain, u)


def _exposure(place: str, size: tuple[int, int], rng: np.random.Generator) -> color.Array:
    """(h, w) the fading each place receives."""
    y, x = (np.linspace(-1, 1, length, dtype=np.float32) for length in size)
    if place == "ramp":
        angle = rng.uniform(0, 2 * np.pi)
        ramp = np.cos(angle) * x[None] + np.sin(angle) * y[:, None]
        return (1 + 0.5 * ramp / np.abs(ramp).max()).astype(np.float32)
    if place == "mount":
        edge = np.maximum(np.abs(x)[None], np.abs(y)[:, None])
        return (1 - 0.7 / (1 + np.exp((0.85 - edge) / 0.04))).astype(np.float32)
    return np.ones(size, np.float32)


def _dyes(rng: np.random.Generator | None) -> NDArray[np.float64]:
    """(3, 3) densities in R, G, B (rows) of unit dyes C, M, Y; equal dyes are neutral."""
    matrix = np.array(constants()["dye_matrix_rows_RGB_cols_CMY"])
    if rng is not None:
        side = 1 - np.eye(3)
        matrix = matrix * np.exp(0.5 * side * rng.standard_normal((3, 3))) + 0.03 * side
    return matrix / matrix.sum(1, keepdims=True)
