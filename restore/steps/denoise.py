"""Noise and grain, luminance and chroma apart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.blocks import shrink
from restore.analysis.noise import Noise, measure
from restore.effect import Effect, Findings, Quantity, Unchanged
from restore.image.field import Field
from restore.image.photo import Proxy, Tile, Window
from restore.step import Amount, Param

MINOR = True
SIDE = 8
"""Side of a block in pixels: noise up to this size is removed from the full photo tile by tile."""


@dataclass(frozen=True, eq=False)
class Denoise(Effect):
    """Removes noise from cosine blocks, and coarser colour noise with a map.

    Attributes
    ----------
    noise, averaged
        The noise of the photo, and of its proxy (None where a pixel of that is a block).
    proxy_size
        Height and width of the proxy.
    strength
        (3,) on luminance, red-blue, green-magenta.
    blotches
        (h, w, 3) correction of colour noise that is coarser than a block.
    amount
        Share of the change, 0 … 1.
    """

    noise: Noise
    averaged: Noise | None
    proxy_size: tuple[int, int]
    strength: NDArray[np.float32]
    blotches: Field | None
    amount: float
    findings: Findings = field(default_factory=Findings)
    halo: int = SIDE

    def fine(self, t: Tile) -> color.Array:
        """A tile without the noise of blocks."""
        noise = self.averaged if t.window.size == self.proxy_size else self.noise
        return t.pixels if noise is None else shrink(t.pixels, t.window, noise, self.strength)

    def tile(self, t: Tile) -> color.Array:
        result = self.fine(t)
        if self.blotches:
            result = result + self.blotches.at(t.window)
        if self.amount == 1:
            return result
        return t.pixels + np.float32(self.amount) * (result - t.pixels)


def denoise(
    proxy: Proxy,
    *,
    luminance: Annotated[
        float,
        Param("strength on brightness noise; 1 removes all of it, and fine texture too", 0, 3),
    ] = 0.8,
    chroma: Annotated[
        float, Param("strength on colour noise; 1 fits the measured noise", 0, 3)
    ] = 1,
    amount: Amount = 1,
) -> Effect:
    """Reduce luminance and colour noise separately.

    The noise at each brightness is measured in the calmest places of the photo's unaveraged
    patches; small cosine coefficients of overlapping blocks are then removed (`blocks.shrink`).
    Colour blotches larger than a block are found once, on the proxy. Works in float: 16 bits stay
    16 bits. Known failures: a texture that fills the whole photo (gravel, grass) is taken for noise
    and softened: lower `luminance`. Film grain is noise to this step: lower `amount` to keep some.
    """
    strength = np.array([luminance, chroma, chroma], np.float32)
    if amount == 0 or not strength.any():
        return Unchanged()
    view = proxy.view
    ratio = max(proxy.size) / max(view.window.size)
    noise = measure((patch.pixels for patch in proxy.patches), SIDE)
    averaged = _averaged(proxy, ratio) if view.window.size != proxy.size else noise
    effect = Denoise(noise, averaged, view.window.size, strength, None, amount)
    typical = noise.typical * 255
    values = {
        "luminance noise": Quantity(round(float(typical[0]), 2), "levels of 255"),
        "chroma noise": Quantity(round(float(typical[1:].mean()), 2), "levels of 255"),
    }
    blotches = _blotches(effect.fine(view), ratio, noise, chroma)
    return replace(effect, blotches=blotches, findings=Findings(values=values))


def _averaged(proxy: Proxy, ratio: float) -> Noise | None:
    """The noise of the view, from patches averaged like it, in blocks of about the same area.

    None if a pixel of the view covers a block.
    """
    import cv2

    side = 2 ** round(np.log2(max(SIDE / ratio, 1)))
    if side == 1:
        return None
    small = (
        cv2.resize(
            patch.pixels,
            [max(1, round(length / ratio)) for length in patch.pixels.shape[1::-1]],
            interpolation=cv2.INTER_AREA,
        )
        for patch in proxy.patches
    )
    return measure(small, side)


def _blotches(pixels: color.Array, ratio: float, noise: Noise, chroma: float) -> Field:
    """The correction of colour noise that is coarser than the blocks of the full photo.

    Its strength is measured at that scale, where the photo's own slow changes look the same: it
    is limited to that of the slowest noise of the blocks, averaged.
    """
    import cv2

    shape = [max(1, round(length * min(1, ratio / SIDE))) for length in pixels.shape[:2]]
    coarse = cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA)
    slow = measure([coarse], SIDE)
    most = noise.typical * noise.spectrum[:, 1] / np.float32(max(SIDE, ratio) / 2)
    slow = replace(slow, level=np.minimum(slow.level, most), spectrum=np.ones_like(slow.spectrum))
    strength = np.array([0, chroma, chroma], np.float32)
    calm = shrink(coarse, Window.whole(*shape), slow, strength)
    return Field(calm - coarse)
