"""16 bits go through every point step: no table of 256, no rounding on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

import restore
from restore import color
from restore.image.photo import Photo
from restore.image.render import render_photo
from restore.steps.fade import Fade

RAMP = np.repeat(np.arange(65536, dtype=np.uint16).reshape(256, 256, 1), 3, 2)
"""All greys of 16 bits."""
WARM = np.rint(RAMP * [1, 0.97, 0.93]).astype(np.uint16)
"""The same under a warm light, for steps that leave neutral greys as they are. Green ends at 97%,
so its lightness has 63,500 codes."""
VIVID = '[[steps]]\nuse = "colorize"\nside = 64\ncaution = 0\nvividness = 1\n'
HUES = VIVID + '[[steps]]\nuse = "hue_blend"\n'


def lightness(samples: NDArray[np.uint16]) -> NDArray[np.float64]:
    """The grey of the same luminance, in codes."""
    luminance = color.decode((samples / 65535).astype(np.float32)) @ color.LUMA
    grey = color.encode(np.repeat(luminance[..., None], 3, -1).astype(np.float32))[..., 0]
    return np.rint(grey.astype(np.float64) * 65535)


@pytest.mark.parametrize(
    ("ramp", "recipe"),
    [
        pytest.param(WARM, '[[steps]]\nuse = "monochrome"\n', id="monochrome"),
        pytest.param(WARM, '[[steps]]\nuse = "monochrome"\nmix = "layer"\n', id="layer"),
        pytest.param(WARM, '[[steps]]\nuse = "white_balance"\n', id="white_balance"),
        # gamma and contrast that bend and do not clip: stretching alone loses codes at the ends
        pytest.param(RAMP, '[[steps]]\nuse = "levels"\ngamma = 1.05\ncontrast = 5\n', id="levels"),
        pytest.param(RAMP, '[[steps]]\nuse = "colorize"\nside = 64\n', id="colorize"),
        pytest.param(RAMP, HUES, id="hue_blend"),
    ],
)
def test_keeps_the_greys_of_16_bits_apart(
    tmp_path: Path, ramp: NDArray[np.uint16], recipe: str
) -> None:
    path = tmp_path / "ramp.tif"
    tifffile.imwrite(path, ramp, photometric="rgb")
    result = restore.Recipe.parse(recipe, "one")(restore.load(path))
    samples = tifffile.imread(restore.save(result, tmp_path / "result.tif"))
    assert samples.dtype == np.uint16
    assert np.abs(samples.astype(int) - ramp).mean() > 500  # it did something
    assert len(np.unique(lightness(samples))) > 60_000


def test_fade_keeps_the_greys_of_16_bits_apart() -> None:
    effect = Fade(np.diag([1.1, 1.2, 1.05]).astype(np.float32), np.zeros(3, np.float32), 0, 1, 1)
    photo = Photo(RAMP)
    samples = render_photo(photo, effect, photo.space)
    assert np.abs(samples.astype(int) - RAMP).mean() > 500  # it did something
    assert len(np.unique(lightness(samples))) > 60_000
