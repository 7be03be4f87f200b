"""A frame's planes become RGB and back as the standards say; turned pictures stand upright."""

from fractions import Fraction

import numpy as np
import pytest

from restore.film.coding import Coding
from restore.film.frame import Frame, Orientation
from restore.image.photo import Photo, Window

RNG = np.random.default_rng(5)


def planes(coding: Coding, height: int, width: int) -> tuple[np.ndarray, ...]:
    """Smooth planes whose colours lie well within RGB."""
    step = 1 << (coding.depth - 8)
    y, x = np.mgrid[:height, :width]
    luma = (120 + 50 * np.sin(x / 9) * np.cos(y / 7)) * step
    small = -(-height // coding.down), -(-width // coding.across)
    v, u = np.mgrid[: small[0], : small[1]]
    blue = (128 + 12 * np.sin(u / 9)) * step
    red = (128 + 12 * np.cos(v / 9)) * step
    return tuple(np.round(plane).astype(coding.dtype) for plane in (luma, blue, red))


@pytest.mark.parametrize(
    ("matrix", "white", "red"),
    [
        (1, (235, 128, 128), (63, 102, 240)),  # BT.709: the code values of Rec. ITU-R BT.1120
        (6, (235, 128, 128), (81, 90, 240)),  # BT.601: those of colour bars of 100%
        (9, (235, 128, 128), (74, 97, 240)),  # BT.2020
    ],
)
def test_known_codes_of_white_and_red(matrix: int, white: tuple, red: tuple) -> None:
    coding = Coding(matrix)
    for rgb, codes in (((1, 1, 1), white), ((1, 0, 0), red)):
        pixels = np.full((2, 2, 3), rgb, np.float32)
        made = coding.from_rgb(pixels)
        assert [int(plane[0, 0]) for plane in made] == list(codes)
        back = coding.to_rgb(made)
        np.testing.assert_allclose(np.broadcast_to(back, (2, 2, 3)), pixels, atol=0.01)


@pytest.mark.parametrize("depth", [8, 10, 12])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 6, 9])
def test_planes_at_full_size_come_back_to_the_bit(depth: int, full: bool, matrix: int) -> None:
    coding = Coding(matrix, full, depth)
    before = planes(coding, 24, 40)
    after = coding.from_rgb(coding.to_rgb(before))
    for was, now in zip(before, after, strict=True):
        np.testing.assert_array_equal(now, was)


@pytest.mark.parametrize(("across", "down"), [(2, 1), (2, 2), (4, 1)])
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("size", [(24, 40), (25, 41)])
def test_coarse_chroma_stays_in_place(
    across: int, down: int, centred: bool, size: tuple[int, int]
) -> None:
    coding = Coding(1, across=across, down=down, centred=centred)
    before = planes(coding, *size)
    after = coding.from_rgb(coding.to_rgb(before))
    np.testing.assert_array_equal(after[0], before[0])
    for was, now in zip(before[1:], after[1:], strict=True):
        assert now.shape == was.shape
        # bilinear and back: a shift by a pixel would be 1.4 codes here
        assert np.abs(now[1:-1, 1:-1].astype(int) - was[1:-1, 1:-1]).max() <= 1


def test_grey_is_one_channel_and_exactly_neutral_again() -> None:
    coding = Coding(1, across=2, down=2)
    luma = RNG.integers(16, 236, (24, 40), np.uint8)
    none = np.full((12, 20), 128, np.uint8)
    rgb = coding.to_rgb((luma, none, none))
    assert rgb.shape == (24, 40, 1)
    back = coding.from_rgb(rgb)
    np.testing.assert_array_equal(back[0], luma)
    assert all((plane == 128).all() for plane in back[1:])


def test_kept_luma_is_the_one_decoded() -> None:
    coding = Coding(1, across=2, down=2)
    luma = RNG.integers(0, 256, (24, 40), np.uint8)
    none = np.full((12, 20), 128, np.uint8)
    frame = Frame(0, 0, Fraction(0), (luma, none, none), coding)
    rgb = np.repeat(frame.photo.samples, 3, 2) * np.float32([1, 0.8, 0.6])
    kept = frame.coded(Photo(rgb), coding, keep_luma=True)
    np.testing.assert_array_equal(kept[0], luma)
    assert (kept[1] != 128).any()


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("columns", [False, True])
def test_turned_frames_stand_upright_and_go_back(
    transposed: bool, rows: bool, columns: bool
) -> None:
    turn = Orientation(transposed, rows, columns)
    stored = RNG.random((6, 8, 3), np.float32)
    shown = turn.upright(stored)
    assert shown.shape[:2] == turn.size((6, 8))
    np.testing.assert_array_equal(turn.stored(shown), stored)
    window = Window(1, 2, 3, 4, (6, 8))
    place = turn.window(window)
    cut = turn.upright(stored[1:4, 2:6])
    np.testing.assert_array_equal(cut, shown[place.inside(Window.whole(*shown.shape[:2]))])


def test_a_still_is_the_proxy_of_the_photo() -> None:
    coding = Coding(1, across=2, down=2)
    turn = Orientation(transposed=True, columns=True)
    frame = Frame(3, 300, Fraction(3, 25), planes(coding, 144, 208), coding, turn)
    still, photo = frame.still(104), frame.photo
    assert (still.index, still.pts, still.size) == (3, 300, photo.size)
    proxy = photo.proxy(104)
    np.testing.assert_allclose(still.pixels, proxy.view.pixels, atol=0.01)
    for patch in still.proxy.patches:
        inner = slice(4, -4)
        np.testing.assert_allclose(
            patch.pixels[inner, inner], photo.tile(patch.window).pixels[inner, inner], atol=0.01
        )
