"""One call for the common needs of a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore import colorizers
from restore.colorizers import _distribution
from restore.context import Context, default
from restore.errors import PhotoError
from restore.files import load
from restore.image.photo import Photo
from restore.recipe import Recipe


def run(
    recipe: str | Recipe,
    photo: Photo | NDArray[np.generic] | str | PathLike[str],
    settings: Mapping[str, object] | None = None,
    *,
    context: Context | None = None,
) -> Photo:
    """Restore one photo.

    Parameters
    ----------
    recipe
        A recipe, its name or path, or the name of a step: "faded-print", "fade".
    photo
        A photo, the path of one, an array (see `Photo.from_array`), or a PIL image.
    settings
        Settings to override: {"fade.amount": 0.8}.

    Raises
    ------
    RestoreError
        Any error the user can fix, in one line.
    """
    chosen = Recipe.named(recipe) if isinstance(recipe, str) else recipe
    chosen = chosen.with_settings(settings or {})
    if isinstance(photo, (str, PathLike)):
        memory = context.memory if context else None
        return chosen(load(Path(photo), raw=chosen.raw, memory=memory), context=context)
    return chosen(Photo.of(photo), context=context)


@dataclass(frozen=True, eq=False)
class Colours:
    """How likely each colour is at a place, as a network sees it.

    Attributes
    ----------
    bins
        (313, 2) centres of the bins, CIE a* b*.
    probability
        (313,) summing to 1.
    """

    bins: NDArray[np.float32]
    probability: NDArray[np.float32]

    def likeliest(self, count: int = 5) -> Sequence[tuple[float, float, float]]:
        """a*, b* and probability of the likeliest bins, the likeliest first."""
        order = np.argsort(-self.probability)[:count]
        rows = np.column_stack([self.bins[order], self.probability[order]])
        return [(float(a), float(b), float(p)) for a, b, p in rows]


def colours_at(
    photo: Photo, x: int, y: int, *, model: str = "auto", context: Context | None = None
) -> Colours:
    """The distribution of colours at a pixel: column `x`, row `y`, from the photo's lightness.

    Raises
    ------
    PhotoError
        If the pixel is outside the photo, or the network predicts single colours only.
    """
    height, width = photo.size
    if not (0 <= x < width and 0 <= y < height):
        raise PhotoError(f"pixel {x}, {y} is outside the photo of {width} x {height} pixels")
    network = colorizers.get(model)
    lightness = photo.proxy().view.lightness.clip(0, 100)
    chroma = network.chroma(lightness, context=context or default())
    if chroma.logits is None:
        raise PhotoError(f"{model} predicts one colour per place, not a distribution")
    rows, columns = chroma.logits.shape[1:]
    cell = chroma.logits[:, y * rows // height, x * columns // width]
    return Colours(chroma.grid, _distribution.probabilities(cell[:, None, None])[:, 0, 0])
