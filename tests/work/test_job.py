"""What a job leaves behind for the next one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.colorizers import compact
from restore.context import Context
from restore.models import engines
from restore.recipe import Recipe
from restore.work.job import ROOM, Job, restore_file


@pytest.mark.parametrize(("memory", "keeps"), [(None, False), (ROOM / 2, False), (2 * ROOM, True)])
def test_networks_stay_after_a_large_photo_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: float | None, keeps: bool
) -> None:
    monkeypatch.setattr("restore.recipe.LARGE", 1000)  # so that the photo is a large one
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 1), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    context, loaded = Context(alone=True), []
    recipe = Recipe.named("colorize").with_settings({"colorize.model": "compact"})
    job = Job(tmp_path / "a.png", tmp_path / "out.png", memory=memory)
    restore_file(job, recipe, lambda share: None, context=context)
    monkeypatch.setattr(engines, "load", lambda *_, **__: loaded.append(1))
    compact.load(context)
    assert (not loaded) == keeps
