"""Find the prints on a scan of several: photos on a flatbed, on the pages of an album.

What lies between the prints and at the scan's edge is the lid: one colour that changes little and
slowly. Whatever differs from it must make up separate rectangles, all of it; each side of each
rectangle must be an edge in the picture. Where that does not hold, there is no result: a photo of
windows in a wall should not come back in pieces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.prints.lid import SHARE, Lid, against, candidates
from restore.analysis.prints.outlines import HULL, around, divided, fill
from restore.analysis.prints.sides import SIDES, Strip, at_the_edge, refined, seam, strip_along
from restore.image.photo import Proxy
from restore.image.rectangle import Rectangle, resampled

SMALLEST = 0.01
"""Least share of the scan's area for a print."""
NARROWEST = 0.08
"""Least side of a print, as a share of the scan's short side."""
LONGEST = 5.0
"""Most times a print may be longer than wide."""
THIN = 0.02
"""Most width of a shadow beside a print, as a share of the scan's short side."""
BESIDE = 0.1
"""Reach of such a shadow from its print, as a share of the print's short side."""
SEAM = 1.5
"""Least ratio of the step between touching prints to the steps beside it."""
CLEAR = 0.6
"""Least share of a print's side where colours step; on one of the four, half of that."""
SHADE = 0.03
"""Width of a shadow that may adjoin a print, as a share of its short side."""
STRAY = 0.02
"""Most that may lie outside all prints, as a share of their area: dust, a label."""
MOST = 24
"""Most prints on a scan."""
OPENING = 0.2, 0.9
"""Least and most share of a slide's frame that is picture."""


def prints(proxy: Proxy) -> tuple[Rectangle, ...]:
    """The prints on a scan, in reading order, in pixels of the full photo.

    Empty unless there are at least two and all of the scan is accounted for.
    """
    return _separate(proxy, 2)


def mounts(proxy: Proxy) -> tuple[Rectangle, ...]:
    """The pictures within slides' frames, in reading order, in pixels of the full photo.

    The scan may show slides on a lid, or one slide's frame that fills it. Empty if a frame's
    opening is not found: then nothing should be cut.
    """
    lab = _lab(proxy)
    if lab is None:
        return ()
    height, width = lab.shape[:2]
    whole = Rectangle(width / 2, height / 2, width, height)
    frames = _best(lab, 1) or [whole]
    openings = [_opening(lab, frame) for frame in frames]
    if frames != [whole] and not all(openings):
        openings = [_opening(lab, whole)]
    if not all(openings):
        return ()
    factor = proxy.size[1] / width
    return tuple(one.scaled(factor) for one in _in_reading_order([o for o in openings if o]))


def _opening(lab: color.Array, frame: Rectangle) -> Rectangle | None:
    """The picture within a slide's frame, which is of one colour, as a lid is."""
    inner = frame.shrunk(0.02 * min(frame.width, frame.height))
    part = resampled(lab, inner, round(inner.height), round(inner.width))
    openings = _best(part, 1)
    if len(openings) != 1:
        return None
    (one,) = openings
    share = one.width * one.height / (frame.width * frame.height)
    if not OPENING[0] < share < OPENING[1]:
        return None
    right, down = inner.axes
    corner = inner.corners[0]
    x, y = corner + right * one.x + down * one.y
    return Rectangle(float(x), float(y), one.width, one.height, one.angle + inner.angle)


def _separate(proxy: Proxy, least: int) -> tuple[Rectangle, ...]:
    lab = _lab(proxy)
    if lab is None:
        return ()
    factor = proxy.size[1] / lab.shape[1]
    return tuple(one.scaled(factor) for one in _in_reading_order(_best(lab, least)))


def _lab(proxy: Proxy) -> color.Array | None:
    """(rows, columns, 3) CIE L*a*b* of the scan; None if it is too small."""
    pixels = proxy.view.pixels
    if min(pixels.shape[:2]) < 64:
        return None
    return color.to_lab(np.ascontiguousarray(pixels.clip(0, 1)))


def _best(lab: color.Array, least: int) -> list[Rectangle]:
    """The rectangles on whichever lid shows most of them; none if fewer than `least`."""
    best: list[Rectangle] = []
    for colour in candidates(lab):
        lid = against(lab, colour)
        rectangles = _rectangles(lid) if lid else []
        if len(rectangles) >= least and len(rectangles) > len(best):
            best = rectangles
    return best


def _rectangles(lid: Lid) -> list[Rectangle]:
    """The prints on the lid; none if anything on it is something else."""
    import cv2

    mask = lid.mask.astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if (mask == 0).mean() < SHARE:
        return []
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    least, thin = SMALLEST * mask.size, THIN * min(mask.shape)
    parts: list[NDArray[np.int32]] = []
    shadows: list[NDArray[np.int32]] = []
    stray = whole = 0.0
    for contour in contours:
        area = float(cv2.contourArea(contour))
        if area < least:
            stray += area
        elif area < thin * cv2.arcLength(contour, True) / 2:
            shadows.append(contour)
        else:
            parts += divided(contour, least)
            whole += area
    if not 0 < len(parts) <= MOST or stray > STRAY * whole:
        return []
    rectangles = [refined(around(part), lid) for part in parts]
    sound = all(
        _is_print(one, part, lid, [other for other in rectangles if other is not one])
        for one, part in zip(rectangles, parts, strict=True)
    ) and all(_beside(shadow, rectangles) for shadow in shadows)
    return rectangles if sound and _uncovered(mask, rectangles) < STRAY * whole else []


def _uncovered(mask: NDArray[np.uint8], rectangles: Sequence[Rectangle]) -> float:
    """Pixels that are not lid and lie outside all prints and their shadows."""
    import cv2

    rest = mask.copy()
    for one in rectangles:
        grown = one.shrunk(-SHADE * min(one.width, one.height))
        cv2.fillConvexPoly(rest, np.rint(grown.corners - 0.5).astype(np.int32), 0)
    return float(rest.sum())


def _beside(shadow: NDArray[np.int32], rectangles: Sequence[Rectangle]) -> bool:
    """Whether a narrow outline lies beside a print, as the shadow of its border does."""
    x, y = shadow.reshape(-1, 2).T
    return any(
        one.shrunk(-BESIDE * min(one.width, one.height)).holds(x, y).all() for one in rectangles
    )


def _is_print(
    rectangle: Rectangle, outline: NDArray[np.int32], lid: Lid, others: Sequence[Rectangle]
) -> bool:
    """Whether a rectangle is a print: lid or another print all around it, something else inside."""
    rows, columns = lid.away.shape
    short, long = sorted((rectangle.width, rectangle.height))
    if short < NARROWEST * min(rows, columns) or long > LONGEST * short:
        return False
    if fill(outline)[1] < HULL:
        return False
    clear = []
    for side in SIDES:
        strip = strip_along(rectangle, side, lid, 10)
        outside = strip.away[:, strip.offsets < -4] < lid.limit
        beside = _covered(rectangle, side, strip, others)
        touching = outside.mean(1) <= 0.6
        if touching.mean() > 0.2 and beside < 0.8:
            return False
        if touching.mean() > 0.05 and seam(strip, touching) < SEAM:
            return False
        if not at_the_edge(rectangle, side, lid, 1.5):
            middle = int(np.argmin(np.abs(strip.offsets)))
            steps = strip.lab[:, middle + 4] - strip.lab[:, middle - 4]
            clear.append(float((np.linalg.norm(steps, axis=-1) > 0.8 * lid.limit).mean()))
    clear.sort()
    return not clear or (clear[0] > CLEAR / 2 and min(clear[1:], default=1) > CLEAR)


def _covered(rectangle: Rectangle, side: str, strip: Strip, others: Sequence[Rectangle]) -> float:
    """The share of a side's outside that is lid or within another print."""
    right, down = rectangle.axes
    flat = side in ("top", "bottom")
    inwards = {"left": right, "right": -right, "top": down, "bottom": -down}[side]
    along = right if flat else down
    half = (rectangle.height if flat else rectangle.width) / 2
    points = np.array([rectangle.x, rectangle.y]) - inwards * (half + 7)
    points = points + strip.places[:, None] * along
    within = np.zeros(len(points), bool)
    for other in others:
        within |= other.holds(points[:, 0], points[:, 1])
    return float((within | (strip.away[:, strip.offsets < -4].mean(1) < 6)).mean())


def _in_reading_order(rectangles: Sequence[Rectangle]) -> list[Rectangle]:
    """From the upper left to the lower right, in rows."""
    rows: list[list[Rectangle]] = []
    for one in sorted(rectangles, key=lambda one: one.y):
        for row in rows:
            if abs(one.y - row[0].y) < 0.5 * min(one.height, row[0].height):
                row.append(one)
                break
        else:
            rows.append([one])
    return [one for row in rows for one in sorted(row, key=lambda one: one.x)]
