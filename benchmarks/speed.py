"""Time, processor time and peak memory of whole processes, as ratios to a named peer.

    python benchmarks/speed.py              24 MP JPEG: ours, the tutorial, decode + encode
    python benchmarks/speed.py --growth     12 to 600 MP, JPEG of 8 bits and TIFF of 16
    python benchmarks/speed.py --steps      each step alone, in MP/s on one core, and on two
    python benchmarks/speed.py --check      exit status 1 where a target is missed

All in one go on one machine, whose runs take turns. The network is one of the true layout of
Zhang 2016 with random weights: time does not depend on their values. The peer (`tutorial.py`) runs
it with OpenCV's dnn, as tutorials do; ours with the default engine, read from a model folder that
the benchmark fills.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import tifffile

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks._processes import MIB, Cost, best, cost, networks, synthetic
from restore.context import cores

HERE = Path(__file__).parent
PEER, PLAIN = "tutorial script", "decode + encode (cv2)"
TARGETS = {
    ("colorize", "wall", PEER): 0.5,
    ("colorize", "peak", PEER): 0.35,
    ("led-concert", "wall", PEER): 0.4,
    ("led-concert", "peak", PEER): 0.3,
    ("led-concert", "wall", PLAIN): 3.5,
}
"""Most that ours may cost at 24 MP, of what the peer costs."""
RECIPES = ("led-concert", "faded-print", "old-photo")
"""Whose renders are measured as a whole, beside those of the steps."""
WARM = 3
"""Photos after the first in one run: what each of them takes is the warm time."""
BESIDE = 350
"""MiB that the program may take beside the samples read and written, from 24 MP on: in smaller
photos the network's memory, while it is planned with, is more than the samples to be written."""
OFF_LINE = 0.15
"""Share by which a time may be off the straight line through all sizes."""


def environment(folder: Path, models: Path) -> dict[str, str]:
    """Ours and the peer's: own model and cache folders, no limit on OpenCV's pictures."""
    return {
        **os.environ,
        "RESTORE_MODELS": str(models),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(2**40),
    }


def command(recipe: str, *photos: Path, out: Path, model: str = "zhang2016") -> list[str]:
    """Our command line."""
    end = ["--overwrite", "-q", "-o", str(out), "-s", f"colorize.model={model}"]
    return [sys.executable, "-m", "restore", "run", recipe, *map(str, photos), *end]


def whole(megapixels: float, runs: int, folder: Path) -> dict[str, Cost]:
    """Costs of ours, the tutorial and decode + encode for one size of JPEG."""
    models, peer = networks(folder)
    photo, out = folder / "photo.jpg", folder / "out"
    cv2.imwrite(str(photo), synthetic(megapixels), [cv2.IMWRITE_JPEG_QUALITY, 92])
    around = environment(folder, models)
    plain = "import cv2, sys; cv2.imwrite(sys.argv[2], cv2.imread(sys.argv[1]))"
    both = [str(photo), str(folder / "result.jpg")]
    tutorial = [sys.executable, str(HERE / "tutorial.py"), *both, str(peer)]
    more = [Path(shutil.copy(photo, folder / f"photo{number}.jpg")) for number in range(WARM)]
    ours = {recipe: command(recipe, photo, out=out) for recipe in ("colorize", "led-concert")}
    roll = command("led-concert", photo, *more, out=out)
    compact = command("colorize", photo, out=out, model="compact")
    first = {"colorize, first run ever": cost(ours["colorize"], around)}
    cost(compact, around)  # its network is compiled once, too
    others = {PLAIN: [sys.executable, "-c", plain, *both], PEER: tutorial}
    asked = {**others, **ours, "colorize, compact network": compact, "roll": roll}
    costs = first | best(asked, around, runs)
    whole, one = costs.pop("roll"), costs["led-concert"]
    costs["led-concert, warm: each further photo"] = Cost(
        (whole.wall - one.wall) / WARM, (whole.cpu - one.cpu) / WARM, whole.peak
    )
    return costs


def small(runs: int, folder: Path) -> str:
    """Cold times that a person waits for: --help, and 1 MP with the compact network."""
    photo = folder / "small.jpg"
    cv2.imwrite(str(photo), synthetic(1))
    around = environment(folder, folder / "models")
    lines = ["| cold process | wall s |", "|---|---|"]
    commands = {
        "restore --help": [sys.executable, "-m", "restore", "--help"],
        "restore run colorize, 1 MP, compact network": command(
            "colorize", photo, out=folder / "out", model="compact"
        ),
    }
    costs = best(commands, around, runs + 2)
    return "\n".join([*lines, *(f"| {name} | {one.wall:.2f} |" for name, one in costs.items())])


def table(costs: dict[str, Cost], megapixels: float) -> str:
    """Markdown, with ratios to the tutorial script."""
    peer, plain = costs[PEER], costs[PLAIN]
    lines = [
        f"{megapixels:g} MP JPEG, {cores()} cores, OpenCV {cv2.__version__}",
        "",
        "| whole process | wall s | cpu s | peak MiB | wall / tutorial | peak / tutorial "
        "| wall / decode + encode |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in costs.items():
        lines.append(
            f"| {name} | {one.wall:.2f} | {one.cpu:.2f} | {one.peak:.0f} | "
            f"{one.wall / peer.wall:.2f} | {one.peak / peer.peak:.2f} | "
            f"{one.wall / plain.wall:.2f} |"
        )
    return "\n".join(lines)


def growth(sizes: list[float], runs: int, folder: Path) -> tuple[str, list[str]]:
    """Markdown: led-concert over sizes and formats, with what is beside the samples; misses."""
    models, _ = networks(folder)
    around = environment(folder, models)
    lines = ["| photo | wall s | s / 100 MP | peak MiB | beside samples in and out |"]
    lines += ["|---|---|---|---|---|"]
    missed = []
    for kind, depth in (("jpg", np.uint8), ("tif", np.uint16)):
        seconds = []
        for megapixels in sizes:
            photo = folder / f"photo.{kind}"
            samples = synthetic(megapixels, depth)
            held = 2 * samples.nbytes / MIB
            if kind == "jpg":
                cv2.imwrite(str(photo), samples)
            else:
                tifffile.imwrite(photo, samples, rowsperstrip=64)
            del samples
            asked = {"ours": command("led-concert", photo, out=folder / "out")}
            one = best(asked, around, runs)["ours"]
            lines.append(
                f"| {megapixels:g} MP {kind} | {one.wall:.1f} | {one.wall / megapixels * 100:.2f} "
                f"| {one.peak:.0f} | {one.peak - held:.0f} |"
            )
            if megapixels >= 24 and one.peak - held > BESIDE:
                missed.append(f"{megapixels:g} MP {kind}: {one.peak - held:.0f} MiB beside samples")
            seconds.append(one.wall)
            photo.unlink()
        if len(sizes) > 2:
            a_megapixel, start = np.polyfit(sizes, seconds, 1, w=1 / np.array(seconds))
            line = start + a_megapixel * np.array(sizes)
            off = float(np.abs(seconds / line - 1).max())
            lines.append(
                f"| {kind}, a line | {start:.1f} + {100 * a_megapixel:.2f} / 100 MP | "
                f"at most {off:.0%} off | | |"
            )
            if off > OFF_LINE:
                missed.append(f"{kind}: a time is {off:.0%} off the line, to reach {OFF_LINE:.0%}")
    return "\n".join(lines), missed


def each_step(megapixels: float) -> str:
    """Markdown: each step's and some recipes' render alone, on one core and on two; their plans."""
    from restore import steps
    from restore.color.space import Space
    from restore.context import Context
    from restore.effect import Effect, Unchanged
    from restore.image.photo import Photo, Proxy
    from restore.image.render import render_photo
    from restore.plan import Plan
    from restore.recipe import Recipe

    cv2.setNumThreads(1)
    photo = Photo(np.ascontiguousarray(synthetic(megapixels)[..., ::-1]))
    proxy = photo.proxy()
    lines = ["| step | plan s | MP/s, one core | MP/s, two | ratio |", "|---|---|---|---|---|"]
    plans: dict[str, Callable[[Proxy], Effect | Plan]] = {"nothing": lambda seen: Unchanged()}
    plans |= {name: steps.get(name).plan for name in steps.names()}
    plans |= {f"recipe {name}": Recipe.named(name).plan for name in RECIPES}
    for name, plan in plans.items():
        began = time.perf_counter()
        render = plan(proxy)
        planned = time.perf_counter() - began
        rates = []
        for threads in (1, 2):
            seconds = []
            for _ in range(3):
                began = time.perf_counter()
                render_photo(photo, render, Space(), context=Context(threads=threads))
                seconds.append(time.perf_counter() - began)
            rates.append(megapixels / min(seconds))
        one, two = rates
        lines.append(f"| {name} | {planned:.2f} | {one:.0f} | {two:.0f} | {two / one:.2f} |")
    return "\n".join(lines)


def main() -> int:
    """Print the tables; 1 if --check finds a target missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=float, nargs="+", metavar="MP")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.steps:
            print(each_step((asked.sizes or [24])[0]))
        elif asked.growth:
            text, missed = growth(asked.sizes or [12, 24, 60, 200, 600], asked.runs, folder)
            print(text)
        else:
            costs = whole((asked.sizes or [24])[0], asked.runs, folder)
            print(table(costs, (asked.sizes or [24])[0]), small(asked.runs, folder), sep="\n\n")
            for (recipe, what, peer), most in TARGETS.items():
                ratio = getattr(costs[recipe], what) / getattr(costs[peer], what)
                if ratio > most:
                    missed.append(f"{recipe}: {what} {ratio:.2f} of {peer}, to reach {most}")
    print("", *missed, sep="\n")
    return 1 if asked.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
