"""Outlines of what lies on the lid: rectangles around them, and cuts between touching prints."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.image.rectangle import Rectangle

FILLED, HULL, FULL = 0.94, 0.85, 0.985
"""Shares of its rectangle that an outline encloses: one that is cut off is a print from `FILLED`,
any print's hull has `HULL`, and an outline of `FULL` need not be cut."""
DEEPEST = 8
"""Most cuts, one after the other."""
DEFECT = 0.015
"""Depth of a dent between two touching prints, as a share of the root of their area."""


def around(contour: NDArray[np.int32]) -> Rectangle:
    """The smallest rectangle around an outline."""
    import cv2

    (x, y), (width, height), angle = cv2.minAreaRect(contour)
    angle = (angle + 45) % 180 - 45
    if angle >= 45:
        angle, width, height = angle - 90, height, width
    # outlines run through the centres of pixels
    return Rectangle(x + 0.5, y + 0.5, width + 1, height + 1, angle)


def fill(contour: NDArray[np.int32]) -> tuple[float, float]:
    """The shares of its smallest rectangle that an outline and its hull enclose."""
    import cv2

    rectangle = around(contour)
    area = max((rectangle.width - 1) * (rectangle.height - 1), 1)
    return cv2.contourArea(contour) / area, cv2.contourArea(cv2.convexHull(contour)) / area


def divided(contour: NDArray[np.int32], least: float, depth: int = 0) -> list[NDArray[np.int32]]:
    """The outlines of touching prints, cut at the dents between them; itself if there is no cut."""
    share = fill(contour)[0]
    if share >= FULL or depth > DEEPEST:
        return [contour]
    best: list[NDArray[np.int32]] = []
    score = 0.0
    for parts in _cuts(contour, least):
        fills = sorted(fill(part)[0] for part in parts)
        if fills[-1] >= max(FILLED, share + 0.01) and sum(fills) > score:
            best, score = parts, sum(fills)
    return [piece for part in best for piece in divided(part, least, depth + 1)] or [contour]


def _cuts(contour: NDArray[np.int32], least: float) -> Iterator[list[NDArray[np.int32]]]:
    """Ways to cut an outline in two: straight on from the edges that meet in a dent."""
    import cv2

    left, top, width, height = cv2.boundingRect(contour)
    shape = np.zeros((height + 2, width + 2), np.uint8)
    corner = np.array([left - 1, top - 1])
    outline = contour - corner
    cv2.drawContours(shape, [outline], -1, 1, cv2.FILLED)
    hull = cv2.convexHull(outline, returnPoints=False)
    try:
        defects = cv2.convexityDefects(outline, hull)
    except cv2.error:  # an outline that touches itself
        return
    if defects is None:
        return
    root = float(np.sqrt(shape.sum()))
    rows = sorted(defects.reshape(-1, 4), key=_depth)[:6]
    dents = [row for row in rows if row[3] / 256 > DEFECT * root]
    points = outline.reshape(-1, 2).astype(float)
    span = max(8, round(0.12 * root))
    for dent in dents:
        at = int(dent[2])
        here = points[at]
        ends = [points[int(other[2])] - here for other in dents if other is not dent]
        for step in (span, -span):
            beside = points[(at + step // 4) % len(points)] - points[(at + step) % len(points)]
            ends.append(beside)
        for end in ends:
            length = float(np.hypot(*end))
            if length < 1:
                continue
            cut = shape.copy()
            far = here + end / length * 2 * (width + height)
            _sever(cut, here - end / length * 3, far, here)
            pieces = cv2.findContours(cut, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
            parts = [one + corner for one in pieces if cv2.contourArea(one) >= least]
            if len(parts) == 2:
                yield parts


def _depth(defect: NDArray[np.int32]) -> int:
    return -int(defect[3])


def _sever(
    shape: NDArray[np.uint8], start: color.Array, far: color.Array, here: color.Array
) -> None:
    """Clear a line through a shape, from a dent to where the line leaves the shape again."""
    import cv2

    count = int(np.hypot(*(far - start)))
    line = np.rint(start + np.linspace(0, 1, count + 1)[:, None] * (far - start)).astype(int)
    rows, columns = shape.shape
    inside = (line >= 0).all(1) & (line < (columns, rows)).all(1)
    line = line[inside]
    on = shape[line[:, 1], line[:, 0]] > 0
    begun = np.flatnonzero(on)
    if not begun.size:
        return
    gone = np.flatnonzero(~on[begun[0] :])
    last = begun[0] + (gone[0] if gone.size else len(line) - 1 - begun[0])
    cv2.line(shape, line[begun[0]].tolist(), line[last].tolist(), 0, 2)
