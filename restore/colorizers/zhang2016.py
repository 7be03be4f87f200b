"""The release of Zhang, Isola and Efros 2016, installed by `restore models pull zhang2016`.

Colorful Image Colorization, ECCV 2016, arXiv 1603.08511. Input CIE L*; logits over the 313 colours
at a quarter of the input, before the release's own scale: softmax(logits / T) is the distribution
at temperature T, and T = 0.38 (1 / 2.606) the published choice.

The release was trained class-rebalanced with the paper's weights w, which were not published as a
file. `vividness` therefore uses an estimate of them: the same formula on the colour frequencies of
the compact network's training photos (`_distribution.rebalancing`). At vividness 1, the published
network, the estimate is not used.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from restore.color import Array
from restore.colorizers import Chroma
from restore.colorizers._distribution import natural
from restore.colorizers._input import fit
from restore.context import Context, default
from restore.models import engines, weights

ABOUT = "The network of the 2016 paper, trained on 1.3 million photos; 64 GFLOP."
LICENCE = "BSD-2-Clause, (c) 2016 Richard Zhang, Phillip Isola, Alexei A. Efros"
RANK = 20

NAME = "zhang2016"
BYTES = weights.KNOWN[NAME].size
MULTIPLE = 32
"""Divisor of the input's sides; 8 would do, 32 makes fewer sizes to compile."""


installed = partial(weights.installed, NAME)
sha256 = partial(weights.sha256, NAME)


def chroma(
    lightness: Array,
    *,
    side: int = 256,
    temperature: float = 0.38,
    vividness: float = 1,
    context: Context | None = None,
) -> Chroma:
    """Chroma for (height, width) CIE L* 0 … 100, one cell for 4 x 4 pixels of the network's input.

    The release's own input is 224 x 224: in a larger one, objects are larger than in training.
    """
    return run(NAME, lightness, side, temperature, vividness, context)


def load(context: Context) -> engines.Network:
    """The network, ready to run."""
    return loaded(NAME, context)[0]


def loaded(name: str, context: Context) -> tuple[engines.Network, engines.Precision]:
    """The model `name` of this family, ready to run, and its precision.

    That is bf16 if the processor supports it: about half the time, with no visible difference
    in colour (docs/models/zhang2016.md has the figures).
    """
    engine = engines.chosen(context.engine)
    precision: engines.Precision = "bf16" if engine == "openvino" and engines.has_bf16() else "f32"
    digest = weights.verify(name)["sha256"]
    path = weights.location(name)
    network = context.network(
        (path, digest, engine, precision), lambda: engines.load(path, engine, precision, digest)
    )
    return network, precision


def run(
    name: str,
    lightness: Array,
    side: int,
    temperature: float,
    vividness: float,
    context: Context | None,
) -> Chroma:
    """Run the model `name` of this family; vividness 1 leaves its logits as they are."""
    values, (rows, columns) = fit(lightness, side, MULTIPLE)
    network, precision = loaded(name, context or default())
    logits = np.ascontiguousarray(network(values)[0, :, rows, columns])
    logits = natural(logits, vividness)
    used = f"{network.engine}, {precision}"
    return Chroma(used, logits, temperature)
