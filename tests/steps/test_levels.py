"""Levels: where black, white, the middle and the slope come to lie."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from restore.color.space import Space
from restore.image.photo import Photo
from restore.image.render import render_photo
from restore.steps.levels import levels


def greys(values: NDArray[np.generic] | list[float]) -> Photo:
    """A photo of one row of greys."""
    row = np.asarray(values) if isinstance(values, list) else values
    row = row.astype(np.float32) if row.dtype == np.float64 else row
    return Photo(np.repeat(row[None, :, None], 3, 2))


def levelled(photo: Photo, **settings: float) -> NDArray[np.generic]:
    return render_photo(photo, levels(photo.proxy(), **settings), Space())[0, :, 0]


def test_black_and_white_go_to_the_ends() -> None:
    result = levelled(greys([0.1, 0.5, 0.9]), black=10, white=90)
    assert result == pytest.approx([0, 0.5, 1], abs=1e-6)


def test_gamma_is_the_power_of_the_middle_tones() -> None:
    result = levelled(greys([0, 0.25, 1, -0.25]), gamma=2)
    assert result == pytest.approx([0, 0.5, 1, -0.5], abs=1e-6)  # odd below black: no NaN


@pytest.mark.parametrize("contrast", [-100, -40, 40, 100])
def test_contrast_keeps_black_middle_and_white_and_never_turns_back(contrast: float) -> None:
    result = levelled(greys(np.linspace(0, 1, 1001)), contrast=contrast)
    assert result[[0, 500, 1000]] == pytest.approx([0, 0.5, 1], abs=1e-6)
    assert (np.diff(result) > -1e-7).all()
    assert (result[501] - result[499]) / 0.002 == pytest.approx(1 + contrast / 200, abs=0.01)


def test_amount_is_the_way_to_the_full_effect() -> None:
    photo = greys(np.linspace(0, 1, 101))
    settings = {"black": 5.0, "gamma": 1.4, "contrast": 30.0}
    half = levelled(photo, **settings, amount=0.5)
    mean = (photo.samples[0, :, 0] + levelled(photo, **settings)) / 2
    assert half == pytest.approx(mean, abs=1e-6)


def test_auto_stretches_to_the_full_range() -> None:
    result = levelled(greys(np.linspace(0.3, 0.6, 1000)), auto=1)
    assert np.percentile(result, [1, 99]) == pytest.approx([0, 1], abs=0.01)


def test_auto_does_not_blow_up_a_photo_without_contrast() -> None:
    result = levelled(greys(np.linspace(0.50, 0.51, 1000)), auto=1)
    assert np.ptp(result) == pytest.approx(8 * 0.01, rel=0.02)


@pytest.mark.parametrize("tone", [0, 1])
def test_auto_leaves_an_empty_frame_black_or_white(tone: float) -> None:
    frame = np.full(1000, tone, np.float32)
    frame[0] = 0.5  # a lamp far away: less than what may clip
    assert levelled(greys(frame), auto=0.2)[1:] == pytest.approx(tone, abs=1e-5)


def test_keeps_the_greys_of_16_bits_apart() -> None:
    # a ramp of all 65 536 codes; an 8-bit table would leave 256 of them
    codes = np.arange(65536, dtype=np.uint16)
    result = levelled(greys(codes), gamma=1.05, contrast=5)
    assert len(np.unique(result)) > 60_000
    assert (np.diff(result.astype(int)) >= 0).all()


def test_neutral_greys_stay_neutral() -> None:
    photo = greys(np.linspace(-0.1, 1.1, 256))
    result = render_photo(photo, levels(photo.proxy(), black=3, gamma=1.3, contrast=20), Space())
    assert np.ptp(result, axis=2).max() == 0


def scene(top: float) -> NDArray[np.float32]:
    """(100, 100, 3) a dim ramp up to `top`."""
    ramp = np.linspace(0, top, 100, dtype=np.float32)
    return np.repeat(np.tile(ramp, (100, 1))[..., None], 3, 2)


def test_auto_ignores_a_lamp_in_the_frame() -> None:
    lit = scene(0.4)
    lit[20:27, 20:27] = 1  # half a percent of the photo
    alone = levels(Photo(scene(0.4)).proxy(), auto=0.2).findings.number("white")
    assert levels(Photo(lit).proxy(), auto=0.2).findings.number("white") == pytest.approx(
        alone, abs=1
    )


def test_auto_does_not_take_a_blown_shirt_for_a_lamp() -> None:
    lit = scene(0.4)
    lit[20:40, 20:40] = 1
    assert levels(Photo(lit).proxy(), auto=0.2).findings.number("white") == pytest.approx(100)


def test_tone_brings_dark_photos_up_and_pale_ones_down_and_keeps_black() -> None:
    ramp = np.linspace(0, 1, 1000)
    dark, pale = (levelled(greys(ramp**power), tone=0.5) for power in (3, 0.4))
    assert np.median(dark) > 1.2 * np.median(ramp**3)
    assert np.median(pale) < np.median(ramp**0.4) - 0.05
    assert dark[0] == pale[0] == 0
    assert min(np.diff(dark).min(), np.diff(pale).min()) >= 0


def test_tone_rolls_highlights_off() -> None:
    ramp = np.linspace(0, 1, 1000)
    result = levelled(greys(ramp), white=80, tone=1)
    assert result[900] < 1  # 0.9 / 0.8, beyond white
    assert result[999] > result[900]
