"""What a stage and a phone add to a photo under lamps: haze, beams, lamps in the frame, a look.

`light` alone simulates a scene lit evenly by lamps out of sight, and a plain camera. On a stage
there is haze that lights up in the lamps' colours, lamps light only parts of the scene and shine
into the lens; and phones smooth noise, bend tones and boost colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restore import color


@dataclass(frozen=True)
class Stage:
    """How far a photo is from a scene that is lit evenly.

    Attributes
    ----------
    haze
        Share of the scene that haze hides where it is thickest, 0 … 1; it is a neutral surface.
    beams
        Standard deviation in nats of each lamp's light over the scene, beside its fall-off.
    sources
        Lamps in the frame. Each shines in one lamp's colour, with a glow around.
    smoothed
        Blur of the noise, in pixels.
    contrast, saturation
        Slope of the tones in the middle, and times the chroma, of the camera's own look.
    """

    haze: float = 0.0
    beams: float = 0.0
    sources: int = 0
    smoothed: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Stage:
        """A stage as one meets them: of each three, one has haze, half have beams, a third lamps
        in the frame; two of three photos have a look."""
        look = rng.random() < 0.67
        return cls(
            haze=float(rng.uniform(0.2, 0.8)) if rng.random() < 0.35 else 0.0,
            beams=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.5 else 0.0,
            sources=int(rng.integers(1, 5)) if rng.random() < 0.35 else 0,
            smoothed=float(rng.uniform(0.3, 0.8)) if look else 0.0,
            contrast=float(np.exp(rng.normal(0.15, 0.2))) if look else 1.0,
            saturation=float(np.exp(rng.normal(0.05, 0.15))) if look else 1.0,
        )

    def hazed(self, photo: color.Array, rng: np.random.Generator) -> color.Array:
        """(h, w, 3) sRGB-encoded: the photo with haze before it."""
        if not self.haze:
            return photo
        thickness = self.haze / (1 + np.exp(-2 * clouds(photo.shape[:2], rng)))[..., None]
        return color.encode(color.decode(photo) * (1 - thickness) + np.float32(0.5) * thickness)

    def beam(self, shape: tuple[int, int], rng: np.random.Generator) -> color.Array:
        """(h, w) factor on one lamp's light, at most 1."""
        if not self.beams:
            return np.ones(shape, np.float32)
        light = np.exp(np.float32(self.beams) * clouds(shape, rng))
        return light / light.max()

    def shining(
        self, shape: tuple[int, int], angles: Sequence[float], rng: np.random.Generator
    ) -> color.Array:
        """(n, h, w) light straight from n lamps; 1 is as bright as a lit white.

        Lamps in the same direction are one fixture and shine together.
        """
        height, width = shape
        size = max(shape)
        glow = np.zeros((len(angles), height, width), np.float32)
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        for _ in range(self.sources):
            x, y = rng.random() * width, rng.random() * 0.6 * height
            radius = size * rng.uniform(0.008, 0.03)
            far = np.hypot(columns - x, rows - y) / np.float32(radius)
            light = 6 / (1 + far**4) + rng.uniform(0.3, 1.5) / (1 + (far / 3) ** 2)
            glow[np.array(angles) == rng.choice(np.unique(angles))] += light
        return glow

    def looked(self, srgb: color.Array) -> color.Array:
        """(h, w, 3) sRGB-encoded 0 … 1 as the camera's own look leaves it."""
        if self.contrast != 1:
            bent = srgb**2 * (3 - 2 * srgb)  # slope 1.5
            srgb = srgb + np.float32(2 * (self.contrast - 1)) * (bent - srgb)
        if self.saturation != 1:
            luma = (srgb @ color.LUMA)[..., None]
            srgb = luma + np.float32(self.saturation) * (srgb - luma)
        return srgb.clip(0, 1)


def clouds(shape: tuple[int, int], rng: np.random.Generator) -> color.Array:
    """(h, w) smooth noise of mean 0 and standard deviation 1, a few clouds a side."""
    few = rng.standard_normal((6, 6)).astype(np.float32)
    smooth = cv2.resize(few, shape[::-1], interpolation=cv2.INTER_CUBIC)
    smooth -= smooth.mean()
    return smooth / smooth.std()
