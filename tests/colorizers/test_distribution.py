"""The 313 colours, and what follows from a network's logits over them."""

import numpy as np
import pytest

from restore.colorizers import _distribution as d
from restore.colorizers._grid import grid

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 3, (313, 4, 5)).astype(np.float32)


def direct(temperature):
    """Probabilities in double precision, written out."""
    p = np.exp(LOGITS.astype(np.float64) / temperature)
    return p / p.sum(0)


def test_the_grid_has_313_colours_in_the_papers_order():
    assert grid().shape == (313, 2)
    assert grid()[[0, 5, 113, 312]].tolist() == [[-90, 50], [-80, 20], [0, -70], [100, 0]]
    order = grid()[:, 0] * 1000 + grid()[:, 1]
    assert (np.diff(order) > 0).all()  # a* ascending, then b*, none twice
    assert not (grid() % 10).any()


@pytest.mark.parametrize("temperature", [0.38, 1, 2])
def test_the_annealed_mean_is_the_expectation_of_the_tempered_softmax(temperature):
    expected = np.einsum("khw,kc->hwc", direct(temperature), grid())
    result = d.mean(d.probabilities(LOGITS, temperature))
    np.testing.assert_allclose(result, expected, atol=2e-4)  # Lab units; float32 sums over 313


def test_towards_temperature_0_the_annealed_mean_is_the_likeliest_colour():
    mode = grid()[LOGITS.argmax(0)]
    np.testing.assert_array_equal(d.mean(d.probabilities(LOGITS, 0)), mode)
    np.testing.assert_allclose(d.mean(d.probabilities(LOGITS, 1e-9)), mode, atol=1e-4)


def test_huge_logits_and_two_best_colours_stay_finite():
    logits = np.zeros((313, 1, 1), np.float32)
    logits[[3, 7]] = 3e4
    for temperature in (0, 1e-9, 1):
        p = d.probabilities(logits, temperature)
        assert p[[3, 7], 0, 0].tolist() == [0.5, 0.5]
        assert np.isfinite(d.entropy(p)).all()


def test_entropy_is_all_bits_when_uniform_and_none_when_certain():
    uniform = np.full((313, 1, 1), 1 / 313, np.float32)
    certain = np.zeros((313, 1, 1), np.float32)
    certain[17] = 1
    assert d.entropy(uniform)[0, 0] == pytest.approx(np.log2(313), abs=1e-5)
    assert d.entropy(certain)[0, 0] == 0


def test_the_covariance_is_that_of_colours_drawn_from_the_distribution():
    p = d.probabilities(LOGITS, 0.6)
    for row, column in ((0, 0), (3, 2)):
        expected = np.cov(grid().T, aweights=p[:, row, column], ddof=0)
        result = d.covariance(p)[row, column]
        np.testing.assert_allclose(result, expected[[0, 0, 1], [0, 1, 1]], rtol=1e-3, atol=0.05)


def test_the_covariance_is_that_of_natural_frequencies_whatever_the_vividness():
    plain = d.covariance(d.probabilities(d.natural(LOGITS, 0)))
    vivid = d.covariance(d.probabilities(d.natural(LOGITS, 0.5)), 0.5)
    np.testing.assert_allclose(vivid, plain, rtol=1e-4, atol=0.05)


def test_vividness_1_is_the_network_and_0_the_natural_frequencies():
    np.testing.assert_array_equal(d.natural(LOGITS, 1), LOGITS)
    p = d.probabilities(d.natural(LOGITS, 0))
    undone = d.probabilities(LOGITS) / d.rebalancing()[:, None, None]
    np.testing.assert_allclose(p, undone / undone.sum(0), atol=1e-6)


def test_the_rebalancing_weights_are_those_the_network_was_trained_with():
    import onnx

    from restore.colorizers import compact

    metadata = {p.key: p.value for p in onnx.load(compact.WEIGHTS).metadata_props}
    trained = np.array(metadata["rebalancing"].split(","), np.float32)
    np.testing.assert_array_equal(d.rebalancing(), trained)


def test_the_likeliest_colours_come_in_order():
    p = np.zeros(313, np.float32)
    p[[312, 0]] = 0.25, 0.75
    assert d.likeliest(p, 2) == [((-90.0, 50.0), 0.75), ((100.0, 0.0), 0.25)]
