"""Evidence of colours on the cells of a network's input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from restore.color import Array
from restore.colorizers._input import CELL

Evidence = Callable[[int, int], Array]
"""Evidence on so many rows and columns of cells: (rows, columns, 4), a* and b* as they would be at
L* = 50, how certain they are, 0 … 1, and 1 if a person knows them; all 0 where nothing is known."""


def cells(evidence: Evidence, values: Array, rows: slice, columns: slice) -> Array:
    """(1, 4, H/4, W/4) evidence for an input (1, 1, H, W) whose `rows`, `columns` are the photo."""
    height, width = (n // CELL for n in values.shape[2:])
    known = evidence(rows.stop - rows.start, columns.stop - columns.start)
    beyond = (rows.start, height - rows.stop), (columns.start, width - columns.stop), (0, 0)
    return np.pad(known, beyond, "symmetric").transpose(2, 0, 1)[None]
