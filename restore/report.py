"""What a recipe found, in lines, and the before | after picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from restore import files
from restore.color import Array
from restore.photo import Field, Photo
from restore.space import Space

SIDE = 1024
"""Longest side of one half of a before | after picture, in pixels."""


def lines(notes: Mapping[str, Mapping[str, object]]) -> list[str]:
    """ "fade: cyan dye lost 40 %", … for each step that found something; maps are left out."""
    found = []
    for label, step in notes.items():
        for key, value in step.items():
            if isinstance(value, Field):
                continue
            found.append(f"{label}: {value}" if key == "summary" else f"{label}, {key}: {said(value)}")
    return found


def said(value: object) -> str:
    """A note's value as a person reads it: three significant digits."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {said(inner)}" for key, inner in value.items())
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return ", ".join(said(inner) for inner in value)
    if isinstance(value, (float, np.floating)):
        return f"{value:.3g}"
    return str(value)


def save_compare(before: Photo, after: Photo, path: Path, *, overwrite: bool = False) -> Path:
    """Write a before | after picture (JPEG, sRGB)."""
    photo = Photo(Space().from_working(side_by_side(before, after), np.uint8))
    return files.save(photo, path, overwrite=overwrite)


def side_by_side(before: Photo, after: Photo) -> Array:
    """Before and after beside each other (above each other where wide), labelled, working RGB."""
    halves = [
        _labelled(photo.proxy(SIDE).view.pixels, word)
        for photo, word in ((before, "before"), (after, "after"))
    ]
    height, width = halves[0].shape[:2]
    wide = width > 1.6 * height
    gap = np.ones((8, width, 3) if wide else (height, 8, 3), np.float32)
    return np.concatenate([halves[0], gap, halves[1]], 0 if wide else 1)


def _labelled(view: Array, word: str) -> Array:
    import cv2

    height, width = view.shape[:2]
    scale = min(height, width) / 900
    if scale < 0.2:  # too small for letters one could read
        return view
    marked = np.ascontiguousarray(view).copy()
    place = (round(16 * scale), round(36 * scale))
    for thickness, value in ((4, 0.0), (2, 1.0)):
        cv2.putText(
            marked,
            word,
            place,
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            (value,) * 3,
            max(1, round(thickness * scale)),
            cv2.LINE_AA,
        )
    return marked
