"""Colour arithmetic: round trips, reference values, constant lightness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from restore import color

RNG = np.random.default_rng(5)
COLOURS = RNG.random((4000, 3)).astype(np.float32)


def test_lab_agrees_with_scikit_image() -> None:
    reference = rgb2lab(COLOURS.astype(np.float64))
    # scikit-image rounds the matrix and the white to 6 and 5 digits: 0.02 is their difference
    assert np.abs(color.to_lab(COLOURS) - reference).max() < 0.02


def test_known_values() -> None:
    lab = color.to_lab([[1, 1, 1], [0, 0, 0], [1, 0, 0]])
    expected = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]]  # Lindbloom's calculator, D65
    assert lab == pytest.approx(np.array(expected), abs=0.01)


def test_lab_goes_back_also_outside_the_gamut() -> None:
    wide = (COLOURS * 1.6 - 0.3).astype(np.float32)
    assert np.abs(color.from_lab(color.to_lab(wide)) - wide).max() < 2e-4


@settings(deadline=None)
@given(st.floats(-2, 2, width=32))
def test_curve_goes_back_and_is_odd(value: float) -> None:
    there = color.decode(np.float32([value]))
    assert color.encode(there)[0] == pytest.approx(value, abs=2e-6)
    assert color.decode(np.float32([-value]))[0] == -there[0]


def test_density_goes_back() -> None:
    bright = COLOURS.clip(0.05)
    assert color.from_density(color.to_density(bright)) == pytest.approx(bright, abs=1e-5)


def test_grey_is_the_inverse_of_lightness() -> None:
    ramp = np.linspace(0, 1, 300, dtype=np.float32)
    lightness = color.lightness(np.repeat(ramp[:, None], 3, 1))
    assert color.grey(lightness) == pytest.approx(ramp, abs=2e-5)


def test_gamut_keeps_lightness_and_hue() -> None:
    lab = np.stack(
        [RNG.uniform(5, 95, 3000), RNG.uniform(-150, 150, 3000), RNG.uniform(-150, 150, 3000)], -1
    ).astype(np.float32)
    before = lab.copy()
    rgb = color.into_gamut(lab)
    result = color.to_lab(rgb)
    assert (lab == before).all()
    assert rgb.min() >= 0
    assert rgb.max() <= 1
    assert np.abs(result[:, 0] - lab[:, 0]).max() < 0.1
    chroma = np.hypot(result[:, 1], result[:, 2])
    turn = np.angle((result[:, 1] + 1j * result[:, 2]) / (lab[:, 1] + 1j * lab[:, 2]), deg=True)
    assert np.abs(turn[chroma > 3]).max() < 1.5  # degrees: the clip at 1e-4 of linear light


def test_gamut_leaves_inner_colours_alone() -> None:
    assert color.into_gamut(color.to_lab(COLOURS)) == pytest.approx(COLOURS, abs=2e-4)
