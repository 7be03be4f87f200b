"""The fidelity benchmark measures what it says, and can fail."""

import numpy as np
import pytest
import skimage.metrics

from benchmarks import _fading, _hues, _measures, _oracle, _peers, _tables, _targets
from benchmarks._work import Score
from restore import color
from restore.simulate import fade, light
from sample_images.make import original


@pytest.fixture(scope="module")
def photo() -> color.Array:
    return original("coffee", 96)


def test_the_tone_fit_undoes_any_monotone_curve(photo):
    truth = color.lightness(photo)
    fitted = _measures.toned((truth / 100) ** 2, truth)
    assert np.abs(fitted - truth).mean() < 0.2  # the square puts dark tones into one of 1024 levels
    negative = _measures.toned(1 - truth / 100, truth)  # cannot be fitted
    assert (
        _measures.lightness(negative, truth)["psnr"]
        < 20
        < _measures.lightness(fitted, truth)["psnr"]
    )


def test_ssim_agrees_with_scikit_image(photo):
    truth = color.lightness(photo)
    noisy = truth + np.random.default_rng(0).normal(0, 8, truth.shape).astype(np.float32)
    reference = skimage.metrics.structural_similarity(
        truth, noisy, data_range=100, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert _measures.ssim(truth, noisy) == pytest.approx(reference, abs=0.002)


def test_the_interval_holds_the_mean():
    values = np.random.default_rng(1).normal(10, 2, 60)
    low, high = _measures.interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(4 * 2 / 60**0.5, rel=0.3)  # ± 2 standard errors


@pytest.mark.parametrize("method", _peers.PEERS)
def test_peers_give_photos(photo, method):
    result = _peers.PEERS[method](photo)
    assert result.shape == photo.shape
    assert np.isfinite(result).all()
    assert 0 <= result.min() <= result.max() <= 1.0001


def test_another_program_called_convert_is_not_imagemagick(tmp_path, monkeypatch):
    other = tmp_path / "convert"
    other.write_text("#!/bin/sh\necho 'convert: no such thing here'\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _peers.magick_program.__wrapped__() is None


def test_grey_world_takes_a_cast_away(photo):
    linear = 0.4 * color.decode(photo)  # dark enough that nothing clips
    cast = color.encode(linear * np.float32([1, 0.8, 0.5]))
    means = color.decode(_peers.PEERS["grey world"](cast)).mean((0, 1))
    assert np.ptp(means) < 0.01 * means.mean()


def test_bounds_are_bounds(photo):
    """With the truth told, far nearer than the best peers and than black and white."""
    scan = fade(photo, "dark cyan loss", seed=1)
    faded = scan.srgb / np.float32(255)
    before, after = (
        color.delta_e(result, photo).mean()
        for result in (faded, _oracle.affine_density(faded, photo))
    )
    assert after < 0.5 * before

    shot = light(photo, "white+blue", seed=1, exposure=0.5, other=True)
    truth = color.to_lab(photo)
    for camera in (False, True):
        ab = _oracle.light_known(shot, truth[..., 0], camera)
        assert ((ab - truth[..., 1:]) ** 2).mean() < 0.6 * (truth[..., 1:] ** 2).mean()


def test_the_check_fails_on_what_is_missing_and_on_what_is_too_far():
    assert not any(target.held for target in _targets.targets([], None))
    names = ("ours: fade", _fading.REFERENCE)
    for error, held in ((6.5, True), (7.5, False)):
        scores = [
            Score("fading", _fading.SIX, "mount", name, "one", {"dE": value})
            for name, value in zip(names, (error, 12.0), strict=True)
        ]
        targets = {target.what: target.held for target in _targets.targets(scores, None)}
        assert targets["fading, six kinds, dE"] is held


def test_harm_is_reported():
    def scores(ours: float) -> list[Score]:
        pairs = ((_hues.OURS, ours), (_hues.REFERENCE, 20.0))
        return [Score("hues", _hues.JPEG, "red", m, "one", {"ab": v, "dE": v}) for m, v in pairs]

    assert _targets.safety(scores(20.0)) == ([], 1)
    assert _targets.safety(scores(20.5)) == (["red, from JPEG"], 1)


def test_tables_name_the_share_made_worse():
    values = {"dE": 1.0, "p90": 2.0, "ab": 1.0, "ssim": 0.9}
    scores = [
        Score("fading", _fading.SIX, "mount", method, name, values | {"dE": error})
        for method, errors in (("input as is", (5.0, 5.0)), ("ours: fade", (4.0, 6.0)))
        for name, error in zip("ab", errors, strict=True)
    ]
    table = _tables.colours("Fading", scores, "input as is")
    assert table.rows[1][0] == "ours: fade"
    assert table.rows[1][-1] == "50%"
    assert "| ours: fade |" in table.markdown()


def test_recoverability_is_ranked_over_bins_and_over_lightings():
    def scored(case: str, sure: float, skill: float) -> Score:
        bins = np.zeros((len(_hues.BINS) - 1, 4))
        for at, (said, known) in enumerate(((0.01, 0.0), (sure, skill))):
            bins[at] = [100, 100 * said, 100 * (1 - known), 100]
        return Score("hues", _hues.JPEG, case, _hues.OURS, "one", bins=bins)

    pairs = [("red", 0.02, 0.0), ("magenta", 0.4, 0.2), ("white", 0.6, 0.5), ("blue", 0.1, 0.1)]
    honest = [scored(*pair) for pair in pairs]
    assert _targets.recoverability_over(honest) == pytest.approx(1)
    assert _targets.recoverability(honest)[:, 2] == pytest.approx([0, 0.2])
    boastful = [*honest[1:], scored("red", 0.9, -0.5)]
    assert _targets.recoverability_over(boastful) < 0.7
