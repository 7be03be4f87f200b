"""Scratches, creases, cracks, fibres and dust."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.faces import faces, within
from restore.analysis.scratches import damage, defects, infrared, thin
from restore.analysis.scratches.by_hand import HALF, ByHand, reach
from restore.analysis.scratches.fill import SEEN, bridged, filled, outlined
from restore.analysis.scratches.wide import Wide, wide
from restore.context import Context
from restore.effect import Effect, Findings, Quantity, Unchanged
from restore.image.field import Field
from restore.image.marks import covered
from restore.image.photo import Proxy, Tile
from restore.step import Amount, Param

SPECK = 2.0
"""How far specks stand out from their surroundings at medium sensitivity."""
DARK = 50
"""Sensitivity in % above which dark damage is searched for: most dark lines are the photo's."""
WIDE = 7
"""Width of a mark in pixels of the proxy from which it is filled with pieces of the photo.

Marks are about two pixels wider than the damage."""
SMALL = 640
"""Short side in pixels of a smaller photo when the widest damage is calculated: there it is as wide
in pixels."""
FAINTER = 2.0
"""Log odds less that a mark needs at the highest sensitivity."""
NAMES = ("scratches", "dust")
LOST = (
    "all of the photo is marked as damage: nothing is left to fill it from, so the mark is ignored"
)
"""The warning about such a mark."""


@dataclass(frozen=True, eq=False)
class Scratches(Effect):
    """Fills gaps from their surroundings.

    Attributes
    ----------
    zone
        (h, w, 3) where bright and dark damage may be, and how much thin lines cover, 0 … 1.
    widest
        The widest narrow defect in pixels of the proxy.
    short_side
        Of the proxy, in pixels.
    ratio
        Pixels of the photo for one of the proxy.
    amount
        Share of the change, 0 … 1.
    opaque
        Share of a scanner's infrared light from which something is dust; None if unusable.
    kept
        (h, w) what a person marked as never to be touched, 0 … 1.
    by_hand
        What a person marked as damage.
    wide
        What fills the damage that is wide, if any was found.
    """

    zone: Field
    widest: float
    short_side: int
    ratio: float
    amount: float
    opaque: float | None = None
    kept: Field | None = None
    by_hand: ByHand | None = None
    wide: Wide | None = None
    findings: Findings = field(default_factory=Findings)

    @property
    def halo(self) -> int:  # type: ignore[override]
        far, near = self._lengths(self.ratio)
        halo = (2 if self.opaque is None else 3) * (far + near) + SEEN
        return halo + (self.by_hand.halo if self.by_hand else 0)

    def _lengths(self, ratio: float) -> tuple[int, int]:
        """Reach for sound pixels, and half the side of the area a defect must stand out in."""
        return reach(self.widest, ratio), int(np.ceil(ratio))

    def tile(self, t: Tile) -> color.Array:
        pixels, ratio = t.pixels, t.window.short_side / self.short_side
        kept = np.zeros(pixels.shape[:2], bool)
        if self.kept:
            kept = self.kept.at(t.window) >= HALF
        result = self._found_filled(t, kept, ratio)
        if self.by_hand:
            result = self.by_hand.fill(result, t.window, kept, ratio)
        if self.amount == 1 or result is pixels:
            return result
        return pixels + np.float32(self.amount) * (result - pixels)

    def _found_filled(self, t: Tile, kept: NDArray[np.bool_], ratio: float) -> color.Array:
        """The tile's pixels with the damage filled that was found."""
        edge = 0.1 if ratio < 1.25 else 0.3  # a scratch covers only part of a pixel of the view
        bright, dark, gap = np.moveaxis(self.zone.at(t.window) > (0.2, 0.2, edge), -1, 0)
        far, near = self._lengths(ratio)
        pixels = t.pixels
        if self.wide is not None:
            pixels, laid = self.wide.laid(t)
            pixels = np.where(kept[..., None], t.pixels, pixels)
            gap = gap & ~laid
        doubtful = bright | dark
        if self.opaque is not None and t.infrared is not None:
            gap = gap | infrared.dust(t.infrared, far, self.opaque)
        if doubtful.any() or gap.any():
            below = bridged(pixels.mean(2, keepdims=True), doubtful, far, (near + 1) // 2)
            off = np.zeros(doubtful.shape, np.float32)
            off[doubtful] = pixels.mean(2)[doubtful] - below[:, 0]
            gap = (gap | outlined(off, bright, dark, near)) & ~kept
            new = filled(pixels, gap, far)
            pixels = pixels.copy()
            pixels[gap] = new
        return pixels


def prepare(context: Context, **_: object) -> None:
    """Load the network."""
    damage.load(context)


def scratches(
    proxy: Proxy,
    *,
    width: Annotated[float, Param("the widest damage, of the short side", 0.05, 5, "%")] = 2,
    sensitivity: Annotated[
        float, Param("higher finds fainter damage, with more false marks", 0, 100, "%")
    ] = 50,
    amount: Amount = 1,
) -> Effect:
    """Find scratches, creases, cracks, fibres and dust, and fill them from their surroundings.

    Thin scratches and dust are found by rules, all that is wider or crooked by a network, on the
    proxy; in the full photo they are outlined and bridged with grain. Up to a sensitivity of 50%
    only bright, opaque damage is removed: dark lines and dots are mostly the photo's own. Dust in
    faces stays, and so do lines that end within them. If a film scanner's infrared channel shows
    dust and not the picture, it decides what is dust, in faces too. Known failures: some isolated
    lines (a whisker, a wire, a bare mast) are taken for scratches, and dots on smooth ground for
    dust: lower `sensitivity`. Scratches along edges and between many parallel lines stay, and so
    does most dust on grass. Defects much thinner than a pixel of the proxy (1024 on the long side)
    fade there. Missing corners and pieces stay. Marks beside the photo say what to fill all the
    same, and what never to touch.
    """
    import cv2

    if amount == 0:
        return Unchanged()
    view = proxy.view
    short_side = view.window.short_side
    factor = 2 ** (1 - sensitivity / 50)
    grey = view.pixels.mean(2)
    slim = thin.widest(grey, width)
    lines = thin.lines(grey, slim, factor, dark=sensitivity > DARK)
    dots = defects.specks(grey, SPECK * factor, slim)
    far = reach(slim, 1)
    opaque = infrared.threshold(view, far, factor)
    seen = damage.kinds(grey, damage.load(proxy.context))
    marks = damage.marks(grey, seen)
    widest = width / 100 * max(short_side, SMALL)
    w, less = damage.coefficients(damage.path()), -FAINTER * np.log2(factor)
    marked = marks.masks(marks.sure(w, less, widest), widest)
    if opaque is not None:
        dots[:] = 0
    if sensitivity <= DARK:
        dots[..., 1], marked[..., 1] = 0, False
        lines[~damage.backed(lines > 0, seen)] = 0
    if lines.any() or dots.any() or marked.any():
        face = faces(grey)
        dots[face] = 0
        lines[within(lines > 0, face)] = 0
        marked[within(marked[..., 0] | marked[..., 1], face)] = False
    given, kept = (_covered(proxy, kind) for kind in ("damage", "keep"))
    for places in (lines, dots, marked, given):
        places[kept >= HALF] = 0  # protection wins
    if lost := bool((given >= HALF).all()):
        given[:] = 0
    margin = 3 if proxy.size == view.window.size else 5  # pixels of the view are blurred
    around = cv2.dilate(dots | marked.astype(np.uint8), np.ones((margin, margin), np.uint8))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (WIDE, WIDE))
    core = cv2.morphologyEx(marked.any(2).astype(np.uint8), cv2.MORPH_OPEN, disc)
    large = cv2.dilate(core, np.ones((margin + 2, margin + 2), np.uint8)) & around.max(2)
    slim = max(slim, _widest(around.max(2) & ~large))
    dusty = dots.any(2)
    if opaque is not None and view.infrared is not None:
        dusty = infrared.dust(view.infrared, far, opaque)
    shares = ((lines > 0) | marked.any(2)).mean(), dusty.mean()
    values = {
        name: Quantity(100 * float(share), "% of the photo")
        for name, share in zip(NAMES, shares, strict=True)
    }
    followed = sum(mark.kind in ("damage", "keep") for mark in proxy.marks)
    if followed:
        values["by hand"] = Quantity(100 * float(given.mean()), "% of the photo")
        values["marks followed"] = Quantity(followed)
    findings = Findings(warnings=(LOST,) * lost, values=values)
    if opaque is None and not (lines.any() or around.any() or given.any()):
        return Unchanged(findings)
    damaged = around.any(2) | (lines > 0) | (given > 0)
    content = None
    if large.any():
        bright, dark = np.moveaxis(around * large[..., None] > 0, -1, 0)
        content = wide(proxy, bright, dark, damaged)
    around[large > 0] = 0
    zone = Field(np.dstack([around, lines]).astype(np.float32))
    ratio = max(proxy.size) / max(view.window.size)
    by_hand = ByHand.planned(proxy, given, damaged) if given.any() else None
    spared = Field(kept) if kept.any() else None
    return Scratches(
        zone, slim, short_side, ratio, amount, opaque, spared, by_hand, content, findings
    )


def _widest(mask: NDArray[np.uint8]) -> float:
    """Width in pixels of the widest part of a mask (h, w) of 0 and 1."""
    import cv2

    return 2 * float(cv2.distanceTransform(mask, cv2.DIST_L2, 3).max())


def _covered(proxy: Proxy, kind: str) -> color.Array:
    """(h, w) how far the marks of a kind cover each pixel of the view, 0 … 1."""
    return covered((mark for mark in proxy.marks if mark.kind == kind), *proxy.view.window.size)
