"""Fill small gaps of a picture from their surroundings, in float."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color

AXES = 8
"""Directions in which a gap is bridged."""


GRAIN = 5
"""Side of the square whose mean a pixel's detail is measured from."""
CALM = 11
"""Side of the square whose calmest place sets the strength of grain, which excludes edges."""
SEEN = GRAIN - 1 + CALM // 2
"""How far the grain of a pixel is measured."""

NARROW = 5
"""Width in cells up to which a gap is bridged pixel by pixel."""
NONE = np.float32(1e4)
"""Distance of a sound pixel that is not there."""
ENOUGH = 0.25
"""Share of a cell's pixels that must be sound for it to have a value of its own."""

Places = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class _Bridge:
    """Ramps across a gap of n pixels.

    Attributes
    ----------
    values
        (n, c) the joined ramps.
    kept
        (n, 1) share of the surroundings' variance that is left after joining: 1 if none is lost.
    mirrored
        Two places per pixel: its mirror images at both edges of the gap, where it is narrowest.
    """

    values: color.Array
    kept: color.Array
    mirrored: tuple[Places, Places]


def filled(pixels: color.Array, gap: NDArray[np.bool_], reach: int) -> color.Array:
    """(n, c) values for the n pixels of a gap as `bridged`, with the grain of its surroundings.

    Joining ramps averages, so a filled scratch would be a smooth band in grain or grass. The lost
    share of the variance is restored with detail from beside the gap, mirrored at its edge, and no
    stronger than in the calmest place near it on either side: at an edge, or beside a plain sky,
    there is none to add. Looks as far as `reach` and `SEEN`.
    """
    import cv2

    bridge = _bridge(pixels, gap, reach, 1)
    sound = (~gap).astype(np.float32)
    number = cv2.blur(sound, (GRAIN, GRAIN)).clip(1e-6)[..., None]

    def mean(values: color.Array) -> color.Array:
        return cv2.blur(values * sound[..., None], (GRAIN, GRAIN)).reshape(values.shape) / number

    detail = pixels - mean(pixels)
    unrest = np.abs(detail).mean(2, np.float32, keepdims=True)
    size = np.where(gap[..., None], np.float32(1), mean(unrest))
    size = cv2.erode(size, np.ones((CALM, CALM), np.uint8))[..., None]
    one, other = bridge.mirrored
    free = ~gap[one]
    most = np.float32(3) * np.minimum(size[one], size[other]) * (free | ~gap[other])[:, None]
    grain = np.where(free[:, None], detail[one], detail[other]).clip(-most, most)
    return bridge.values + np.sqrt(np.maximum(1 - bridge.kept, 0)) * grain


def filled_wide(
    pixels: color.Array, gap: NDArray[np.bool_], reach: int, cell: int, origin: tuple[int, int]
) -> color.Array:
    """(n, c) values for the n pixels of a gap in a large photo, as `filled`.

    What is wider than `NARROW` cells is bridged on cells of several pixels, which is as good for
    smooth ramps, and is given the detail beside it, mirrored at its edge.

    Parameters
    ----------
    cell
        Side of a cell in pixels.
    origin
        Row and column of the first pixel in the whole photo: cells do not depend on the tile.
    """
    import cv2

    side = NARROW * cell
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    wide = cv2.morphologyEx(gap.astype(np.uint8), cv2.MORPH_OPEN, disc) > 0
    if not wide.any():
        return filled(pixels, gap, min(reach, 2 * side))
    base = ground(pixels, gap, reach, cell, origin)
    detail = np.where(gap[..., None], np.float32(0), pixels - base)
    unrest = np.abs(detail).mean(2)
    sound = cv2.blur((~gap).astype(np.float32), (GRAIN, GRAIN)).clip(1e-6)
    size = np.where(gap, np.float32(1), cv2.blur(unrest, (GRAIN, GRAIN)) / sound)
    most = 3 * cv2.erode(size, np.ones((CALM, CALM), np.uint8))
    _, label = cv2.distanceTransformWithLabels(
        wide.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(~wide)
    places = np.zeros((2, int(label.max()) + 1), np.intp)
    places[:, label[rows, columns]] = rows, columns
    own = np.nonzero(wide)
    nearest = places[:, label[own]]
    mirror = [
        (2 * near - at).clip(0, length - 1)
        for near, at, length in zip(nearest, own, gap.shape, strict=True)
    ]
    limit = most[nearest[0], nearest[1]][:, None]
    whole = pixels.copy()
    whole[own] = base[own] + detail[mirror[0], mirror[1]].clip(-limit, limit)
    narrow = gap & ~wide
    whole[narrow] = filled(whole, narrow, min(reach, 2 * side))
    return whole[gap]


def outlined(
    off: color.Array, bright: NDArray[np.bool_], dark: NDArray[np.bool_], near: int
) -> NDArray[np.bool_]:
    """(h, w) where doubtful pixels really stand out, and their neighbours.

    Those within `near` pixels of the highest that are a quarter as high, and what rises to them.

    Parameters
    ----------
    off
        (h, w) how much brighter each is than what lies beneath.
    bright, dark
        (h, w) where bright and dark damage may be.
    """
    import cv2

    square = np.ones((2 * near + 1, 2 * near + 1), np.uint8)
    height = np.maximum(np.where(bright, off, np.float32(0)), np.where(dark, -off, np.float32(0)))
    top = cv2.dilate(height, square)
    sticks = ((height > 0.25 * top) & (height > 0.01)).astype(np.uint8)
    rim = (height > 0.04 * top) & (height > 0.004)
    return (sticks | (cv2.dilate(sticks, square) & rim)) > 0


def ground(
    pixels: color.Array, gap: NDArray[np.bool_], reach: int, cell: int, origin: tuple[int, int]
) -> color.Array:
    """(h, w, c) what lies beneath a gap and around it: `bridged` on cells, smooth in between."""
    import cv2

    before = [start % cell for start in origin]
    after = [-(length + first) % cell for length, first in zip(gap.shape, before, strict=True)]
    room = tuple(zip(before, after, strict=True))
    sound = np.pad((~gap).astype(np.float32), room)
    sums = np.pad(np.where(gap[..., None], np.float32(0), pixels), (*room, (0, 0)))
    size = sound.shape[1] // cell, sound.shape[0] // cell
    share = cv2.resize(sound, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(sums, size, interpolation=cv2.INTER_AREA).reshape(*share.shape, -1)
    small /= share.clip(1e-6)[..., None]
    lost = share < ENOUGH
    small[lost] = bridged(small, lost, -(-reach // cell) + 1)
    whole = cv2.resize(small, sound.shape[::-1], interpolation=cv2.INTER_LINEAR)
    rows, columns = (
        slice(first, first + length) for first, length in zip(before, gap.shape, strict=True)
    )
    return whole.reshape(*sound.shape, -1)[rows, columns]


def bridged(
    pixels: color.Array, gap: NDArray[np.bool_], reach: int, stride: int = 1
) -> color.Array:
    """(n, c) values for the n pixels of a gap, in the order of `np.nonzero(gap)`.

    Along each of `AXES` lines through a pixel the two nearest pixels outside the gap are joined by
    a straight ramp. Short ramps between like values count most: an edge that a scratch crosses
    continues across it. (OpenCV's inpaint rounds colour to 8 bits, and its Navier-Stokes variant
    is wrong for float.)

    Parameters
    ----------
    pixels
        (h, w, c).
    gap
        (h, w).
    reach
        How far to look, in pixels. A pixel that sees no other keeps its value.
    stride
        Step in pixels: larger is faster and less exact.
    """
    return _bridge(pixels, gap, reach, stride).values


def _bridge(pixels: color.Array, gap: NDArray[np.bool_], reach: int, stride: int) -> _Bridge:
    rows, columns = np.nonzero(gap)
    total = pixels[rows, columns] * np.float32(1e-15)
    weight = np.full((len(rows), 1), 1e-15, np.float32)
    noise = np.zeros_like(weight)
    worth = np.full((len(rows), 1), reach / stride, np.float32)
    narrowest = np.full(len(rows), 2 * reach, np.float32)
    mirrored = (rows.copy(), columns.copy()), (rows.copy(), columns.copy())
    for angle in np.arange(AXES) * (np.pi / AXES):
        step = np.array([np.sin(angle), np.cos(angle)])
        step *= stride / np.abs(step).max()
        one, to_one = _nearest(gap, rows, columns, step, worth[:, 0])
        other, to_other = _nearest(gap, rows, columns, -step, worth[:, 0])
        first, second = pixels[one], pixels[other]
        lone = (to_one >= NONE) | (to_other >= NONE)
        first, second = (
            np.where(far >= NONE, beyond, near)
            for near, beyond, far in ((first, second, to_one), (second, first, to_other))
        )
        way = to_one + to_other
        np.minimum(
            worth, way * np.float32(2 / stride), out=worth
        )  # a ramp much longer than another has no weight
        unlike = np.abs(first - second).mean(1, keepdims=True) + np.float32(0.02)
        trust = 1 / (way * unlike) ** 2
        # nothing to join: as it goes on from the one side, and less the farther that is
        trust[lone] /= np.minimum(to_one, to_other)[lone] ** 2
        total += trust * (first * to_other + second * to_one) / way
        weight += trust
        noise += trust**2 * (to_one**2 + to_other**2) / way**2
        less = np.flatnonzero(way[:, 0] < narrowest)
        narrowest[less] = way[less, 0]
        for places, edge, far in zip(mirrored, (one, other), (to_one, to_other), strict=True):
            on = 2 * far[less, 0] <= reach  # out of reach further on: there the edge itself
            for place, at, own, size in zip(places, edge, (rows, columns), gap.shape, strict=True):
                place[less] = (at[less] + on * (at[less] - own[less])).clip(0, size - 1)
    return _Bridge(total / weight, noise / weight**2, mirrored)


def _nearest(
    gap: NDArray[np.bool_],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    step: NDArray[np.float64],
    reach: color.Array,
) -> tuple[Places, color.Array]:
    """The first pixels outside the gap, and how far they are, (n, 1); far away if there is none."""
    height, width = gap.shape
    nearest = rows.copy(), columns.copy()
    far = np.full(len(rows), NONE, np.float32)
    seeking = np.arange(len(rows))
    for count in range(1, int(reach.max(initial=0)) + 1):
        seeking = seeking[reach[seeking] >= count]
        down, right = (int(part) for part in np.round(count * step))
        row, column = rows[seeking] + down, columns[seeking] + right
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        seeking, row, column = seeking[inside], row[inside], column[inside]
        free = ~gap[row, column]
        hit = seeking[free]
        nearest[0][hit], nearest[1][hit] = row[free], column[free]
        far[hit] = count * np.hypot(*step)
        seeking = seeking[~free]
        if not len(seeking):
            break
    return nearest, far[:, None]
