"""Our own steps, run through recipes as a user's would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import restore
from restore import color, steps
from restore.color.space import Space
from restore.image.photo import Photo, Window

Notes = Mapping[str, Mapping[str, Any]]


def missing(*names: str) -> list[str]:
    """Those of the steps that this version does not have."""
    return [name for name in names if name not in steps.names()]


def photo_of(samples: NDArray[Any]) -> Photo:
    """uint8: a photo in sRGB. float32: the camera's own channels, linear."""
    return Photo(samples.copy(), Space(camera=samples.dtype == np.float32))


def restored(
    samples: NDArray[Any], *uses: str, grey: color.Array | None = None
) -> tuple[color.Array, Notes]:
    """(h, w, 3) float32 working RGB that a recipe makes of a photo, and what it found.

    Parameters
    ----------
    samples
        See `photo_of`.
    uses
        The recipe's steps: a name, or a name and settings in TOML ("fade\\namount = 0.5").
    grey
        (h, w) 0 … 1: what the steps before made of the photo, in place of the photo itself. So
        steps for colour are compared on the same lightness.
    """
    entries = [f'[[steps]]\nuse = "{name}"\n{rest}' for name, _, rest in _split(uses)]
    recipe = restore.Recipe.parse("\n".join(entries), "benchmark")
    photo = photo_of(samples)
    proxy, tile = photo.proxy(max(photo.size)), photo.tile(Window.whole(*photo.size))
    if grey is not None:
        pixels = np.repeat(grey[..., None], 3, -1).astype(np.float32)
        tile = tile.holding(pixels)
        patches = tuple(
            patch.holding(pixels[patch.window.inside(tile.window)]) for patch in proxy.patches
        )
        proxy = replace(proxy, view=proxy.view.holding(pixels), patches=patches)
    plan = recipe.plan(proxy)
    return plan.tile(tile), plan.findings


def _split(uses: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return [use.partition("\n") for use in uses]
