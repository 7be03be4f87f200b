"""Faded dyes come back: contrast, greys and colours."""

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

from restore import color
from restore.analysis.fading import mount
from restore.image.marks import Mark
from restore.image.photo import Photo, Window
from restore.simulate import STRONG
from restore.simulate import fade as simulated
from restore.steps.fade import fade, follow

NAMES = ("astronaut", "coffee", "rocket", "chelsea")


def _good(name):
    """A sample photo at half its size."""
    return np.ascontiguousarray(getattr(data, name)()[::2, ::2], np.float32) / 255


def _faded(photo, loss=(0.5, 0.08, 0.2), stain=(0.0, 0.01, 0.05)):
    """A photo whose three dyes lost these shares of their density, on stained paper."""
    density = color.to_density(photo) * (1 - np.array(loss)) + np.array(stain)
    return color.from_density(density).astype(np.float32)


@pytest.fixture(scope="module")
def coffee():
    return np.ascontiguousarray(data.coffee()[::3, ::3], np.float32) / 255


def _mounted(photo, kept=0.7, width=0.075):
    """The same, but a mount of this width (a share of the sides) has kept off most of it."""
    aside = [
        np.minimum(np.arange(size) + 0.5, size - 0.5 - np.arange(size)) / size
        for size in photo.shape[:2]
    ]
    edge = 1 / (1 + np.exp((np.minimum(aside[0][:, None], aside[1]) - width) / 0.01))
    loss = np.array([0.45, 0.15, 0.25]) * (1 - kept * edge)[..., None]
    return _faded(photo, loss, 0), edge > 0.5


def _restored(faded, **settings):
    proxy = Photo(faded).proxy()
    return fade(proxy, **settings).tile(proxy.view)


@pytest.mark.parametrize("loss", [(0.5, 0.08, 0.2), (0.2, 0.5, 0.3), (0.45, 0.42, 0.48)])
def test_is_much_nearer_to_the_photo_before_it_faded(loss):
    before, after = [], []
    for name in NAMES:
        photo = _good(name)
        faded = _faded(photo, loss)
        before.append(color.delta_e(faded, photo).mean())
        after.append(color.delta_e(_restored(faded).clip(0, 1), photo).mean())
    assert np.mean(after) < 0.8 * np.mean(before)
    assert (np.array(after) < before).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_photo_that_is_not_faded_hardly_changes(name):
    photo = _good(name)
    assert color.delta_e(_restored(photo), photo).mean() < 2.5  # a JPEG of it changes it by 2


@pytest.mark.parametrize("kind", [kind for kind in STRONG if kind != "dark slide"])
def test_a_strong_cast_comes_out_better_than_stretched_channels(kind):
    photo = np.ascontiguousarray(data.astronaut()[::3, ::3], np.float32) / 255
    scan = simulated(photo, kind, seed=1).srgb / np.float32(255)
    low, high = np.percentile(scan, [0.1, 99.9], axis=(0, 1))
    stretched = ((scan - low) / (high - low)).clip(0, 1)
    after, plain = (color.delta_e(p, photo).mean() for p in (_restored(scan).clip(0, 1), stretched))
    assert after < 0.9 * plain


def test_a_network_moves_a_doubtful_cast_towards_the_truth():
    alone, judged = [], []
    kinds = {"astronaut": "purple slide", "chelsea": "red film", "coffee": "red print"}
    for name, kind in kinds.items():
        photo = _good(name)
        proxy = Photo(simulated(photo, kind, seed=1).srgb).proxy()
        for results, network in ((alone, False), (judged, True)):
            effect = fade(proxy, network=network)
            results.append(color.delta_e(effect.tile(proxy.view).clip(0, 1), photo).mean())
    assert np.mean(judged) < 0.96 * np.mean(alone)


def test_no_network_is_asked_where_there_is_no_doubt_or_a_grey_is_known():
    photo = _good("astronaut")
    sound, strong = Photo(photo).proxy(), simulated(photo, "purple slide", seed=1).srgb
    marked = replace(Photo(strong).proxy(), marks=(Mark.of("grey", points=[[95, 5]]),))
    for proxy in (sound, marked):
        assert fade(proxy, network=True) == fade(proxy)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_pure_white_stays_pure_white(coffee, value):
    faded = _faded(coffee, (0.5 * value, 0.2 * value, 0.3 * value), stain=0)
    faded[:8, :8] = 1
    assert _restored(faded)[:8, :8].min() > 0.999


@pytest.mark.parametrize(("loss", "dye"), [((0.5, 0.1, 0.2), "cyan"), ((0.2, 0.5, 0.2), "magenta")])
def test_says_which_dye_has_lost_most(coffee, loss, dye):
    findings = fade(Photo(_faded(coffee, loss)).proxy()).findings
    assert findings.number("faded")
    losses = findings.values["loss"].value
    assert max(losses, key=losses.get) == dye
    assert findings.summary.startswith(f"dyes restored: {dye} ")


def test_a_photo_that_has_surely_not_faded_is_untouched():
    photo = _good("chelsea")
    np.testing.assert_array_equal(_restored(photo), photo)
    summary = fade(Photo(photo).proxy()).findings.summary
    assert summary == "nothing seemed faded; left as it was"


def test_says_nothing_about_a_good_photo(coffee):
    findings = fade(Photo(coffee.copy()).proxy()).findings
    assert not findings.number("faded")
    assert findings.summary.startswith("nothing seemed faded; ")


@pytest.mark.parametrize("border", [(1, 1, 1), (0.95, 0.92, 0.8), (0.02, 0.02, 0.02)])
def test_a_border_does_not_change_what_is_found(coffee, border):
    faded = _faded(coffee)
    framed = np.empty((faded.shape[0] + 30, faded.shape[1] + 30, 3), np.float32)
    framed[:] = border
    framed[15:-15, 15:-15] = faded
    alone, within = (fade(Photo(photo).proxy()) for photo in (faded, framed))
    np.testing.assert_allclose(within.matrix, alone.matrix, atol=0.06)
    np.testing.assert_allclose(within.shift, alone.shift, atol=0.04)


@pytest.mark.parametrize("tilt", [0, 1])
def test_a_black_strip_on_one_side_does_not_hide_the_fading(coffee, tilt):
    faded = _faded(coffee)
    rows, columns = np.ogrid[: faded.shape[0], : faded.shape[1]]
    scan = faded.copy()
    scan[columns < 8 + tilt * rows / 20] = 0.02  # the rebate of a slide
    whole, cut = (fade(Photo(picture).proxy()) for picture in (faded, scan))
    assert cut.findings.number("certainty") == pytest.approx(
        whole.findings.number("certainty"), abs=0.05
    )  # 0.04 if it is seen
    assert cut.matrix == pytest.approx(whole.matrix, abs=0.12)


def test_round_corners_of_a_slide_mount_do_not_hide_the_fading(coffee):
    faded = _faded(coffee)
    rows, columns = (np.arange(size) + 0.5 - size / 2 for size in faded.shape[:2])
    beyond = [np.abs(axis) - axis[-1] + 20 for axis in (rows[:, None], columns)]
    mounted = np.hypot(*(part.clip(0) for part in beyond)) > 15
    scan = np.where(mounted[..., None], np.float32(0.02), faded)
    whole, cut = (fade(Photo(picture).proxy()) for picture in (faded, scan))
    assert cut.findings.number("certainty") == pytest.approx(
        whole.findings.number("certainty"), abs=0.05
    )


def test_a_large_photo_and_a_small_one_are_treated_alike():
    photo = np.asarray(data.astronaut(), np.float32) / 255
    large = _faded(photo)
    small = _faded(photo.reshape(256, 2, 256, 2, 3).mean((1, 3)))
    one, other = (fade(Photo(np.ascontiguousarray(p)).proxy()) for p in (large, small))
    np.testing.assert_allclose(one.matrix, other.matrix, atol=0.06)


@pytest.mark.parametrize("network", [False, True])
def test_a_black_and_white_photo_stays_neutral(network):
    photo = np.repeat(data.camera()[::2, ::2, None], 3, 2).astype(np.float32) / 255
    restored = _restored(0.2 + 0.5 * photo, network=network)
    assert np.ptp(restored, axis=2).max() < 1e-5


def test_noise_below_the_darkest_density_is_not_brought_up(coffee):
    photo = _faded(coffee)
    noise = np.random.default_rng(0).uniform(0, 0.0129, (8, 8, 3))  # linear light < 1e-3
    photo[:8, :8] = noise
    assert (_restored(photo)[:8, :8] < 1.1 * noise + 1e-5).all()  # a tenth: the stain's


def test_white_stays_white(coffee):
    faded = _faded(coffee, (0.5, 0.08, 0.2), stain=0)
    faded[:8, :8] = 1
    _, a, b = color.to_lab(_restored(faded)[:8, :8].reshape(-1, 3)).T
    assert np.hypot(a, b).max() < 1  # 9 if full channels are taken for what they show


def test_black_stays_black_and_the_deepest_shadows_apart(coffee):
    photo = coffee.copy()
    photo[0, :64] = np.linspace(0, 0.0129, 64)[:, None]  # 845 of 16 bits' codes
    result = _restored(photo)[0, :64]
    assert (result[0] == 0).all()
    assert np.diff(result, axis=0).min() > 1e-4  # 2e-4 as it was


@pytest.mark.parametrize("tone", [(250, 250, 250), (245, 238, 216), (128, 128, 128)])
def test_an_empty_sheet_stays_as_it_is(tone):
    sheet = np.random.default_rng(0).normal(tone, 1, (300, 400, 3)).astype(np.float32) / 255
    assert np.abs(_restored(sheet) - sheet).max() < 1e-3


def test_no_amount_changes_nothing(coffee):
    np.testing.assert_array_equal(_restored(coffee, amount=0), coffee)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (30, 20)])
def test_flat_photos_stay_finite(value, size):
    assert np.isfinite(_restored(np.full((*size, 3), value, np.float32))).all()


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_an_edge_that_a_mount_kept_from_fading_is_not_corrected_too_much(name, monkeypatch):
    photo = np.ascontiguousarray(getattr(data, name)()[::2, ::2], np.float32) / 255
    faded, edge = _mounted(photo)
    error = color.delta_e(_restored(faded), photo)
    assert fade(Photo(faded).proxy()).findings.number("edges") < 0.6
    monkeypatch.setattr(mount, "exposure", lambda *args: None)
    alike = color.delta_e(_restored(faded), photo)
    assert error[edge].mean() < 0.9 * alike[edge].mean()
    assert error[~edge].mean() < alike[~edge].mean() + 1


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket", "chelsea"])
@pytest.mark.parametrize("loss", [(0, 0, 0), (0.5, 0.08, 0.2), (0.45, 0.42, 0.48)])
def test_sees_no_edge_where_there_is_none(name, loss):
    photo = np.ascontiguousarray(getattr(data, name)()[::2, ::2], np.float32) / 255
    assert "edges" not in fade(Photo(_faded(photo, loss)).proxy()).findings.values


def test_tiles_of_a_photo_with_an_edge_fit_together(coffee):
    photo = Photo(_mounted(coffee)[0])
    render = fade(photo.proxy())
    assert "edges" in render.findings.values
    whole = render.tile(photo.tile(Window.whole(*photo.size)))
    window = Window(17, 40, 31, 77, photo.size)
    part = render.tile(photo.tile(window))
    np.testing.assert_allclose(part, whole[17:48, 40:117], atol=1e-5)


def test_an_edge_is_seen_within_a_border(monkeypatch):
    photo = np.ascontiguousarray(data.chelsea()[::2, ::2], np.float32) / 255
    faded, edge = _mounted(photo)
    framed = np.pad(faded, ((15, 15), (20, 20), (0, 0)), constant_values=1)
    restored = _restored(framed)[15:-15, 20:-20]
    monkeypatch.setattr(mount, "exposure", lambda *args: None)
    alike = _restored(framed)[15:-15, 20:-20]
    error, plain = (color.delta_e(picture, photo)[edge].mean() for picture in (restored, alike))
    assert error < 0.9 * plain


def test_an_edge_leaves_a_black_and_white_photo_neutral():
    photo = np.repeat(data.camera()[::2, ::2, None], 3, 2).astype(np.float32) / 255
    density = color.to_density(_mounted(photo)[0]).mean(-1, keepdims=True)
    assert np.ptp(_restored(color.from_density(density.repeat(3, -1))), axis=2).max() < 1e-5


def _greys(photo, count):
    """Marks on places of a sound photo that are neutral and even, from dark to light."""
    soft = cv2.blur(photo, (9, 9))
    lab = color.to_lab(soft)
    even = cv2.blur(np.abs(photo - soft).max(-1), (9, 9)) < 0.04
    neutral = (np.hypot(lab[..., 1], lab[..., 2]) < 3) & even & (lab[..., 0] < 95)
    places = np.argwhere(neutral)
    places = places[np.argsort(lab[neutral][:, 0], kind="stable")]
    chosen = places[(np.linspace(0.2, 0.8, count) * len(places)).astype(int)]
    at = ((chosen + 0.5) / neutral.shape * 100)[:, ::-1]
    return (Mark.of("grey", points=at.tolist()),)


def _with(photo, marks):
    return replace(Photo(photo), marks=marks).proxy()


def test_places_known_to_be_grey_bring_a_faded_photo_nearer_to_what_it_was():
    errors = []
    for number, (name, kind) in enumerate(itertools.product(("astronaut", "rocket"), STRONG)):
        photo = _good(name)
        scan = simulated(photo, kind, seed=number).srgb / np.float32(255)
        for count in (0, 1, 4):
            proxy = _with(scan, _greys(photo, count) if count else ())
            restored = fade(proxy).tile(proxy.view).clip(0, 1)
            errors.append(color.delta_e(restored, photo).mean())
    none, one, four = np.reshape(errors, (-1, 3)).mean(0)
    assert one < 0.97 * none
    assert four < 0.93 * none


def test_a_place_known_to_be_grey_comes_out_nearer_to_neutral(coffee):
    photo = coffee.copy()
    photo[20:60, 20:60] = 0.5
    faded = _faded(photo, (0.55, 0.3, 0.1))
    proxies = [_with(faded, marks) for marks in ((), (_patch(20, 60, photo),))]
    before, after = (
        np.hypot(*color.to_lab(fade(proxy).tile(proxy.view)[30:50, 30:50]).mean((0, 1))[1:])
        for proxy in proxies
    )
    assert after < 0.5 * before
    findings = fade(proxies[1]).findings
    assert findings.summary.endswith("; 1 grey place followed")
    assert findings.number("marks followed") == 1


def _patch(first, last, photo):
    ends = [
        [100 * column / photo.shape[1], 100 * row / photo.shape[0]]
        for row, column in ((first, first), (first, last), (last, last), (last, first))
    ]
    return Mark.of("grey", region=ends)


def test_a_photo_that_seems_sound_is_treated_where_a_person_marks_grey():
    photo = _good("chelsea")
    photo[20:60, 20:60] = 0.5
    cast = _faded(photo, (0.12, 0, 0))
    assert (_restored(cast) == cast).all()  # passes as sound
    proxy = _with(cast, (_patch(20, 60, photo),))
    restored = fade(proxy).tile(proxy.view)
    assert color.delta_e(restored, photo).mean() < 0.9 * color.delta_e(cast, photo).mean()


def test_a_grey_that_is_burnt_out_is_not_followed_and_that_is_said(coffee):
    faded = _faded(coffee)
    faded[:20, :20] = 1
    without, clipped = (
        fade(_with(faded, marks)) for marks in ((), (Mark.of("grey", points=[[2, 2]]),))
    )
    assert (clipped.matrix == without.matrix).all()
    assert "burnt out" in clipped.findings.warnings[0]


def test_a_grey_corrects_the_numbers_of_a_series(coffee):
    series = fade(Photo(_faded(coffee)).proxy())
    green = _faded(coffee, (0.5, 0.3, 0.2))
    green[20:60, 20:60] = _faded(np.full((40, 40, 3), 0.5, np.float32), (0.5, 0.3, 0.2))
    proxy = _with(green, (_patch(20, 60, green),))
    plain, marked = follow(_with(green, ()), series), follow(proxy, series)
    assert plain is series
    before, after = (
        np.ptp(effect.tile(proxy.view)[30:50, 30:50].mean((0, 1))) for effect in (plain, marked)
    )
    assert after < 0.5 * before
