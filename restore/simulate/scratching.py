"""A print with thin scratches and dust on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate.folder import generator


@dataclass(frozen=True, eq=False)
class Scratched:
    """A simulated scan of a scratched print.

    Attributes
    ----------
    photo, scan
        (h, w, 3) float32 sRGB-encoded 0 … 1: the truth, and with its scratches.
    damaged
        (h, w) bool: a scratch or speck changed the pixel by more than 2 %.
    """

    photo: color.Array
    scan: color.Array
    damaged: NDArray[np.bool_]


def scratch(
    photo: color.Array, *, seed: int = 0, scratches: int = 9, specks: int = 60, even: float = 0
) -> Scratched:
    """Draw `scratches` thin lines and `specks` of dust on a photo.

    Lines run mostly along the way a film or print is drawn (upright), one or two pixels wide,
    bright where the emulsion is gone, a few dark where dirt sits in them; dust is dark or bright,
    one to five pixels. A share of the lines is `even`: of one depth, with hard ends or from edge to
    edge, as a projector or dirt in a scanner draws them. Everything scales with the short side; the
    sizes hold for 512 pixels.
    """
    rng = generator("scratch", seed)
    height, width = photo.shape[:2]
    unit = min(height, width) / 512
    scan = photo.copy()

    def paint(cover: color.Array, bright: bool) -> None:
        tone = np.float32(rng.uniform(0.85, 1) if bright else 0.08)
        scan[:] += cover[..., None] * (tone - scan)

    for number in range(scratches):
        drawn_even = number < even * scratches
        paint(_line(height, width, unit, drawn_even, rng), bright=rng.random() < 0.75)
    for _ in range(specks):
        drawn = np.zeros((height, width), np.uint8)
        place = (rng.uniform(0, 1, 2) * (width, height) * 16).astype(int)
        axes = np.maximum(rng.uniform(0.5, 2.2, 2) * unit * 16, 8).astype(int)
        cv2.ellipse(drawn, place, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA, 4)
        cover = cv2.GaussianBlur(drawn, (0, 0), 0.5) * np.float32(rng.uniform(0.6, 0.95) / 255)
        paint(cover, bright=rng.random() < 0.6)
    return Scratched(photo, scan, np.abs(scan - photo).max(-1) > 0.02)


def _line(
    height: int, width: int, unit: float, even: bool, rng: np.random.Generator
) -> color.Array:
    """(h, w) cover 0 … 1 of one scratch: leaning, bowed, of uneven depth, thin at its ends.

    Or, if it is `even`, of one depth, every third from edge to edge.
    """
    first = rng.uniform(-0.2, 0.6) * height
    along = (np.arange(height) - first) / (rng.uniform(0.3, 1) * height)
    centre = rng.uniform(0, width) + width * (
        rng.normal(0, 0.1) * along + rng.normal(0, 0.03) * along**2
    )
    rough = cv2.GaussianBlur(rng.standard_normal((height, 1)), (0, 0), 9 * unit)[:, 0]
    depth = (rng.uniform(0.5, 0.9) * (1 + 1.5 * rough * np.sqrt(unit))).clip(0, 0.95)
    ends = (along * (1 - along) * 12).clip(0, 1)
    if even:
        depth = np.full(height, rng.uniform(0.3, 1))
        whole = rng.random() < 1 / 3
        ends = np.ones(height) if whole else ((along >= 0) & (along <= 1)) * 1.0
    half = rng.uniform(0.3, 0.9) * unit * (0.5 + 0.5 * ends)
    away = np.abs(np.arange(width)[None] + 0.5 - centre[:, None])
    cover = (half[:, None] + 0.5 - away).clip(0, 1) * (depth * ends)[:, None]
    return cover.astype(np.float32)
