"""Colour in time: how still it holds, how near it is to the truth, and how fast it is made.

    python benchmarks/video.py FILM… [--most 120] [--recipe colorize] [--sheets FOLDER]

Colour films are made black and white and coloured again, frame by frame and as shots, and held
against themselves.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import _film_measures as measures
from restore import color
from restore.color import Array
from restore.context import Context
from restore.film.coding import Coding
from restore.film.frame import Frame
from restore.film.planning import SIDE, plans
from restore.film.shots import bounds, thumbnail
from restore.plan import Plan
from restore.recipe import Recipe

GREY = Coding(1, full=True, planes=1)


def film(path: Path, most: int) -> list[Array]:
    """The first frames of a film, uint8 RGB."""
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [frame.to_ndarray(format="rgb24") for frame in islice(frames, most)]


def desaturated(picture: Array) -> Array:
    """(h, w) uint8 grey of the same L*."""
    light = color.lightness(picture.astype(np.float32) / 255)
    planes = np.dstack([light, np.zeros_like(light), np.zeros_like(light)])
    return (color.from_lab(planes)[..., 1].clip(0, 1) * 255 + 0.5).astype(np.uint8)


def frames(greys: Sequence[Array]) -> list[Frame]:
    return [Frame(n, n, Fraction(n, 25), (grey,), GREY) for n, grey in enumerate(greys)]


def by_shots(recipe: Recipe, film: Sequence[Frame], context: Context) -> Iterator[Plan]:
    """Plans as `restore video` makes them."""
    for start, stop in shots_of(film):
        yield from plans(recipe, film[start:stop], context=context)


def shots_of(film: Sequence[Frame]) -> list[tuple[int, int]]:
    return list(bounds(thumbnail(frame.planes[0].astype(np.float32) / 255) for frame in film))


def frame_by_frame(recipe: Recipe, film: Sequence[Frame], context: Context) -> Iterator[Plan]:
    for frame in film:
        yield recipe.plan(frame.still(SIDE).proxy, context=context)


def rendered(plan: Plan, frame: Frame, size: tuple[int, int]) -> Array:
    """(h, w, 3) working RGB of the result at a size."""
    view = frame.still(SIDE).proxy.view
    return cv2.resize(plan.tile(view), size, interpolation=cv2.INTER_AREA).clip(0, 1)


def codes(pixels: Array) -> Array:
    return (pixels * 255 + 0.5).astype(np.uint8)


def measured(path: Path, most: int, recipe: Recipe, sheets: Path | None) -> list[str]:
    """A row of the table for one film."""
    truth = film(path, most)
    stack = frames([desaturated(picture) for picture in truth])
    height, width = truth[0].shape[:2]
    shrink = min(0.64, measures.SIDE / max(height, width))
    size = round(width * shrink), round(height * shrink)
    small = [cv2.resize(t, size, interpolation=cv2.INTER_AREA) for t in truth]
    true_ab = [color.to_lab(s.astype(np.float32) / 255)[..., 1:] for s in small]
    light = [cv2.cvtColor(s, cv2.COLOR_RGB2GRAY) for s in small]
    cuts = [start for start, _ in shots_of(stack)[1:]]
    motion, context = measures.Motion(), Context()
    own = measures.consistency([s / np.float32(255) for s in small], cuts)
    results, figures = {}, {}
    for name, way in (("frame by frame", frame_by_frame), ("shots", by_shots)):
        begun = time.perf_counter()
        made = list(way(recipe, stack, context))
        took = time.perf_counter() - begun
        results[name] = [rendered(p, f, size) for p, f in zip(made, stack, strict=True)]
        ab = [np.ascontiguousarray(color.to_lab(r)[..., 1:]) for r in results[name]]
        square, distance = measures.warp_error(motion, light, ab, cuts)
        cdc = measures.consistency(results[name], cuts)
        off = np.sqrt(np.mean([((a - t) ** 2).mean() for a, t in zip(ab, true_ab, strict=True)]))
        chroma = np.mean([np.hypot(a[..., 0], a[..., 1]).mean() for a in ab])
        figures[name] = square, distance, cdc, float(off), float(chroma), len(made) / took
    if sheets:
        sheet(sheets / f"{path.stem}.jpg", small, results)
    one, two = figures["frame by frame"], figures["shots"]
    true_square, true_distance = measures.warp_error(motion, light, true_ab, cuts)
    left = abs(two[2] - own) / abs(one[2] - own)
    return [
        path.name,
        f"{len(truth)}",
        f"{len(cuts)}",
        f"{two[0] / one[0]:.3f} (truth {true_square / one[0]:.3f})",
        f"{two[1] / one[1]:.3f} (truth {true_distance / one[1]:.3f})",
        f"{one[2]:.2f} → {two[2]:.2f}, truth {own:.2f} ({left:.2f})",
        f"{one[3]:.2f} → {two[3]:.2f}",
        f"{one[4]:.1f} → {two[4]:.1f}",
        f"{one[5]:.1f} → {two[5]:.1f}",
    ]


def sheet(path: Path, truth: Sequence[Array], results: dict[str, list[Array]]) -> None:
    """Rows of eight moments: the truth, and each way; below, |difference to the next frame| x 8."""
    moments = np.linspace(0, len(truth) - 2, 8).astype(int)
    rows = [np.hstack([truth[m] for m in moments])]
    rows += [np.hstack([codes(made[m]) for m in moments]) for made in results.values()]
    for made in results.values():
        apart = [
            np.abs(color.to_lab(made[m + 1]) - color.to_lab(made[m]))[..., 1:] for m in moments
        ]
        rows.append(np.hstack([np.dstack([a, a[..., :1]]).clip(0, 8) * 30 for a in apart]))
    picture = np.vstack([row.astype(np.uint8) for row in rows])
    cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


HEAD = (
    "film", "frames", "cuts", "warp error of ab (Lai)", "its mean distance",
    "CDC x 1000 (left of what was off)", "ab RMSE", "mean chroma", "plans/s",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=120)
    parser.add_argument("--recipe", default="colorize")
    parser.add_argument("--sheets", type=Path)
    given = parser.parse_args()
    recipe = Recipe.named(given.recipe)
    print("|", " | ".join(HEAD), "|")
    print("|---" * len(HEAD) + "|")
    for path in given.films:
        print("|", " | ".join(measured(path, given.most, recipe, given.sheets)), "|", flush=True)


if __name__ == "__main__":
    main()
