"""Make the pictures of the pages about the steps: before | after, and settings side by side.

python -m docs.pictures.make_steps
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import restore
from restore import color
from restore.simulate import light, scratch
from sample_images import make

HERE = Path(__file__).parent
WIDTH = 1000
"""Pixels of a picture."""
GAP = 6

Picture = NDArray[np.uint8]


def shown(pixels: NDArray[np.generic], label: str = "") -> Picture:
    """(h, w, 3) in 8 bits, with a label in its corner."""
    codes = make.eight(pixels) if pixels.dtype.kind == "f" else np.asarray(pixels, np.uint8)
    image = Image.fromarray(np.ascontiguousarray(np.broadcast_to(codes, (*codes.shape[:2], 3))))
    if label:
        font = ImageFont.load_default(image.height / 14)
        ImageDraw.Draw(image).text(
            (8, 6), label, "white", font, stroke_width=2, stroke_fill="black"
        )
    return np.asarray(image)


def row(pictures: Sequence[Picture]) -> Picture:
    """Pictures of one height side by side."""
    gap = np.full((pictures[0].shape[0], GAP, 3), 255, np.uint8)
    return np.hstack([part for picture in pictures for part in (picture, gap)][:-1])


def write(name: str, rows: Sequence[Picture]) -> None:
    """Rows below each other, as a JPEG."""
    wide = []
    for picture in rows:
        height = round(picture.shape[0] * WIDTH / picture.shape[1])
        wide.append(cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA))
        wide.append(np.full((GAP, WIDTH, 3), 255, np.uint8))
    cv2.imwrite(str(HERE / f"{name}.jpg"), np.vstack(wide[:-1])[..., ::-1], [1, 85])


def after(step: str, pixels: NDArray[np.generic], **settings: object) -> NDArray[np.generic]:
    """What a step makes of a photo."""
    given = {f"{step}.{name}": value for name, value in settings.items()}
    return restore.run(step, shown(pixels), given).samples


def colorized() -> None:
    """The pictures of `colorize`."""
    portrait, coffee, rocket = (
        shown(make.grey(make.original(name))) for name in ("astronaut", "coffee", "rocket")
    )
    write("colorize", [row([portrait, shown(after("colorize", portrait))])])
    crop = portrait[:384]
    for name, setting, values, photos in (
        ("colorize-caution", "caution", (0.0, 0.2, 1.0), (crop, rocket)),
        ("colorize-side", "side", (128, 192, 256, 384), (crop, coffee, rocket)),
    ):
        rows = []
        for photo in photos:
            results = [after("colorize", photo, **{setting: value}) for value in values]
            labels = [f"{setting} {value:g}" for value in values]
            rows.append(row(list(map(shown, results, labels))))
        write(name, rows)
    grid = [
        row(
            [
                shown(
                    after("colorize", coffee, temperature=temperature, vividness=vividness),
                    f"T {temperature:g}, vividness {vividness:g}",
                )
                for vividness in (0.0, 0.25, 1.0)
            ]
        )
        for temperature in (0.0, 0.5, 1.0)
    ]
    write("colorize-vividness", grid)


def liked() -> None:
    """The picture of `colorize` with a reference, which is the same portrait seen otherwise."""
    portrait = make.original("astronaut")
    grey = shown(make.grey(portrait))
    corners = np.array([(60, 30), (470, 0), (490, 430), (90, 400)], np.float32)
    frame = np.array([(0, 0), (400, 0), (400, 400), (0, 400)], np.float32)
    turned = cv2.warpPerspective(portrait, cv2.getPerspectiveTransform(corners, frame), (400, 400))
    other = shown((turned**1.2 * (1, 0.95, 0.88)).astype(np.float32))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "other.png"
        cv2.imwrite(str(path), other[..., ::-1])
        results = after("colorize", grey), after("colorize", grey, like=path)
    pictures = [grey, *map(shown, results), other]
    write("colorize-like", [row([cv2.resize(picture, (400, 400)) for picture in pictures])])


def lit() -> None:
    """The pictures of `monochrome` and `hue_blend`: stage light."""
    portrait = make.original("astronaut")
    stage = light(portrait, "red left + blue right", seed=3, exposure=0.6, **make.STAGE).srgb
    luma = color.encode(color.decode(shown(stage) / np.float32(255)) @ color.RGB_TO_XYZ[1])
    mixed = after("monochrome", stage)
    write("monochrome", [row([shown(stage), shown(luma[..., None]), shown(mixed)])])

    warm = light(portrait, "white+red", seed=3, exposure=0.4, **make.STAGE).srgb
    recipe = restore.Recipe.parse(
        '[[steps]]\nuse = "monochrome"\n[[steps]]\nuse = "hue_blend"\n', "hues"
    )
    blended = restore.run(recipe, warm).samples
    grey = after("monochrome", warm)
    write("hue_blend", [row([shown(warm), shown(grey), shown(blended), shown(portrait)])])


def mended() -> None:
    """The pictures of the steps that need no network."""
    noise = np.random.default_rng(0).normal(0, 0.11, (512, 512, 3)).astype(np.float32)
    grainy = (make.original("astronaut") + noise).clip(0, 1)
    pair = [part[:340, 40:380] for part in (shown(grainy), shown(after("denoise", grainy)))]
    write("denoise", [row(pair)])

    flat = 0.25 + 0.45 * make.original("hopper")
    write("levels", [row([shown(flat), shown(after("levels", flat, auto=0.2))])])

    cast = make.original("astronaut")[:400] * np.array((1, 0.9, 0.68), np.float32)
    write("white_balance", [row([shown(cast), shown(after("white_balance", cast))])])

    worn = scratch(np.repeat(make.grey(make.original("camera")), 3, -1), seed=8).scan
    write("scratches", [row([shown(worn), shown(after("scratches", worn, sensitivity=60))])])


if __name__ == "__main__":
    mended()
    lit()
    colorized()
    liked()
