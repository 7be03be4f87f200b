"""Faded dyes come back: contrast, greys and colours."""

import numpy as np
import pytest
from skimage import data

from restore import color
from restore.photo import Photo
from restore.steps.fade import fade


def _faded(photo, loss=(0.5, 0.08, 0.2), stain=(0.0, 0.01, 0.05)):
    """A photo whose three dyes lost these shares of their density, on stained paper."""
    density = color.to_density(photo) * (1 - np.array(loss)) + np.array(stain)
    return color.from_density(density).astype(np.float32)


@pytest.fixture(scope="module")
def coffee():
    return np.ascontiguousarray(data.coffee()[::3, ::3], np.float32) / 255


def _restored(faded, **settings):
    proxy = Photo(faded).proxy()
    return fade(proxy, **settings).tile(proxy.view)


@pytest.mark.parametrize("loss", [(0.5, 0.08, 0.2), (0.2, 0.5, 0.3), (0.45, 0.42, 0.48)])
def test_is_much_nearer_to_the_photo_before_it_faded(coffee, loss):
    faded = _faded(coffee, loss)
    before = color.delta_e(faded, coffee).mean()
    after = color.delta_e(_restored(faded), coffee).mean()
    assert after < 0.7 * before  # a plain stretch of each channel reaches about 0.8


def test_no_amount_changes_nothing(coffee):
    assert _restored(coffee, amount=0) is not None
    np.testing.assert_array_equal(_restored(coffee, amount=0), coffee)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (30, 20)])
def test_flat_photos_stay_finite(value, size):
    assert np.isfinite(_restored(np.full((*size, 3), value, np.float32))).all()
