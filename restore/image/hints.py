"""Known colours: points, strokes and regions, and the file of them beside a photo.

[[hints]]
colour = "#7a5230"                      # or [40, 14, 25] (CIE L* a* b*), or a CSS name
points = [[31.5, 40], [62, 44.5]]       # per cent of the width, per cent of the height

[[hints]]
colour = "navy"
region = [[10, 60], [45, 60], [45, 95]] # the corners; `stroke` takes the points of a line
"""

from __future__ import annotations

import errno
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from restore import color
from restore.errors import PhotoError, nearest
from restore.image.window import Window
from restore.values import Value

SUFFIX = ".hints.toml"
"""Suffix appended to a photo's name: portrait.jpg.hints.toml."""
SHAPES = ("points", "stroke", "region")
LARGEST = 2**18
"""Most bytes of a file of hints."""
MOST = 500
"""Most hints of a photo, and most points of a hint."""

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
        return cls(shade(colour, "hint"), _points([[x, y]], "hint"))

    def within(self, window: Window) -> Hint:
        """The hint in a photo cropped to a window."""
        height, width = window.size
        points = tuple(
            (
                (x / 100 * width - window.left) / window.width * 100,
                (y / 100 * height - window.top) / window.height * 100,
            )
            for x, y in self.points
        )
        return replace(self, points=points)

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


def beside(path: Path) -> tuple[Hint, ...]:
    """The hints of the file beside a photo; none if there is no such file.

    Raises
    ------
    PhotoError
        If the file cannot be read or has an error.
    """
    path = path.with_name(path.name + SUFFIX)
    try:
        if not path.is_file():
            return ()
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        if (
            error.errno == errno.ENAMETOOLONG
        ):  # the photo's name is too long for such a file to exist
            return ()
        raise PhotoError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise PhotoError(f"{path}: is larger than {LARGEST // 1024} KiB")
    return parse(content.decode("utf-8", "replace"), str(path))


def parse(text: str, where: str) -> tuple[Hint, ...]:
    """The hints of a TOML string; PhotoError, beginning with `where`, if it has an error."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # Python refuses to read very long integers
        raise PhotoError(f"{where}: is not TOML: {error!s:.100}") from error
    for key in content:
        if key != "hints":
            raise PhotoError(f'{where}: there is no key "{key:.60}"; write [[hints]]')
    tables = content.get("hints", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise PhotoError(f"{where}: hints is not a list of tables; write [[hints]]")
    if len(tables) > MOST:
        raise PhotoError(f"{where}: {len(tables)} hints are more than {MOST}")
    try:
        return tuple(_hint(table, f"{where}, hint {i}") for i, table in enumerate(tables, 1))
    except ValueError as error:  # Python refuses to print such an integer in a message
        raise PhotoError(f"{where}: contains an integer of thousands of digits") from error


def _hint(table: dict[str, Any], where: str) -> Hint:
    for key in table:
        if key not in ("colour", *SHAPES):
            known = nearest(key, ["colour", *SHAPES])
            raise PhotoError(f'{where}: there is no key "{key:.60}"; {known}')
    shapes = [shape for shape in SHAPES if shape in table]
    if "colour" not in table or len(shapes) != 1:
        raise PhotoError(f"{where}: needs a colour, and one of points, stroke and region")
    return Hint(
        shade(table["colour"], where), _points(table[shapes[0]], f"{where}, {shapes[0]}"), shapes[0]
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
    values = _numbers(colour, 3)
    if values is None:
        allowed = 'allowed is "#rrggbb", a CSS colour name, or [L*, a*, b*]'
        raise PhotoError(f"{where}: colour = {colour!r:.60} is not a colour; {allowed}")
    if not (0 <= values[0] <= 100 and max(map(abs, values[1:])) <= 150):
        raise PhotoError(f"{where}: colour = {colour!r:.60} is outside L* 0 … 100, a* b* ± 150")
    return values[0], values[1], values[2]


def _points(value: object, where: str) -> tuple[Point, ...]:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MOST:
        raise PhotoError(f"{where}: is not a list of 1 … {MOST} points [x, y]")
    points = []
    for pair in value:
        numbers = _numbers(pair, 2)
        if numbers is None or not all(0 <= number <= 100 for number in numbers):
            raise PhotoError(f"{where}: {pair!r:.60} is not a point [x, y] in 0 … 100%")
        points.append((numbers[0], numbers[1]))
    return tuple(points)


def _numbers(value: object, count: int) -> list[float] | None:
    if not isinstance(value, (list, tuple)) or len(value) != count:
        return None
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value):
        return None
    if not all(abs(v) < 1e6 for v in value):  # neither NaN nor integers too long for a float
        return None
    return [float(v) for v in value]
