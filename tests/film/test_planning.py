"""What a shot has in common is found once; lamps that change are followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from skimage import data

from restore.color import Array, to_lab
from restore.effect import Unchanged
from restore.film.coding import Coding
from restore.film.frame import Frame
from restore.film.lights import mixed
from restore.film.planning import plans
from restore.plan import Plan
from restore.recipe import Recipe
from restore.steps.colorize import Colorize
from restore.steps.levels import Levels
from restore.steps.monochrome import Monochrome

SMALL = np.ascontiguousarray(data.astronaut()[:240:3, 100:420:3])


def film(pictures: Sequence[Array]) -> list[Frame]:
    frames = []
    for number, picture in enumerate(pictures):
        red, green, blue = (np.ascontiguousarray(picture[..., k]) for k in range(3))
        planes = green, blue, red
        frames.append(Frame(number, number, Fraction(number, 24), planes, Coding(0, full=True)))
    return frames


def lit(*light: float) -> Array:
    return (SMALL * np.array(light)).clip(0, 255).astype(np.uint8)


def test_the_frames_of_a_shot_share_their_estimates() -> None:
    random = np.random.default_rng(3)
    pale = SMALL * 0.5 + 90
    pictures = [(pale + random.normal(0, 6)).clip(0, 255).astype(np.uint8) for _ in range(30)]
    frames = film(pictures)
    first = frames[0].still(640).proxy
    recipe = Recipe.named("faded-print")

    def span(planned: Iterable[Plan]) -> float:
        """How far apart the plans leave one and the same frame: the range of its mean L* a* b*."""
        means = [to_lab(plan.tile(first.view)).reshape(-1, 3).mean(0) for plan in planned]
        return float(np.ptp(means, axis=0).max())

    together = list(plans(recipe, frames))
    assert len(together) == len(frames)
    assert span(together) < 0.25 * span(recipe.plan(frame.still(640).proxy) for frame in frames)


def test_lamps_that_change_from_beat_to_beat_are_followed() -> None:
    red, blue = lit(1, 0.06, 0.04), lit(0.05, 0.1, 1)
    frames = film(([red] * 3 + [blue] * 3) * 2)
    text = '[[steps]]\nuse = "monochrome"\nmix = "auto"\n[[steps]]\nuse = "hue_blend"\n'
    shares = []
    for plan in plans(Recipe.parse(text, "concert"), frames):
        mix = plan.steps[0].effect
        assert isinstance(mix, Monochrome)
        shares.append(mix.weights[0] / mix.weights.sum())
    on_red = np.arange(12) // 3 % 2 == 0
    assert np.min(np.array(shares)[on_red]) > 0.7
    assert np.max(np.array(shares)[~on_red]) < 0.3


def test_lamps_that_turn_slowly_do_not_make_colours_jump() -> None:
    shares = np.clip((np.arange(40) - 6) / 24, 0, 1)
    red, blue = np.array([1, 0.06, 0.04]), np.array([0.05, 0.1, 1])
    frames = film([lit(*(red * (1 - share) + blue * share)) for share in shares])
    text = '[[steps]]\nuse = "monochrome"\nmix = "auto"\n[[steps]]\nuse = "hue_blend"\n'
    means = []
    for plan, frame in zip(plans(Recipe.parse(text, "concert"), frames), frames, strict=True):
        means.append(to_lab(plan.tile(frame.still(640).proxy.view)).reshape(-1, 3).mean(0))
    steps = np.abs(np.diff(means, axis=0))
    assert np.ptp(means, axis=0)[1:].max() > 4  # colours do change
    assert steps[:, 1:].max() < 2  # a quarter to a half of it at once before


def test_what_lies_between_two_estimates() -> None:
    one = Levels(0.0, 1.0, 0.2, 0.0, 1.0, 0.0, 1.0)
    other = Levels(0.2, 0.8, 0.4, 0.0, 1.0, 0.0, 1.0)
    between = mixed(one, other, 0.5)
    assert (between.low, between.high) == (0.1, 0.9)
    assert mixed(one, other, 0.0) is one


def test_colours_of_a_shot_hold_still_and_each_frame_has_its_own_edges() -> None:
    random = np.random.default_rng(5)
    grey = np.repeat(SMALL.mean(-1, keepdims=True), 3, -1)
    pictures = [
        (np.roll(grey, 2 * n, 1) + random.normal(0, 4, grey[..., :1].shape))
        .clip(0, 255)
        .astype(np.uint8)
        for n in range(16)
    ]
    recipe = Recipe.parse('steps = [{use = "colorize", model = "compact", side = 64}]', "colour")
    frames = film(pictures)
    plain = [recipe.plan(frame.still(640).proxy) for frame in frames]
    moving = list(plans(recipe, frames))
    spans = []
    for way in (plain, moving):
        guesses = [plan.steps[0].effect.guess for plan in way]
        overall = [guess.ab.values.mean((0, 1)) for guess in guesses if guess]
        spans.append(np.abs(np.diff(overall, axis=0)).mean())
    assert spans[1] < 0.4 * spans[0]
    assert all(isinstance(plan.steps[0].effect, Colorize) for plan in moving)
    again = list(plans(recipe, frames))
    assert again == moving


def test_a_film_with_colours_of_its_own_keeps_them() -> None:
    frames = film([np.zeros_like(SMALL)] * 2 + [SMALL] * 8)
    recipe = Recipe.parse('steps = [{use = "colorize", model = "compact"}]', "colour")
    effects = [plan.steps[0].effect for plan in plans(recipe, frames)]
    assert len(effects) == 10
    assert all(isinstance(effect, Unchanged) for effect in effects)


def test_a_film_of_frames_smaller_than_a_patch_is_planned() -> None:
    for height, width in ((17, 33), (1, 1)):
        frames = film([np.full((height, width, 3), 90 + k, np.uint8) for k in range(3)])
        assert len(list(plans(Recipe.named("led-concert"), frames))) == 3
