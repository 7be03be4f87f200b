"""Colour profiles: what samples mean, and that they come back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import imagecodecs
import numpy as np
import pytest
from icc import ADOBE, P3, PROPHOTO, SRGB, gamma, grey, rgb, scanner, srgb_curve, table
from numpy.typing import NDArray

from restore import color
from restore.color import profile
from restore.color.space import Space
from restore.image.photo import Photo
from restore.image.render import render_photo
from tests.effects import Applied

SCANNED = table(np.linspace(0, 1, 256) ** 1.9)
PROFILES = {
    "adobe": rgb(ADOBE, gamma(2.19921875)),
    "p3": rgb(P3, srgb_curve()),
    "prophoto": rgb(PROPHOTO, gamma(1.8)),
    "table curves": rgb(ADOBE, SCANNED, gamma(2.0), gamma(2.4)),
    "linear": rgb(SRGB, gamma(1.0)),
    "scanner": scanner(with_way_back=True),
    "scanner without a way back": scanner(with_way_back=False),
    "grey": grey(gamma(2.2)),
    "grey table": grey(SCANNED),
}
DTYPES = (np.uint8, np.uint16, np.float32)


def samples(kind: str, dtype: type) -> NDArray[np.generic]:
    """Every corner of the cube, all near black, and noise."""
    channels = 1 if kind.startswith("grey") else 3
    rng = np.random.default_rng(0)
    values = rng.random((64, 80, channels), np.float32)
    values[:16] *= rng.random((16, 80, channels)) < 0.5  # strong colours: a channel is 0
    values[16:24] = np.rint(values[16:24])
    values[24:32] **= 8
    if dtype is np.float32:
        return values
    return np.rint(values * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("kind", PROFILES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_that_nothing_changed_come_back(kind: str, dtype: type) -> None:
    held = samples(kind, dtype)
    photo = Photo(held.copy(), Space(profile=PROFILES[kind]))
    same = Applied(lambda t: t.pixels * np.float32(1))
    result = render_photo(photo, same, photo.space)
    assert (result == held).all()

    # a step that touches some pixels leaves the others alone
    half = np.arange(80) < 40

    def brighten(t):  # type: ignore[no-untyped-def]
        return np.where(half[:, None], t.pixels, t.pixels + np.float32(0.1))

    result = render_photo(photo, Applied(brighten), photo.space)
    limit = {1: 0, 2: 1, 4: 1e-6}[np.dtype(dtype).itemsize]
    assert np.abs(result[:, :40].astype(float) - held[:, :40]).max() <= limit
    assert (result[32:, 40:] > held[32:, 40:]).mean() > 0.9


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_grey_photo_may_have_a_profile_of_colours(dtype: type) -> None:
    held = samples("grey", dtype)
    result = Space(profile=PROFILES["table curves"]).to_working(held)
    assert result.shape == (*held.shape[:2], 3)
    three = Space(profile=PROFILES["table curves"]).to_working(np.repeat(held, 3, 2))
    assert (result == three).all()


@pytest.mark.parametrize("kind", ["adobe", "p3", "prophoto", "table curves", "linear"])
def test_matrix_profiles_mean_what_littlecms_says(kind: str) -> None:
    held = samples(kind, np.float32)
    linear = profile.of_primaries(1.0, (0.3127, 0.329), (0.64, 0.33, 0.3, 0.6, 0.15, 0.06))
    expected = imagecodecs.cms_transform(
        held, PROFILES[kind], linear, colorspace="rgb", outcolorspace="rgb", outdtype=np.float32
    )
    result = color.decode(Space(profile=PROFILES[kind]).to_working(held))
    # LittleCMS rounds table curves to 16 bits, and white points to 4 digits
    assert np.abs(result - expected).max() < 3e-4


def test_wide_colours_survive_outside_of_srgb() -> None:
    green = np.zeros((1, 1, 3), np.uint16)
    green[..., 1] = 65535
    working = Space(profile=PROFILES["prophoto"]).to_working(green)
    assert working.min() < -0.3
    assert working.max() > 1


@pytest.mark.parametrize("kind", PROFILES)
def test_the_way_back_is_near_for_new_colours(kind: str) -> None:
    space = Space(profile=PROFILES[kind])
    held = (0.2 + 0.6 * samples(kind, np.float32)).astype(np.float32)
    back = space.from_working(space.to_working(held), np.float32)
    # tables and their rough inverses: 2 codes of 255; curves: 1 of 65535
    limit = 2 / 255 if "scanner" in kind else 1 / 65535
    assert np.abs(back[..., : held.shape[2]] - held).mean() < limit


def test_profiles_that_mean_srgb_are_known_by_what_they_do() -> None:
    codes = np.linspace(0, 1, 1024)
    curve = table(color.decode(codes.astype(np.float32)).astype(float))
    assert profile.is_srgb(rgb(SRGB, srgb_curve()))
    assert profile.is_srgb(rgb(SRGB, curve))
    assert profile.is_srgb(profile.made("srgb"))
    assert profile.is_srgb(grey(srgb_curve()))
    assert not profile.is_srgb(rgb(SRGB, gamma(2.2)))
    assert not profile.is_srgb(rgb(P3, srgb_curve()))


def test_a_broken_profile_is_reported() -> None:
    whole = PROFILES["scanner"]
    rng = np.random.default_rng(1)
    broken = [b"", b"acsp" * 100, whole[:200], whole[:-5000], rgb(ADOBE, gamma(0.0))]
    for _ in range(200):
        mutant = bytearray(PROFILES["adobe"])
        for at in rng.integers(16, len(mutant), 4):
            mutant[at] = rng.integers(256)
        broken.append(bytes(mutant))
    refused = 0
    for each in broken:
        try:
            result = Space(profile=each).to_working(samples("adobe", np.uint8))
        except profile.ProfileError:
            refused += 1
        else:
            assert np.isfinite(result).all()
    assert refused > 20


def test_a_table_profile_is_safe_on_many_threads() -> None:
    space = Space(profile=PROFILES["scanner"])
    held = samples("scanner", np.uint16)
    expected = space.to_working(held)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: space.to_working(held), range(16)):
            np.testing.assert_array_equal(result, expected)


def test_camera_channels_reach_above_white() -> None:
    space = Space(camera=True, exposure=2.0)
    full = np.full((1, 1, 3), 65535, np.uint16)
    np.testing.assert_allclose(space.to_working(full), color.encode([2.0])[0], rtol=1e-5)


@pytest.mark.parametrize("kind", ["adobe", "p3"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_greys_are_neutral_to_the_code(kind: str, dtype: type) -> None:
    pixels = np.repeat(np.linspace(0, 1, 65536, dtype=np.float32).reshape(256, 256, 1), 3, 2)
    codes = Space(profile=PROFILES[kind]).from_working(pixels, dtype)
    assert (codes == codes[..., :1]).all()


def test_a_grey_curve_may_give_lightness() -> None:
    # ICC.1:2022, 8.3.4: with a connection space of Lab, the curve's values are L*
    codes = np.array([32, 64, 128, 192], np.uint8).reshape(1, 4, 1)
    space = Space(profile=profile_of_lightness())
    pixels = space.to_working(codes)
    assert np.rint(pixels[0, :, 0] * 255).tolist() == [33, 60, 119, 185]
    assert (space.from_working(pixels, np.uint8)[..., 0] == codes[..., 0]).all()


def profile_of_lightness() -> bytes:
    """A grey profile whose samples are L* of 0 … 100, as some scanners' software writes."""
    straight = grey(gamma(1.0))
    return straight[:20] + b"Lab " + straight[24:]
