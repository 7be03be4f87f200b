"""Black and white of LED photos: how near to the true lightness, whatever the tone curve."""

from __future__ import annotations

import itertools

import numpy as np

from benchmarks import _measures, _ours, _peers
from benchmarks._work import Score, Scores
from restore import color
from restore.simulate import light

SECTION = "monochrome"
REFERENCE = "luma"
LIGHTS = ("red", "blue", "green", "magenta", "red left + blue right", "white+blue", "amber")
SHOTS = ((0.0, False), (1.5, False), (0.0, True))
"""Exposure in EV, and whether lamps and camera are others than the estimators assume."""
FEW = (REFERENCE, "mean of the channels")
JPEG, CAMERA, OTHER = "from JPEG", "from camera channels", "from JPEG, other cameras"


def measure(name: str, photo: color.Array, seed: int) -> Scores:
    """Scores of every black and white under seven lights at two exposures."""
    truth = color.lightness(photo)
    for scene, (exposure, other) in itertools.product(LIGHTS, SHOTS):
        shot = light(photo, scene, seed=seed, exposure=exposure, other=other)
        seen = shot.srgb / np.float32(255)
        group, case = (OTHER if other else JPEG), f"{scene}, EV {exposure:g}"
        greys = {
            method: grey(seen)
            for method, grey in _peers.GREYS.items()
            if not other or method in FEW
        }
        if not _ours.missing("monochrome"):
            greys["ours: monochrome auto"] = _ours.restored(shot.srgb, "monochrome")[0][..., 0]
        if not other:
            greys["bound: best three weights"] = _best_mix(seen, truth)
        for method, grey in greys.items():
            yield _score(group, case, method, name, grey, truth)
        if other:
            continue
        yield _score(CAMERA, case, REFERENCE, name, greys[REFERENCE], truth)  # of the JPEG
        plain = np.cbrt(shot.camera.mean(-1))
        yield _score(CAMERA, case, "cube root of the channels' mean", name, plain, truth)
        if not _ours.missing("monochrome"):
            grey = _ours.restored(shot.camera, "monochrome")[0][..., 0]
            yield _score(CAMERA, case, "ours: monochrome auto", name, grey, truth)


def _score(
    group: str, case: str, method: str, name: str, grey: color.Array, truth: color.Array
) -> Score:
    fitted = _measures.toned(grey, truth)
    shown = np.repeat(color.grey(fitted)[..., None], 3, -1)
    return Score(SECTION, group, case, method, name, _measures.lightness(fitted, truth), shown)


def _best_mix(photo: color.Array, truth: color.Array) -> color.Array:
    """The mix with positive weights in steps of 1/4 that is nearest, with the truth known."""
    steps = range(5)
    mixes = [np.float32((r, g, 4 - r - g)) / 4 for r in steps for g in steps if r + g <= 4]
    small, wanted = photo[::2, ::2], truth[::2, ::2]
    errors = [((_measures.toned(small @ mix, wanted) - wanted) ** 2).mean() for mix in mixes]
    return photo @ mixes[int(np.argmin(errors))]
