"""Make the pictures of the recipes again, from the sample photos: before | after.

python -m docs.pictures.make_recipes
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import restore
from restore.report.comparison import side_by_side
from restore.simulate import fade
from sample_images import make

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "sample_images"
PICTURES = {
    "recipe-two-lamps": [("led-concert", "led-red-blue.jpg")],
    "recipe-one-lamp": [("led-concert", "led-blue.jpg")],
    "recipe-faded-print": [("faded-print", "family-print.jpg")],
    "recipe-faded-slide": [("faded-slide", "faded-slide.jpg")],
    "recipe-colorize": [("colorize", "black-and-white.jpg")],
    "recipe-old-photo": [("old-photo", "old-portrait.jpg")],
    "recipe-monochrome": [("monochrome", "led-red-blue.jpg")],
    "fade": [("faded-print", "faded-print.jpg"), ("faded-slide", "faded-slide.jpg")],
}
WIDTH = 1000
"""Pixels of a picture."""


def pair(recipe: str, name: str) -> NDArray[np.uint8]:
    """Before | after of a sample photo, `WIDTH` pixels wide."""
    photo = restore.load(SAMPLES / name)
    picture = side_by_side(photo, restore.run(recipe, photo))
    height = round(picture.shape[0] * WIDTH / picture.shape[1])
    return cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)


def frame(recipe: str) -> NDArray[np.uint8]:
    """Before | after of a frame of a film: red, or black and white."""
    if recipe == "faded-film":
        before = fade(make.original("astronaut")[20:404], "red film", seed=2).srgb
    else:
        before = np.repeat(make.eight(make.grey(make.original("rocket"))), 3, -1)
    photo = restore.Photo.from_array(before)
    picture = side_by_side(photo, restore.run(recipe, photo))
    height = round(picture.shape[0] * WIDTH / picture.shape[1])
    return cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)


def hinted() -> NDArray[np.uint8]:
    """Black and white | the network's colours | the colours with the tutorial's hint."""
    photo = restore.load(SAMPLES / "black-and-white.jpg")
    points = ((22, 55), (40, 80), (60, 60))
    hint = tuple(restore.Hint.at(x, y, "#d9552b") for x, y in points)
    photos = [photo] + [
        restore.run("colorize", replace(photo, hints=hints)) for hints in ((), hint)
    ]
    picture = np.hstack([np.broadcast_to(p.samples, (*p.size, 3)) for p in photos])
    height = round(picture.shape[0] * WIDTH / picture.shape[1])
    return cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    cv2.imwrite(str(HERE / "hints.jpg"), hinted()[..., ::-1], [1, 85])
    for film in ("faded-film", "old-film"):
        cv2.imwrite(str(HERE / f"recipe-{film}.jpg"), frame(film)[..., ::-1], [1, 85])
    for target, pairs in PICTURES.items():
        gap = np.full((8, WIDTH, 3), 255, np.uint8)
        rows = [part for given in pairs for part in (pair(*given), gap)][:-1]
        cv2.imwrite(str(HERE / f"{target}.jpg"), np.vstack(rows)[..., ::-1], [1, 85])
