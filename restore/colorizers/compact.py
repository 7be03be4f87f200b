"""The compact network: made for this project, shipped inside the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from restore.color import Array
from restore.colorizers import Chroma
from restore.colorizers._distribution import natural
from restore.colorizers._evidence import Evidence, cells
from restore.colorizers._input import fit
from restore.context import Context, default
from restore.models import engines

ABOUT = "Always there and quick; good at sky, plants, skin, fur, food, wood; cautious elsewhere."
LICENCE = "BSD-2-Clause (encoder from EfficientNet-Lite0, Apache-2.0)"
BYTES = 9046228
RANK = 10

WEIGHTS = Path(__file__).parents[1] / "data" / "compact.onnx"
EVIDENCE = WEIGHTS.with_name("compact-evidence.onnx")
"""What evidence of colours changes: lightness, logits without evidence, and evidence in, logits
out. Photos without evidence do not need it."""


def installed() -> bool:
    """Whether it is installed: always."""
    return True


def sha256() -> str:
    """SHA-256 of the weights file."""
    return engines.sha256(WEIGHTS)


def load(context: Context) -> engines.Network:
    """The network, ready to run."""
    engine = engines.chosen(context.engine)
    return context.network((WEIGHTS, engine), lambda: engines.load(WEIGHTS, engine))


def chroma(
    lightness: Array,
    *,
    side: int = 256,
    temperature: float = 0.5,
    vividness: float = 0.25,
    evidence: Evidence | None = None,
    context: Context | None = None,
) -> Chroma:
    """Chroma for (height, width) CIE L* 0 … 100, one cell for 4 x 4 pixels of the network's input.

    The network's input is plain L*, with sides that are multiples of 32. It was trained on photos
    with a short side of 208 and works best from 192 to 256.
    """
    values, (rows, columns) = fit(lightness, side)
    context = context or default()
    network = load(context)
    every = network(values)
    logits = natural(np.ascontiguousarray(every[0, :, rows, columns]), vividness)
    if evidence is None:
        return Chroma(network.engine, logits, temperature)
    known = cells(evidence, values, rows, columns)
    every = _weighing(context)(values, logits=every, evidence=known)
    told = natural(np.ascontiguousarray(every[0, :, rows, columns]), vividness)
    return Chroma(network.engine, logits, temperature, told=told)


def _weighing(context: Context) -> engines.Network:
    engine = engines.chosen(context.engine)
    return context.network((EVIDENCE, engine), lambda: engines.load(EVIDENCE, engine))
