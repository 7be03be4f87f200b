"""Zhang 2016 trained without class rebalancing, installed by `restore models add FILE`.

It predicts how often colours really occur, so it is cautious: vividness 0 is the network as it was
trained, and more of it weights rare colours up by the estimate that `zhang2016` explains.
"""

from __future__ import annotations

from functools import partial

from restore.color import Array
from restore.colorizers import Chroma, zhang2016
from restore.context import Context
from restore.models import engines, weights

ABOUT = "The 2016 network without class rebalancing: cautious, duller, fewer wrong colours."
LICENCE = zhang2016.LICENCE
RANK = 5

NAME = "zhang2016-norebal"
BYTES = weights.KNOWN[NAME].size

installed = partial(weights.installed, NAME)
sha256 = partial(weights.sha256, NAME)


def load(context: Context) -> engines.Network:
    """The network, ready to run."""
    return zhang2016.loaded(NAME, context)[0]


def chroma(
    lightness: Array,
    *,
    side: int = 256,
    temperature: float = 0.38,
    vividness: float = 0,
    context: Context | None = None,
) -> Chroma:
    """Chroma for (height, width) CIE L* 0 … 100, one cell for 4 x 4 pixels of the network's input.

    Its logits are natural already, so `vividness` adds log w instead of subtracting it.
    """
    return zhang2016.run(NAME, lightness, side, temperature, vividness + 1, context)
