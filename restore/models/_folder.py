"""The folder in which models are kept."""

from __future__ import annotations

import os
from pathlib import Path

from restore import places
from restore.errors import WeightsError


def folder() -> Path:
    """The folder of models: RESTORE_MODELS, or the user's data folder."""
    given = os.environ.get("RESTORE_MODELS")
    if given:
        try:
            return Path(given).expanduser()
        except RuntimeError as error:
            raise WeightsError(f"RESTORE_MODELS: {given}: unknown user") from error
    home = places.own("data")
    if home is None:
        raise WeightsError("no home folder to keep models in; set RESTORE_MODELS to a folder")
    return home / "models"
