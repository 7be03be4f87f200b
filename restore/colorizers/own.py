"""The colorizer that `restore train colorizer` wrote, installed by `restore models add`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from restore.color import Array
from restore.colorizers import Chroma
from restore.colorizers._distribution import natural
from restore.colorizers._evidence import Evidence, cells
from restore.colorizers._input import CELL, fit
from restore.context import Context, default
from restore.errors import WeightsError
from restore.models import engines, own

ABOUT = "A compact network trained further on photos of your own."
LICENCE = "yours"
BYTES = 9_400_000
RANK = 15


def installed() -> bool:
    """Whether it is installed."""
    return own.path("colorizer") is not None


def sha256() -> str:
    """SHA-256 of the weights file."""
    return engines.sha256(_path())


def load(context: Context) -> engines.Network:
    """The network, ready to run."""
    engine, path, digest = engines.chosen(context.engine), _path(), sha256()
    return context.network((digest, engine), lambda: engines.load(path, engine, "f32", digest))


def chroma(
    lightness: Array,
    *,
    side: int = 256,
    temperature: float = 0.5,
    vividness: float = 0.25,
    evidence: Evidence | None = None,
    context: Context | None = None,
) -> Chroma:
    """Chroma for (height, width) CIE L* 0 … 100, a cell for 4 x 4 pixels of the network's input."""
    values, (rows, columns) = fit(lightness, side)
    network = load(context or default())

    def logits(known: Array) -> Array:
        given = network(values, evidence=known)[0, :, rows, columns]
        return natural(np.ascontiguousarray(given), vividness)

    none = np.zeros((1, 4, values.shape[2] // CELL, values.shape[3] // CELL), np.float32)
    told = None if evidence is None else logits(cells(evidence, values, rows, columns))
    return Chroma(network.engine, logits(none), temperature, told=told)


def _path() -> Path:
    path = own.path("colorizer")
    if path is None:
        raise WeightsError(
            "own: is not installed; train it with `restore train colorizer`, then "
            "`restore models add FILE`"
        )
    return path
