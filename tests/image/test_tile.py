"""A tile travels in the form the last step left it in, and is converted only when asked."""

import threading

import numpy as np
import pytest

from restore import color, recipe, steps
from restore.context import Context
from restore.image.photo import Photo, Proxy, Tile, Window
from restore.image.render import windows
from restore.models import engines
from restore.plan import Plan, PlannedStep
from restore.recipe import Recipe
from sample_images.make import original
from tests.effects import Applied, AppliedInLab

TWICE = """
[[steps]]
use = "monochrome"
[[steps]]
use = "levels"
auto = 1
[[steps]]
use = "colorize"
model = "compact"
[[steps]]
use = "hue_blend"
lights = "red+blue"
"""


@pytest.fixture(scope="module")
def photo() -> Photo:
    return Photo((original("coffee", 160) * 255).astype(np.uint8))


@pytest.fixture
def proxy(photo: Photo) -> Proxy:
    return photo.proxy()


def tile_of(content: color.Array | color.Lab) -> Tile:
    pixels = np.zeros((8, 9, 3), np.float32)
    return Tile(content, pixels, Window.whole(8, 9))


def test_a_black_and_white_stays_one_plane_through_levels(proxy):
    tile = proxy.view
    for name, settings in (("monochrome", {}), ("levels", {"auto": 1, "contrast": 20})):
        tile = steps.get(name).plan(proxy, **settings).passed(tile)
        assert color.plane(tile.pixels) is not None
    assert tile.pixels.shape == proxy.view.pixels.shape


def test_levels_of_one_plane_are_those_of_three(proxy):
    render = steps.get("levels").plan(proxy, black=5, white=90, gamma=1.3, contrast=30, amount=0.7)
    one = proxy.view.pixels[..., 1]
    three = np.repeat(one[..., None], 3, -1)
    result = render.tile(proxy.view.holding(color.spread(one)))
    assert np.abs(result - render.tile(proxy.view.holding(three))).max() < 1e-6


def test_lightness_of_one_plane_is_that_of_three():
    grey = np.linspace(-0.1, 1.2, 72, dtype=np.float32).reshape(8, 9)
    one, three = tile_of(color.spread(grey)), tile_of(np.repeat(grey[..., None], 3, -1))
    assert np.abs(one.lightness - three.lightness).max() < 2e-3
    assert np.abs(np.stack(one.lab) - np.stack(three.lab)).max() < 2e-3


def test_pixels_and_lab_are_each_others():
    pixels = np.random.default_rng(0).random((8, 9, 3), np.float32)
    lab = tile_of(pixels).lab
    assert np.abs(tile_of(lab).pixels - pixels).max() < 1e-4
    assert tile_of(lab).lightness is lab.lightness


def test_colours_are_brought_into_the_gamut_once_in_a_chain(proxy, monkeypatch):
    render = Recipe.parse(TWICE, "test").plan(proxy)
    calls = []
    into_gamut = color.into_gamut
    monkeypatch.setattr(color, "into_gamut", lambda lab: calls.append(1) or into_gamut(lab))
    tile = tile_of(proxy.view.pixels[:8, :9])
    assert render.tile(tile).shape == (8, 9, 3)
    assert len(calls) == 1


def test_an_amount_is_blended_in_rgb(proxy):
    def lab(t: Tile) -> color.Lab:
        return color.Lab(t.lightness, t.lightness * 0 + 20, t.lightness * 0)

    whole, half = AppliedInLab(lab), AppliedInLab(lab, 0.5)
    expected = (whole.tile(proxy.view) + proxy.view.pixels) / 2
    assert np.abs(half.tile(proxy.view) - expected).max() < 1e-6
    assert half.passed(proxy.view).pixels == pytest.approx(expected, abs=1e-6)


def test_threads_do_not_wait_for_each_others_tiles(monkeypatch):
    both = threading.Barrier(2, timeout=10)

    def meets(lab: color.Array) -> color.Array:
        both.wait()  # breaks if the other thread is kept out meanwhile
        return lab

    monkeypatch.setattr(color, "into_gamut", meets)
    plane = np.zeros((8, 9), np.float32)
    tiles = [tile_of(color.Lab(plane, plane, plane)) for _ in range(2)]
    threads = [threading.Thread(target=lambda t=tile: t.pixels) for tile in tiles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not both.broken
    assert all("pixels" in vars(tile) for tile in tiles)


def test_preparing_loads_the_network_that_the_plan_uses(proxy, monkeypatch):
    asked = Recipe.parse(TWICE, "test")
    context, loaded = Context(), []
    load = engines.load
    monkeypatch.setattr(engines, "load", lambda *given: loaded.append(1) or load(*given))
    asked.prepare(context)
    asked.plan(proxy, context=context)
    assert loaded == [1]


def test_preparing_leaves_errors_to_the_plan(proxy, tmp_path, monkeypatch):
    monkeypatch.setenv("RESTORE_MODELS", str(tmp_path))
    missing = Recipe.parse(TWICE.replace("compact", "zhang2016"), "test")
    missing.prepare(Context())
    with pytest.raises(Exception, match="zhang2016"):
        missing.plan(proxy)


@pytest.mark.parametrize(("large", "held"), [(2**40, True), (0, False)])
def test_a_network_is_let_go_beside_a_large_photo(photo, monkeypatch, large, held):
    monkeypatch.setattr(recipe, "LARGE", large)
    context, released = Context(), []
    monkeypatch.setattr(Context, "release", lambda self: released.append(self))
    Recipe.parse(TWICE, "test")(photo, context=context)
    assert bool(released) != held


@pytest.mark.parametrize("halo", [0, 3, 8, 130])
@pytest.mark.parametrize("size", [(1, 1), (700, 3), (40, 9000), (1300, 2100)])
def test_windows_cover_every_pixel_once(size, halo):
    seen = np.zeros(size, np.uint8)
    for window in windows(*size, halo):
        seen[window.inside(Window.whole(*size))] += 1
    assert (seen == 1).all()


def test_a_large_halo_makes_squares_not_huge_bands():
    largest = max(w.grown(130).height * w.grown(130).width for w in windows(4000, 6000, 130))
    assert largest < 2**20


def test_each_steps_halo_is_cut_off_before_the_next():
    seen = []

    def step(halo: int) -> PlannedStep:
        effect = Applied(lambda t: seen.append(t.window) or t.pixels + 1, halo)
        return PlannedStep("brighter", "brighter", {}, effect)

    render = Plan("", (step(30), step(4), step(0)), "", False, "", {})
    photo = Photo(np.zeros((200, 300, 3), np.float32))
    window = Window(100, 60, 50, 40, (200, 300))
    tile = photo.tile(window.grown(render.halo))
    result = render.tile(tile)
    assert result.shape == tile.pixels.shape
    assert (result[window.inside(tile.window)] == 3).all()
    assert seen == [window.grown(34), window.grown(4), window]
    seen.clear()
    render.tile(photo.tile(Window.whole(200, 300)))  # there is nothing beyond the photo's edges
    assert seen == [Window.whole(200, 300)] * 3


@pytest.mark.parametrize("size", [(131_072, 1), (1, 131_072), (20_000, 3)])
def test_a_thin_photo_takes_no_more_memory_than_its_strips(size: tuple[int, int]) -> None:
    import tracemalloc

    codes = np.arange(size[0] * size[1], dtype=np.uint64).reshape(*size, 1) % 251
    photo = Photo(codes.astype(np.uint8))
    photo.proxy(64)  # what is loaded once
    tracemalloc.start()
    view = photo.proxy().view.pixels
    assert tracemalloc.get_traced_memory()[1] < 60e6
    tracemalloc.stop()
    whole = photo.tile(Window.whole(*size)).pixels.mean((0, 1))
    np.testing.assert_allclose(view.mean((0, 1)), whole, atol=2e-3)
