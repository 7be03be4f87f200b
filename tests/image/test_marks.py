"""Marks: places that a person knows are read safely, and stay where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import restore
from restore.cli import cli
from restore.errors import PhotoError
from restore.image import notes
from restore.image.marks import Mark, covered
from restore.image.photo import Photo
from restore.image.rectangle import Rectangle, straightened
from restore.image.window import Window

TEXT = """
# from the album of 1974
[[hints]]
colour = "navy"
points = [[50, 50]]

[[grey]]
points = [[31.5, 40], [62, 44.5]]

[[damage]]
stroke = [[12, 0], [14, 55], [11, 100]]
width = 1.5

[[keep]]
region = [[40, 20], [60, 20], [60, 50], [40, 50]]
"""


def test_a_file_beside_the_photo_has_hints_and_marks(tmp_path: Path) -> None:
    path = restore.save(Photo(np.full((50, 80, 3), 128, np.uint8)), tmp_path / "scan.png")
    (tmp_path / "scan.png.hints.toml").write_text(TEXT)
    photo = restore.load(path)
    assert len(photo.hints) == 1
    assert photo.marks == (
        Mark.of("grey", points=[[31.5, 40], [62, 44.5]]),
        Mark.of("damage", stroke=[[12, 0], [14, 55], [11, 100]], width=1.5),
        Mark.of("keep", region=[[40, 20], [60, 20], [60, 50], [40, 50]]),
    )


def test_a_mark_is_as_wide_as_it_says() -> None:
    line = Mark.of("damage", stroke=[[0, 50], [100, 50]], width=10)
    assert covered([line], 200, 300).sum(0)[150] == pytest.approx(20, abs=1.5)
    disc = Mark.of("grey", points=[[50, 50]], width=10)
    assert covered([disc], 200, 300).sum() == pytest.approx(np.pi * 10**2, rel=0.1)
    area = Mark.of("keep", region=[[10, 10], [30, 10], [30, 50], [10, 50]])
    assert covered([area], 200, 300).sum() == pytest.approx(60 * 80, rel=0.05)


def test_marks_move_and_keep_their_width_with_a_crop() -> None:
    mark = Mark.of("damage", stroke=[[20, 50], [80, 50]], width=4)
    photo = Photo(np.zeros((100, 200, 3), np.uint8), marks=(mark,))
    (cropped,) = photo.cropped(Window(25, 50, 50, 100, (100, 200))).marks
    assert np.array(cropped.points) == pytest.approx(np.array([[-10, 50], [110, 50]]))
    assert cropped.width == 8  # of half the short side
    (gone,) = photo.cropped(Window(0, 0, 20, 20, (100, 200))).marks
    assert not covered([gone], 20, 20).any()


def test_marks_stay_on_their_objects_when_a_print_is_straightened() -> None:
    mark = Mark.of("grey", points=[[50, 50]], width=4)
    photo = Photo(np.zeros((200, 300, 3), np.uint8), marks=(mark,))
    (moved,) = straightened(photo, Rectangle(150, 100, 100, 50, 10)).marks
    assert moved.points[0] == pytest.approx((50, 50))
    assert moved.width == pytest.approx(16)


def test_a_plan_with_other_marks_is_another_plan() -> None:
    samples = np.zeros((20, 20, 3), np.uint8)
    marked = Photo(samples, marks=(Mark.of("grey", points=[[50, 50]]),))
    assert Photo(samples).proxy().digest() != marked.proxy().digest()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grey = 3", "grey is not a list of tables; write [[grey]]"),
        ("[grey]\npoints = [[1, 2]]", "grey is not a list of tables"),
        ("[[gray]]\npoints = [[1, 2]]", 'no key "gray"; known are [[hints]], [[grey]]'),
        ("[[grey]]", "grey 1: needs one of points, stroke and region"),
        ("[[keep]]\npoints = [[1, 2]]\nregion = [[1, 2]]", "needs one of points"),
        ('[[grey]]\ncolour = "red"\npoints = [[1, 2]]', 'there is no key "colour"'),
        ("[[grey]]\npoints = [[1, nan]]", "is not a point"),
        ("[[grey]]\npoints = [[1, inf]]", "is not a point"),
        ("[[grey]]\npoints = [[101, 2]]", "is not a point [x, y] in 0 … 100%"),
        ("[[damage]]\nstroke = [[-1, 2]]", "damage 1, stroke: [-1, 2] is not a point"),
        ('[[damage]]\nstroke = "all"', "is not a list of 1 … 500 points"),
        ("[[damage]]\nstroke = [[1, 2]]\nwidth = nan", "width = nan is outside 0.05 … 50%"),
        ("[[damage]]\nstroke = [[1, 2]]\nwidth = 1e9", "width = 1000000000.0 is outside"),
        ("[[damage]]\nstroke = [[1, 2]]\nwidth = true", "width = True is outside"),
        ('[[damage]]\nstroke = [[1, 2]]\nwidth = "2"', "width = '2' is outside"),
        (f"[[damage]]\nstroke = [[1, 2]]\nwidth = 0x{'f' * 5000}", "thousands of digits"),
        (f"[[keep]]\nregion = [{'[1, 2], ' * 501}]", "is not a list of 1 … 500 points"),
        ("[[keep]]\nregion = [[1, 2]]\n" * 501, "has 501 [[keep]] tables; at most 500 are allowed"),
        (f"[[keep]]\nregion = [{'[1, 2], ' * 100_000}]", "is larger than 256 KiB"),
    ],
)
def test_a_wrong_file_is_one_line_and_the_photo_fails(
    text: str, message: str, tmp_path: Path
) -> None:
    path = restore.save(Photo(np.full((50, 80, 3), 128, np.uint8)), tmp_path / "scan.png")
    (tmp_path / "scan.png.hints.toml").write_text(text)
    with pytest.raises(PhotoError) as caught:
        restore.load(path)
    assert str(caught.value).startswith(f"{path}.hints.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_line_says_what_is_wrong_with_a_mark(tmp_path: Path) -> None:
    path = restore.save(Photo(np.full((50, 80, 3), 128, np.uint8)), tmp_path / "scan.png")
    (tmp_path / "scan.png.hints.toml").write_text("[[grey]]\npoints = [[1, 200]]")
    done = CliRunner().invoke(cli, ["run", "fade", str(path), "-o", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "scan.png.hints.toml, grey 1, points: [1, 200] is not a point" in done.stderr


@pytest.mark.parametrize(
    ("kind", "place"),
    [("gray", {"points": [[1, 2]]}), ("grey", {}), ("grey", {"points": [[1, 2]], "size": 3})],
)
def test_a_wrong_mark_in_python_is_an_error(kind: str, place: dict[str, object]) -> None:
    with pytest.raises(PhotoError, match="mark"):
        Mark.of(kind, **place)


def test_the_largest_file_is_drawn_soon_and_stays_within_the_photo() -> None:
    marks = notes.parse("[[damage]]\nstroke = [[0, 0], [100, 100]]\nwidth = 50\n" * 500, "x").marks
    assert covered(marks, 64, 1024).max() == 1
