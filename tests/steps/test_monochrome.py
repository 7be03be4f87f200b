"""Black and white: the layer's and mixer's numbers, and the automatic mix under LED light."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore import color, steps
from restore.analysis import mixes
from restore.color.space import Space
from restore.errors import RecipeError
from restore.image.photo import Photo, Proxy, Tile, Window
from restore.recipe import Recipe

PRESETS = ("default", "infrared", "red-filter", "high-contrast-blue")
VECTORS = [
    ((255, 0, 0), (102, 0, 255, 0)),
    ((0, 255, 0), (102, 255, 0, 0)),
    ((0, 0, 255), (51, 0, 0, 255)),
    ((255, 255, 0), (153, 255, 255, 0)),
    ((0, 255, 255), (153, 0, 0, 255)),
    ((255, 0, 255), (204, 0, 255, 255)),
    ((128, 128, 128), (128, 128, 128, 128)),
    ((180, 100, 50), (112, 136, 201, 0)),
    ((50, 100, 180), (96, 14, 25, 245)),
    ((200, 150, 150), (170, 130, 210, 125)),
    ((12, 200, 90), (103, 117, 0, 74)),
]
"""8-bit colours and their greys under `PRESETS`, worked out from the published rule."""

BLUE = np.array([[0.0040, -0.028, -0.083], [-0.0064, 0.017, -0.064], [-0.0061, 0.201, 1.207]])
"""A blue LED (465 nm): from a surface's linear sRGB to the camera's linear sRGB, unclipped."""


def _tile(pixels: np.ndarray) -> Tile:
    pixels = np.asarray(pixels, np.float32)
    return Tile(pixels, pixels, Window.whole(*pixels.shape[:2]))


def _photo(pixels: np.ndarray, *, camera: bool = False) -> Photo:
    return Photo(np.asarray(pixels, np.float32), Space(camera))


def _run(photo: Photo, **settings: object) -> tuple[np.ndarray, dict]:
    render = steps.get("monochrome").plan(photo.proxy(), **settings)
    return render.tile(photo.tile(Window.whole(*photo.size))), render.findings


@pytest.mark.parametrize(("colour", "greys"), VECTORS)
def test_the_layer_gives_the_published_codes(colour, greys):
    pixel = np.array([[colour]], np.float32) / 255
    for preset, expected in zip(PRESETS, greys, strict=True):
        grey, _ = _run(_photo(pixel), mix=preset)
        assert np.floor(grey * 255 + 0.5).ravel().tolist() == [expected] * 3, preset


def test_the_layers_default_is_the_preset_default():
    pixels = np.random.default_rng(0).random((8, 8, 3))
    layer, preset = (_run(_photo(pixels), mix=mix)[0] for mix in ("layer", "default"))
    assert np.array_equal(layer, preset)


@settings(deadline=None)
@given(st.tuples(*[st.floats(-0.5, 1.5)] * 2), st.integers(0, 2**32 - 1))
def test_a_channel_mix_is_a_layer(weights, seed):
    row = (*weights, 1 - sum(weights))
    v = np.random.default_rng(seed).random((4, 4, 3)).astype(np.float32)
    mixed = mixes.channels(v, row)
    assert mixed == pytest.approx(mixes.layer(v, mixes.as_layer(row)), abs=2e-6)  # float32


@pytest.mark.parametrize("mix", [*mixes.LAYERS, *mixes.CHANNELS, "auto"])
def test_neutral_greys_stay_as_they_are(mix):
    greys = np.repeat(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1), 3, -1)
    result, _ = _run(_photo(greys), mix=mix)
    assert result == pytest.approx(greys, abs=2e-6)


def test_the_mixers_numbers_are_percent_of_the_encoded_values():
    pixel = np.array([[[0.2, 0.4, 0.8]]], np.float32)
    grey, _ = _run(_photo(pixel), mix="channels", red=50, green=-50, blue=100, constant=-10)
    assert grey.ravel() == pytest.approx([0.1 - 0.2 + 0.8 - 0.1] * 3, abs=1e-6)


@pytest.mark.parametrize(
    ("grey", "expected"),
    [(0.1, (35.9, 25.0, 0)), (0.5, (140.8, 126.8, 94.8)), (0.9, (242.8, 228.8, 196.8))],
)
def test_a_tint_is_the_compositing_standards(grey, expected):
    for tint in ("#E1D3B3", "sepia"):
        result, _ = _run(_photo(np.full((1, 1, 3), grey)), mix="tri-x", tint=tint)
        assert result.ravel() * 255 == pytest.approx(expected, abs=0.06)  # given to 0.1 code


def test_a_wrong_tint_is_an_error_that_says_what_is_allowed():
    text = '[[steps]]\nuse = "monochrome"\ntint = "brownish"'
    with pytest.raises(RecipeError, match=r'tint = "brownish" .* #RRGGBB, sepia'):
        Recipe.parse(text, "x.toml")


def _astronaut() -> np.ndarray:
    from skimage import data
    from skimage.transform import resize

    return resize(data.astronaut(), (192, 192), anti_aliasing=True).astype(np.float32)


def _noisy(linear: np.ndarray, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=linear.shape) * np.sqrt(linear.clip(0) / 2000)
    return color.encode((linear + noise).clip(0, 1))


def _rank_error(grey: np.ndarray, truth: np.ndarray) -> float:
    """1 - rank correlation of lightness: what no curve over the greys can put right."""
    ranks = [np.argsort(np.argsort(x.ravel())) for x in (grey[..., 0], color.lightness(truth))]
    return 1 - float(np.corrcoef(*ranks)[0, 1])


def test_auto_is_nearer_to_the_true_lightness_than_luma_under_white_and_blue_light():
    truth = _astronaut()
    linear, across = color.decode(truth), np.linspace(0, 1, 192)[None, :, None]
    lit = _noisy((linear * (1 - across) + linear @ BLUE.T * across).clip(0))
    auto, _ = _run(_photo(lit))
    luma, _ = _run(_photo(lit), mix="luminance")
    assert _rank_error(auto, truth) < 0.4 * _rank_error(luma, truth)


def test_auto_weighs_a_channel_of_noise_least_and_says_so():
    truth = _astronaut()
    lit = truth.copy()
    lit[..., 1] = 0.5 + 0.2 * np.random.default_rng(2).normal(size=truth.shape[:2])
    _, findings = _run(_photo(lit, camera=True))
    weights = findings.values["as channels"].value
    assert weights["green"] < 0.3 * min(weights["red"], weights["blue"])
    assert sum(weights.values()) == pytest.approx(100, abs=0.2)  # each rounded to 0.1
    assert "green holds little but noise" in findings.summary


def test_auto_says_what_is_clipped():
    lit = _astronaut()
    lit[:96, :, 0] = 1
    _, findings = _run(_photo(lit))
    assert findings.values["clipped"].value["red"] > 0.45
    assert "red is clipped in 5" in findings.summary


def test_pinned_weights_give_nearly_the_automatic_mix():
    photo = _photo(_astronaut())
    auto, findings = _run(photo)
    pinned, _ = _run(photo, mix="channels", **findings.values["as channels"].value)
    layer, _ = _run(photo, mix="layer", **findings.values["as layer"].value)
    assert np.abs(auto - pinned).mean() < 4 / 255  # equal to first order around the greys
    assert np.abs(layer - pinned).max() < 1 / 255  # the same mix, settings rounded to 0.1%


def test_a_large_photo_gets_the_weights_of_a_small_one():
    """Noise is that of the full photo's pixels, detail that of the view: weights keep."""
    rng = np.random.default_rng(3)
    truth = _astronaut()
    noise = np.array([0.02, 0.05, 0.1])
    small = _photo(truth + noise * rng.normal(size=truth.shape), camera=True)
    wide = np.repeat(np.repeat(truth, 8, 0), 8, 1)
    large = _photo(wide + noise * rng.normal(size=wide.shape), camera=True)
    result = [list(_run(photo)[1].values["as channels"].value.values()) for photo in (small, large)]
    assert result[0] == pytest.approx(result[1], abs=5)  # percent


def test_photos_without_detail_are_taken_too():
    for shape in ((1, 1, 3), (1, 9, 3), (9, 1, 3)):
        for value in (0.0, 0.3, 1.0):
            grey, _ = _run(_photo(np.full(shape, value)))
            assert grey == pytest.approx(np.full(shape, value), abs=1e-6)


def test_half_the_amount_is_half_the_way():
    proxy: Proxy = _photo(_astronaut()).proxy()
    plan = steps.get("monochrome").plan
    full, half = (plan(proxy, mix="tri-x", amount=a).tile(proxy.view) for a in (1, 0.5))
    assert half == pytest.approx((full + proxy.view.pixels) / 2, abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        ({"red": 60, "cyans": 10}, 'mix = "auto" does not use red, cyans'),
        ({"mix": "tri-x", "reds": 10}, 'mix = "tri-x" does not use reds'),
        ({"mix": "layer", "constant": 5}, 'mix = "layer" does not use constant'),
        ({"mix": "channels", "red": 60, "constant": 5}, None),
        ({"mix": "layer", "reds": 10}, None),
        ({}, None),
    ],
)
def test_a_setting_of_another_mix_is_reported(settings, warning):
    _, findings = _run(_photo(_astronaut()), **settings)
    assert findings.warnings == ((warning,) if warning else ())


def test_auto_leans_to_the_lit_channel_of_a_denoised_photo() -> None:
    row = 0.5 + 0.4 * np.sin(np.linspace(0, 20, 180))
    scene = np.tile(row, (120, 1))
    photo = Photo(np.dstack([scene, 0.12 * scene, 0.08 * scene]).astype(np.float32))
    shares = steps.get("monochrome").plan(photo.proxy()).findings.values["as channels"].value
    assert shares["red"] > 50
