"""Hints: a person's colours are read safely, act where they lie and on what is alike there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

import restore
from restore import color
from restore.errors import PhotoError
from restore.image import notes
from restore.image.hints import Hint
from restore.image.photo import Photo
from restore.image.window import Window
from restore.steps.colorize import colorize

COLOURS = data.astronaut()[::2, ::2] / np.float32(255)


@pytest.fixture(scope="module")
def grey() -> Photo:
    plane = color.grey(color.lightness(COLOURS))
    return Photo(np.repeat(plane[..., None], 3, -1))


def true_hints(count: int) -> tuple[Hint, ...]:
    rng = np.random.default_rng(1)
    height, width = COLOURS.shape[:2]
    truth = color.to_lab(COLOURS)
    result = []
    for x, y in rng.uniform(2, 98, (count, 2)):
        row, column = int(y / 100 * height), int(x / 100 * width)
        shade = truth[row - 2 : row + 3, column - 2 : column + 3].mean((0, 1))
        result.append(Hint.at(x, y, shade.clip((0, -150, -150)).tolist()))
    return tuple(result)


def error(photo: Photo) -> float:
    """RMS distance of the coloured photo's a* b* from the true ones."""
    view = photo.proxy().view
    restored = color.to_lab(colorize(photo.proxy()).tile(view))
    return float(np.sqrt(((restored - color.to_lab(COLOURS))[..., 1:] ** 2).mean()))


def test_more_true_hints_bring_colours_nearer_to_the_truth(grey: Photo) -> None:
    none, ten, hundred = (error(replace(grey, hints=true_hints(n))) for n in (0, 10, 100))
    assert ten < 0.85 * none
    assert hundred < 0.6 * none


def test_a_hint_colours_its_place_and_leaves_what_is_far_and_other(grey: Photo) -> None:
    view = grey.proxy().view
    before = color.to_lab(colorize(grey.proxy()).tile(view))
    hinted = replace(grey, hints=(Hint.at(15.6, 59.4, "seagreen"),))
    effect = colorize(hinted.proxy())
    after = color.to_lab(effect.tile(view))
    assert effect.findings.summary == "colours follow 1 hint; the rest is a guess"
    assert after[148:156, 36:44, 1].mean() < -25  # sea green's is -40
    assert np.abs(after - before)[200:, 200:, 1:].mean() < 3  # the far, dark corner
    assert np.abs(after - before)[..., 0].max() < 0.3  # lightness is the photo's


def test_a_file_beside_the_photo_is_found_and_its_colours_used(grey: Photo, tmp_path: Path) -> None:
    path = restore.save(grey, tmp_path / "portrait.png")
    assert restore.load(path).hints == ()
    text = '[[hints]]\ncolour = "#2e8b57"\nregion = [[40, 80], [70, 80], [70, 99]]\n'
    (tmp_path / "portrait.png.hints.toml").write_text(text)
    (hint,) = restore.load(path).hints
    assert hint.shape == "region"
    assert hint.colour == pytest.approx((51.5, -39.7, 20.1), abs=0.3)
    with_hints, without = restore.run("colorize", path), restore.run("colorize", grey)
    assert with_hints.findings["colorize"].summary == "colours follow 1 hint; the rest is a guess"
    assert np.abs(with_hints.samples - without.samples).max() > 0.1


def test_a_plan_with_other_hints_is_another_plan(grey: Photo) -> None:
    hinted = replace(grey, hints=(Hint.at(50, 50, "red"),))
    assert grey.proxy().digest() != hinted.proxy().digest()
    assert hinted.proxy().digest() == replace(grey, hints=hinted.hints).proxy().digest()


def test_hints_move_with_a_crop() -> None:
    photo = Photo(np.zeros((100, 200, 3), np.uint8), hints=(Hint.at(50, 50, "red"),))
    cropped = photo.cropped(Window(25, 50, 50, 100, (100, 200)))
    assert cropped.hints[0].points == ((50, 50),)
    gone = photo.cropped(Window(0, 0, 20, 20, (100, 200))).hints[0]
    assert not gone.cells(10, 10).any()


def test_points_strokes_and_regions_lie_where_they_are_said_to() -> None:
    lab = (50.0, 0.0, 0.0)
    corners = ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0))
    points, stroke, region = (
        Hint(lab, corners, shape).cells(20, 20) for shape in ("points", "stroke", "region")
    )
    assert points.sum() == 3
    assert points[2, 2]
    assert points[12, 12]
    assert stroke[2, 2:13].all()
    assert not stroke[8, 4]
    assert region[4, 8]
    assert not region[10, 4]
    assert Hint.at(100, 100, "red").cells(20, 20)[19, 19]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[hints", "is not TOML"),
        ("hints = 3", "is not a list of tables"),
        ("[[marks]]\nx = 1", 'there is no key "marks"'),
        ('[[hints]]\ncolour = "red"', "needs a colour, and one of points, stroke and region"),
        ('[[hints]]\ncolour = "rde"\npoints = [[1, 2]]', 'colour = "rde" is not known'),
        ('[[hints]]\ncolour = "red"\npoint = [[1, 2]]', 'there is no key "point"; did you mean'),
        ('[[hints]]\ncolour = "red"\npoints = [[1, 200]]', "is not a point"),
        ('[[hints]]\ncolour = "red"\npoints = [[1, nan]]', "is not a point"),
        ('[[hints]]\ncolour = "red"\npoints = []', "is not a list of 1 … 500 points"),
        ("[[hints]]\ncolour = [50, 200, 0]\npoints = [[1, 2]]", "is outside L"),
        ("[[hints]]\ncolour = [50, true, 0]\npoints = [[1, 2]]", "is not a colour"),
        ("[[hints]]\ncolour = 1979-05-27\npoints = [[1, 2]]", "is not a colour"),
        (
            '[[hints]]\ncolour = "red"\npoints = [[1, 2]]\n' * 501,
            "has 501 [[hints]] tables; at most 500 are allowed",
        ),
        ("x = " + "[" * 5000, "is not TOML"),
        ("a" + ".a" * 1000 + " = 1", "line 1 has more than 64 dots"),
        ("[[hints" + ".1" * 1000 + "]]", "line 1 has more than 64 dots"),
        ("x = " + "9" * 5000, "is not TOML"),
        (f'[[hints]]\ncolour = "red"\npoints = [[1, 1{"0" * 400}]]', "is not a point"),
        (f'[[hints]]\ncolour = "red"\npoints = [[1, 0x{"f" * 5000}]]', "thousands of digits"),
    ],
)
def test_a_wrong_file_is_one_line_that_says_where(text: str, message: str) -> None:
    with pytest.raises(PhotoError) as caught:
        notes.parse(text, "a.jpg.hints.toml")
    assert str(caught.value).startswith("a.jpg.hints.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_hints_or_one_error(text: str) -> None:
    try:
        read = notes.parse(text, "x")
    except PhotoError:
        return
    assert all(isinstance(hint, Hint) for hint in read.hints)


def test_files_as_windows_writes_them_are_read_or_the_remedy_is_said(tmp_path: Path) -> None:
    beside = tmp_path / f"a.jpg{notes.SUFFIX}"
    text = '[[hints]]\ncolour = "red"\npoints = [' + "[31.5, 62.25], " * 100 + "]\n"
    beside.write_text(text, encoding="utf-8-sig")
    assert len(notes.beside(tmp_path / "a.jpg").hints[0].points) == 100
    beside.write_text(text, encoding="utf-16")
    with pytest.raises(PhotoError, match="is UTF-16 text; save it as UTF-8"):
        notes.beside(tmp_path / "a.jpg")


def test_a_link_that_leads_nowhere_is_not_taken_for_no_file(tmp_path: Path) -> None:
    (tmp_path / f"a.jpg{notes.SUFFIX}").symlink_to("moved.toml")
    with pytest.raises(PhotoError, match=r"a\.jpg\.hints\.toml: is not a regular file"):
        notes.beside(tmp_path / "a.jpg")
    assert notes.beside(tmp_path / "b.jpg") == notes.Notes()


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"a.jpg{notes.SUFFIX}").write_bytes(b"#" * (notes.LARGEST + 1))
    with pytest.raises(PhotoError, match="is larger than 256 KiB"):
        notes.beside(tmp_path / "a.jpg")
