"""A recipe's findings as lines, and the before | after picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore import files, steps
from restore.color.space import Space
from restore.effect import Findings, Quantity, with_unit
from restore.image.photo import Photo, Source

SIDE = 1024
"""Longest side of one half of a before | after picture, in pixels."""


def headline(findings: Mapping[str, Findings]) -> list[str]:
    """What was done to a photo, in one line; none if no step has a summary or values.

    It is the summary of the last step that has one, since later steps build on earlier ones. Steps
    that only prepare or finish a photo (`Step.minor`) come after all others, and the values of a
    step without a summary after all summaries.
    """

    def importance(label: str) -> tuple[bool, bool]:
        return bool(findings[label].summary), not steps.get(label.partition("#")[0]).minor

    telling = [label for label, step in findings.items() if step.summary or step.values]
    if not telling:
        return []
    label = max(reversed(telling), key=importance)
    return [findings[label].summary or f"{label}: {_values(findings[label])}"]


def _values(step: Findings) -> str:
    """ "dust 0.02% of the photo, scratches 0.6% of the photo"."""
    return ", ".join(f"{name} {measured(quantity)}" for name, quantity in step.values.items())


def lines(findings: Mapping[str, Findings]) -> list[str]:
    """ "fade: cyan dye lost 40%", … for each step that found something; no maps, no warnings."""
    texts = []
    for label, step in findings.items():
        if step.summary:
            texts.append(f"{label}: {step.summary}")
        for name, quantity in step.values.items():
            texts.append(f"{label}, {name}: {measured(quantity)}")
    return texts


def measured(quantity: Quantity) -> str:
    """A quantity for display, with its unit."""
    return with_unit(said(quantity.value), quantity.unit)


def said(value: object) -> str:
    """A value for display: three significant digits."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {said(inner)}" for key, inner in value.items())
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return ", ".join(said(inner) for inner in value)
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return f"{value + 0.0:.3g}"  # + 0.0: there is no "-0"
    return str(value)


def save_compare(before: Photo, after: Photo, path: Path, *, overwrite: bool = False) -> Path:
    """Write a before | after picture (JPEG, sRGB)."""
    source = Source(
        path=before.source.path
    )  # the original is never replaced, nor shown to more users than could read it
    return files.save(Photo(side_by_side(before, after), source=source), path, overwrite=overwrite)


def side_by_side(before: Photo, after: Photo) -> NDArray[np.uint8]:
    """Before and after beside each other, or above each other where they are wide, labelled.

    Returns
    -------
    (height, width, 3) uint8 sRGB.
    """
    halves = [
        _labelled(Space().from_working(photo.proxy(SIDE).view.pixels, np.uint8), word)
        for photo, word in ((before, "before"), (after, "after"))
    ]
    height, width = halves[0].shape[:2]
    wide = width > 1.6 * height
    gap = np.full((8, width, 3) if wide else (height, 8, 3), 255, np.uint8)
    return np.concatenate([halves[0], gap, halves[1]], 0 if wide else 1)


def _labelled(picture: NDArray[np.uint8], word: str) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw, ImageFont

    size = min(picture.shape[:2]) // 28
    if size < 8:  # too small to read
        return picture
    image = Image.fromarray(picture)
    ImageDraw.Draw(image).text(
        (size // 2, size // 2),
        word,
        "white",
        ImageFont.load_default(size),
        stroke_width=max(1, size // 12),
        stroke_fill="black",
    )
    return np.array(image)
