"""A folder of models for tests: small networks of the published layout."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import caffemodel
import pytest

from restore.models import _conversion, _zhang, caffe, weights

TABLE = _zhang.layers(width=4, bins=5)
MODEL = caffemodel.small(TABLE)
OTHER = caffemodel.small(TABLE, name="another net")


def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models, and readers for the small table."""
    monkeypatch.setenv("RESTORE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(caffe, "convert", partial(caffe.convert, table=TABLE))
    monkeypatch.setattr(_conversion, "convert", partial(_conversion.convert, table=TABLE))
    digest = hashlib.sha256(MODEL).hexdigest()
    known = dict(weights.KNOWN)
    known["zhang2016"] = replace(known["zhang2016"], size=len(MODEL), sha256=digest, places=())
    monkeypatch.setattr(weights, "KNOWN", known)
    return tmp_path / "models"


def offer(places: tuple[str, ...]) -> None:
    weights.KNOWN["zhang2016"] = replace(weights.KNOWN["zhang2016"], places=places)


def begun(folder: Path, data: bytes) -> Path:
    """What an earlier try has left."""
    folder.mkdir(exist_ok=True)
    part = folder / "zhang2016.part"
    part.write_bytes(data)
    return part
