"""A colour cast goes: voted, by one estimator, or from a picked grey."""

import numpy as np
import pytest
from skimage import data

from restore import color
from restore.analysis.cast import ESTIMATORS, cast, of_ratios
from restore.image.photo import Photo
from restore.steps.white_balance import white_balance

WARM, COLD, GREEN = (0.3, -0.45), (-0.25, 0.3), (-0.2, -0.25)


def _small(photo):
    return np.ascontiguousarray(photo[::3, ::3], np.float32) / 255


@pytest.fixture(scope="module")
def astronaut():
    return _small(data.astronaut())


def _tinted(photo, log):
    return color.encode(color.decode(photo) * of_ratios(np.array(log))).clip(0, 1)


def _balanced(photo, **settings):
    proxy = Photo(photo.copy()).proxy()
    return white_balance(proxy, **settings).tile(proxy.view)


@pytest.mark.parametrize("log", [WARM, COLD, GREEN])
def test_the_vote_takes_a_cast_away(astronaut, log):
    tinted = _tinted(astronaut, log)
    before = color.delta_e(tinted, astronaut).mean()
    after = color.delta_e(_balanced(tinted), astronaut).mean()
    assert after < 0.8 * before  # the vote is careful: a red curtain is no red light


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket"])
def test_the_vote_hardly_touches_a_photo_without_a_cast(name):
    photo = _small(getattr(data, name)())
    assert color.delta_e(_balanced(photo), photo).mean() < 3  # 3: seen only side by side


def _mosaic(colours):
    """40 x 40 photo of squares of these sRGB colours, in random order."""
    rng = np.random.default_rng(3)
    squares = np.array(colours, np.float32)[rng.permutation(np.arange(100) % len(colours))]
    return np.kron(squares.reshape(10, 10, 3), np.ones((4, 4, 1), np.float32))


# For each estimator a scene in which its assumption holds.
PRIMARIES = [(0.6, 0.2, 0.2), (0.2, 0.6, 0.2), (0.2, 0.2, 0.6), (0.4, 0.4, 0.4)]
WHITE_ON_BLUE = [(0.2, 0.3, 0.6), (0.2, 0.25, 0.5), (0.15, 0.3, 0.55), (0.85, 0.85, 0.85)]
GREY_AMONG_RED = [(0.5, 0.5, 0.5)] * 3 + [(0.3, 0.3, 0.3)] * 2 + [(0.7, 0.1, 0.1)]
SCENES = {
    "grey-world": PRIMARIES,
    "shades-of-grey": PRIMARIES,
    "grey-edge": PRIMARIES,
    "white-patch": WHITE_ON_BLUE,
    "near-grey": GREY_AMONG_RED,
}


@pytest.mark.parametrize("method", ESTIMATORS)
def test_each_estimator_finds_the_light_of_a_scene_it_is_meant_for(method):
    scene = _mosaic(SCENES[method])
    tinted = _tinted(scene, (0.15, -0.2))
    before = color.delta_e(tinted, scene).mean()
    after = color.delta_e(_balanced(tinted, method=method), scene).mean()
    assert after < 0.4 * before  # not 0: the tint is a gain of R, G, B, Bradford one of the cones


def test_a_picked_grey_becomes_exactly_grey(astronaut):
    photo = astronaut.copy()
    photo[40:60, 20:50] = 0.5
    balanced = _balanced(_tinted(photo, WARM), method="pick", x=20, y=29, radius=3)
    lab = color.to_lab(balanced[50, 35])
    assert np.hypot(lab[1], lab[2]) < 0.1
    assert abs(lab[0] - color.to_lab(_tinted(photo, WARM)[50, 35])[0]) < 0.1  # lightness kept


@pytest.mark.parametrize("log", [WARM, COLD, GREEN])
def test_what_has_filled_a_channel_does_not_take_the_opposite_colour(astronaut, log):
    bright = color.encode(color.decode(astronaut) * 1.5)
    tinted = _tinted(bright, log)
    tinted[:8, :8] = color.encode(0.2 * of_ratios(np.array(log)))  # a grey card
    result = _balanced(tinted, method="pick", x=2, y=2, radius=1).clip(0, 1)
    full = (tinted > 0.995).any(-1) & (bright > 0.98).all(-1)  # white, if overexposed
    off = color.to_lab(result[full])[:, 1:]
    assert np.hypot(*off.T).mean() < 1  # 4 to 16 if they are taken for what they show


def test_no_amount_changes_nothing(astronaut):
    np.testing.assert_array_equal(_balanced(astronaut, amount=0), astronaut)


def test_half_the_amount_takes_about_half_of_the_cast(astronaut):
    tinted = _tinted(astronaut, WARM)
    moved = [np.abs(_balanced(tinted, amount=a) - tinted).mean() for a in (0.5, 1)]
    assert moved[0] / moved[1] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("log", "name"), [((0.3, -0.4), "orange"), (COLD, "blue"), ((-0.3, -0.3), "green")]
)
def test_a_cast_is_named(log, name):
    scene = _mosaic(PRIMARIES + WHITE_ON_BLUE[-1:] + GREY_AMONG_RED)
    assert cast(_tinted(scene, log)).name == name


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (30, 20)])
@pytest.mark.parametrize("method", ["auto", "pick", *ESTIMATORS])
def test_grey_photos_stay_as_they_are(value, size, method):
    photo = np.full((*size, 3), value, np.float32)
    np.testing.assert_allclose(_balanced(photo, method=method), photo, atol=2e-4)


def test_floats_far_beyond_white_have_a_cast_too(astronaut):
    result = cast(astronaut * np.float32(1000))  # the most that files may hold
    assert np.isfinite([result.confidence, *result.light]).all()
