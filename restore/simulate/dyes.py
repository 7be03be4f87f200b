"""A simulation of faded photos independent of `fading`: spectra of dyes, kept for testing.

No estimator was ever fitted on it, and it shares only the losses and stains of a `Kind` with
`fading`. Three dyes have absorption spectra, drawn anew with each seed; a scanner with three lamps
sees through them; a lost dye leaves some of its weight behind as a yellow residue; the stain rises
towards the violet; the sheet has grain. Each layer fades along a curve of its own, and the scanner
has a curve and a saturation of its own.

References
----------
Chatterjee, Trumpy, Ruedel, Heritage 6/4 (2023), doi:10.3390/heritage6040181, for densities of faded
film by wavelength.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate.fading import KINDS, MILD, STRONG
from restore.simulate.folder import generator, jpeg
from restore.simulate.spectra import WAVES, Spectra, bell

_STEPS = 8
"""Iterations of the search for the dyes that match a colour."""


def fade_spectra(photo: color.Array, kind: str, *, seed: int = 0) -> NDArray[np.uint8]:
    """Fade a photo and scan it.

    Parameters
    ----------
    photo
        (h, w, 3) float32 sRGB-encoded 0 … 1.
    kind
        One of `KINDS`, `STRONG` or `MILD` by name: its losses, stain, flare and slide's tones.

    Returns
    -------
    (h, w, 3) uint8 sRGB.
    """
    model = {**KINDS, **STRONG, **MILD}[kind]
    rng = generator("spectra " + kind, seed)
    dyes = film_dyes(rng)
    scanner = scanner_response(rng)
    amounts = amounts_of(color.decode(photo), dyes, scanner)

    loss = (np.array(model.loss) * np.exp(0.2 * rng.standard_normal(3))).clip(0, 0.95)
    knee = rng.uniform(-0.08, 0.12, 3)  # how much sooner or later the dense parts fade
    left = amounts * (1 - loss) / (1 + knee * (amounts - 1)).clip(0.7)
    residue = rng.uniform(0, 0.06) * (amounts - left).clip(0).sum(-1, keepdims=True)
    violet = np.exp(-(WAVES - 400) / rng.uniform(60, 110))
    blue = float(violet @ scanner[:, 2])
    base = residue * violet / blue
    stain = np.array(model.stain)
    if stain.max() > 0:
        base = base + np.interp(WAVES, (450, 540, 620), stain[::-1])
    grain = rng.normal(0, 0.012, photo.shape).astype(np.float32)
    left = left + cv2.GaussianBlur(grain, (0, 0), 0.6)
    light = scanned(left * model.steep, dyes, scanner, base + model.dark)
    light = (light + model.flare) / (1 + model.flare)
    if model.exposed:
        light /= np.quantile(light.max(-1), 0.99) ** model.exposed
    grey = light.mean(-1, keepdims=True)
    light = np.maximum(grey + rng.uniform(0.9, 1.15) * (light - grey), 0)
    scan = color.encode(light).clip(0, 1)
    scan = scan ** np.float32(rng.uniform(0.9, 1.1))
    bend = np.float32(rng.uniform(0, 0.4))
    scan += bend * scan * (1 - scan) * (2 * scan - 1)
    return jpeg(scan, int(rng.integers(85, 97)))


def film_dyes(rng: np.random.Generator) -> Spectra:
    """(3, 81) absorption spectra of cyan, magenta and yellow dye."""
    peaks = np.array([655, 545, 447]) + 5 * rng.standard_normal(3)
    widths = np.array([125, 88, 85]) * np.exp(0.06 * rng.standard_normal(3))
    side = np.exp(0.3 * rng.standard_normal(3))
    cyan = bell(peaks[0], widths[0]) + 0.10 * side[0] * bell(420, 90)
    magenta = bell(peaks[1], widths[1]) + 0.22 * side[1] * bell(425, 70)
    yellow = bell(peaks[2], widths[2]) + 0.03 * side[2]
    return np.stack([cyan, magenta, yellow])


def scanner_response(rng: np.random.Generator) -> Spectra:
    """(81, 3) light times sensitivity in R, G, B; each sums to 1."""
    peaks = np.array([628, 536, 458]) + 5 * rng.standard_normal(3)
    widths = rng.uniform(25, 60) * np.exp(0.1 * rng.standard_normal(3))
    bands = np.stack([bell(*pair) for pair in zip(peaks, widths, strict=True)], 1)
    return bands / bands.sum(0)


def scanned(
    amounts: color.Array, dyes: Spectra, scanner: Spectra, base: color.Array
) -> color.Array:
    """Linear light (h, w, 3) through amounts (h, w, 3) of dyes on a `base` of density (..., 81)."""
    density = amounts.astype(np.float32) @ dyes.astype(np.float32)
    density += base.astype(np.float32)
    density *= np.float32(-np.log(10))
    return np.exp(density, out=density) @ scanner.astype(np.float32)


def amounts_of(light: color.Array, dyes: Spectra, scanner: Spectra) -> color.Array:
    """(h, w, 3) amounts of dyes through which the scanner sees linear light (h, w, 3)."""
    wanted = -np.log10(np.maximum(light, color.DARKEST))
    slope = np.linalg.inv((dyes @ scanner).T)
    amounts = wanted @ slope.T
    for _ in range(_STEPS):
        seen = -np.log10(np.maximum(scanned(amounts, dyes, scanner, np.zeros(1, np.float32)), 1e-6))
        amounts += (wanted - seen) @ slope.T
    return amounts
