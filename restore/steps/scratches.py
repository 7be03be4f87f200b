"""Thin scratches and dust."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.faces import faces, within
from restore.analysis.scratches import defects, infrared
from restore.analysis.scratches.fill import SEEN, bridged, filled
from restore.effect import Effect, Findings, Quantity, Unchanged
from restore.image.field import Field
from restore.image.photo import Proxy, Tile
from restore.step import Amount, Param

LINE, SPECK = 16, 2.0
"""How far scratches and specks stand out from their surroundings at medium sensitivity."""
DARK = 50
"""Sensitivity in % above which dark damage is searched for: most dark lines are the photo's."""
OPAQUE, GROUND = 0.3, 15
"""Share of the way from the ground to white a line reaches; side of the square for the ground."""
ODDS, LESS = -1.5, 2.0
"""Log odds of a scratch at medium sensitivity, and how much less at the highest.

Below even odds: without evidence against it, a line is what the rules took it for."""
NAMES = ("scratches", "dust")


@dataclass(frozen=True, eq=False)
class Scratches(Effect):
    """Fills gaps from their surroundings.

    Attributes
    ----------
    zone
        (h, w, 3) where bright and dark specks may be, and how much lines cover, 0 … 1.
    wide
        The widest defect in pixels of the proxy.
    short_side
        Of the proxy, in pixels.
    ratio
        Pixels of the photo for one of the proxy.
    amount
        Share of the change, 0 … 1.
    opaque
        Share of a scanner's infrared light from which something is dust; None if unusable.
    """

    zone: Field
    wide: float
    short_side: int
    ratio: float
    amount: float
    opaque: float | None = None
    findings: Findings = field(default_factory=Findings)

    @property
    def halo(self) -> int:  # type: ignore[override]
        reach, near = self._lengths(self.ratio)
        return (2 if self.opaque is None else 3) * (reach + near) + SEEN

    def _lengths(self, ratio: float) -> tuple[int, int]:
        """Reach for sound pixels, and half the side of the area a defect must stand out in."""
        return int(np.ceil((self.wide + 6) * ratio)), int(np.ceil(ratio))

    def tile(self, t: Tile) -> color.Array:
        ratio = t.window.short_side / self.short_side
        edge = 0.1 if ratio < 1.25 else 0.3  # a scratch covers only part of a pixel of the view
        bright, dark, gap = np.moveaxis(self.zone.at(t.window) > (0.2, 0.2, edge), -1, 0)
        doubtful = bright | dark
        reach, near = self._lengths(ratio)
        if self.opaque is not None and t.infrared is not None:
            gap = gap | infrared.dust(t.infrared, reach, self.opaque)
        if not doubtful.any() and not gap.any():
            return t.pixels
        grey = t.pixels.mean(2, keepdims=True)
        off = (grey[doubtful] - bridged(grey, doubtful, reach, (near + 1) // 2))[:, 0]
        sides = bright[doubtful], dark[doubtful]
        off = np.where(sides[0] & sides[1], np.abs(off), np.where(sides[0], off, -off))
        gap = gap | _outlined(doubtful, off, near)
        result = t.pixels.copy()
        result[gap] += np.float32(self.amount) * (filled(t.pixels, gap, reach) - t.pixels[gap])
        return result


def scratches(
    proxy: Proxy,
    *,
    width: Annotated[float, Param("the widest scratch, of the short side", 0.05, 1, "%")] = 0.5,
    sensitivity: Annotated[
        float, Param("higher finds fainter scratches, with more false ones", 0, 100, "%")
    ] = 50,
    amount: Amount = 1,
) -> Effect:
    """Find thin scratches and dust, bright or dark, and fill them from their surroundings.

    Lines are chained on the proxy from straight pieces, judged (a scratch, an edge, or a thin
    object?) and outlined; in the full photo they are bridged with grain.
    Up to a sensitivity of 50 % only bright, opaque damage is removed: dark lines and dots are
    mostly the photo's own. Dust in faces stays, and so do lines that end within them. If a film
    scanner's infrared channel shows dust and not the picture, it decides what is dust, in faces
    too. Known failures: some isolated lines (a whisker, a wire, a bare mast) are taken for
    scratches, and dots on smooth ground for dust: lower `sensitivity`. Scratches along edges and
    between many parallel lines stay, and so does most dust on grass. Defects much thinner than a
    pixel of the proxy (1024 on the long side) fade there.
    """
    import cv2

    if amount == 0:
        return Unchanged()
    view = proxy.view
    wide = max(defects.WIDTH, width / 100 * view.window.short_side)
    factor = 2 ** (1 - sensitivity / 50)
    grey = view.pixels.mean(2)
    longer = np.sqrt(max(1, min(grey.shape) / 512))  # as a share of the photo, not in pixels
    least = ODDS + LESS * np.log2(factor)
    lines = defects.scratches(grey, LINE * longer * factor, least, wide)
    dots = defects.specks(grey, SPECK * factor, wide)
    reach = int(np.ceil(wide + 6))
    opaque = infrared.threshold(view, reach, factor)
    if opaque is not None:
        dots[:] = 0
    if sensitivity <= DARK:
        dots[..., 1] = 0
        lines[~_opaque(grey, lines, OPAQUE * factor)] = 0
    if lines.any() or dots.any():
        face = faces(grey)
        dots[face] = 0
        lines[within(lines > 0, face)] = 0
    margin = 3 if proxy.size == view.window.size else 5  # pixels of the view are blurred
    around = cv2.dilate(dots, np.ones((margin, margin), np.uint8))
    dusty = dots.any(2)
    if opaque is not None and view.infrared is not None:
        dusty = infrared.dust(view.infrared, reach, opaque)
    shares = (lines > 0).mean(), dusty.mean()
    values = {
        name: Quantity(100 * float(share), "% of the photo")
        for name, share in zip(NAMES, shares, strict=True)
    }
    if opaque is None and not (lines.any() or dots.any()):
        return Unchanged(Findings(values=values))
    zone = Field(np.dstack([around, lines]).astype(np.float32))
    ratio = max(proxy.size) / max(view.window.size)
    findings = Findings(values=values)
    return Scratches(zone, wide, view.window.short_side, ratio, amount, opaque, findings)


def _opaque(grey: color.Array, lines: color.Array, least: float) -> NDArray[np.bool_]:
    """The connected lines that are bright and on average at least that opaque: bare paper."""
    import cv2

    rise = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, np.ones((GROUND, GROUND), np.uint8))
    opacity = rise / np.maximum(1 - (grey - rise), np.float32(0.02))
    core = lines * (lines >= 0.5 * cv2.dilate(lines, np.ones((3, 3), np.uint8)))
    count, label = cv2.connectedComponents((lines > 0).astype(np.uint8))
    weight = np.bincount(label.ravel(), core.ravel(), count) + 1e-6
    mean = np.bincount(label.ravel(), (core * opacity).ravel(), count) / weight
    return (lines > 0) & (mean >= least)[label]


def _outlined(doubtful: NDArray[np.bool_], off: color.Array, near: int) -> NDArray[np.bool_]:
    """The doubtful pixels that really stand out by `off` (n,), and their neighbours."""
    import cv2

    square = np.ones((2 * near + 1, 2 * near + 1), np.uint8)
    height = np.zeros(doubtful.shape, np.float32)
    height[doubtful] = off
    top = cv2.dilate(height, square)
    sticks = ((height > 0.25 * top) & (height > 0.01)).astype(np.uint8)
    rim = (height > 0.04 * top) & (height > 0.004)
    return (sticks | (cv2.dilate(sticks, square) & rim)) > 0
