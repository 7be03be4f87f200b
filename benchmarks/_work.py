"""What a section of the benchmark hands back for one photo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from restore import color


@dataclass(frozen=True, eq=False)
class Score:
    """What one method reached on one damaged photo.

    Attributes
    ----------
    section, group, case
        Where it belongs: "hues", "from JPEG", "red left + blue right".
    method, photo
        Names.
    values
        The measures by name, see `_measures`.
    picture
        (h, w, 3) sRGB-encoded result for the HTML page (uint8 once it travels), or None.
    bins
        (bins, 4) of a confidence map: pixels, sum of the confidence, squared error, squared error
        of the prior's mean colour; or None.
    """

    section: str
    group: str
    case: str
    method: str
    photo: str
    values: dict[str, float] = field(default_factory=dict)
    picture: color.Array | NDArray[np.uint8] | None = None
    bins: NDArray[np.float64] | None = None


Scores = Iterator[Score]
