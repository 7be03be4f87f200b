"""A user without a home, as in containers and on clusters, or with one that cannot be read."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest
from click.testing import CliRunner

from restore import places, recipe
from restore.cli import cli
from restore.errors import WeightsError
from restore.models import engines, weights


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(user: int) -> None:
        raise KeyError(user)

    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "RESTORE_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.usefixtures("homeless")
def test_without_a_home_the_defaults_are_used() -> None:
    assert places.own("config") is None
    assert "monochrome" in recipe.names()
    assert engines.cache_folder() is None
    assert not weights.installed("zhang2016")
    with pytest.raises(WeightsError, match="no home folder to keep models in; set RESTORE_MODELS"):
        weights.folder()
    for command in ("recipes", "models"):
        assert CliRunner().invoke(cli, [command]).exit_code == 0


def test_a_home_that_cannot_be_read_has_no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(WeightsError, match="cannot be read: Permission denied; set RESTORE_MODELS"):
        weights.installed("zhang2016")  # the folder that was asked for
    monkeypatch.delenv("RESTORE_MODELS")
    assert not weights.installed("zhang2016")
