"""A photo's noise: of each channel in one number, or by brightness and frequency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.values import Value

BINS = 6
"""Brightness classes in which noise is measured."""
MOST = 2**14
"""Most blocks of one picture that are measured."""
BLURRED = 1.8
"""How much stronger than at the highest frequencies noise may be in demosaiced luminance."""
FLATTEST = 0.05
"""Share of the blocks assumed to hold only noise: the calmest of each brightness."""


@cache
def cosines(side: int) -> NDArray[np.float32]:
    """(side², side²) orthonormal 2-D cosine transform (DCT-II) of a block written as a vector."""
    i = np.arange(side)
    line = np.cos(np.pi * (2 * i + 1) * i[:, None] / (2 * side)) * np.sqrt(2 / side)
    line[0] /= np.sqrt(2)
    return np.kron(line, line).astype(np.float32)


OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float32)
OPPONENT /= np.sqrt((OPPONENT**2).sum(1, keepdims=True))
"""Orthonormal luminance, red-blue, green-magenta of RGB: equal noise stays equal and separate."""


@dataclass(frozen=True, eq=False)
class Noise(Value):
    """Standard deviation of the noise in cosine blocks of `side` x `side` pixels.

    Attributes
    ----------
    brightness
        (k,) mean RGB of a block, increasing.
    level
        (k, 3) noise of luminance, red-blue, green-magenta at that brightness, encoded values.
    spectrum
        (3, side²) the noise of each coefficient relative to the level.
    """

    side: int
    brightness: NDArray[np.float32]
    level: NDArray[np.float32]
    spectrum: NDArray[np.float32]

    @property
    def typical(self) -> NDArray[np.float32]:
        """(3,) the level at a median brightness."""
        return np.median(self.level, 0)


def measure(pictures: Iterable[color.Array], side: int) -> Noise:
    """Measure the noise of (h, w, 3) pictures of the same photo in blocks of `side` pixels.

    The calmest blocks of each brightness show noise and nothing else. Blocks with clipped values
    or a single value (a border added after scanning) are left out if there are others: both hide
    noise. Texture grows toward low frequencies: so the noise of luminance is measured at the
    highest ones and taken to be no stronger at the others, or little stronger where the noise of
    chroma, in which photos have not much texture, has lost its highest frequencies: to demosaicing
    or to JPEG.
    """
    blocks = _blocks(pictures, side)
    if len(blocks) < 8:
        nothing = np.zeros((3, side * side), np.float32)
        return Noise(side, nothing[0, :1], nothing[:1, :3], nothing)
    inside = ((blocks > 0.004) & (blocks < 0.996)).all((1, 2))
    inside &= (blocks != blocks[:, :1]).any((1, 2))
    if inside.sum() >= 64:
        blocks = blocks[inside]
    coefficients = cosines(side) @ (blocks @ OPPONENT.T)
    bright = coefficients[:, 0, 0] / np.float32(side * np.sqrt(3))
    order = np.array_split(np.argsort(bright), max(1, min(BINS, len(bright) // 64)))
    brightness = np.array([bright[part].mean() for part in order], np.float32)
    row, column = np.divmod(np.arange(side * side), side)
    fine = (row >= side // 2) & (column >= side // 2)
    detail = row + column >= min(3, side)
    ring = detail & (row + column <= 4)
    level = np.empty((len(order), 3), np.float32)
    spectrum = np.empty((3, side * side), np.float32)
    most = 1.0
    for channel in (1, 2, 0):
        shown = detail if channel else fine
        values = np.abs(coefficients[..., channel])
        energy = np.sqrt((values[:, shown] ** 2).mean(1))
        # the quantile of the energy of pure noise, from the normal limit of the chi distribution
        low = 1 - 1.645 / np.sqrt(2 * shown.sum())
        power = np.array([np.quantile(energy[part], FLATTEST) for part in order]) / low
        level[:, channel] = np.minimum(power, (1.5 if channel == 0 else 3) * np.median(power))
        ratio = energy / (np.interp(bright, brightness, level[:, channel]) + 1e-9)
        calm = ratio <= np.quantile(ratio, 2 * FLATTEST)
        size = np.median(values[calm] / energy[calm, None].clip(1e-9), 0)
        size /= np.sqrt((size[shown] ** 2).mean()) + 1e-9
        if channel and (size[fine] ** 2).mean() < 0.25 * (size[ring] ** 2).mean():
            most = BLURRED
        size = np.minimum(size, 4 if channel else most)
        size[~detail] = np.minimum(size[~detail], (2 if channel else 1) * size[ring].max())
        spectrum[channel] = size
    return Noise(side, brightness, level, spectrum)


def _blocks(pictures: Iterable[color.Array], side: int) -> NDArray[np.float32]:
    """(n, side², 3) blocks, half overlapping unless there are too many."""
    blocks = [np.empty((0, side * side, 3), np.float32)]
    for picture in pictures:
        if min(picture.shape[:2]) >= side:
            step = max(side // 2, int(np.sqrt(picture.shape[0] * picture.shape[1] / MOST)))
            windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side), (0, 1))
            windows = windows[::step, ::step].transpose(0, 1, 3, 4, 2)
            blocks.append(windows.reshape(-1, side * side, 3))
    return np.concatenate(blocks)


def channel_noise(patches: Sequence[color.Array]) -> color.Array:
    """(3,) standard deviation of the noise in unaveraged (h, w, 3) windows, at least 0.4 / 255.

    Median of the diagonal Haar detail of 2 x 2 pixels, which edges and gradients hardly affect
    (Donoho & Johnstone 1994, doi:10.1093/biomet/81.3.425).
    """
    whole = [p[: len(p) // 2 * 2, : p.shape[1] // 2 * 2] for p in patches]
    details = [p[::2, ::2] - p[1::2, ::2] - p[::2, 1::2] + p[1::2, 1::2] for p in whole]
    none = np.empty((3, 0), np.float32)
    diagonal = np.concatenate([none, *(np.abs(d).reshape(-1, 3).T for d in details)], axis=1)
    if not diagonal.size:
        return np.full(3, 0.4 / 255, np.float32)
    sigma = np.median(diagonal, axis=1, overwrite_input=True) / (2 * 0.6745)
    return np.maximum(sigma, 0.4 / 255).astype(np.float32)
