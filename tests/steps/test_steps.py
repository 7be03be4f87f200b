"""What every step promises; new steps are found by themselves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from skimage import data

from restore import steps
from restore.color.space import Space
from restore.context import Context
from restore.image.photo import Photo, Window
from restore.image.render import render_photo

NAMES = steps.names()


def photo(kind: str = "colour") -> Photo:
    samples = np.ascontiguousarray(data.astronaut()[60:300, 100:420])
    if kind == "deep":
        return Photo(samples.astype(np.uint16) * 257)
    return Photo(samples)


@pytest.fixture(scope="module", params=NAMES)
def step(request: pytest.FixtureRequest) -> steps.Step:
    return steps.get(request.param)


def test_result_does_not_depend_on_the_tiling(step: steps.Step) -> None:
    original = photo("deep")
    render = step.plan(original.proxy())
    whole = render_photo(original, render, Space(), rows=10_000, context=Context(threads=1))
    for rows in (32, 57):
        tiled = render_photo(original, render, Space(), rows=rows, context=Context(threads=2))
        worst = np.abs(tiled.astype(int) - whole.astype(int)).max()
        assert worst <= 2, f"{rows} rows a tile: {worst} of 65535"


def test_result_does_not_depend_on_square_tiles(step: steps.Step, monkeypatch) -> None:
    original = photo("deep")
    render = step.plan(original.proxy())
    whole = render_photo(original, render, Space(), rows=10_000, context=Context(threads=1))
    monkeypatch.setattr("restore.image.render.TILE", 2**10)
    monkeypatch.setattr("restore.image.render.SQUARE", 56)
    tiled = render_photo(original, render, Space(), context=Context(threads=2))
    assert np.abs(tiled.astype(int) - whole.astype(int)).max() <= 2


def test_preview_shows_what_the_photo_will_look_like(step: steps.Step) -> None:
    original = photo()
    render = step.plan(original.proxy(160))
    full = render_photo(original, render, Space())
    preview = render.tile(original.proxy(160).view)
    shrunk = Photo(full).proxy(160).view.pixels
    # 8-bit codes; averaging before or after a curve differs at edges, so the mean is what counts
    assert np.abs(preview - shrunk).mean() * 255 < 2.5


def test_is_repeatable_and_leaves_its_tile_alone(step: steps.Step) -> None:
    proxy = photo().proxy()
    before = proxy.view.pixels.copy()
    one, two = (step.plan(proxy).tile(proxy.view) for _ in range(2))
    assert (one == two).all()
    assert (proxy.view.pixels == before).all()
    assert one.dtype == np.float32
    assert one.shape == before.shape


def test_amount_0_changes_nothing(step: steps.Step) -> None:
    proxy = photo().proxy()
    assert "amount" in step.settings
    result = step.plan(proxy, amount=0.0).tile(proxy.view)
    assert np.abs(result - proxy.view.pixels).max() < 1e-6


def test_is_described(step: steps.Step) -> None:
    assert step.about.endswith(".")
    assert len(step.about) < 100
    for setting in step.settings.values():
        assert setting.param.about, setting.name
        if setting.default is None:
            assert setting.optional, setting.name
        else:
            assert setting.check("default", setting.default) == setting.default
        if setting.kind in (int, float):
            assert np.isfinite([setting.param.low, setting.param.high]).all(), setting.name


ODD = {
    "one pixel": np.full((1, 1, 3), 90, np.uint8),
    "a row": np.random.default_rng(1).integers(0, 256, (1, 70, 3), np.uint8),
    "a column": np.random.default_rng(2).integers(0, 256, (70, 1, 3), np.uint8),
    "black": np.zeros((40, 50, 3), np.uint8),
    "white": np.full((40, 50, 3), 255, np.uint8),
    "one colour": np.full((40, 50, 3), (200, 10, 40), np.uint8),
    "grey": np.random.default_rng(3).integers(0, 256, (40, 50, 1), np.uint8),
    "wild floats": np.random.default_rng(4).normal(0.5, 5, (40, 50, 3)).astype(np.float32),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_photos_come_out_finite(step: steps.Step, kind: str) -> None:
    original = Photo(ODD[kind].copy())
    render = step.plan(original.proxy())
    assert np.isfinite(render_photo(original, render, Space())).all()


def test_point_steps_do_not_see_their_neighbours(step: steps.Step) -> None:
    original = photo("deep")
    render = step.plan(original.proxy())
    if render.halo:
        pytest.skip("looks at its neighbourhood")
    part = Window(40, 0, 9, 320, original.size)
    whole = render.tile(original.tile(Window.whole(*original.size)))
    assert np.abs(render.tile(original.tile(part)) - whole[40:49]).max() < 2e-5


def test_steps_chain_in_any_order() -> None:
    from restore.recipe import Recipe

    for one, two in itertools.permutations(NAMES, 2):
        text = f'[[steps]]\nuse = "{one}"\n[[steps]]\nuse = "{two}"\n'
        small = Photo(np.ascontiguousarray(photo().samples[::4, ::4]))
        result = Recipe.parse(text, "pair")(small)
        assert result.samples.shape == small.samples.shape
