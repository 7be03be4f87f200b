"""One small picture for each recipe, so that no change moves pixels unnoticed.

After a change that is meant to move them, and after looking at what it did:

    RESTORE_GOLDEN=write pytest tests/test_golden.py

A failure leaves expected | found | difference (8 times) in the folder that it names.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from restore.image.photo import Photo
from restore.recipe import Recipe, names
from restore.simulate import fade, light, scratch

GOLDEN = Path(__file__).parent / "golden"
MEAN, WORST = 0.5, 12
"""8-bit codes that results may differ by: engines and processors round apart."""


def _damaged(recipe: str) -> NDArray[np.uint8]:
    """(160, 160, 3) a face, damaged in the way that the recipe is for; kept beside the result."""
    face = cv2.resize(data.astronaut()[:400, 60:460], (160, 160), interpolation=cv2.INTER_AREA)
    photo = (face / 255).astype(np.float32)
    if recipe == "led-concert":
        return light(photo, "red left + blue right", seed=1, shading=0).srgb
    if recipe.startswith("faded"):
        return fade(photo, "dark cyan loss", seed=1).srgb
    if recipe in ("colorize", "old-photo", "old-film"):
        grey = np.repeat((photo @ (0.3, 0.6, 0.1))[..., None], 3, -1).astype(np.float32)
        worn = scratch(grey, seed=1).scan if recipe.startswith("old") else grey
        return (worn * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(face)


@pytest.mark.parametrize("name", names())
def test_result_is_the_golden_picture(name: str, tmp_path: Path) -> None:
    before, path = GOLDEN / f"{name}-before.png", GOLDEN / f"{name}.png"
    write = os.environ.get("RESTORE_GOLDEN") == "write"
    if write and not before.exists():
        cv2.imwrite(str(before), _damaged(name)[..., ::-1])
    photo = Photo(np.ascontiguousarray(cv2.imread(str(before))[..., ::-1]))
    result = Recipe.named(name)(photo).samples
    result = np.repeat(result, 3, -1) if result.shape[2] == 1 else result
    if write:
        cv2.imwrite(str(path), result[..., ::-1])
    expected = cv2.imread(str(path))[..., ::-1]
    away = np.abs(result.astype(int) - expected)
    if away.mean() > MEAN or away.max() > WORST:
        triple = np.hstack([expected, result, (8 * away).clip(0, 255).astype(np.uint8)])
        cv2.imwrite(str(tmp_path / f"{name}.png"), triple[..., ::-1])
        pytest.fail(
            f"{name}: {away.mean():.2f} codes away on the mean, {away.max()} at worst; "
            f"look at {tmp_path / name}.png"
        )
