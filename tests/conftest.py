"""Tests see neither the user's models and recipes nor the user's choice of an engine."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator

import pytest

# before the tests are collected: some are made of the recipes that there are
_CONFIGURATION = tempfile.TemporaryDirectory()
atexit.register(_CONFIGURATION.cleanup)
os.environ["XDG_CONFIG_HOME"] = _CONFIGURATION.name
if "PYTEST_XDIST_WORKER" in os.environ:  # its threads wait for each other at every product
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.pop("PYTHONUNBUFFERED", None)  # where it is set, what fails at the end is not seen


@pytest.fixture(scope="session", autouse=True)
def nothing_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTORE_MODELS", str(tmp_path_factory.mktemp("models")))
        patch.delenv("RESTORE_ENGINE", raising=False)
        yield
