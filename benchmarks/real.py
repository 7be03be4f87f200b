"""Real photos beside plain alternatives, to be judged by eye, with the few figures there are.

    python benchmarks/real.py --photos FOLDER [-o OUT] [--recipe led=led-concert] [--kinds led bw]

FOLDER has a folder for each kind of photo: led, faded, old, bw and sound. For each photo a row of a
contact sheet shows the original, what the kind's recipe makes of it, each channel stretched to its
range (0.1% cut at each end), grey world, and black and white with levels. Sheets (KIND-1.png …)
and tables (real.md) are written to OUT:

    advice      the recipe that `info` suggests, and others that it names; by kind, as a table
    touched     pixels that `scratches` changes by more than half a code, in %
    seconds     of the kind's recipe, read and written not included

Sound photos, and kinds not known, get the recipe that `info` suggests, if any (`auto`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import restore
from benchmarks._peers import shades_of_grey, stretch
from restore import color
from restore.image.photo import Photo, Window
from restore.report.info import inspect
from restore.simulate.folder import SUFFIXES

SHOWN = {
    "led": "led-concert",
    "faded": "faded-print",
    "old": "old-photo",
    "bw": "colorize",
}
"""The recipe that is shown for a kind."""
EXPECTED = {
    "led": ("led-concert",),
    "faded": ("faded-print", "faded-slide"),
    "old": ("old-photo",),
    "bw": ("colorize",),
    "sound": ("none",),
}
"""What `info` should suggest for a kind."""
GREY = """
[[steps]]
use = "monochrome"
mix = "auto"
[[steps]]
use = "levels"
auto = 0.2
"""
ROWS = 3
"""Photos on a sheet."""


@dataclass(frozen=True)
class Row:
    """What was found of one photo: share touched in %, time in seconds."""

    kind: str
    name: str
    advice: str
    named: tuple[str, ...]
    touched: float
    seconds: float


def pixels(photo: Photo) -> color.Array:
    """(h, w, 3) float32 sRGB-encoded 0 … 1."""
    return photo.tile(Window.whole(*photo.size)).pixels.clip(0, 1)


def touched(photo: Photo) -> float:
    """Share of the pixels that `scratches` changes, in %."""
    cleaned = restore.Recipe.parse('[[steps]]\nuse = "scratches"', "touched")(photo)
    return 100 * float((np.abs(pixels(cleaned) - pixels(photo)) > 0.5 / 255).any(-1).mean())


def picture(values: color.Array, label: str, width: int) -> color.Array:
    """A labelled picture of a sheet, (h, width, 3) uint8 BGR."""
    codes = (values * 255).round().astype(np.uint8)[..., ::-1]
    tall, wide = codes.shape[:2]
    scale = min(width / wide, 1.25 * width / tall)
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    small = cv2.resize(codes, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    cell = np.full((size[1] + 24, width, 3), 255, np.uint8)
    cell[24:, : size[0]] = small
    cv2.putText(cell, label, (2, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.48, (0, 0, 0), 1, cv2.LINE_AA)
    return cell


def beside(pictures: list[color.Array]) -> color.Array:
    """Pictures in a row, white around them."""
    tall = max(len(part) for part in pictures)
    space = (8, 8)
    return np.hstack(
        [
            np.pad(p, ((0, tall - len(p)), space, (0, 0)), constant_values=255)[:, :-8]
            for p in pictures
        ]
    )


def row_of(
    path: Path, kind: str, recipes: dict[str, str], grey: Callable[[Photo], Photo], width: int
) -> tuple[Row, color.Array]:
    """The figures of a photo, and its row of the sheet."""
    photo = restore.load(path)
    suggested = inspect(photo).advice
    advice = suggested.recipe or "none"
    name = advice if recipes[kind] == "auto" else recipes[kind]
    before = time.perf_counter()
    result = photo if name == "none" else restore.Recipe.named(name)(photo)
    seconds = time.perf_counter() - before
    original = pixels(photo)
    pictures = {
        f"{path.stem} (info: {advice})": original,
        name if name != "none" else "left as it is": pixels(result),
        "stretch 0.1%": stretch(original, 0.1),
        "grey world": shades_of_grey(original, 1),
        "black and white, levels": pixels(grey(photo)),
    }
    cells = [picture(values, label, width) for label, values in pictures.items()]
    named = suggested.alternatives
    return Row(kind, path.stem, advice, named, touched(photo), seconds), beside(cells)


def write(path: Path, rows: list[color.Array]) -> None:
    """Write a sheet as PNG."""
    wide = max(row.shape[1] for row in rows)
    whole = np.vstack(
        [np.pad(r, ((4, 4), (0, wide - r.shape[1]), (0, 0)), constant_values=255) for r in rows]
    )
    packed = cv2.imencode(".png", whole)[1]
    path.write_bytes(packed.tobytes())


def tables(rows: list[Row]) -> str:
    """The figures as Markdown: by photo, `info`'s advice by kind, means by kind."""
    lines = ["| photo | advice | also named | touched % | seconds |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.kind}/{row.name} | {row.advice} | {', '.join(row.named)} | {row.touched:.3f} "
        f"| {row.seconds:.2f} |"
        for row in rows
    ]
    advised = [*sorted({row.advice for row in rows} - {"none"}), "none"]
    lines += ["", f"| kind | {' | '.join(advised)} | right | or named |"]
    lines.append("|---" * (len(advised) + 3) + "|")
    means = ["", "| kind | touched %, mean | worst | seconds |", "|---|---|---|---|"]
    for kind in dict.fromkeys(row.kind for row in rows):
        own = [row for row in rows if row.kind == kind]
        counts = [str(sum(row.advice == name for row in own)) for name in advised]
        expected = set(EXPECTED.get(kind, ()))
        right = sum(row.advice in expected for row in own)
        named = sum(bool(expected & {row.advice, *row.named}) for row in own)
        lines.append(f"| {kind} | {' | '.join(counts)} | {right} of {len(own)} | {named} |")
        shares, seconds = [row.touched for row in own], [row.seconds for row in own]
        means.append(
            f"| {kind} | {np.mean(shares):.3f} | {max(shares):.3f} | {np.mean(seconds):.2f} |"
        )
    return "\n".join([*lines, *means]) + "\n"


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="folder with a folder per kind")
    parser.add_argument("-o", "--out", type=Path, default=Path("restored/real"), help="for sheets")
    parser.add_argument(
        "--recipe",
        action="append",
        default=[],
        metavar="[KIND=]NAME",
        help="recipe to show for a kind, or for all; auto is what `info` suggests; repeatable",
    )
    parser.add_argument("--kinds", nargs="+", help="only these folders")
    parser.add_argument("--width", type=int, default=400, help="of a picture on a sheet, in pixels")
    return parser.parse_args()


def main() -> None:
    """Write the sheets, print the tables."""
    given = arguments()
    folders = sorted(path for path in given.photos.iterdir() if path.is_dir())
    folders = [path for path in folders if not given.kinds or path.name in given.kinds]
    recipes = {folder.name: SHOWN.get(folder.name, "auto") for folder in folders}
    for text in given.recipe:
        kind, equals, name = text.rpartition("=")
        recipes |= {kind: name} if equals else dict.fromkeys(recipes, name)
    grey = restore.Recipe.parse(GREY, "grey")
    given.out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for folder in folders:
        photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        for first in range(0, len(photos), ROWS):
            batch = [
                row_of(path, folder.name, recipes, grey, given.width)
                for path in photos[first : first + ROWS]
            ]
            rows += [row for row, _ in batch]
            write(
                given.out / f"{folder.name}-{first // ROWS + 1}.png", [strip for _, strip in batch]
            )
    text = tables(rows)
    (given.out / "real.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
