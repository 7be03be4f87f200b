"""Prints on a scan are found to a fraction of a pixel, or the scan is left whole."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.analysis.prints import mounts, prints
from restore.color import Array
from restore.image.photo import Photo
from restore.image.rectangle import Rectangle
from restore.simulate.scanner import Scanner, scan

SAMPLES = Path(__file__).parents[2] / "sample_images"
NAMES = ("faded-print.jpg", "led-red-blue.jpg", "scratched.png", "faded-slide.jpg")
SIZE = (840, 800)
PLACES = (
    Rectangle(210, 220, 300, 240, 1.5),
    Rectangle(580, 240, 260, 320, -3),
    Rectangle(400, 620, 380, 280, 0.7),
)


@cache
def sample(number: int, height: int, width: int) -> Array:
    """A sample photo as encoded RGB, stretched."""
    photo = cv2.imread(str(SAMPLES / NAMES[number]))[..., ::-1]
    return cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def drawn(scanner: Scanner, places: tuple[Rectangle, ...] = PLACES, border: float = 0.0) -> Array:
    rng = np.random.default_rng(5)
    photos = [sample(number, 240, 320) for number in range(len(places))]
    return scan(photos, places, SIZE, scanner, rng, border)


def distance(found: tuple[Rectangle, ...], places: tuple[Rectangle, ...]) -> float:
    """The largest distance between corners in pixels."""
    return max(
        float(np.linalg.norm(one.corners - true.corners, axis=1).max())
        for one, true in zip(found, places, strict=True)
    )


@pytest.mark.parametrize(
    ("scanner", "border"),
    [
        (Scanner("white"), 0.0),
        (Scanner("white", shadow=2), 0.0),
        (Scanner("black"), 0.06),
        (Scanner("grey", shading=0.1), 0.0),
        (Scanner("grey", texture=5), 0.0),
    ],
    ids=["white lid", "shadows", "white borders", "shaded", "texture"],
)
def test_corners_are_found(scanner: Scanner, border: float) -> None:
    located = prints(Photo.from_array(drawn(scanner, border=border)).proxy())
    assert len(located) == 3
    assert distance(located, PLACES) < 2.5  # pixels; 0.6% of a print's diagonal


def test_touching_prints_are_separated() -> None:
    places = (Rectangle(260, 360, 320, 240), Rectangle(540, 430, 240, 300))
    located = prints(Photo.from_array(drawn(Scanner("white"), places)).proxy())
    assert len(located) == 2
    assert distance(located, places) < 1.5


def test_places_are_those_of_the_full_scan() -> None:
    big = np.kron(drawn(Scanner("white")), np.ones((2, 2, 1), np.float32))
    located = prints(Photo.from_array(big).proxy())
    assert distance(tuple(one.scaled(1 / 2) for one in located), PLACES) < 1.5


def test_a_single_print_leaves_the_scan_whole() -> None:
    assert not prints(Photo.from_array(drawn(Scanner("white"), PLACES[:1])).proxy())


@pytest.mark.parametrize("seed", range(4))
def test_ordinary_photos_stay_whole(seed: int) -> None:
    photo = sample(seed, 240, 320)
    assert not prints(Photo.from_array(photo).proxy())


def test_something_that_is_no_print_leaves_the_scan_whole() -> None:
    picture = drawn(Scanner("white"))
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    picture[(rows - 750) ** 2 + (columns - 90) ** 2 < 60**2] = (0.2, 0.4, 0.3)  # a coin
    assert not prints(Photo.from_array(picture).proxy())


def test_prints_hardly_darker_than_the_lid_leave_the_scan_whole() -> None:
    picture = drawn(Scanner("white"))
    assert not prints(Photo.from_array(0.97 * picture**0.02).proxy())


def test_slides_are_cropped_to_their_opening() -> None:
    rng = np.random.default_rng(6)
    frames = (Rectangle(220, 260, 300, 300, 2), Rectangle(580, 260, 300, 300, -1))
    openings = tuple(Rectangle(f.x, f.y, 210, 140, f.angle) for f in frames)
    grey = [np.full((300, 300, 3), 0.75, np.float32)] * 2
    photos = [0.8 * sample(number, 140, 210) for number, _ in enumerate(openings)]
    picture = scan([*grey, *photos], [*frames, *openings], (520, 800), Scanner("black"), rng)
    located = mounts(Photo.from_array(picture).proxy())
    assert len(located) == 2
    assert distance(located, openings) < 2
