"""Colorize keeps the lightness, follows the edges, and gets nearer to the truth than grey."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from restore import color, colorizers
from restore.analysis.chroma import _limits, _within, guide, settle
from restore.colorizers import _distribution, _input, compact
from restore.errors import RecipeError, WeightsError
from restore.image.field import Field
from restore.image.photo import Photo, Window
from restore.recipe import Recipe
from restore.steps.colorize import colorize


def colours(name: str) -> color.Array:
    """A photo in colour, 0 … 1."""
    return getattr(data, name)()[..., :3] / np.float32(255)


def greyed(name: str) -> Photo:
    """The same photo in black and white, float samples."""
    grey = color.grey(color.lightness(colours(name)))
    return Photo(np.repeat(grey[..., None], 3, -1))


@pytest.fixture(scope="module")
def astronaut() -> Photo:
    return greyed("astronaut")


def lab(pixels: color.Array) -> color.Array:
    return color.to_lab(pixels)


def chroma_of(pixels: color.Array) -> float:
    return float(np.hypot(*np.moveaxis(lab(pixels)[..., 1:], -1, 0)).mean())


@pytest.mark.parametrize("saturation", [100, 200])
def test_keeps_the_lightness(astronaut: Photo, saturation: float) -> None:
    view = astronaut.proxy().view
    result = colorize(astronaut.proxy(), saturation=saturation).tile(view)
    assert result.min() >= 0
    assert result.max() <= 1
    # 0.5 L* is half of what an eye sees; the table of the gamut is good to 0.1
    assert np.abs(lab(result)[..., 0] - color.lightness(view.pixels)).max() < 0.2


def test_colours_out_of_gamut_keep_lightness_and_hue_and_lose_no_more_chroma_than_needed() -> None:
    rng = np.random.default_rng(0)
    wanted = rng.uniform((0, -110, -110), (100, 110, 110), (20_000, 3)).astype(np.float32)
    result = lab(color.into_gamut(wanted))
    assert np.abs(result[:, 0] - wanted[:, 0]).max() < 0.2
    size = np.hypot(result[:, 1], result[:, 2])
    across = result[:, 1] * wanted[:, 2] - result[:, 2] * wanted[:, 1]
    # Lab units across the wanted hue; blues and yellows at the edge are the worst
    assert np.quantile(np.abs(across) / np.hypot(wanted[:, 1], wanted[:, 2]), 0.999) < 0.3
    wider = wanted.copy()
    wider[:, 1:] *= 1.05 * (size / np.hypot(wanted[:, 1], wanted[:, 2]))[:, None]
    cut = size < 0.98 * np.hypot(wanted[:, 1], wanted[:, 2])
    linear = color.lab_to_linear(wider[cut])
    assert ((linear < 0) | (linear > 1)).any(-1).mean() > 0.99  # 5% more would be outside


def test_colours_that_were_there_are_replaced_when_asked_and_amount_blends() -> None:
    photo = Photo(colours("astronaut"))
    view = photo.proxy().view
    full = colorize(photo.proxy(), keep=False).tile(view)
    assert np.abs(lab(full)[..., 0] - color.lightness(view.pixels)).max() < 0.2
    half = colorize(photo.proxy(), keep=False, amount=0.5).tile(view)
    np.testing.assert_allclose(half, (full + view.pixels) / 2, atol=1e-5)


def toned(name: str, strength: float = 25) -> Photo:
    """A sepia print of the photo, yellowed towards its right side."""
    light = color.lightness(colours(name))
    tint = strength * 4 * (light / 100) * (1 - light / 100)
    stain = np.linspace(0, 12, light.shape[1], dtype=np.float32)[None] + np.zeros_like(light)
    pixels = color.from_lab(np.dstack([light, tint * 0.4, tint + stain]).astype(np.float32))
    return Photo(pixels.clip(0, 1))


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
def test_a_photo_with_colours_of_its_own_is_left_alone_and_a_toned_one_is_coloured(
    name: str,
) -> None:
    photo = Photo(colours(name))
    kept = colorize(photo.proxy())
    assert "kept" in kept.findings.summary
    np.testing.assert_array_equal(kept.tile(photo.proxy().view), photo.proxy().view.pixels)
    print_ = toned(name)
    assert "kept" not in colorize(print_.proxy()).findings.summary
    of_print, of_grey = (colorize(p.proxy()).tile(p.proxy().view) for p in (print_, greyed(name)))
    assert np.abs(lab(of_print) - lab(of_grey))[..., 1:].mean() < 2  # nothing of the tint is left


def test_a_hand_coloured_photo_keeps_its_colours() -> None:
    truth = lab(colours("astronaut"))
    truth[..., 1:] *= 0.6
    truth[:, 300:, 1:] = 0  # half of it left grey
    photo = Photo(color.from_lab(truth).clip(0, 1))
    assert "kept" in colorize(photo.proxy()).findings.summary


def test_one_thing_gets_one_colour_and_a_face_none_of_the_sky() -> None:
    light = np.full((128, 128), 60, np.float32)
    light[:, 64:] = 20
    p = np.zeros((2, 32, 32), np.float32)
    p[0, :, :16], p[1, :, 16:] = 1, 1  # two things that the network tells apart
    ab = np.zeros((32, 32, 2), np.float32)
    ab[:16, :16, 0], ab[16:, :16, 0] = 40, 10  # the left one is half red
    ab[:, 16:, 1] = -30
    variance = np.full((32, 32), 100, np.float32)
    even = settle(ab, p, variance, light, 0)
    left, right = even[:, :16], even[:, 16:]
    assert np.abs(np.diff(left[..., 0], axis=0)).max() < 30 / 4  # no edge, where it was 30
    assert np.ptp(left[8:-8, :, 0]) < 0.9 * 30
    assert left[..., 0].mean() == pytest.approx(25, abs=0.1)
    assert np.abs(left[..., 1]).max() < 0.1
    assert np.abs(right[..., 0]).max() < 0.1


def test_caution_mutes_where_the_network_is_unsure_and_nowhere_else() -> None:
    light = np.full((64, 64), 50, np.float32)
    p = np.full((1, 16, 16), 1, np.float32)
    ab = np.full((16, 16, 2), 15, np.float32)
    sure, unsure = (settle(ab, p, np.full((16, 16), v, np.float32), light, 0.5) for v in (1, 900))
    assert sure.min() > 14.9
    assert unsure.max() == pytest.approx(15 / 2)


def test_annealing_makes_no_unsure_colour_vivid() -> None:
    ab, flat = np.full((8, 8, 2), 30, np.float32), np.full((64, 64), 50, np.float32)
    p = np.full((313, 8, 8), 1 / 313, np.float32)
    kept = {}
    for variance in (100, 450):
        spread = np.full((8, 8), variance, np.float32)
        for annealed in (0, 1):
            kept[variance, annealed] = settle(ab, p, spread, flat, 0.2, annealed).mean() / 30
    assert kept[450, 0] > 0.94
    assert kept[450, 1] < 0.75
    assert kept[100, 1] > 0.94  # a colour of which the network is sure


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_is_nearer_to_the_truth_than_grey(name: str) -> None:
    photo, truth = greyed(name), lab(colours(name))[..., 1:]
    result = lab(colorize(photo.proxy()).tile(photo.proxy().view))[..., 1:]
    assert np.sqrt(((result - truth) ** 2).mean()) < 0.9 * np.sqrt((truth**2).mean())


def test_night_sky_is_blue_and_skin_is_skin() -> None:
    rocket, woman = greyed("rocket"), greyed("astronaut")
    sky = lab(colorize(rocket.proxy()).tile(rocket.proxy().view))[100:160, 200:260, 1:]
    face = lab(colorize(woman.proxy()).tile(woman.proxy().view))[120:150, 205:240, 1:]
    assert sky[..., 1].max() < -15
    assert (np.median(face, (0, 1)) > 8).all()
    assert (np.median(face, (0, 1)) < 30).all()


def test_vividness_and_saturation_add_chroma_and_a_low_temperature_patches(
    astronaut: Photo,
) -> None:
    proxy = astronaut.proxy()

    def chroma(**settings: float) -> float:
        return chroma_of(colorize(proxy, **settings).tile(proxy.view))

    def patches(temperature: float) -> float:
        cells = compact.chroma(proxy.view.lightness, temperature=temperature, vividness=0.5).ab
        return float(np.abs(np.diff(cells, axis=0)).mean())

    assert chroma(vividness=0.0) < chroma() < chroma(vividness=1.0)
    assert patches(0.0) > 1.1 * patches(0.6)
    assert patches(0.6) > 1.1 * patches(1.0)
    assert chroma(saturation=0.0) < 0.1
    assert chroma(saturation=50.0) == pytest.approx(chroma() / 2, rel=0.1)  # the gamut cuts some


def test_says_what_it_did_for_the_steps_after_it(astronaut: Photo) -> None:
    effect = colorize(astronaut.proxy())
    assert effect.network.name == "compact" or colorizers.names()[0] != "compact"
    assert len(effect.network.sha256) == 64
    assert 0 < effect.findings.number("entropy") < np.log2(313)
    ab, covariance = effect.guess.ab.values, effect.guess.covariance.values
    assert ab.shape == (96, 96, 2)
    assert covariance.shape == (96, 96, 3)
    assert (covariance[..., ::2] >= 0).all()
    confidence = effect.findings.maps["confidence"].values
    assert 0 <= confidence.min() <= confidence.max() <= 1


def test_how_far_off_colours_may_be_does_not_depend_on_how_they_are_chosen(
    astronaut: Photo,
) -> None:
    proxy = astronaut.proxy()
    usual = colorize(proxy, model="compact").guess.covariance.values
    vivid = colorize(proxy, model="compact", temperature=0.1, vividness=1.0).guess
    assert vivid.covariance.values == pytest.approx(usual, rel=1e-3, abs=0.1)


def test_the_compact_network_is_the_one_its_card_describes() -> None:
    data = compact.WEIGHTS.read_bytes()
    assert len(data) == compact.BYTES
    sha256 = "a17c7b853adb4294b9fd043da1376adb224b7c9d81dcfe9929c5cadac2e94b16"
    assert hashlib.sha256(data).hexdigest() == compact.sha256() == sha256
    evidence = "a019ce83e84316346933eb3491509c8e5fd99e0cf6203a7dba604f766ae7200b"
    assert hashlib.sha256(compact.EVIDENCE.read_bytes()).hexdigest() == evidence


def test_colorizers_are_found_by_file_name() -> None:
    assert "compact" in colorizers.names()
    assert colorizers.get("compact") is compact
    assert colorizers.get().installed()
    with pytest.raises(WeightsError, match=r'recipe: there is no colorizer "compcat"; did you'):
        colorizers.get("compcat", "recipe")


def test_an_unknown_network_is_reported_before_any_photo() -> None:
    with pytest.raises(RecipeError, match='model = "compat" is not known; did you mean "compact"'):
        Recipe.parse('[[steps]]\nuse = "colorize"\nmodel = "compat"', "x.toml")


def test_a_side_that_is_no_multiple_of_32_is_reported_before_any_photo() -> None:
    with pytest.raises(RecipeError, match="side = 250 is not a multiple of 32"):
        Recipe.parse('[[steps]]\nuse = "colorize"\nside = 250', "x.toml")


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.sampled_from([64, 192, 256]),
    st.sampled_from([8, 32]),
)
def test_cells_lie_exactly_on_the_photo(height: int, width: int, side: int, multiple: int) -> None:
    ramp = np.linspace(0, 100, height, dtype=np.float32)[:, None] + np.zeros(width, np.float32)
    values, (rows, columns) = _input.fit(ramp, side, multiple)
    assert values.shape[2] % multiple == values.shape[3] % multiple == 0
    assert min(values.shape[2:]) >= _input.LEAST
    assert values.size <= (_input.LONGEST * side + 64) * (side + 64)
    cells = cv2.resize(values[0, 0], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    inner = cells[rows, columns]
    assert inner.size
    if min(height, width) >= 32:  # below, a cell is a fraction of a pixel
        expected = cv2.resize(ramp, inner.shape[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(inner - expected).max() < 1 + 100 / height  # half a pixel of the ramp


def edges(ab: color.Array) -> np.ndarray:
    """Where chroma changes most: the top 8% of its gradient, one pixel wider."""
    slope = sum(cv2.Sobel(ab, cv2.CV_32F, *d) ** 2 for d in ((1, 0), (0, 1))).sum(-1)
    strong = (slope >= np.quantile(slope, 0.92)).astype(np.uint8)
    return cv2.dilate(strong, np.ones((3, 3), np.uint8)) > 0


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_true_chroma_of_56_cells_comes_back_sharper_than_stretched(name: str) -> None:
    truth = lab(colours(name))
    light, ab = np.ascontiguousarray(truth[..., 0]), np.ascontiguousarray(truth[..., 1:])
    cells = cv2.resize(ab, (56, 56), interpolation=cv2.INTER_AREA)
    ours = guide(cells, light).at(light, Window.whole(*light.shape))
    stretched = cv2.resize(cells, ab.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    near = edges(ab)
    gain = 10 * np.log10(((stretched - ab)[near] ** 2).mean() / ((ours - ab)[near] ** 2).mean())
    assert gain > 0.7  # dB; over 60 photos it is 1.2
    again = cv2.resize(ours, (56, 56), interpolation=cv2.INTER_AREA)
    assert np.abs(again - cells).mean() < 0.25  # Lab units: each cell's mean is kept


def test_an_edge_of_light_is_an_edge_of_colour() -> None:
    light = np.full((320, 320), 80, np.float32)
    light[:, 163:] = 30  # within a cell
    cells = np.zeros((64, 64, 2), np.float32)
    cells[:, :32], cells[:, 32], cells[:, 33:] = 40, 24, 0
    ab = guide(cells, light).at(light, Window.whole(320, 320))[160, :, 0]
    assert ab[162] - ab[163] > 30  # of 40, from one pixel to the next; stretched it is 5
    assert -4 < ab.min() < ab.max() < 44  # no halo


def test_no_lightness_there_is_turns_a_colour_to_its_complement() -> None:
    ab = np.full((5, 5, 2), 40, np.float32)
    ab[2, 2] = 30
    slope = np.full_like(ab, -100)  # of L*/100
    light, dark = (np.full((5, 5, 1), end, np.float32) for end in (0.6, -0.6))
    limits = _limits(ab)
    factor = _within(slope, ab, *limits, light)
    reached = ab + factor * slope * light
    assert reached.min() == pytest.approx(-1)  # grey, and 1, however unlike the cells are
    assert factor[0] == pytest.approx(41 / 60, abs=1e-3)  # alike all round: grey, and 1
    more = ab + _within(slope, ab, *limits, light, dark) * slope * dark
    assert more[0] == pytest.approx(41, abs=1e-3)
    assert (_within(slope * 0, ab, *limits, light, dark) == 1).all()


def test_a_small_spot_of_colour_has_no_ring_of_its_complement() -> None:
    even = np.full((264, 264), 60, np.float32)
    cells = np.zeros((11, 11, 2), np.float32)
    cells[5, 5] = 40
    ab = guide(cells, even).at(even, Window.whole(264, 264))
    assert -1.1 < ab.min() < ab.max() < 41.1
    assert ab.max() > 35


def test_a_flat_photo_gets_smooth_colours() -> None:
    flat = np.full((200, 300), 50, np.float32)
    cells = np.zeros((16, 24, 2), np.float32)
    cells[..., 0] = np.linspace(-20, 20, 24)
    ab = guide(cells, flat).at(flat, Window.whole(200, 300))
    steps = np.diff(ab[100, :, 0])
    assert steps.min() >= 0
    assert steps.max() < 2 * 40 / 300


def test_where_it_is_unsure_it_is_more_often_wrong() -> None:
    """Over 60 photos the surest fifth of the cells is 7 Lab units off, the least sure 24."""
    errors, bits = [], []
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        truth = lab(colours(name))
        chroma = compact.chroma(truth[..., 0])
        cells = cv2.resize(truth, chroma.ab.shape[1::-1], interpolation=cv2.INTER_AREA)[..., 1:]
        errors.append(np.hypot(*np.moveaxis(chroma.ab - cells, -1, 0)).ravel())
        bits.append(_distribution.entropy(_distribution.probabilities(chroma.logits)).ravel())
    error, unsure = np.concatenate(errors), np.concatenate(bits)
    low, high = np.quantile(unsure, (0.2, 0.8))
    assert error[unsure > high].mean() > 1.5 * error[unsure < low].mean()


def test_a_fields_cells_and_the_picture_are_aligned(astronaut: Photo) -> None:
    """The network's cells, sampled as a Field, match the rendered colours without a shift."""
    proxy = astronaut.proxy()
    render = colorize(proxy)
    result = lab(render.tile(proxy.view))[..., 1:]
    cells: Field = render.guess.ab
    back = cv2.resize(result, cells.values.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(back - cells.values).mean() < 1.5  # Lab units; the gamut takes some in the darks
