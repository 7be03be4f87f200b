"""Fitting the networks that tell kinds of photos apart."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from restore.analysis import kinds
from restore.simulate.folder import reduced
from restore.training import _scenes
from restore.training.kinds import fitted

PHOTO = reduced((data.coffee() / np.float32(255)).astype(np.float32), 96)


@pytest.mark.parametrize("draw", [*_scenes.SOUND, *_scenes.DRAWN.values()])
def test_scenes_are_pictures(draw: _scenes.Draw) -> None:
    picture = draw(PHOTO, np.random.default_rng(1))
    assert picture.shape == PHOTO.shape
    assert np.isfinite(picture).all()
    assert np.isfinite(kinds.measures(picture)).all()


def test_the_fit_separates_what_can_be_separated() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 200)
    values = rng.normal(0, 0.3, (200, 8)).astype(np.float32)
    values[np.arange(200), labels] += 3
    assert (kinds.network(fitted(labels, values), values).argmax(1) == labels).mean() > 0.98
