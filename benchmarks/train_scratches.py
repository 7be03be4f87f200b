"""Fit the small network that says which lines are scratches and which things (`steps._odds`).

    python -m benchmarks.train_scratches PHOTOS restore/data/scratches.npz

The weights that ship were fitted on 150 photos from the packages that docs/research/fade.md names;
settings were chosen on others of them. No photo of benchmarks/scratches.py is among either.

Each photo is brought to several sizes, with grain where it is enlarged, and crops of it are made
larger and smaller; thin things are drawn into most (`simulate.thin_object`), and all but some are
scratched by `worn`: more or fewer, fainter, wider, more bent and more interrupted scratches than
the benchmark's, in both directions, in bundles, in colour, under blur and noise, with dust between.
Half of them are even, with hard ends or from edge to edge: as a wire is, so that neither is told by
that.
Every line that `_lines` finds there and the rules of `_judged` let pass is looked at. Those that
lie on a scratch for more than half of their length are right, those for less than a fifth wrong,
the others by their share. A line counts by its length.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scratches import sized
from restore import color
from restore.analysis.scratches import odds
from restore.analysis.scratches.judged import belongs, in_pattern, straightened
from restore.analysis.scratches.lines import linked, pieces
from restore.analysis.scratches.thin import LINE
from restore.simulate import photos, scratch, thin_object

SIZES = {320: 2, 512: 8, 1024: 4}
"""How often a photo is looked at with each length of its long side."""
ENLARGED = 2.6
"""How much a photo may be enlarged for that."""
EAGER = 0.695
"""Share of the usual threshold at which lines are looked for."""
PLAIN = 0.08
"""Share of the pictures that are smooth as a sky, without grain."""
HIDDEN, PENALTY, NETWORKS = 16, 5e-4, 4


@dataclass(frozen=True, eq=False)
class Seen:
    """The lines of many pictures that the rules let pass.

    Attributes
    ----------
    photo
        (n,) number of the photo.
    features
        (n, f) as `odds.features` gives them.
    right
        (n,) 0 … 1.
    weight
        (n,) its length.
    """

    photo: NDArray[np.int64]
    features: color.Array
    right: color.Array
    weight: color.Array

    def take(self, which: NDArray[np.bool_]) -> Seen:
        return Seen(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def seen(folder: Path) -> Seen:
    """The lines of every photo of a folder."""
    rows = []
    for number, (_, photo) in enumerate(photos(folder)):
        rows += [
            (number, *line) for scan, made in cases(photo, number) for line in examples(scan, made)
        ]
    return Seen(*(np.array(column) for column in zip(*rows, strict=True)))


def cases(photo: color.Array, number: int) -> Iterator[tuple[color.Array, color.Array]]:
    """Scans (h, w, 3) of a photo, and how much scratches changed each, (h, w)."""
    for size, times in SIZES.items():
        for time in range(times):
            rng = np.random.default_rng([number, size, time])
            part = cropped(photo, rng) if time % 2 else photo
            if size > ENLARGED * max(part.shape):
                continue
            clean = sized(part, size)
            if rng.random() < PLAIN:
                clean = cv2.GaussianBlur(clean, (0, 0), size * rng.uniform(0.01, 0.1))
            for _ in range(rng.choice([0, 1, 1, 2])):
                clean = thin_object(clean, rng)
            if time and rng.random() < 0.25:
                yield clean, np.zeros(clean.shape[:2], np.float32)
            else:
                yield worn(clean, rng)


def cropped(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """A part of the photo, turned and mirrored: thin things are larger in it, and go elsewhere."""
    height, width = (int(length * rng.uniform(0.6, 1)) for length in photo.shape[:2])
    top = rng.integers(0, photo.shape[0] - height + 1)
    left = rng.integers(0, photo.shape[1] - width + 1)
    part = photo[top : top + height, left : left + width][:, :: rng.choice([-1, 1])]
    return np.ascontiguousarray(part.swapaxes(0, 1) if rng.random() < 0.3 else part)


def examples(scan: color.Array, change: color.Array) -> Iterator[tuple[color.Array, float, float]]:
    """Looks, how right, and length of the lines in a scan and its half that the rules let pass."""
    grey = scan.mean(2)
    threshold = EAGER * LINE * np.sqrt(max(1, min(grey.shape) / 512))
    while True:
        for picture, made in ((grey, change), (np.ascontiguousarray(grey.T), change.T)):
            hurt = cv2.dilate((made > 0.012).astype(np.uint8), np.ones((1, 3), np.uint8))
            lines = linked(pieces(picture, threshold), len(picture))
            many = in_pattern(lines, min(picture.shape))
            alone = [straightened(picture, line) for line in compress(lines, ~np.array(many, bool))]
            strips = [strip for strip in alone if not belongs(strip)]
            if not strips:
                continue
            for strip, values in zip(strips, odds.features(picture, strips, lines), strict=True):
                row, column = strip.line.row, strip.line.column.clip(0, picture.shape[1] - 1)
                hit = float(hurt[row, column].mean())
                right = 1.0 if hit > 0.5 else 0.0 if hit < 0.2 else hit
                yield values, right, float(len(row))
        if min(grey.shape) < 384:
            return
        grey, change = (
            cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            for part in (grey, change)
        )


def worn(photo: color.Array, rng: np.random.Generator) -> tuple[color.Array, color.Array]:
    """A scan of the photo as a scratched print, and how much scratches changed it, (h, w)."""
    height, width = photo.shape[:2]
    usual = int(rng.integers(3, 12)) if rng.random() < 0.25 else 0  # as the benchmark draws them
    seed = int(rng.integers(2**31))
    clean = scratch(photo, seed=seed, scratches=usual, specks=0)
    change = np.abs(clean.scan - photo).mean(-1)
    scan = scratch(clean.scan, seed=seed + 1, scratches=0, specks=int(rng.integers(0, 120))).scan
    lying, bright = rng.random() < 0.5, rng.choice([0.2, 0.75, 0.9])
    evenly = rng.choice([0.1, 0.5, 1, 1])
    bundle: tuple[float, float, float, float] | None = None
    for _ in range(0 if usual else rng.integers(0, 15)):
        even = rng.random() < evenly
        bundle = bundle if bundle and rng.random() < 0.3 else _bent(rng, even)
        turned = lying != (rng.random() < 0.15)
        cover = _cover((width, height) if turned else (height, width), bundle, even, rng)
        cover = (cover.T if turned else cover)[..., None]
        tone = np.float32(rng.uniform(0.8, 1) if rng.random() < bright else rng.uniform(0, 0.2))
        tint = rng.normal(0, 0.15, 3).astype(np.float32) * (rng.random() < 0.2)
        step = cover * ((tone + tint).clip(0, 1) - scan)
        scan = scan + step
        np.maximum(change, np.abs(step).mean(-1), out=change)
    if rng.random() < 0.3:
        scan = cv2.GaussianBlur(scan, (0, 0), rng.uniform(0.3, 0.6))
    if rng.random() < 0.3:
        noise = rng.standard_normal((height, width, 1), np.float32)
        scan = (scan + np.float32(rng.uniform(0, 0.02)) * noise).clip(0, 1)
    return scan.astype(np.float32), change


def _bent(rng: np.random.Generator, even: bool) -> tuple[float, float, float, float]:
    """How a scratch leans, bows and waves, in widths, and how often it waves; some even ones not.

    A projector's lines are straight and upright.
    """
    lean = rng.normal(0, rng.choice([0.05, 0.1, 0.5]))
    if even and rng.random() < 0.5:
        return lean * rng.choice([0, 0.2, 1]), 0.0, 0.0, 3.0
    return lean, rng.normal(0, 0.03), rng.normal(0, 0.01), rng.uniform(3, 9)


def _cover(
    size: tuple[int, int],
    bent: tuple[float, float, float, float],
    even: bool,
    rng: np.random.Generator,
) -> color.Array:
    """(h, w) cover 0 … 1 of one scratch: uneven, thin at its ends; or even, with hard ends."""
    height, width = size
    unit = min(size) / 512
    length = rng.uniform(0.15, 1.2) * height
    first = rng.uniform(-0.3, 0.8) * height
    if even and rng.random() < 0.4:
        first, length = -0.1 * height, 1.2 * height  # from edge to edge
    along = (np.arange(height) - first) / length
    lean, bow, wave, often = bent
    shape = lean * along + bow * along**2 + wave * np.sin(often * along)
    centre = width * (rng.uniform(0, 1) + shape)

    def rough(length: float) -> NDArray[np.float64]:
        drawn = cv2.GaussianBlur(rng.standard_normal((height, 1)), (0, 0), length * unit)[:, 0]
        return drawn / drawn.std()

    deep = rng.uniform(0.12, 0.6) if rng.random() < 0.4 else rng.uniform(0.5, 1)
    depth = deep * (1 + rng.uniform(0, 0.4) * rough(rng.uniform(4, 25)))
    ends = (along * (1 - along) * rng.choice([3, 12, 60])).clip(0, 1)
    if rng.random() < 0.25:
        ends = ends * (3 * rough(15) + 2).clip(0, 1)  # interrupted
    if even:
        depth, ends = np.full(height, deep), ((along > 0) & (along < 1)) * 1.0
    half = rng.uniform(0.25, 1.6) * unit * (0.5 + 0.5 * ends)
    tilt = np.hypot(1, np.gradient(centre))[:, None]
    away = np.abs(np.arange(width) + 0.5 - centre[:, None]) / tilt
    cover = (half[:, None] + 0.5 - away).clip(0, 1) * (depth.clip(0, 1 if even else 0.97) * ends)[
        :, None
    ]
    return cover.astype(np.float32)


def fit(given: Seen, seed: int = 0) -> dict[str, color.Array]:
    """A network for the lines: one hidden layer beside a linear part."""
    from scipy.optimize import minimize

    mean, deviation = given.features.mean(0), given.features.std(0) + np.float32(1e-3)
    far = odds.FURTHEST
    near = np.clip((given.features - mean) / deviation, -far, far).astype(np.float64)
    share = given.weight / given.weight.sum()
    size = near.shape[1]
    rng = np.random.default_rng(seed)
    start = np.zeros(size * HIDDEN + 2 * HIDDEN + size + 1)
    start[: size * HIDDEN] = 0.5 / np.sqrt(size) * rng.standard_normal(size * HIDDEN)
    start[-HIDDEN - size - 1 : -size - 1] = 0.1 * rng.standard_normal(HIDDEN)

    def parts(numbers: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        hidden, *rest = np.split(numbers, np.cumsum([size * HIDDEN, HIDDEN, HIDDEN, size]))
        return [hidden.reshape(size, HIDDEN), *rest]

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        hidden, hidden_bias, out, linear, bias = parts(numbers)
        inner = np.tanh(near @ hidden + hidden_bias)
        logits = inner @ out + near @ linear + bias
        wrong = share * (1 / (1 + np.exp(-logits)) - given.right)
        back = wrong[:, None] * out * (1 - inner * inner)
        gradient = [near.T @ back, back.sum(0), inner.T @ wrong, near.T @ wrong, wrong.sum()]
        whole = np.concatenate([np.ravel(part) for part in gradient]) + 2 * PENALTY * numbers
        cost = share @ (np.logaddexp(0, logits) - given.right * logits)
        return float(cost + PENALTY * numbers @ numbers), whole

    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    names = ("hidden", "hidden_bias", "out", "linear", "bias")
    fitted = dict(zip(names, parts(best.x), strict=True))
    fitted |= {"mean": mean, "deviation": deviation}
    return {name: part.astype(np.float32) for name, part in fitted.items()}


def merged(networks: list[dict[str, color.Array]]) -> dict[str, color.Array]:
    """One network that predicts the mean of several."""
    w = {name: np.mean([network[name] for network in networks], axis=0) for name in networks[0]}
    for name in ("hidden", "hidden_bias", "out"):
        w[name] = np.concatenate([network[name] for network in networks], axis=-1)
    return w | {"out": w["out"] / np.float32(len(networks))}


def judge(w: dict[str, color.Array], given: Seen) -> str:
    """Recall and precision of the scratches, by length."""
    predicted = odds.predict(w, given.features)
    good = given.right * given.weight
    lines = []
    for least in (-1, 0, 1, 2):
        taken = predicted > least
        recall = good[taken].sum() / good.sum()
        precision = good[taken].sum() / given.weight[taken].sum()
        lines.append(f"log odds {least}: recall {recall:.1%}, precision {precision:.1%}")
    return "; ".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, help="folder of good photos")
    parser.add_argument("weights", type=Path, help="file to write")
    options = parser.parse_args()
    given = seen(options.photos)
    fifth = given.photo % 5 == 0
    print("checked on a fifth of the photos, fitted on the others:")
    print(judge(fit(given.take(~fifth)), given.take(fifth)))
    w = merged([fit(given, seed) for seed in range(NETWORKS)])
    print("fitted on all:", judge(w, given))
    np.savez_compressed(options.weights, **w)


if __name__ == "__main__":
    main()
