"""What the figures claim: masses, modes, alternatives, numbers; and that they can be drawn."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from restore import color, files
from restore.errors import PhotoError
from restore.figures import blocks, gamut, paper, plates, points, survived, uncertainty
from restore.figures.alternatives import alternatives, regions
from restore.figures.comparison import compare, difference_map, histograms
from restore.figures.modes import modes
from restore.figures.subject import Subject, look
from restore.image.photo import Photo
from restore.recipe import Recipe

SAMPLES = Path(__file__).parents[2] / "sample_images"


def small(picture: np.ndarray, side: int = 160) -> Photo:
    """A photo of 8 bits, so many pixels on the long side."""
    shrink = side / max(picture.shape[:2])
    size = tuple(round(n * shrink) for n in picture.shape[1::-1])
    made = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return Photo(np.ascontiguousarray(made.reshape(*made.shape[:2], -1)))


@pytest.fixture(scope="module")
def portrait() -> Subject:
    return look(small(data.astronaut()))


@pytest.fixture(scope="module")
def stage() -> Subject:
    photo = small(np.asarray(files.load(SAMPLES / "led-red-blue.jpg")), 240)
    return look(photo, Recipe.named("led-concert"))


def test_blocks_cover_nine_tenths_of_the_probability(portrait: Subject) -> None:
    seen = portrait.distribution
    _, chosen = blocks.blocks(seen.p, seen.grid)
    assert 12 <= len(chosen) <= 24
    masses = [block.mass for block in chosen]
    assert 0.9 <= sum(masses) <= 1.0001
    assert masses == sorted(masses, reverse=True)
    for block in chosen:  # what is shown is what is said
        assert block.p.mean() == pytest.approx(block.mass, abs=1e-4)


def test_blocks_grow_until_few_enough_hold_most() -> None:
    grid = np.stack(np.meshgrid(np.arange(-80, 81, 10), np.arange(-80, 81, 10)), -1)
    grid = grid.reshape(-1, 2).astype(np.float32)
    even = np.full((len(grid), 2, 2), 1 / len(grid), np.float32)
    side, chosen = blocks.blocks(even, grid)
    assert side > 20
    assert len(chosen) <= 24
    assert sum(block.mass for block in chosen) >= 0.9


def test_one_colour_alone_is_one_block() -> None:
    grid = np.array([[0, 0], [40, 0], [0, 40]], np.float32)
    p = np.zeros((3, 2, 2), np.float32)
    p[1] = 1
    _, chosen = blocks.blocks(p, grid)
    assert [block.mass for block in chosen] == [1]
    assert chosen[0].ab == pytest.approx((40, 0))


def test_two_colours_are_found_with_their_probabilities(portrait: Subject) -> None:
    grid = portrait.distribution.grid
    p = 0.7 * np.exp(-((grid - (0, -40)) ** 2).sum(1) / 200)
    p = p / p.sum() * 0.7
    red = np.exp(-((grid - (50, 40)) ** 2).sum(1) / 200)
    p += red / red.sum() * 0.3
    found = modes(p.astype(np.float32), grid, 2)
    assert [mode.probability for mode in found] == pytest.approx([0.7, 0.3], abs=0.02)
    assert np.hypot(*(found[0].ab - (0, -40))) < 4
    assert np.hypot(*(found[1].ab - (50, 40))) < 4


def test_modes_share_all_of_the_probability_and_differ(portrait: Subject) -> None:
    for place in uncertainty.most_unsure(portrait.distribution.entropy):
        _, found, mean = points.at(portrait.distribution, place)
        assert sum(mode.probability for mode in found) == pytest.approx(1, abs=1e-4)
        for n, mode in enumerate(found):
            assert mode.probability >= 0.03
            for other in found[:n]:
                assert np.hypot(*(mode.ab - other.ab)) >= 16
                assert other.probability >= mode.probability
        assert mean.shape == (2,)


def test_uncertain_regions_are_more_uncertain_than_most(portrait: Subject) -> None:
    entropy = portrait.distribution.entropy
    places = uncertainty.most_unsure(entropy)
    assert len(set(places)) == 6
    bits = [entropy[portrait.distribution.cell(*place)] for place in places]
    assert np.mean(bits) > np.quantile(entropy, 0.7)


def test_alternatives_differ_and_are_ordered(portrait: Subject) -> None:
    found = alternatives(portrait.distribution)
    assert len(found) >= 2
    likelihoods = [one.likelihood for one in found]
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert 0 < sum(likelihoods) <= 1
    assert found[0].choice != found[1].choice
    for n, one in enumerate(found):
        for other in found[:n]:
            assert np.hypot(*np.moveaxis(one.ab - other.ab, -1, 0)).mean() > 1


def test_alternatives_are_coherent_and_repeatable(portrait: Subject) -> None:
    """Neighbours differ by little: things change colour, not cells."""
    seen = portrait.distribution
    first, again = alternatives(seen), alternatives(seen)
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.ab, same.ab)
        steps = np.hypot(*np.moveaxis(np.diff(one.ab, axis=1), -1, 0))
        assert np.median(steps) < 3
    areas = np.bincount(regions(seen).ravel()) / seen.entropy.size
    assert areas.min() >= 0.02
    assert len(areas) <= 7


def test_clipping_is_seen() -> None:
    lab = np.zeros((4, 4, 3), np.float32)
    lab[..., 0] = 50
    lab[0, :, 1] = 120  # no display shows this red
    assert gamut.outside(lab).mean() == 0.25
    shown = color.into_gamut(lab)
    given_up = gamut.lost(lab, shown)
    assert given_up[0].min() > 30
    assert given_up[1:].max() == 0


def test_only_what_the_recipe_has_is_drawn(portrait: Subject, stage: Subject) -> None:
    assert list(survived.figures(portrait)) == ["channels"]
    assert {"channels", "lamps", "mix"} <= set(survived.figures(stage))


@pytest.mark.parametrize("recipe", ["faded-print", "old-photo"])
def test_dyes_and_scratches_are_drawn(recipe: str) -> None:
    name = {"faded-print": "faded-print.jpg", "old-photo": "scratched.png"}[recipe]
    photo = small(np.asarray(files.load(SAMPLES / name)), 200)
    figures = survived.figures(look(photo, Recipe.named(recipe)))
    wanted = {"faded-print": "dyes", "old-photo": "scratches"}[recipe]
    assert wanted in figures
    figures[wanted][0]().canvas.draw()


def test_every_figure_is_drawn_and_described(stage: Subject) -> None:
    listing = plates.plates(stage, [(0.5, 0.5), (0.1, 0.9)])
    assert len({plate.name for plate in listing}) == len(listing)
    assert {plate.section for plate in listing} == set(plates.HEADINGS)
    for plate in listing:
        assert len(plate.alt) > 20
        plate.draw().canvas.draw()


def test_equal_photos_do_not_differ() -> None:
    photo = small(data.astronaut(), 64)
    numbers = compare(photo, photo).numbers
    assert (numbers.mean, numbers.worst, numbers.over_1) == (0, 0, 0)
    assert numbers.ssim == pytest.approx(1)
    assert numbers.psnr is None


@pytest.mark.parametrize("strip", [1, 2**18])
def test_numbers_are_those_of_scikit_image(strip: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    from restore.figures import comparison

    monkeypatch.setattr(comparison, "STRIP", strip)  # strips of 16 rows, or the whole photo
    first = small(data.astronaut(), 90)
    rng = np.random.default_rng(0)
    noisy = np.asarray(first) + rng.normal(0, 12, first.samples.shape)
    second = Photo(noisy.clip(0, 255).astype(np.uint8))
    numbers = compare(first, second).numbers
    a, b = (color.to_lab(np.asarray(p) / np.float32(255)) for p in (first, second))
    off = color.delta_e(np.asarray(first) / 255, np.asarray(second) / 255)
    assert numbers.mean == pytest.approx(off.mean(), rel=1e-3)
    assert numbers.median == pytest.approx(np.median(off), abs=0.06)
    assert numbers.p95 == pytest.approx(np.quantile(off, 0.95), abs=0.1)
    assert numbers.over_5 == pytest.approx((off > 5).mean(), abs=0.01)
    similar = structural_similarity(a[..., 0], b[..., 0], data_range=100)
    assert numbers.ssim == pytest.approx(similar, abs=2e-3)
    ratio = peak_signal_noise_ratio(a[..., 0], b[..., 0], data_range=100)
    assert numbers.psnr == pytest.approx(ratio, abs=0.01)
    assert numbers.chroma > 0


def test_photos_of_other_sizes_are_refused() -> None:
    with pytest.raises(PhotoError, match="differ in size: 64 x 64 and 48 x 48"):
        compare(small(data.astronaut(), 64), small(data.astronaut(), 48))


def test_differences_are_drawn_where_they_are() -> None:
    first = small(data.astronaut(), 80)
    samples = np.array(first)
    samples[:40] = 255 - samples[:40]
    found = compare(first, Photo(samples))
    assert found.difference[:40].mean() > 10
    assert found.difference[42:].max() < 0.01
    for draw in (difference_map, histograms):
        draw(found).canvas.draw()


def test_a_chart_is_the_same_file_whenever_it_is_drawn() -> None:
    portrait = small(data.astronaut(), 48)
    difference = compare(portrait, Photo(255 - np.asarray(portrait)))
    first, again = (paper.files(histograms(difference), vector=True) for _ in range(2))
    assert first["svg"] == again["svg"]
