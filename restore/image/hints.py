"""Known colours: points, strokes and regions.

[[hints]]
colour = "#7a5230"                      # or [40, 14, 25] (CIE L* a* b*), or a CSS name
points = [[31.5, 40], [62, 44.5]]       # per cent of the width, per cent of the height

[[hints]]
colour = "navy"
region = [[10, 60], [45, 60], [45, 95]] # the corners; `stroke` takes the points of a line
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from restore import color
from restore.errors import PhotoError, nearest
from restore.image.window import Window
from restore.values import Value

SHAPES = ("points", "stroke", "region")
MOST = 500
"""Most points of a hint."""

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Hint(Value):
    """A place in a photo and the colour of the object there.

    Attributes
    ----------
    colour
        CIE L*a*b*. Only the hue, and its strength relative to lightness, are used.
    points
        Positions in per cent of the photo's width (from the left) and height (from the top).
    shape
        "points", "stroke" (a line through them) or "region" (what they enclose).
    """

    colour: tuple[float, float, float]
    points: tuple[Point, ...]
    shape: str = "points"

    @classmethod
    def at(cls, x: float, y: float, colour: object) -> Hint:
        """A hint at one point, its colour as accepted by `shade`.

        Raises
        ------
        PhotoError
            If the point is outside the photo, or the colour is unknown.
        """
        return cls(shade(colour, "hint"), points_of([[x, y]], "hint"))

    def within(self, window: Window) -> Hint:
        """The hint in a photo cropped to a window."""
        return replace(self, points=within(self.points, window))

    def cells(self, rows: int, columns: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(rows, columns) mask of the cells of a grid over the photo that the hint covers."""
        import cv2

        points, size = np.array(self.points).clip(-1000, 1000), np.array([columns, rows])
        place = np.floor(points / 100 * size).astype(np.int32)
        place -= points == 100  # the photo's right and lower edges are still in it
        mask = np.zeros((rows, columns), np.uint8)
        if self.shape == "region":
            cv2.fillPoly(mask, [place], 1)
        elif self.shape == "stroke":
            cv2.polylines(mask, [place], False, 1)
        else:
            inside = ((place >= 0) & (place < (columns, rows))).all(1)
            mask[place[inside, 1], place[inside, 0]] = 1
        return mask > 0


def within(points: Sequence[Point], window: Window) -> tuple[Point, ...]:
    """Positions in a photo as positions in its part that a window shows, both in %."""
    height, width = window.size
    return tuple(
        (
            (x / 100 * width - window.left) / window.width * 100,
            (y / 100 * height - window.top) / window.height * 100,
        )
        for x, y in points
    )


def parsed(table: dict[str, Any], where: str) -> Hint:
    """The hint of a table in the file beside a photo.

    Raises
    ------
    PhotoError
        If it is not as it must be; the message begins with `where`.
    """
    for key in table:
        if key not in ("colour", *SHAPES):
            known = nearest(key, ["colour", *SHAPES])
            raise PhotoError(f'{where}: there is no key "{key:.60}"; {known}')
    shapes = [shape for shape in SHAPES if shape in table]
    if "colour" not in table or len(shapes) != 1:
        raise PhotoError(f"{where}: needs a colour, and one of points, stroke and region")
    return Hint(
        shade(table["colour"], where),
        points_of(table[shapes[0]], f"{where}, {shapes[0]}"),
        shapes[0],
    )


def shade(colour: object, where: str) -> tuple[float, float, float]:
    """CIE L*a*b* of "#rrggbb", a CSS colour name, or three numbers: L*, a*, b*.

    Raises
    ------
    PhotoError
        If it is none of these.
    """
    if isinstance(colour, str):
        from PIL import ImageColor

        name = colour.strip().lower()
        if not re.fullmatch("#[0-9a-f]{6}", name) and name not in ImageColor.colormap:
            known = nearest(name[:60], list(ImageColor.colormap))
            raise PhotoError(f'{where}: colour = "{colour:.60}" is not known; {known}')
        codes = np.array(ImageColor.getrgb(name)[:3], np.float32)
        lightness, a, b = map(float, color.to_lab(codes / np.float32(255)))
        return lightness, a, b
    values = numbers(colour, 3)
    if values is None:
        allowed = 'allowed is "#rrggbb", a CSS colour name, or [L*, a*, b*]'
        raise PhotoError(f"{where}: colour = {colour!r:.60} is not a colour; {allowed}")
    if not (0 <= values[0] <= 100 and max(map(abs, values[1:])) <= 150):
        raise PhotoError(f"{where}: colour = {colour!r:.60} is outside L* 0 … 100, a* b* ± 150")
    return values[0], values[1], values[2]


def points_of(value: object, where: str) -> tuple[Point, ...]:
    """Positions in %, within the photo.

    Raises
    ------
    PhotoError
        If the value is anything else; the message begins with `where`.
    """
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MOST:
        raise PhotoError(f"{where}: is not a list of 1 … {MOST} points [x, y]")
    points = []
    for pair in value:
        place = numbers(pair, 2)
        if place is None or not all(0 <= number <= 100 for number in place):
            raise PhotoError(f"{where}: {pair!r:.60} is not a point [x, y] in 0 … 100%")
        points.append((place[0], place[1]))
    return tuple(points)


def numbers(value: object, count: int) -> list[float] | None:
    """So many plain numbers as floats; None if the value is anything else."""
    if not isinstance(value, (list, tuple)) or len(value) != count:
        return None
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value):
        return None
    if not all(abs(v) < 1e6 for v in value):  # neither NaN nor integers too long for a float
        return None
    return [float(v) for v in value]
