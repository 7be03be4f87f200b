"""How good a colorizing network is, run by the product's own step, on any folder or tar of photos.

    python benchmarks/network.py --photos FOLDER_OR_TAR… [--model compact] [--most 200] [--long 512]

Colour photos are made black and white, coloured again, and held against themselves. Near-grey ones
(mean chroma below 5) are left out. Three tables in Markdown:

    from L*          AuC raw and rebalanced, mean CIEDE2000, photos farther from the truth than grey
                     by more than 1; at the defaults and, for comparison, of grey
    from other       the same, with the lightness from red, blue or orthochromatic film, and with
    lightness        grain (standard deviation 5 of 100); the truth has that lightness, too
    hints            RGB PSNR gained by 1, 5, 20, 100 true hints at random places
    honesty          cells by the deviation that the network predicts, and their true RMS error;
                     by its entropy, and how many bits the true colour surprises it by

AuC (Zhang, Isola, Efros 2016, section 3.1): the share of pixels whose a* b* is less than t off,
averaged over t = 0 … 150; rebalanced: each of the 313 colours that occurs weighs the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from skimage.color import deltaE_ciede2000

sys.path.insert(0, str(Path(__file__).parents[1]))
from restore import color
from restore.analysis import mixes
from restore.colorizers import _distribution
from restore.colorizers._grid import grid
from restore.image.guides import Distribution
from restore.image.hints import Hint
from restore.image.photo import Photo
from restore.steps.colorize import colorize
from restore.training._photos import decoded, files

LIGHTS = {"L*": (), "red": (1, 0, 0), "blue": (0, 0, 1), "orthochromatic": (0, 0.42, 0.58)}
HINTS = (1, 5, 20, 100)
COLOURED = 5.0
"""Mean chroma from which a photo counts."""
SMALL = 2
"""Pixels averaged each way before anything is measured: a JPEG's chroma is no finer."""


def lightness(photo: color.Array, name: str) -> color.Array:
    """CIE L* (h, w) of a photo, as `LIGHTS` or grain would leave it."""
    weights = LIGHTS.get(name, ())
    light = color.lightness(photo)
    if weights:
        light = color.lightness(color.spread(mixes.channels(photo, weights)))
    if name == "grain":
        light = light + np.random.default_rng(0).normal(0, 5, light.shape).astype(np.float32)
    return light.clip(0, 100)


def coloured(light: color.Array, hints: tuple[Hint, ...], settings: dict[str, object]):
    """What the step makes of a lightness (h, w): (h, w, 3) RGB, and the effect."""
    grey = np.repeat(color.grey(light)[..., None], 3, -1)
    proxy = replace(Photo(grey.clip(0, 1)), hints=hints).proxy()
    effect = colorize(proxy, keep=False, **settings)
    return effect.tile(proxy.view), effect


def reduced(values: color.Array) -> color.Array:
    """Averaged over `SMALL` pixels each way."""
    height, width = (n // SMALL for n in values.shape[:2])
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)


class Auc:
    """The share of pixels less than t off, over t = 0 … 150, in all and colour by colour."""

    def __init__(self) -> None:
        self.sums, self.counts = np.zeros(len(grid())), np.zeros(len(grid()))

    def add(self, ab: color.Array, truth: color.Array) -> None:
        """Take a photo's a* b* (h, w, 2) into account."""
        off = np.hypot(*np.moveaxis(ab - truth, -1, 0)).ravel()
        under = 1 - np.ceil(off).clip(0, 151) / 151
        nearest = ((truth.reshape(-1, 1, 2) - grid()) ** 2).sum(-1).argmin(1)
        self.sums += np.bincount(nearest, under, len(self.sums))
        self.counts += np.bincount(nearest, minlength=len(self.counts))

    @property
    def raw(self) -> float:
        """In %, all pixels alike."""
        return 100 * float(self.sums.sum() / self.counts.sum())

    @property
    def rebalanced(self) -> float:
        """In %, all colours that occur alike."""
        seen = self.counts > 0
        return 100 * float((self.sums[seen] / self.counts[seen]).mean())


def drawn(lab: color.Array, count: int, seed: int) -> tuple[Hint, ...]:
    """True hints at random places."""
    rng = np.random.default_rng(seed)
    height, width = lab.shape[:2]
    hints = []
    for x, y in rng.uniform(1, 99, (count, 2)):
        row, column = int(y / 100 * height), int(x / 100 * width)
        patch = lab[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        shade = patch.mean((0, 1)).clip((0, -150, -150), (100, 150, 150))
        hints.append(Hint.at(x, y, shade.tolist()))
    return tuple(hints)


def surprise(distribution: Distribution, truth: color.Array) -> tuple[color.Array, color.Array]:
    """(n,) entropy of each cell, and -log2 of the probability of the true colour's bin."""
    logits = np.moveaxis(distribution.logits.values, -1, 0)
    p = _distribution.probabilities(logits).reshape(len(logits), -1)
    ab = cv2.resize(truth, logits.shape[:0:-1], interpolation=cv2.INTER_AREA)[..., 1:]
    nearest = ((ab.reshape(-1, 1, 2) - grid()) ** 2).sum(-1).argmin(1)
    return _distribution.entropy(p), -np.log2(p[nearest, np.arange(len(nearest))] + 1e-9)


def decibels(one: color.Array, other: color.Array) -> float:
    return float(-10 * np.log10(np.mean((one - other) ** 2)))


def measure(
    photos: Sequence[color.Array], settings: dict[str, object], counts: Sequence[int]
) -> None:
    """Print the tables."""
    print("| lightness from | AuC raw | rebalanced | ΔE00 | grey | worse than grey by > 1 |")
    print("|---|---|---|---|---|---|")
    predicted, missed, bits, surprised = [], [], [], []
    for name in (*LIGHTS, "grain"):
        rows, auc = [], Auc()
        for photo in photos:
            light = lightness(photo, name)
            result, effect = coloured(light, (), settings)
            lab, truth = color.to_lab(reduced(result)), color.to_lab(reduced(photo))
            truth[..., 0] = lab[..., 0]
            grey = lab * (1, 0, 0)
            auc.add(lab[..., 1:], truth[..., 1:])
            rows.append([deltaE_ciede2000(one, truth).mean() for one in (lab, grey)])
            guess = effect.guess
            if name == "L*" and guess and guess.covariance and guess.distribution:
                ab = guess.ab.values
                true = cv2.resize(truth, ab.shape[1::-1], interpolation=cv2.INTER_AREA)[..., 1:]
                predicted.append(guess.covariance.values[..., ::2].sum(-1).ravel())
                missed.append(((ab - true) ** 2).sum(-1).ravel())
                entropy, surprises = surprise(guess.distribution, truth)
                bits.append(entropy)
                surprised.append(surprises)
        far, grey_far = np.array(rows).T
        worse = 100 * np.mean(far > grey_far + 1)
        figures = f"{auc.raw:.1f} | {auc.rebalanced:.1f} | {far.mean():.2f} | {grey_far.mean():.2f}"
        print(f"| {name} | {figures} | {worse:.0f}% |", flush=True)
    print("\n| true hints | RGB PSNR over none, dB |\n|---|---|")
    lights = [color.lightness(photo).clip(0, 100) for photo in photos]
    none = [
        decibels(coloured(light, (), settings)[0], photo)
        for light, photo in zip(lights, photos, strict=True)
    ]
    for count in counts:
        gains = [
            decibels(coloured(light, drawn(color.to_lab(photo), count, i), settings)[0], photo) - n
            for i, (light, photo, n) in enumerate(zip(lights, photos, none, strict=True))
        ]
        print(f"| {count} | {np.mean(gains):+.2f} |", flush=True)
    if predicted:
        print("\n| predicted deviation (fifths of the cells) | RMS error of a* b* |\n|---|---|")
        variance, square = np.concatenate(predicted), np.concatenate(missed)
        for part in np.array_split(np.argsort(variance), 5):
            print(f"| {variance[part].mean() ** 0.5:.1f} | {square[part].mean() ** 0.5:.1f} |")
        print("\n| entropy (fifths of the cells) | surprise, bits |\n|---|---|")
        entropy, surprises = np.concatenate(bits), np.concatenate(surprised)
        for part in np.array_split(np.argsort(entropy), 5):
            print(f"| {entropy[part].mean():.2f} | {surprises[part].mean():.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="folders, tar files")
    parser.add_argument("--without", type=Path, nargs="*", default=[], help="photos to leave out")
    parser.add_argument("--model", default="compact")
    parser.add_argument("--most", type=int, default=200, help="photos, spread over all")
    parser.add_argument("--long", type=int, default=512, help="most pixels of the long side")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=NUMBER", help="of colorize")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    without = {path.stem for folder in arguments.without for path in folder.iterdir()}
    contents = list(files(arguments.photos, without))
    stride = max(1, len(contents) // arguments.most)
    photos = []
    for content in contents[::stride][: arguments.most]:
        photo = decoded(content) / np.float32(255)
        shrink = min(1.0, arguments.long / max(photo.shape[:2]))
        photo = cv2.resize(photo, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        if np.hypot(*np.moveaxis(color.to_lab(photo)[..., 1:], -1, 0)).mean() >= COLOURED:
            photos.append(photo)
    settings: dict[str, object] = {"model": arguments.model}
    for text in arguments.set:
        name, _, value = text.partition("=")
        settings[name] = float(value) if name != "side" else int(value)
    print(f"{len(photos)} photos, {arguments.model} {' '.join(arguments.set)}\n")
    measure(photos, settings, HINTS)


if __name__ == "__main__":
    main()
