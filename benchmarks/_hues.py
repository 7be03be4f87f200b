"""Hues of LED photos on one fixed lightness: only a* and b* differ between the methods."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks import _measures, _oracle, _ours, _peers
from benchmarks._work import Score, Scores
from restore import color
from restore.errors import RestoreError
from restore.image.photo import Window
from restore.simulate import SCENES, Lit, light
from restore.simulate.light import constants

SECTION = "hues"
REFERENCE = "monochrome"
EXPOSURE = 0.5
PALEST = 5
"""Mean chroma below which a photo is left out: a grey photo says nothing about hues."""
JPEG, CAMERA = "from JPEG", "from camera channels"
SMOOTH = ", smooth light"
SMOOTH_EVERY = 3
"""Every how manieth photo is also taken in a smooth wash of light."""
NETWORKS = {"network alone": "compact", "zhang2016 alone": "zhang2016"}
OURS, FUSED = "ours: hue_blend", "ours: hue_blend over the network"
AS_IS, BOUND = "input as is (own lightness)", "bound: light maps known"
BINS = np.array([-1, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.01])
"""Edges of the classes of recoverability."""


def measure(name: str, photo: color.Array, seed: int) -> Scores:
    """Scores of every method in every lighting, from the JPEG and from the camera's channels.

    Lamps, surfaces and camera are others than the estimators assume, with a white-balance error.
    The lightness is our black and white through the best monotone curve, the same for all methods.
    """
    truth = color.to_lab(photo)
    if np.hypot(truth[..., 1], truth[..., 2]).mean() < PALEST:
        return
    for scene in SCENES:
        for shading in (0.5, 0.0) if seed % SMOOTH_EVERY == 0 else (0.5,):
            shot = light(photo, scene, seed=seed, exposure=EXPOSURE, shading=shading, other=True)
            for samples, group in ((shot.srgb, JPEG), (shot.camera, CAMERA)):
                if shading:
                    yield Score(SECTION, group, scene, "truth", name, {}, photo)
                    yield from _all(shot, samples, group, name, truth)
                else:
                    fixed = _lightness(samples, truth)
                    yield _score(group + SMOOTH, scene, REFERENCE, name, _grey(fixed), truth)
                    yield from _blended(shot, samples, fixed, group + SMOOTH, name, truth)


def _all(
    shot: Lit,
    samples: NDArray[np.generic],
    group: str,
    name: str,
    truth: color.Array,
) -> Scores:
    scene, fixed = shot.scene, _lightness(samples, truth)
    jpeg = group == JPEG
    if jpeg:
        seen = shot.srgb / np.float32(255)
        yield _score(group, scene, AS_IS, name, color.to_lab(seen), truth)
        for method, peer in _peers.PEERS.items():
            if method.startswith(
                "ImageMagick"
            ):  # stretches the three channels as one: no hue moves
                continue
            lab = _on(fixed, color.to_lab(peer(seen)))
            yield _score(group, scene, method, name, lab, truth)
    yield _score(group, scene, REFERENCE, name, _grey(fixed), truth)
    grey = color.grey(fixed)
    for method, model in NETWORKS.items():
        if _ours.missing("colorize"):
            continue
        try:
            restored = _ours.restored(samples, f'colorize\nmodel = "{model}"', grey=grey)[0]
        except RestoreError:  # its weights are not installed
            continue
        yield _score(group, scene, method, name, _on(fixed, color.to_lab(restored)), truth)
    yield from _blended(shot, samples, fixed, group, name, truth)
    if not _ours.missing("colorize", "hue_blend"):
        restored = _ours.restored(samples, 'colorize\nmodel = "compact"', "hue_blend", grey=grey)[0]
        yield _score(group, scene, FUSED, name, _on(fixed, color.to_lab(restored)), truth)
    lab = _grey(fixed)
    lab[..., 1:] = _oracle.light_known(shot, fixed, not jpeg)
    yield _score(group, scene, BOUND, name, lab, truth)


def _blended(
    shot: Lit,
    samples: NDArray[np.generic],
    fixed: color.Array,
    group: str,
    name: str,
    truth: color.Array,
) -> Iterator[Score]:
    """Our hues over the plain black and white, with the classes of recoverability."""
    if _ours.missing("hue_blend"):
        return
    restored, findings = _ours.restored(samples, "hue_blend", grey=color.grey(fixed))
    lab = _on(fixed, color.to_lab(restored))
    whole = Window.whole(*fixed.shape)
    maps = findings["hue_blend"].maps
    sure = maps["recoverability"].at(whole).reshape(fixed.shape)
    bins = None
    if "hues" in maps:
        chroma = maps["hues"].at(whole) * (fixed[..., None] + 16) / 66
        bins = _classes(sure, chroma, fixed, truth)
    yield _score(group, shot.scene, OURS, name, lab, truth, bins)


def _classes(
    sure: color.Array, chroma: color.Array, fixed: color.Array, truth: color.Array
) -> NDArray[np.float64]:
    """(bins, 4) pixels, summed recoverability, squared error, that of the prior's mean colour."""
    mean = np.array(constants()["hue_prior"]["mean_ab50"], np.float32)
    prior = mean * (fixed[..., None] + 16) / 66
    wanted = truth[..., 1:]
    terms = [np.ones_like(sure), sure, ((chroma - wanted) ** 2).sum(-1)]
    terms.append(((prior - wanted) ** 2).sum(-1))
    which = np.digitize(sure.ravel(), BINS) - 1
    return np.stack([np.bincount(which, t.ravel(), len(BINS) - 1) for t in terms], 1)


def _lightness(samples: NDArray[np.generic], truth: color.Array) -> color.Array:
    """(h, w) L*: our black and white through the monotone curve nearest to the truth."""
    if _ours.missing("monochrome"):
        values = samples / np.float32(255) if samples.dtype == np.uint8 else np.cbrt(samples)
        return _measures.toned(values.mean(-1), truth[..., 0])
    return _measures.toned(_ours.restored(samples, "monochrome")[0][..., 0], truth[..., 0])


def _grey(fixed: color.Array) -> color.Array:
    return np.stack([fixed, np.zeros_like(fixed), np.zeros_like(fixed)], -1)


def _on(fixed: color.Array, lab: color.Array) -> color.Array:
    return np.concatenate([fixed[..., None], lab[..., 1:]], -1)


def _score(
    group: str,
    scene: str,
    method: str,
    name: str,
    lab: color.Array,
    truth: color.Array,
    bins: NDArray[np.float64] | None = None,
) -> Score:
    values = _measures.colours(lab, truth)
    picture = None if SMOOTH in group else color.into_gamut(lab.astype(np.float32))
    return Score(SECTION, group, scene, method, name, values, picture, bins)
