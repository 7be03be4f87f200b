"""A user's own step is one file in the configuration folder; a broken one costs a line."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import restore
from restore import steps
from restore.cli import cli
from restore.errors import RecipeError

WARM = '''
"""Warmer colours."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from restore.effect import Effect
from restore.image.photo import Proxy, Tile
from restore.step import Amount, Param


@dataclass(frozen=True, eq=False)
class Warm(Effect):
    by: float

    def tile(self, t: Tile):
        return t.pixels * np.float32([1 + self.by, 1, 1 - self.by])


def warm(
    proxy: Proxy,
    *,
    by: Annotated[float, Param("how much warmer", 0, 1)] = 0.1,
    amount: Amount = 1,
) -> Warm:
    """Make colours warmer."""
    return Warm(by * amount)
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = tmp_path / "steps"
    own.mkdir()
    (own / "warm.py").write_text(WARM)
    monkeypatch.setattr("restore.places.own", lambda kind: tmp_path)
    monkeypatch.delitem(sys.modules, "restore_own_steps.warm", raising=False)
    return own


def test_is_found_and_used_like_ours(folder: Path) -> None:
    assert "warm" in steps.names()
    grey = np.full((20, 20, 3), 128, np.uint8)
    red, _, blue = restore.run("warm", grey, {"warm.by": 0.25}).samples[0, 0]
    assert (red, blue) == (160, 96)
    recipe = restore.Recipe.parse('steps = [{use = "warm", by = 0.2}, {use = "levels"}]', "mine")
    assert recipe.labels == ["warm", "levels"]


def test_is_listed_and_described(folder: Path) -> None:
    listed = CliRunner().invoke(cli, ["steps"])
    assert "Make colours warmer." in listed.stdout
    shown = CliRunner().invoke(cli, ["steps", "warm"])
    assert "how much warmer" in shown.stdout


def test_a_broken_one_costs_a_line(folder: Path) -> None:
    (folder / "torn.py").write_text("def torn(proxy:\n")
    (folder / "empty.py").write_text("")
    listed = CliRunner().invoke(cli, ["steps"])
    assert listed.exit_code == 0
    assert "fade" in listed.stdout
    assert "torn.py: is not a step: SyntaxError" in listed.stderr
    assert "empty.py: is not a step: AttributeError" in listed.stderr
    with pytest.raises(RecipeError, match=r"torn\.py: is not a step"):
        steps.get("torn")


def test_never_stands_before_ours_and_helpers_are_left_out(folder: Path) -> None:
    (folder / "fade.py").write_text("raise RuntimeError")
    (folder / "_helper.py").write_text("raise RuntimeError")
    assert steps.get("fade").plan.__module__ == "restore.steps.fade"
    assert "_helper" not in steps.names()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_a_folder_that_anybody_may_write_to_is_left_out(folder: Path) -> None:
    folder.chmod(0o777)
    assert "warm" not in steps.names()
