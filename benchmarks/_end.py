"""Whole recipes from a stage photo to the truth: nothing is fitted, tone and colour both count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import restore
from benchmarks import _hues, _measures, _ours, _peers
from benchmarks._work import Score, Scores
from restore import color
from restore.image.photo import Window
from restore.simulate import SCENES, light

SECTION = "end to end"
REFERENCE = "grey: monochrome, stretched"
OURS = "ours: led-concert"
TWO, ONE = "two lamps", "one lamp"


def measure(name: str, photo: color.Array, seed: int) -> Scores:
    """Scores of the recipe, of grey, of the stretched input and of the input as it is."""
    truth = color.to_lab(photo)
    if np.hypot(truth[..., 1], truth[..., 2]).mean() < _hues.PALEST:
        return
    for scene, lamps in SCENES.items():
        shot = light(photo, scene, seed=seed, exposure=_hues.EXPOSURE, other=True)
        seen = shot.srgb / np.float32(255)
        count = ONE if len(lamps) == 1 else TWO
        for samples, source in ((shot.srgb, _hues.JPEG), (shot.camera, _hues.CAMERA)):
            group = f"{count}, {source}"
            pictures = {
                "input as is": seen,
                "stretch 0.1%": _peers.PEERS["stretch 0.1%"](seen),
                REFERENCE: _ours.restored(samples, "monochrome", "levels\nauto = 0.2")[0],
                OURS: _recipe(samples),
            }
            for method, picture in pictures.items():
                values = _measures.colours(color.to_lab(picture.clip(0, 1)), truth)
                yield Score(SECTION, group, scene, method, name, values, picture)
            best = np.zeros_like(truth)
            best[..., 0] = _measures.toned(pictures[REFERENCE][..., 0], truth[..., 0])
            values = _measures.colours(best, truth)
            yield Score(SECTION, group, scene, "bound: grey, best tone curve", name, values)


def _recipe(samples: NDArray[np.generic]) -> color.Array:
    """What `led-concert` makes of a photo."""
    photo = _ours.photo_of(samples)
    plan = restore.Recipe.named("led-concert").plan(photo.proxy(max(photo.size)))
    return plan.tile(photo.tile(Window.whole(*photo.size)))
