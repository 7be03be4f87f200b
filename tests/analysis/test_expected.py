"""Colours that a network expects correct a doubtful cast of the whole photo."""

from dataclasses import replace

import numpy as np
import pytest

from restore.analysis.fading import expected
from restore.analysis.fading.dyes import Fading
from restore.colorizers._distribution import natural
from restore.colorizers._grid import grid

TRUE = Fading(np.eye(3, dtype=np.float32), np.zeros(3, np.float32), 1.0, 8.0)
TINTED = TRUE.moved(np.array([0.06, -0.03, 0.05]), np.array([0.05, 0.0, -0.05]))
ENDS = 0.0, 1.0


@pytest.fixture(scope="module")
def places():
    """Densities (n, 3) of muted colours, and the logits (313, n) of a network that knows them."""
    greys = np.linspace(0.2, 1.6, 200, dtype=np.float32)[:, None]
    density = greys + np.random.default_rng(0).normal(0, 0.05, (200, 3)).astype(np.float32)
    ab = expected.restored(density, TRUE, ENDS)[:, 1:]
    logits = -((grid()[:, None] - ab) ** 2).sum(-1) / (2 * 12**2)
    return density, 2 * logits - natural(logits[..., None], expected.VIVIDNESS)[..., 0]


def _error(fading, density):
    restored, true = (expected.restored(density, one, ENDS) for one in (fading, TRUE))
    return np.sqrt(((restored - true)[:, 1:] ** 2).mean()), np.abs((restored - true)[:, 0]).mean()


def test_the_cast_becomes_weaker(places):
    density, logits = places
    corrected = expected.corrected(TINTED, density, ENDS, logits)
    before, after = (_error(one, density)[0] for one in (TINTED, corrected))
    assert after < 0.7 * before


def test_the_lightness_stays(places):
    density, logits = places
    corrected = expected.corrected(TINTED, density, ENDS, logits)
    moved = expected.restored(density, corrected, ENDS) - expected.restored(density, TINTED, ENDS)
    assert np.abs(moved[:, 0]).mean() < 0.2 * np.abs(moved[:, 1:]).mean()


def test_what_is_not_doubted_stays(places):
    sure = replace(TINTED, doubt=expected.DOUBTED[0])
    assert expected.corrected(sure, places[0], ENDS, places[1]) is sure
