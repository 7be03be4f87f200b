"""Simulated fades for training: photos of a folder or tar files, faded in every way, on disk.

Each photo is cropped, mirrored, given more or less of the tones it lacks, then faded and scanned by
one of three simulators: `simulate.fading`, the same with other dyes and an S-shaped curve, or plain
curves of each channel. `GROUPS` sets how often, from sound to as hard as life.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.fading import dyes
from restore.simulate import fading
from restore.simulate.folder import jpeg, reduced

PIXELS = 256
"""Pixels of each example that the loss is measured on."""
GROUPS = {
    "sound": 0.22,
    "mild": 0.10,
    "stain": 0.08,
    "six": 0.22,
    "wide": 0.14,
    "strong": 0.19,
    "curves": 0.05,
}
"""How often each group of fades is drawn."""
CHUNK = 1000
"""Examples in a file of the cache."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Faded photos: what the network sees of them, and pixels before and after fading.

    Attributes
    ----------
    group
        (n,) index into `GROUPS`.
    thumbnail
        (n, h, w, 3) uint8, as `dyes.thumbnail` gives it.
    own, common, middle
        As `dyes.features` gives them.
    faded, truth
        (n, PIXELS, 3) uint8 sRGB.
    """

    group: NDArray[np.int64]
    thumbnail: NDArray[np.uint8]
    own: color.Array
    common: color.Array
    middle: color.Array
    faded: NDArray[np.uint8]
    truth: NDArray[np.uint8]


def write(photos: list[bytes], cache: Path, chunks: range, seed: int = 0) -> None:
    """Write chunks of examples into a folder; those that are there are kept."""
    cache.mkdir(parents=True, exist_ok=True)
    for chunk in chunks:
        path = cache / f"{chunk:04}.npz"
        if path.exists():
            continue
        rows = [
            example(photos, np.random.default_rng([seed, chunk, number])) for number in range(CHUNK)
        ]
        columns = {
            name: np.stack([row[name] for row in rows]) for name in Examples.__dataclass_fields__
        }
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, **columns)
        part.rename(path)


def read(cache: Path, chunks: range) -> Examples:
    """The examples of the chunks that are there."""
    parts = []
    for chunk in chunks:
        path = cache / f"{chunk:04}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as file:
                parts.append({name: file[name] for name in file.files})
    return Examples(
        **{
            name: np.concatenate([part[name] for part in parts])
            for name in Examples.__dataclass_fields__
        }
    )


def example(photos: list[bytes], rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
    """One faded photo as a row of `Examples`, by column."""
    import cv2

    cv2.setNumThreads(1)
    packed = np.frombuffer(photos[rng.integers(len(photos))], np.uint8)
    codes: NDArray[np.uint8] = cv2.imdecode(packed, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    photo = np.ascontiguousarray(codes[..., ::-1], np.float32) / np.float32(255)
    truth = _stretched(_crop(photo, rng), rng)
    names = list(GROUPS)
    group = str(rng.choice(names, p=list(GROUPS.values())))
    scan = _scanned(truth, group, rng)
    faded = scan.astype(np.float32) / np.float32(255)
    inside = dyes.inside(faded)
    own, common, middle = dyes.features(faded[inside])
    thumbnail = (dyes.thumbnail(faded[inside]) * 255 + 0.5).astype(np.uint8)
    pixels = rng.integers(0, faded[..., 0].size, PIXELS)
    wanted = (truth.reshape(-1, 3)[pixels].clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return {
        "group": np.array(names.index(group)),
        "thumbnail": thumbnail,
        "own": own,
        "common": common,
        "middle": middle,
        "faded": scan.reshape(-1, 3)[pixels],
        "truth": wanted,
    }


def _crop(photo: color.Array, rng: np.random.Generator) -> color.Array:
    height, width = (int(size * rng.uniform(0.6, 1)) for size in photo.shape[:2])
    top = rng.integers(0, photo.shape[0] - height + 1)
    left = rng.integers(0, photo.shape[1] - width + 1)
    crop = photo[top : top + height, left : left + width][:, :: rng.choice([-1, 1])]
    crop = reduced(np.ascontiguousarray(crop), dyes.LOOK)
    return crop ** np.float32(rng.uniform(0.8, 1.25)) if rng.random() < 0.2 else crop


def _stretched(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """The photo with its tones stretched part of the way to black and white, as cameras do and
    crops lose. Three quarters of the photos stay as they are."""
    if rng.random() < 0.75:
        return photo
    low, high = np.quantile(photo, (0.002, 0.998))
    low, high = low * rng.uniform(0, 1), 1 - (1 - high) * rng.uniform(0, 1)
    return ((photo - low) / max(high - low, 0.2)).clip(0, 1).astype(np.float32)


def _scanned(truth: color.Array, group: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The photo faded and scanned, (h, w, 3) uint8."""
    quality = int(rng.integers(70, 97)) if rng.random() < 0.6 else 99
    if group == "curves":
        return jpeg(_curved(truth, rng), quality)
    kind: str | fading.Kind = fading.UNDAMAGED
    if group == "six":
        kind = str(rng.choice(list(fading.KINDS)))
    elif group != "sound":
        kind = kinds(group, rng)
    other = bool(rng.random() < 0.5)
    seed = int(rng.integers(2**31))
    return fading.fade(truth, kind, seed=seed, other=other, quality=quality).srgb


def _curved(truth: color.Array, rng: np.random.Generator) -> color.Array:
    """Each channel by a curve of its own between a black and a white of its own."""
    strength = rng.uniform(0.2, 1)
    low = strength * rng.uniform(0, 0.4) * rng.beta(1, 1, 3)
    high = 1 - strength * rng.uniform(0, 0.5) * rng.beta(1, 1, 3)
    power = np.exp(0.35 * strength * rng.standard_normal(3))
    scan = low + (high - low).clip(0.15) * truth.clip(0, 1) ** power
    return scan.astype(np.float32)


def kinds(group: str, rng: np.random.Generator) -> fading.Kind:
    """A fade of the group, with everything drawn."""
    loss = np.zeros(3)
    stain = np.zeros(3)
    flare = float(rng.choice([0, 0.005, 0.01, 0.02, 0.04]))
    place = str(rng.choice(["even", "even", "even", "even", "ramp", "mount"]))
    extra: dict[str, float] = {}
    bend = np.exp(0.07 * rng.standard_normal(3)) if rng.random() < 0.5 else np.ones(3)
    if group == "mild":
        loss = rng.uniform(0.03, 0.25) * rng.uniform(0, 1, 3)
        stain = np.array([0.1, 0.4, 1]) * rng.gamma(1, 0.03)
        flare = min(flare, 0.01)
    elif group == "stain":
        loss = rng.uniform(0, 0.12, 3) * rng.integers(2)
        stain = _stain(rng) * rng.uniform(0.05, 0.35)
        extra["pale"] = float(rng.uniform(0, 1) * rng.integers(2))
        place = "even"
    elif group == "wide":
        loss = rng.uniform(0, 0.65) * (rng.beta(0.7, 0.7, 3) if rng.random() < 0.5 else np.ones(3))
        loss *= rng.uniform(0.8, 1.2, 3)
        stain = np.array([0.1, 0.4, 1]) * rng.gamma(1, 0.1) * rng.integers(2)
    else:
        loss = rng.uniform(0, 0.4, 3)
        hit = rng.choice(6, p=[0.25, 0.35, 0.1, 0.1, 0.1, 0.1])
        lost = [[0], [0, 2], [1], [2], [1, 2], [0, 1]][hit]
        loss[lost] = rng.uniform(0.5, 0.93, len(lost))
        stain = _stain(rng) * rng.gamma(1, 0.08) * rng.integers(2)
        extra["pale"] = float(rng.uniform(0, 1) * rng.integers(2))
        bend = np.exp(0.12 * rng.standard_normal(3))
    if group in ("wide", "strong"):
        if rng.random() < 0.4:
            extra["steep"] = float(np.exp(rng.uniform(-0.05, 0.5)))
            extra["dark"] = float(rng.uniform(0, 0.7))
        if rng.random() < 0.5:
            extra["exposed"] = float(rng.uniform(0, 1))
        if rng.random() < 0.25:
            extra["levelled"] = float(rng.uniform(0, 0.8))
    r, g, b = (float(part) for part in bend)
    return fading.Kind(_three(loss.clip(0, 0.97)), _three(stain), flare, place, (r, g, b), **extra)


def _stain(rng: np.random.Generator) -> NDArray[np.float64]:
    """Colours of stains, the strongest channel 1: yellow, brown, or any."""
    known = [[0.08, 0.3, 1], [0.3, 0.6, 1], rng.uniform(0, 1, 3)]
    stain = np.array(known[rng.choice(3, p=[0.5, 0.3, 0.2])]) * np.exp(0.2 * rng.standard_normal(3))
    return stain / stain.max()


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    first, second, third = values.tolist()
    return first, second, third
