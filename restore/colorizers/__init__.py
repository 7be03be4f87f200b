"""One network family per file: CIE L* in, chroma out. Found by file name.

A colorizer's module provides, as data and functions, all the rest of the program needs:

    ABOUT: str          what it is good for, one sentence
    LICENCE: str        of the weights
    BYTES: int          size of the weights
    RANK: int           "auto" takes the highest rank that is installed
    installed() -> bool
    sha256() -> str     of the weights in use
    load(context)       the network, ready to run; kept by the context for `chroma`
    chroma(lightness, *, side, temperature, vividness, context) -> Chroma

`chroma` of a network that weighs evidence of colours also takes `evidence`; see `_evidence`.
The defaults of `chroma` for temperature and vividness suit the network.
`lightness` is (height, width) float32, CIE L* 0 … 100, any size; `side` is the short side of the
network's input in pixels, a multiple of 32. What the network needs (normalising, padding,
layout) is handled in its own file; `_input.fit` fits the size and keeps the cells aligned
with the photo, `_distribution` derives everything from logits.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType

from restore import registry
from restore.color import Array
from restore.colorizers import _distribution
from restore.colorizers._grid import grid
from restore.errors import WeightsError, nearest


@dataclass(frozen=True, eq=False)
class Chroma:
    """The output of a colorizer; cells cover the photo exactly, row 0 at its top.

    Attributes
    ----------
    engine
        What ran it.
    logits
        (313, h, w) float32, vividness applied, temperature not: softmax(logits / T) is the
        distribution over `grid`. None for a network that predicts single colours.
    temperature
        The given one.
    told
        The same as `logits`, with the evidence weighed in; None without evidence.
    single
        (h, w, 2) float32 CIE a* b* of a network that predicts single colours.
    """

    engine: str
    logits: Array | None = None
    temperature: float = 1
    single: Array | None = None
    told: Array | None = None

    @property
    def ab(self) -> Array:
        """(h, w, 2) float32: CIE a* b* at the given temperature and vividness."""
        if self.logits is not None:
            return _distribution.mean(_distribution.probabilities(self.logits, self.temperature))
        if self.single is None:
            raise ValueError("a colorizer gave neither logits nor colours")
        return self.single

    @property
    def grid(self) -> Array:
        """(313, 2) float32: centres of the bins, CIE a* b*."""
        return grid()


def names() -> list[str]:
    """Names of all colorizers, the best first: as people write them, "-" for a module's "_"."""
    known = [name.replace("_", "-") for name in registry.names(sys.modules[__name__])]
    return sorted(known, key=lambda name: -get(name).RANK)


def get(name: str = "auto", where: str = "colorizers") -> ModuleType:
    """The colorizer's module; "auto" is the best that is installed.

    Raises
    ------
    WeightsError
        If there is none of this name.
    """
    if name == "auto":
        name = next(known for known in names() if get(known).installed())
    here, module = sys.modules[__name__], name.replace("-", "_")
    if module not in registry.names(here):
        known = nearest(name, names())
        raise WeightsError(f'{where}: there is no colorizer "{name:.60}"; {known}')
    return registry.module(here, module, where, "colorizer", WeightsError)
