"""A rotated rectangle in a photo, and the photo cropped to it and straightened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore.image.hints import Point
from restore.image.photo import Photo, Window

STEP = 1024
"""Side of the pieces that are resampled at a time: OpenCV takes at most 32767 pixels."""
MARGIN = 4
"""Pixels around a piece that the interpolation needs."""


@dataclass(frozen=True)
class Rectangle:
    """A rectangle in a photo.

    Attributes
    ----------
    x, y
        Its centre, in pixels from the photo's left and upper edge.
    width, height
        Its sides in pixels.
    angle
        How far it is turned clockwise, in degrees: -45 … 45.
    """

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    @property
    def corners(self) -> NDArray[np.float64]:
        """(4, 2) x and y: upper left, upper right, lower right, lower left."""
        right, down = self.axes
        across, along = right * self.width / 2, down * self.height / 2
        centre = np.array([self.x, self.y])
        return centre + np.array([-across - along, across - along, across + along, along - across])

    @property
    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Unit vectors to the right and down along its sides."""
        turn = math.radians(self.angle)
        cosine, sine = math.cos(turn), math.sin(turn)
        return np.array([cosine, sine]), np.array([-sine, cosine])

    def scaled(self, factor: float) -> Rectangle:
        """The rectangle in a picture `factor` times the size."""
        x, y, width, height = (
            factor * length for length in (self.x, self.y, self.width, self.height)
        )
        return Rectangle(x, y, width, height, self.angle)

    def shrunk(self, margin: float) -> Rectangle:
        """The rectangle with `margin` pixels less on each side."""
        width, height = self.width - 2 * margin, self.height - 2 * margin
        return replace(self, width=width, height=height)

    def holds(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.bool_]:
        """Which points are inside."""
        right, down = self.axes
        dx, dy = x - self.x, y - self.y
        return (np.abs(dx * right[0] + dy * right[1]) <= self.width / 2) & (
            np.abs(dx * down[0] + dy * down[1]) <= self.height / 2
        )


def straightened(photo: Photo, rectangle: Rectangle) -> Photo:
    """The photo within a rectangle, upright, in its own bit depth, with its metadata.

    A rectangle that is turned by less than half a pixel over its longer side is only cut out, so
    that its samples stay as they are; others are resampled (Lanczos).
    """
    height, width = (max(1, round(side)) for side in (rectangle.height, rectangle.width))
    if abs(math.sin(math.radians(rectangle.angle))) * max(height, width) < 0.5:
        return photo.cropped(_window(photo, rectangle, height, width))

    def cut(plane: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if plane is None else resampled(plane, rectangle, height, width)

    source = photo.source
    source = replace(source, alpha=cut(source.alpha), infrared=cut(source.infrared))
    samples = resampled(photo.samples, rectangle, height, width)

    def moved(points: Sequence[Point]) -> tuple[Point, ...]:
        return _moved(points, photo.size, rectangle)

    wider = min(photo.size) / min(rectangle.width, rectangle.height)
    hints = tuple(replace(hint, points=moved(hint.points)) for hint in photo.hints)
    marks = tuple(
        replace(mark, points=moved(mark.points), width=mark.width * wider) for mark in photo.marks
    )
    return replace(photo, samples=samples, source=source, hints=hints, marks=marks)


def _window(photo: Photo, rectangle: Rectangle, height: int, width: int) -> Window:
    rows, columns = photo.size
    top = min(max(round(rectangle.y - rectangle.height / 2), 0), rows - 1)
    left = min(max(round(rectangle.x - rectangle.width / 2), 0), columns - 1)
    return Window(top, left, min(height, rows - top), min(width, columns - left), photo.size)


def resampled(plane: NDArray[Any], rectangle: Rectangle, height: int, width: int) -> NDArray[Any]:
    """(height, width, …) what a rectangle of a plane or planes shows, in their type (Lanczos)."""
    import cv2

    right, down = rectangle.axes
    across, along = right * rectangle.width / width, down * rectangle.height / height
    start = rectangle.corners[0] + (across + along) / 2 - 0.5  # pixels' centres lie at halves
    turn = np.column_stack([across, along, start])
    result = np.empty((height, width, *plane.shape[2:]), plane.dtype)
    rows, columns = plane.shape[:2]
    for top in range(0, height, STEP):
        for left in range(0, width, STEP):
            tall, wide = min(STEP, height - top), min(STEP, width - left)
            ends = np.array([[left, top, 1], [left + wide, top, 1], [left, top + tall, 1]])
            ends = np.vstack([ends, [left + wide, top + tall, 1]]) @ turn.T
            x0, y0 = np.maximum(np.floor(ends.min(0)).astype(int) - MARGIN, 0)
            x1, y1 = np.ceil(ends.max(0)).astype(int) + MARGIN + 1
            x0, y0 = min(int(x0), columns - 1), min(int(y0), rows - 1)
            part = np.ascontiguousarray(plane[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)])
            here = turn.copy()
            here[:, 2] = turn @ (left, top, 1) - (x0, y0)
            piece = cv2.warpAffine(
                part,
                here,
                (wide, tall),
                flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            result[top : top + tall, left : left + wide] = piece.reshape(
                tall, wide, *plane.shape[2:]
            )
    return result


def _moved(
    points: Sequence[Point], size: tuple[int, int], rectangle: Rectangle
) -> tuple[Point, ...]:
    """Positions in the whole photo as positions in the part that is cut out, both in %."""
    right, down = rectangle.axes
    place = np.array(points) / 100 * (size[1], size[0]) - (rectangle.x, rectangle.y)
    across = place @ right / rectangle.width * 100 + 50
    along = place @ down / rectangle.height * 100 + 50
    return tuple(zip(across.tolist(), along.tolist(), strict=True))
