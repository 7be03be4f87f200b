"""Hues from stage light: lamps named, colours nearer to the truth, and nothing made up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from restore import color, steps
from restore.color.space import Space
from restore.colorizers._grid import grid as colours
from restore.effect import Effect
from restore.errors import RecipeError
from restore.image.field import Field
from restore.image.guides import ColourGuess
from restore.image.photo import Photo, Proxy, Window
from restore.recipe import Recipe
from restore.simulate import light as simulate


@cache
def _photo(name: str) -> np.ndarray:
    from skimage import data
    from skimage.transform import resize

    picture = getattr(data, name)()
    height, width = picture.shape[:2]
    size = round(160 * height / max(height, width)), round(160 * width / max(height, width))
    return resize(picture, size, anti_aliasing=True).astype(np.float32)


@cache
def _lit(scene: str, name: str = "astronaut", *, other: bool = True):
    return simulate(_photo(name), scene, seed=3, exposure=0.5, other=other)


def _over_grey(samples: np.ndarray, truth: np.ndarray) -> Proxy:
    """The proxy of a photo that is now black and white, with the truth's own lightness."""
    camera = samples.dtype == np.float32
    proxy = Photo(samples.copy(), Space(camera)).proxy()
    grey = color.grey(color.lightness(truth))[..., None].repeat(3, -1)
    return replace(proxy, view=proxy.view.holding(grey))


def _plan(proxy: Proxy, **settings: object) -> Effect:
    return steps.get("hue_blend").plan(proxy, **settings)


def _chroma_error(pixels: np.ndarray, truth: np.ndarray) -> float:
    """Root of the mean squared error of a* b*."""
    off = color.to_lab(pixels)[..., 1:] - color.to_lab(truth)[..., 1:]
    return float(np.sqrt((off**2).sum(-1).mean()))


@pytest.mark.parametrize("kind", ["srgb", "camera"])
@pytest.mark.parametrize(
    ("scene", "lamps"),
    [
        ("red", {"red"}),
        ("blue", {"blue", "deep-blue"}),
        ("green", {"green"}),
        ("amber", {"amber", "red"}),
        ("magenta", {"red+blue"}),
        ("red left + blue right", {"red+blue"}),
        ("white+blue", {"white+blue", "warm-white+blue"}),
    ],
)
def test_names_the_lamps(scene, lamps, kind):
    lit = _lit(scene)
    render = _plan(_over_grey(getattr(lit, kind), lit.photo))
    assert "+".join(render.findings.names("lamps")) in lamps


@pytest.mark.parametrize("kind", ["srgb", "camera"])
@pytest.mark.parametrize("scene", ["magenta", "red left + blue right", "white+blue", "white+red"])
def test_colours_of_two_lamps_are_nearer_to_the_truth_than_grey(scene, kind):
    lit = _lit(scene)
    proxy = _over_grey(getattr(lit, kind), lit.photo)
    result = _plan(proxy).tile(proxy.view)
    grey = _chroma_error(proxy.view.pixels, lit.photo)
    assert _chroma_error(result, lit.photo) < 0.95 * grey


@pytest.mark.parametrize("scene", ["red", "blue", "green", "amber"])
def test_one_narrow_lamp_changes_nothing_and_says_so(scene):
    lit = _lit(scene)
    proxy = _over_grey(lit.srgb, lit.photo)
    render = _plan(proxy)
    assert np.array_equal(render.tile(proxy.view), proxy.view.pixels)
    assert "lamp only: no colours can be recovered" in render.findings.summary
    assert render.findings.number("mean recoverability") < 0.03


def test_under_one_lamp_the_colours_are_said_to_be_the_networks():
    lit = _lit("red")
    proxy = _over_grey(lit.srgb, lit.photo)
    field = Field(np.zeros((8, 8, 2), np.float32))
    spread = Field(np.full((8, 8, 3), 100, np.float32))
    proxy = replace(proxy, guess=ColourGuess(field, spread))
    assert _plan(proxy).findings.summary.startswith(
        "red lamp only: colours are the network's guess"
    )


def test_guess_keeps_a_share_of_the_colours_before_under_one_lamp():
    lit = _lit("red")
    proxy = _over_grey(lit.srgb, lit.photo)
    tinted = proxy.view.holding(proxy.view.pixels * np.float32([1, 0.9, 0.8]))
    proxy = replace(proxy, view=tinted)
    render = _plan(proxy, guess=0.25)
    before, after = (color.to_lab(p)[..., 1:] for p in (tinted.pixels, render.tile(tinted)))
    assert np.abs(after - 0.25 * before).max() < 0.5


@pytest.mark.parametrize("name", ["astronaut", "chelsea"])
def test_a_daylit_photo_gets_its_own_hues_back(name):
    truth = _photo(name)
    proxy = _over_grey((truth * 255).round().astype(np.uint8), truth)
    render = _plan(proxy)
    grey = _chroma_error(proxy.view.pixels, truth)
    assert render.findings.names("lamps") == ("daylight",)
    assert render.findings.summary.startswith("daylight: ")
    assert _chroma_error(render.tile(proxy.view), truth) < 0.55 * grey


def test_lightness_stays():
    lit = _lit("magenta")
    proxy = _over_grey(lit.srgb, lit.photo)
    result = _plan(proxy).tile(proxy.view)
    off = np.abs(color.lightness(result) - color.lightness(proxy.view.pixels))
    assert off.max() < 0.3  # into_gamut keeps L* to 0.1, encoding to another 0.1


def test_noise_is_not_made_into_colour():
    """A flat grey wall under two lamps, grainy: the colours found are flat."""
    rng = np.random.default_rng(0)
    wall = np.full((128, 192, 3), 0.35) * (1, 0.3, 0.8)
    noisy = (wall + 0.06 * rng.normal(size=wall.shape)).clip(0, 1)
    samples = (color.encode(noisy) * 255).round().astype(np.uint8)
    proxy = _over_grey(samples, np.full(wall.shape, 0.5, np.float32))
    result = color.to_lab(_plan(proxy, lights="red+blue").tile(proxy.view))[..., 1:]
    before = color.to_lab(samples / np.float32(255))[..., 1:]
    assert result.std((0, 1)).max() < 0.1 * before.std((0, 1)).min()


def test_the_lamps_can_be_given():
    lit = _lit("magenta")
    render = _plan(_over_grey(lit.srgb, lit.photo), lights="red+blue")
    assert render.findings.names("lamps") == ("red", "blue")
    shares = render.findings.maps["mixture"].values
    assert shares.sum(-1) == pytest.approx(np.ones(shares.shape[:2]), abs=1e-5)


def test_lamps_from_two_sides_are_found_on_their_sides():
    lit = _lit("red left + blue right")
    shares = _plan(_over_grey(lit.camera, lit.photo)).findings.maps["mixture"].values
    third = shares.shape[1] // 3
    assert shares[:, :third, 0].mean() > 0.6  # red
    assert shares[:, -third:, 1].mean() > 0.6  # blue


def test_an_unknown_lamp_is_an_error_that_says_what_is_allowed():
    with pytest.raises(RecipeError, match=r'lights = "purple" .* blue, cyan, green'):
        Recipe.parse('[[steps]]\nuse = "hue_blend"\nlights = "purple"', "x.toml")


def test_fusing_with_the_network_is_nearer_than_the_network():
    """A stand-in network: sure of a wrong tint here, of the truth there."""
    lit = _lit("magenta")
    grey = _over_grey(lit.srgb, lit.photo)
    lab = color.to_lab(lit.photo)
    lab[..., 1:] = 0.5 * lab[..., 1:] + (8, -8)
    proxy = replace(
        grey,
        view=grey.view.holding(color.into_gamut(lab)),
        guess=ColourGuess(
            Field(lab[..., 1:].copy()),
            Field(np.full((*lab.shape[:2], 3), (200, 0, 200), np.float32)),
        ),
    )
    fused, alone = _plan(proxy).tile(proxy.view), proxy.view.pixels
    over_grey = _plan(grey).tile(grey.view)
    error = _chroma_error(fused, lit.photo)
    assert error < 0.95 * _chroma_error(alone, lit.photo)
    assert error < _chroma_error(over_grey, lit.photo)


@pytest.mark.parametrize("scene", ["magenta", "white+blue"])
def test_the_networks_distribution_says_more_than_its_mean_and_spread(scene):
    errors = []
    for name in ("astronaut", "coffee"):
        lit = _lit(scene, name)
        grey = _over_grey(lit.srgb, lit.photo)
        proxy = grey.through(steps.get("colorize").plan(grey, temperature=1, vividness=0))
        without = replace(proxy, guess=replace(proxy.guess, distribution=None))
        errors.append(
            [
                _chroma_error(pixels, lit.photo)
                for pixels in (
                    proxy.view.pixels,
                    _plan(without).tile(proxy.view),
                    _plan(proxy).tile(proxy.view),
                )
            ]
        )
    network, spread, distribution = np.mean(errors, 0)
    assert distribution < 0.97 * spread < spread < network


def test_what_the_step_before_left_grey_does_not_turn_to_a_complement():
    """The network is sure of orange, but the photo is grey: evened out otherwise, or muted."""
    lit = _lit("magenta")
    grey = _over_grey(lit.srgb, lit.photo)
    guess = steps.get("colorize").plan(grey).guess
    orange = -((colours() - (20, 25)) ** 2).sum(-1) / 200
    sure = np.tile(orange.astype(np.float32), (48, 48, 1))
    guess = replace(guess, distribution=replace(guess.distribution, logits=Field(sure)))
    ab = color.to_lab(_plan(replace(grey, guess=guess)).tile(grey.view))[..., 1:]
    assert ab.reshape(20, 8, 20, 8, 2).mean((1, 3)).min() > -0.5


@pytest.mark.parametrize("scene", ["magenta", "red left + blue right"])
def test_light_that_no_lamp_explains_seldom_makes_the_networks_colours_worse(scene):
    """Stripes with hard edges under a third lamp, as rims and shadows on a stage are."""
    lit, third = _lit(scene), _lit("green")
    samples = lit.srgb.copy()
    height = len(samples)
    for row in (height // 4, height // 2, 3 * height // 4):
        stripe = slice(row, row + height // 12)
        samples[stripe] = third.srgb[stripe]
    grey = _over_grey(samples, lit.photo)
    proxy = grey.through(steps.get("colorize").plan(grey, temperature=1, vividness=0))
    network, fused = (
        np.hypot(*np.moveaxis(color.to_lab(pixels) - color.to_lab(lit.photo), -1, 0)[1:])
        for pixels in (proxy.view.pixels, _plan(proxy).tile(proxy.view))
    )
    assert fused.mean() < 0.85 * network.mean()
    assert (fused > network + 5).mean() < 0.08


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 40, 3), (40, 1, 3), (30, 40, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_photos_without_content_are_taken_too(shape, value):
    proxy = Photo(np.full(shape, value, np.uint8)).proxy()
    result = _plan(proxy).tile(proxy.view)
    assert np.isfinite(result).all()


def test_the_preview_is_the_full_photo():
    lit = _lit("magenta")
    photo = Photo(lit.srgb.copy())
    recipe = Recipe.parse('[[steps]]\nuse = "monochrome"\n[[steps]]\nuse = "hue_blend"', "x")
    render = recipe.plan(photo.proxy())
    whole = render.tile(photo.tile(Window.whole(*photo.size)))
    small = photo.proxy(80)
    shown = render.tile(small.view)
    import cv2

    reduced = cv2.resize(whole, shown.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(color.to_lab(shown) - color.to_lab(reduced))[..., 1:].mean() < 1.5
