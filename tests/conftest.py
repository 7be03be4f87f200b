"""Tests see neither the user's models nor the user's choice of an engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def nothing_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTORE_MODELS", str(tmp_path_factory.mktemp("models")))
        patch.delenv("RESTORE_ENGINE", raising=False)
        yield
