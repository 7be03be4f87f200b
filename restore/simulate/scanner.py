"""Scans of several prints: photos laid on a flatbed, as `analysis.prints` has to find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restore.color import Array
from restore.image.rectangle import Rectangle

LIDS = {"white": (0.95, 0.95, 0.94), "grey": (0.6, 0.61, 0.6), "black": (0.05, 0.05, 0.055)}
FINE = 2
"""Times the size at which a scan is drawn, for smooth edges."""


@dataclass(frozen=True)
class Scanner:
    """The flatbed.

    Attributes
    ----------
    lid
        Its colour: a name in `LIDS`, or encoded RGB.
    texture
        Standard deviation of the lid's fibres in 8-bit codes, about two pixels wide.
    shading
        How much the light falls off to one side, 0 … 1.
    shadow
        Width in pixels of the prints' shadows, to the lower right.
    noise
        Standard deviation in 8-bit codes.
    """

    lid: str | tuple[float, float, float] = "white"
    texture: float = 0.0
    shading: float = 0.02
    shadow: float = 0.0
    noise: float = 1.0


def scan(
    photos: Sequence[Array],
    places: Sequence[Rectangle],
    size: tuple[int, int],
    scanner: Scanner,
    rng: np.random.Generator,
    border: float = 0.0,
) -> Array:
    """A scan of photos.

    Parameters
    ----------
    photos
        (height, width, 3) float32 encoded RGB; stretched to their places.
    places
        Where they lie, in pixels of the scan.
    size
        Height and width of the scan.
    border
        White border of the prints, as a share of their short side.

    Returns
    -------
    (*size, 3) float32 encoded RGB.
    """
    height, width = size
    fine = (FINE * height, FINE * width)
    colour = LIDS[scanner.lid] if isinstance(scanner.lid, str) else scanner.lid
    paper = np.empty((*fine, 3), np.float32)
    paper[:] = colour
    if scanner.texture:
        fibres = cv2.GaussianBlur(
            rng.standard_normal((height, width)).astype(np.float32), (0, 0), 1.0
        )
        fibres *= scanner.texture / 255 / fibres.std()
        paper += cv2.resize(fibres, fine[::-1])[..., None]
    for photo, place in zip(photos, places, strict=True):
        print_ = _bordered(photo, border)
        rows, columns = print_.shape[:2]
        corners = (place.corners[:3] * FINE - 0.5).astype(np.float32)
        ends = np.array([[-0.5, -0.5], [columns - 0.5, -0.5], [columns - 0.5, rows - 0.5]])
        turn = cv2.getAffineTransform(ends.astype(np.float32), corners)
        solid = cv2.warpAffine(np.ones((rows, columns), np.float32), turn, fine[::-1])
        if scanner.shadow:
            moved = np.array([[1, 0, scanner.shadow], [0, 1, scanner.shadow]], np.float32)
            dark = cv2.warpAffine(solid, moved, fine[::-1])
            dark = cv2.GaussianBlur(dark, (0, 0), scanner.shadow * FINE / 2)
            paper *= 1 - 0.5 * dark[..., None]
        drawn = cv2.warpAffine(print_, turn, fine[::-1], borderMode=cv2.BORDER_REPLICATE)
        paper += solid[..., None] * (drawn - paper)
    result = cv2.resize(paper, (width, height), interpolation=cv2.INTER_AREA)
    result *= np.linspace(1, 1 - scanner.shading, width, dtype=np.float32)[:, None]
    result += (rng.standard_normal(result.shape) * (scanner.noise / 255)).astype(np.float32)
    return result.clip(0, 1)


def _bordered(photo: Array, border: float) -> Array:
    edge = round(border * min(photo.shape[:2]))
    framed = np.full((photo.shape[0] + 2 * edge, photo.shape[1] + 2 * edge, 3), 0.96, np.float32)
    framed[edge : edge + photo.shape[0], edge : edge + photo.shape[1]] = photo
    return framed
