"""Sides of a print: moved onto the edges that the scan shows, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.prints.lid import Lid
from restore.image.rectangle import Rectangle

SIDES = ("left", "right", "top", "bottom")


@dataclass(frozen=True)
class Strip:
    """The picture along one side of a rectangle.

    Attributes
    ----------
    lab, away
        (lines, steps, 3) colours and (lines, steps) distance from the lid, from outside to inside.
    offsets
        (steps,) pixels inwards from the side.
    places
        (lines,) pixels along the side from its middle.
    """

    lab: color.Array
    away: color.Array
    offsets: color.Array
    places: color.Array


def strip_along(rectangle: Rectangle, side: str, lid: Lid, reach: float) -> Strip:
    import cv2

    right, down = rectangle.axes
    flat = side in ("top", "bottom")
    inwards = {"left": right, "right": -right, "top": down, "bottom": -down}[side]
    along = right if flat else down
    length = rectangle.width if flat else rectangle.height
    half = (rectangle.height if flat else rectangle.width) / 2
    centre = np.array([rectangle.x, rectangle.y])
    offsets = np.arange(-reach, reach + 0.25, 0.5, dtype=np.float32)
    places = (np.linspace(-0.46, 0.46, 120) * length).astype(np.float32)
    start = centre - inwards * half
    points = start + places[:, None, None] * along + offsets[None, :, None] * inwards - 0.5
    points = points.astype(np.float32)
    x, y = np.ascontiguousarray(points[..., 0]), np.ascontiguousarray(points[..., 1])
    lab, away = (
        cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for plane in (lid.lab, lid.away)
    )
    rows, columns = lid.away.shape
    beyond = (x < -0.5) | (y < -0.5) | (x > columns - 0.5) | (y > rows - 0.5)
    away[beyond] = 0  # what is outside the scan is as good as lid
    return Strip(lab, away, offsets, places)


def _step(strip: Strip, lines: slice = slice(None)) -> tuple[float, float]:
    """Where along `offsets` the colours step on most lines alike, and how much; outermost first."""
    apart = strip.lab[lines, 3:] - strip.lab[lines, :-3]  # 1.5 pixels
    steps = np.minimum(np.linalg.norm(apart, axis=-1), 20).mean(0)
    kernel = np.array([0.25, 0.5, 0.25], np.float32)
    steps = np.convolve(steps, kernel, "same")[1:-1]
    middle = (strip.offsets[:-3] + strip.offsets[3:])[1:-1] / 2
    high = float(steps.max())
    top = steps >= 0.5 * high
    inner = np.r_[False, (steps[1:-1] >= steps[:-2]) & (steps[1:-1] >= steps[2:]), False]
    peaks = np.flatnonzero(top & inner)
    at = int(peaks[0]) if peaks.size else int(steps.argmax())
    if 0 < at < len(steps) - 1:
        before, peak, after = steps[at - 1 : at + 2]
        bend = before - 2 * peak + after
        shift = 0.25 * float(before - after) / float(bend) if bend < 0 else 0.0
    else:
        shift = 0.0
    return float(middle[at]) + shift, float(steps[at])


def seam(strip: Strip, lines: NDArray[np.bool_]) -> float:
    """How much larger the step on a side is than those beside it, on some lines: 1 is no seam."""
    apart = np.minimum(np.linalg.norm(strip.lab[lines, 3:] - strip.lab[lines, :-3], axis=-1), 20)
    steps = apart.mean(0)
    away = np.abs(strip.offsets[:-3] + strip.offsets[3:]) / 2
    return float(steps[away < 1.5].max() / max(np.median(steps[(away > 3) & (away < 9)]), 1.0))


def refined(rectangle: Rectangle, lid: Lid) -> Rectangle:
    """The rectangle turned and moved until its sides lie on edges of the picture."""
    for reach in (0.04, 0.025, 0.015):
        reach = min(max(reach * min(rectangle.width, rectangle.height), 5), 24)
        turns, weights = [], []
        for side in SIDES:
            if at_the_edge(rectangle, side, lid, 1.5):
                continue
            strip = strip_along(rectangle, side, lid, reach)
            pieces = [slice(start, start + 15) for start in range(0, 120, 15)]
            steps = np.array([_step(strip, piece) for piece in pieces])
            places = np.array([strip.places[piece].mean() for piece in pieces])
            clear = steps[:, 1] >= 0.5 * np.median(steps[:, 1])
            slope, rest = _slope(places[clear], steps[clear, 0])
            sign = 1 if side in ("top", "right") else -1
            turns.append(sign * slope)
            weights.append(np.ptp(places[clear]) / (0.3 + rest))
        if turns:
            turn = _weighted_median(np.array(turns), np.array(weights))
            angle = rectangle.angle + float(np.degrees(np.arctan(turn)))
            rectangle = Rectangle(
                rectangle.x, rectangle.y, rectangle.width, rectangle.height, angle
            )
        rectangle = _moved(rectangle, lid, reach)
    return rectangle


def _moved(rectangle: Rectangle, lid: Lid, reach: float) -> Rectangle:
    """The rectangle with each side moved onto the step in the picture."""
    shifts = {
        side: _step(strip_along(rectangle, side, lid, reach))[0]
        for side in SIDES
        if not at_the_edge(rectangle, side, lid, 1.5)
    }
    left, right, top, bottom = (shifts.get(side, 0.0) for side in SIDES)
    across, down = rectangle.axes
    centre = np.array([rectangle.x, rectangle.y])
    centre = centre + across * (left - right) / 2 + down * (top - bottom) / 2
    return Rectangle(
        float(centre[0]),
        float(centre[1]),
        rectangle.width - left - right,
        rectangle.height - top - bottom,
        rectangle.angle,
    )


def at_the_edge(rectangle: Rectangle, side: str, lid: Lid, margin: float) -> bool:
    """Whether a side lies on the scan's own edge, where no step is to be seen."""
    rows, columns = lid.away.shape
    corners = rectangle.corners
    here = {"top": (0, 1), "right": (1, 2), "bottom": (2, 3), "left": (3, 0)}[side]
    x, y = corners[list(here)].T
    limits = {
        "left": x.max() < margin,
        "right": x.min() > columns - margin,
        "top": y.max() < margin,
        "bottom": y.min() > rows - margin,
    }
    return bool(limits[side])


def _slope(places: color.Array, offsets: color.Array) -> tuple[float, float]:
    """The slope of a line through points (Theil and Sen), and how far they are from it."""
    one, two = np.triu_indices(len(places), 1)
    if not one.size:
        return 0.0, 10.0
    slope = float(np.median((offsets[two] - offsets[one]) / (places[two] - places[one])))
    rest = offsets - slope * places
    return slope, float(np.median(np.abs(rest - np.median(rest))))


def _weighted_median(values: color.Array, weights: color.Array) -> float:
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2)])
