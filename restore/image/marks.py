"""Places that a person marked: what was grey, what is damage, what must stay.

[[grey]]                                # neutral in the scene: a grey card, a white shirt, asphalt
points = [[31.5, 40], [62, 44.5]]       # per cent of the width, per cent of the height

[[damage]]                              # to be filled, whatever the detector says
stroke = [[12, 0], [14, 55], [11, 100]]
width = 1.5                             # per cent of the short side

[[keep]]                                # never to be touched
region = [[40, 20], [60, 20], [60, 50], [40, 50]]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from restore import color
from restore.errors import PhotoError, nearest
from restore.image.hints import SHAPES, Point, numbers, points_of, within
from restore.image.window import Window
from restore.values import Value

KINDS = ("grey", "damage", "keep")
WIDTH = 2.0
"""Width of a mark that does not say it, in % of the short side."""
NARROWEST, WIDEST = 0.05, 50.0
"""Limits of a width, in % of the short side."""
FINE = 4
"""Binary digits after the point of the positions OpenCV draws at."""
FURTHEST = 1000.0
"""Positions beyond this, in %, are drawn there."""


@dataclass(frozen=True, eq=False)
class Mark(Value):
    """A place in a photo, and what a person knows of it.

    Attributes
    ----------
    kind
        "grey": it was neutral. "damage": it is to be filled. "keep": it is never to be touched.
    points
        Positions in per cent of the photo's width (from the left) and height (from the top).
    shape
        "points" (discs), "stroke" (a line through them) or "region" (what they enclose).
    width
        Of the discs or the line, in per cent of the photo's short side.
    """

    kind: str
    points: tuple[Point, ...]
    shape: str = "points"
    width: float = WIDTH

    @classmethod
    def of(cls, kind: str, **place: Any) -> Mark:
        """A mark as the file beside a photo has it: `of("grey", points=[[31.5, 40]])`.

        Parameters
        ----------
        kind
            "grey", "damage" or "keep".
        place
            One of `points`, `stroke` and `region`, each a list of [x, y]; and `width`.

        Raises
        ------
        PhotoError
            If it is not as it must be.
        """
        if kind not in KINDS:
            raise PhotoError(
                f'mark: there is no kind "{kind!s:.60}"; {nearest(str(kind), list(KINDS))}'
            )
        return parsed(kind, place, f"mark ({kind})")

    def within(self, window: Window) -> Mark:
        """The mark in a photo cropped to a window."""
        wider = window.short_side / min(window.height, window.width)
        return replace(self, points=within(self.points, window), width=self.width * wider)

    def draw(self, mask: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Paint the mark, 255, into a mask (rows, columns) of the whole photo, with soft edges."""
        import cv2

        size = np.array(mask.shape[::-1])
        places = np.array(self.points).clip(-FURTHEST, FURTHEST) / 100 * size - 0.5
        places = np.round(places * 2**FINE).astype(np.int32)
        wide = self.width / 100 * min(mask.shape)
        if self.shape == "region":
            cv2.fillPoly(mask, [places], (255,), cv2.LINE_AA, FINE)
        elif self.shape == "stroke":
            thick = max(round(wide - 2.4), 1)  # soft edges make it wider by as much
            cv2.polylines(mask, [places], False, (255,), thick, cv2.LINE_AA, FINE)
        else:
            radius = round(max(wide / 2 - 0.5, 0.5) * 2**FINE)  # the same, for a disc
            for x, y in places.tolist():
                cv2.circle(mask, (x, y), radius, (255,), cv2.FILLED, cv2.LINE_AA, FINE)


def covered(marks: Iterable[Mark], rows: int, columns: int) -> color.Array:
    """(rows, columns) how far marks cover each cell of a grid over the photo, 0 … 1."""
    mask = np.zeros((rows, columns), np.uint8)
    for mark in marks:
        mark.draw(mask)
    return mask.astype(np.float32) / np.float32(255)


def parsed(kind: str, table: dict[str, Any], where: str) -> Mark:
    """The mark of a table in the file beside a photo.

    Raises
    ------
    PhotoError
        If it is not as it must be; the message begins with `where`.
    """
    for key in table:
        if key not in ("width", *SHAPES):
            known = nearest(key, ["width", *SHAPES])
            raise PhotoError(f'{where}: there is no key "{key:.60}"; {known}')
    shapes = [shape for shape in SHAPES if shape in table]
    if len(shapes) != 1:
        raise PhotoError(f"{where}: needs one of points, stroke and region")
    width = numbers([table.get("width", WIDTH)], 1)
    if width is None or not NARROWEST <= width[0] <= WIDEST:
        given = f"width = {table['width']!r:.60}"
        raise PhotoError(f"{where}: {given} is outside {NARROWEST:g} … {WIDEST:g}%")
    points = points_of(table[shapes[0]], f"{where}, {shapes[0]}")
    return Mark(kind, points, shapes[0], width[0])
