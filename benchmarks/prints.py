"""Split scans of several prints: how exactly the prints are found, and what is split wrongly.

    python benchmarks/prints.py PHOTOS [--count 20] [--ordinary 300] [--sheets FOLDER]

PHOTOS is a folder or a .tar of photos. From them, scans are made as `restore.simulate.scanner`
draws them, several of each kind; the photos themselves must come back whole.
"""

from __future__ import annotations

import argparse
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from restore.analysis.prints import prints
from restore.color import Array
from restore.image.photo import Photo
from restore.image.rectangle import Rectangle, straightened
from restore.simulate.scanner import Scanner, scan

SIZE = (1100, 800)
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif")


@dataclass(frozen=True)
class Kind:
    """A kind of scan: the flatbed, and how the prints lie on it."""

    scanner: Scanner
    turned: float = 3.0
    border: float = 0.0
    touching: bool = False
    single: bool = False
    dark: float = 1.0


KINDS = {
    "white lid": Kind(Scanner("white")),
    "white lid, shadows": Kind(Scanner("white", shadow=4)),
    "white lid, white borders, shadows": Kind(Scanner("white", shadow=3), border=0.05),
    "black lid": Kind(Scanner("black")),
    "black lid, white borders": Kind(Scanner("black"), border=0.05),
    "grey lid": Kind(Scanner("grey", shading=0.08)),
    "textured lid": Kind(Scanner("grey", texture=8)),
    "album page, textured": Kind(Scanner((0.16, 0.15, 0.14), texture=6, shadow=2), border=0.04),
    "touching": Kind(Scanner("white"), turned=0.0, touching=True),
    "touching, turned": Kind(Scanner("black"), turned=2.0, touching=True),
    "turned by up to 20°": Kind(Scanner("white", shadow=2), turned=20.0),
    "noisy": Kind(Scanner("grey", noise=6)),
    "dark prints on black": Kind(Scanner("black"), dark=0.3),
    "one print": Kind(Scanner("white", shadow=2), single=True),
}


def read(source: Path) -> Iterator[tuple[str, Array]]:
    """The photos of a folder or a .tar, as encoded RGB 0 … 1."""
    if source.suffix == ".tar":
        with tarfile.open(source) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content and member.name.lower().endswith(SUFFIXES):
                    yield member.name, decoded(content.read())
    else:
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                yield path.name, decoded(path.read_bytes())


def decoded(content: bytes) -> Array:
    """Encoded RGB 0 … 1 of a file's bytes."""
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"), np.float32) / 255


def places(photos: list[Array], kind: Kind, rng: np.random.Generator) -> list[Rectangle]:
    """Places for two to four photos on a scan of `SIZE`, by cells of a grid."""
    height, width = SIZE
    if kind.touching:
        return side_by_side(photos, kind, rng)
    cells = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)][: len(photos)]
    cells = [(0.5, 0.25), (0.5, 0.75)] if len(photos) == 2 else cells
    result = []
    for photo, (x, y) in zip(photos, cells, strict=True):
        rows, columns = photo.shape[:2]
        angle = float(rng.uniform(-kind.turned, kind.turned))
        room = 0.42 * np.array([width, height]) * ((1.9, 1) if len(photos) == 2 else (1, 1))
        turn = np.radians(abs(angle))
        factor = rng.uniform(0.75, 0.98) * min(
            room[0] / (columns * np.cos(turn) + rows * np.sin(turn)),
            room[1] / (columns * np.sin(turn) + rows * np.cos(turn)),
        )
        shift = rng.uniform(-6, 6, 2)
        result.append(
            Rectangle(
                x * width + shift[0], y * height + shift[1], columns * factor, rows * factor, angle
            )
        )
    return result


def side_by_side(photos: list[Array], kind: Kind, rng: np.random.Generator) -> list[Rectangle]:
    """Places for photos that touch their neighbours in a row."""
    height, width = SIZE
    angle = float(rng.uniform(-kind.turned, kind.turned))
    wide = 0.9 * width / len(photos)
    result: list[Rectangle] = []
    left = 0.05 * width
    for photo in photos:
        across = wide * rng.uniform(0.75, 1.0)
        tall = across * photo.shape[0] / photo.shape[1]
        centre = (left + across / 2, height / 2 + rng.uniform(-0.08, 0.08) * height)
        left += across
        result.append(Rectangle(*centre, across, tall))
    turn = np.radians(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array([width / 2, height / 2])
    centres = [matrix @ (np.array([one.x, one.y]) - middle) + middle for one in result]
    return [
        replace(one, x=float(c[0]), y=float(c[1]), angle=angle)
        for one, c in zip(result, centres, strict=True)
    ]


def error(one: Rectangle, true: Rectangle, border: float) -> float:
    """The largest distance between corners, as a share of the print's diagonal.

    A white border on a white lid cannot be seen: the picture within is as right.
    """
    edge = border / (1 + 2 * border) * min(true.width, true.height)
    distances = [
        np.linalg.norm(one.corners - true.shrunk(margin).corners, axis=1) for margin in (0, edge)
    ]
    return float(min(d.max() for d in distances) / np.hypot(true.width, true.height))


def sheet(drawn: Array, parts: tuple[Rectangle, ...]) -> Array:
    """The scan, and the prints cut from it, side by side."""
    photo = Photo((drawn * 255).round().astype(np.uint8))
    cut = [straightened(photo, one).samples for one in parts]
    height = drawn.shape[0] // 2
    tiles = [cv2.resize(photo.samples, (drawn.shape[1] // 2, height))]
    tiles += [cv2.resize(s, (max(1, s.shape[1] * height // s.shape[0]), height)) for s in cut]
    gap = np.full((height, 8, 3), (255, 0, 255), np.uint8)
    return np.concatenate([piece for tile in tiles for piece in (tile, gap)], 1)


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=20, help="scans of each kind")
    parser.add_argument("--ordinary", type=int, default=300, help="photos that must stay whole")
    parser.add_argument("--only", help="a kind")
    parser.add_argument("--sheets", type=Path, help="folder for pictures of the results")
    options = parser.parse_args()
    whole, wrong = [], []
    for name, photo in read(options.photos):
        if len(whole) >= options.ordinary and len(whole) >= 120:
            break
        whole.append(photo)
        if len(whole) <= options.ordinary and prints(Photo.from_array(photo).proxy()):
            wrong.append(name)
    print("| kind | scans | split rightly | left whole | wrong | corners, median | 90% | worst |")
    print("|---|---|---|---|---|---|---|---|")
    for name, kind in KINDS.items():
        if options.only not in (None, name):
            continue
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        right = left = bad = 0
        errors: list[float] = []
        for number in range(options.count):
            count = 1 if kind.single else int(rng.integers(2, 4 if kind.touching else 5))
            some = [whole[int(at)] * kind.dark for at in rng.integers(0, len(whole), count)]
            where = places(some, kind, rng)
            drawn = scan(some, where, SIZE, kind.scanner, rng, kind.border)
            parts = prints(Photo.from_array(drawn).proxy())
            nearest = [min(error(one, true, kind.border) for true in where) for one in parts]
            if not parts:
                left += 1
                right += kind.single
            elif len(parts) == len(where) and max(nearest) < 0.03:
                right += 1
                errors += nearest
            else:
                bad += 1
            if options.sheets:
                state = "whole" if not parts else "right" if max(nearest) < 0.03 else "wrong"
                path = options.sheets / f"{name.replace(', ', '-')}-{number}-{state}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), sheet(drawn, parts)[..., ::-1])
        shares = [f"{np.quantile(errors, q):.2%}" if errors else "–" for q in (0.5, 0.9, 1)]
        print(f"| {name} | {options.count} | {right} | {left} | {bad} | {' | '.join(shares)} |")
    print(f"\nordinary photos split: {len(wrong)} of {min(options.ordinary, len(whole))}", *wrong)


if __name__ == "__main__":
    main()
