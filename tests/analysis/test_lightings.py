"""Which lamps there were: in doubt where they are, and never a sky for a lamp."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from restore import color
from restore.analysis.noise import channel_noise
from restore.analysis.stage_light import light, lightings
from restore.analysis.stage_light.lamps import CANDIDATES, listed
from restore.color.space import Space
from restore.image.photo import Photo
from restore.simulate import light as simulate
from restore.simulate.light import Lamp


@cache
def _photo(name: str) -> np.ndarray:
    from skimage import data
    from skimage.transform import resize

    picture = getattr(data, name)()
    size = [round(160 * length / max(picture.shape)) for length in picture.shape[:2]]
    return resize(picture, size, anti_aliasing=True).astype(np.float32)


def _cells(
    photo: np.ndarray,
    scene: str | tuple[Lamp, ...],
    seed: int = 3,
    shading: float = 0.5,
    camera: bool = False,
) -> light.Cells:
    shot = simulate(photo, scene, seed=seed, exposure=0.5, shading=shading, other=True)
    samples = shot.camera if camera else shot.srgb
    proxy = Photo(samples.copy(), Space(camera=camera)).proxy()
    noise = channel_noise(proxy.originals())
    return light.cells(proxy.view.original, noise, 1, camera)


def _best(seen: light.Cells) -> tuple[str, ...]:
    return lightings.find(seen)[0].mixture.lamps


def test_doubt_about_the_lamps_lowers_recoverability_and_weight():
    seen = _cells(_photo("chelsea"), "magenta")
    two, one = (light.mixture(seen, lamps) for lamps in (("red", "blue"), ("blue",)))
    sure = lightings.hues(seen, [lightings.Lighting(1, two)])
    doubtful = lightings.hues(seen, [lightings.Lighting(0.6, two), lightings.Lighting(0.4, one)])
    assert doubtful.sure == pytest.approx(0.6 * sure.sure, abs=1e-6)
    assert doubtful.weight == pytest.approx(0.6 * sure.weight, abs=1e-6)
    size, paler = (float(np.hypot(*h.weighted.T).mean()) for h in (sure, doubtful))
    assert paler == pytest.approx(0.6 * size, rel=0.05)  # and smoother where it is less sure


def test_hues_do_not_jump_where_clipping_begins():
    wall, brightness = np.array([1, 0.3, 0.5]), np.linspace(0.3, 1.4, 24)
    values = np.repeat((wall * brightness[:, None])[None], 16, 0).astype(np.float32)
    full = values >= 1
    seen = light.Cells(values.clip(0, 1), np.where(full, np.float32(1e3), np.float32(1e-5)), False)
    hues = lightings.hues(seen, lightings.given(seen, ("red", "blue")))
    row = hues.weighted.reshape(16, 24, 2)[8]
    assert full.any()
    assert np.hypot(*np.diff(row, axis=0).T).max() < 2  # of a* b*, from cell to cell


@pytest.mark.parametrize("scene", ["red", "blue", "white+blue", "white+red"])
def test_probabilities_add_up_and_the_best_comes_first(scene):
    result = lightings.find(_cells(_photo("rocket"), scene))
    chances = [lighting.chance for lighting in result]
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1 + 1e-6


def test_one_lamp_is_never_taken_for_two():
    """The fourth camera sees more of a deep blue lamp in its red channel than others do."""
    for name in ("rocket", "chelsea"):
        for scene in ("red", "blue", "green", "amber", (Lamp("royal450"),)):
            result = lightings.find(_cells(_photo(name), scene))
            assert [len(x.mixture.lamps) for x in result] == [1], (name, scene)


def test_one_lamp_in_smooth_light_is_not_taken_for_white_and_that_lamp():
    for name in ("rocket", "coffee", "chelsea"):
        for led in ("green525", "blue465", "red625", "amber590"):
            for camera in (False, True):
                seen = _cells(_photo(name), (Lamp(led),), shading=0, camera=camera)
                assert len(_best(seen)) == 1, (name, led, camera)
                assert lightings.hues(seen, lightings.find(seen)).sure.max() == 0


def test_what_a_camera_leaks_of_one_lamp_is_everywhere_the_same_share():
    rng = np.random.default_rng(0)
    one = rng.random((9, 12, 1)).astype(np.float32) * (0.3, 1, 0.1)
    two = one + 0.1 * rng.random((9, 12, 3))
    alone, both = (
        lightings.scatter(
            light.Cells(values.astype(np.float32), np.full((9, 12, 3), 1e-6, np.float32), True),
            np.ones(108, bool),
        )
        for values in (one, two)
    )
    assert (alone == -3).all()
    assert (both > alone + 1).all()


def test_a_narrow_lamp_that_may_have_been_alone_claims_nothing(monkeypatch):
    seen = _cells(_photo("chelsea"), "magenta")
    logits = np.full(len(CANDIDATES), -20.0)
    logits[CANDIDATES.index(("red", "blue"))] = np.log(0.7)
    logits[CANDIDATES.index(("blue",))] = np.log(0.3)
    monkeypatch.setattr(lightings, "predict", lambda *_: logits)
    assert _best(seen) == ("blue",)
    assert lightings.hues(seen, lightings.find(seen)).sure.max() == 0


def test_a_white_lamp_beside_a_coloured_one_is_found():
    right = [
        "white" in lamps[0] and led in lamps
        for name in ("rocket", "chelsea", "coffee", "astronaut")
        for led in ("blue", "red")
        for seed in range(2)
        for lamps in [_best(_cells(_photo(name), f"white+{led}", seed))]
    ]
    assert np.mean(right) > 0.9  # 0.75 when the best evidence, less a price, decided


def test_a_sky_over_meadows_is_not_a_blue_lamp_above():
    """Lamps from one place: the true ratio is the same everywhere."""
    rng = np.random.default_rng(0)
    lab = np.zeros((120, 160, 3), np.float32)
    lab[:60], lab[60:] = (70, -5, -25), (45, -20, 30)
    lab[..., 0] += 12 * rng.standard_normal((30, 40)).repeat(4, 0).repeat(4, 1)
    photo = color.into_gamut(lab)
    seen = _cells(photo, "magenta")
    place = light.mixture(seen, ("red", "blue")).place.reshape(seen.shape)
    assert abs(place[0].mean() - place[-1].mean()) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_noise_in_black_is_not_a_second_lamp(seed):
    """A white thing alone in the dark: most cells are noise, which is cut off at 0."""
    photo = np.zeros((150, 200, 3), np.float32)
    rows, columns = np.mgrid[:150, :200]
    photo[np.hypot((rows - 70) / 1.2, columns - 100) < 25] = (0.9, 0.85, 0.75)
    photo[130:134, 40:160] = (0.5, 0.15, 0.1)
    assert _best(_cells(photo, "blue", seed)) in (("blue",), ("deep-blue",))


def test_the_network_sees_every_set():
    few = _cells(_photo("rocket"), "magenta").every(lightings.FEW)
    features = lightings.features(few, lightings.tried(few))
    assert features.shape == (len(CANDIDATES), 48)
    assert np.isfinite(features).all()


def test_lamps_are_listed_in_words() -> None:
    assert listed(["deep-blue"]) == "deep blue"
    assert listed(["red", "blue"]) == "red and blue"
    assert listed(["warm-white", "red", "blue"]) == "warm white, red and blue"


@pytest.mark.parametrize("scene", ["cyan left + magenta right", "cyan left + blue right"])
def test_on_a_stage_cyan_light_is_not_taken_for_white(scene):
    for seed in range(3):
        best = lightings.find(_cells(_photo("astronaut"), scene, seed), stage=True)[0]
        assert not {"daylight", "white", "warm-white", "tungsten"} & set(best.mixture.lamps)
