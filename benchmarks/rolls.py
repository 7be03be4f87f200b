"""Do photos come out better if they share the plan of their roll?

    python -m benchmarks.rolls FOLDER

Eight photos of a folder are faded alike, once for each kind of fading, and restored with `fade`:
one by one, and as `restore batch --like` does. Mean ΔE00 to the photos before, and the worst one's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from restore import Photo, Recipe, color
from restore.files import suffixes
from restore.simulate.fading import KINDS, STRONG, fade

SIDE = 384


def pictures(folder: Path, count: int) -> list[color.Array]:
    """Evenly chosen photos of a folder, sRGB 0 … 1, at most `SIDE` on the long side."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes())
    chosen = paths[:: max(1, len(paths) // count)][:count]
    made = []
    for path in chosen:
        picture = cv2.imread(str(path))
        shrink = min(1, SIDE / max(picture.shape[:2]))
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        made.append(np.float32(picture[..., ::-1]) / 255)
    return made


def errors(truths: list[color.Array], kind: str, seed: int) -> tuple[list[float], list[float]]:
    """Mean ΔE00 of each photo restored alone, and with its roll."""
    recipe = Recipe.named("fade")
    photos = [Photo.from_array(fade(truth, kind, seed=seed).srgb) for truth in truths]
    plans = [recipe.plan(photo) for photo in photos]
    joined = recipe.shared(plans)
    alone = [plan.render(photo) for plan, photo in zip(plans, photos, strict=True)]
    rolled = [recipe.plan(photo, like=joined).render(photo) for photo in photos]

    def error(photo: Photo, truth: color.Array) -> float:
        return float(color.delta_e(np.float32(photo.samples) / 255, truth).mean())

    one, other = ([error(*pair) for pair in zip(made, truths, strict=True)]
                  for made in (alone, rolled))  # fmt: skip
    return one, other


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    truths = pictures(asked.folder, asked.photos)
    print("| fading | alone | roll | worst alone | worst of the roll |\n|---|---|---|---|---|")
    rows = []
    for kind in [*KINDS, *STRONG]:
        alone, rolled = errors(truths, kind, asked.seed)
        rows.append((np.mean(alone), np.mean(rolled), max(alone), max(rolled)))
        print(f"| {kind} | {' | '.join(f'{value:.1f}' for value in rows[-1])} |")
    print(f"| mean | {' | '.join(f'{value:.1f}' for value in np.mean(rows, 0))} |")


if __name__ == "__main__":
    main()
