"""Measure how far densities wander near the edges of photos: `WANDERS` of the fade step's `_mount`.

    python -m benchmarks.measure_mount PHOTOS

The figures that ship are from 75 of the photos that docs/research/fade.md names, restored by the
estimator of version 0.1. Each is faded as for training, but without a mount. The scale of Student's
t by which the lines are judged is found by expectation and maximisation: a line that wanders widely
counts for less. Other draws of the fades give scales up to a tenth apart, all six together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from restore import color
from restore.analysis.fading import dyes, mount
from restore.simulate import KINDS, fade, photos
from restore.training import _fades

ROUNDS = 8
"""Of expectation and maximisation: the third digit stays."""


def wanders(folder: Path) -> color.Array:
    """(6,) scale of the steps between strips, over all lines of all faded photos of a folder."""
    sides = []
    for seed, (_, photo) in enumerate(photos(folder, dyes.SIDE)):
        rng = np.random.default_rng(seed)
        for kind in (*KINDS.values(), *(_fades.kinds("wide", rng) for _ in range(3))):
            if kind.place == "mount":
                continue
            picture = fade(photo, kind, seed=seed, other=rng.random() < 0.5).srgb / np.float32(255)
            picture = picture[dyes.inside(picture)]
            if min(picture.shape[:2]) >= mount.SMALLEST:
                density = mount.restored(picture, dyes.estimate(picture))
                sides += list(mount.sides(density))
    squares = np.concatenate(sides) ** 2
    scale = squares.mean((0, 1))
    for _ in range(ROUNDS):
        size = squares[0].size + mount.CALM
        weight = size / (mount.CALM + (squares / scale).sum((1, 2)))
        scale = (weight[:, None, None] * squares).mean((0, 1))
    return np.sqrt(scale)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, help="folder of good colour photos")
    print(wanders(parser.parse_args().photos).round(4).tolist())


if __name__ == "__main__":
    main()
