"""Find faces in a picture, so that eyes, nostrils and moles stay."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore import color

SIDE = 512
"""Long side of the picture in which faces are searched for."""
SMALLEST = 24
"""Least side of a face there, in pixels; the cascade was made for faces of 24."""
SURE = 2
"""Windows around a face that must agree."""
AROUND = 0.1
"""Margin added on each side of a face, as a share of its side."""


def faces(grey: color.Array) -> NDArray[np.bool_]:
    """(h, w) mask of frontal faces, with a few false positives.

    Uses the cascade of local binary patterns that comes with scikit-image: quick, and generous.

    Parameters
    ----------
    grey
        (h, w) encoded brightness 0 … 1.
    """
    import cv2

    height, width = grey.shape
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    mask = np.zeros((height, width), bool)
    if min(size) <= SMALLEST:
        return mask
    codes = (small.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    most = (min(size), min(size))
    boxes = _cascade().detect_multi_scale(
        codes, 1.15, 1.3, (SMALLEST, SMALLEST), most, min_neighbor_number=SURE
    )
    for box in boxes:
        top, left = (int((box[name] - AROUND * box["width"]) / scale) for name in ("r", "c"))
        side = int((1 + 2 * AROUND) * box["width"] / scale) + 1
        mask[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = True
    return mask


def within(marks: NDArray[np.bool_], face: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(h, w) the connected marks that are mostly inside faces."""
    import cv2

    count, label = cv2.connectedComponents(marks.astype(np.uint8))
    whole = np.bincount(label.ravel(), minlength=count)
    inside = np.bincount(label[face], minlength=count)
    inner = 2 * inside > whole
    inner[0] = False
    return inner[label]


@functools.cache
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())
