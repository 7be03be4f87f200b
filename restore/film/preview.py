"""A contact sheet: some frames over a film, before | after, in seconds."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from restore import files
from restore.context import Context
from restore.errors import PhotoError
from restore.film import planning
from restore.film.frame import Frame
from restore.film.job import FilmJob, Outcome, Progress, clock
from restore.film.reader import Film
from restore.image.photo import Photo
from restore.recipe import Recipe
from restore.report import comparison
from restore.report.thumbnails import small
from restore.timeouts import Allow, Patience

SIDE = 480
"""Long side of a picture in pixels."""
GAP = 12
"""Pixels between two pairs."""


def preview_film(
    job: FilmJob,
    recipe: Recipe,
    tell: Callable[[Progress], None] = lambda progress: None,
    allow: Allow = lambda seconds, what: None,
) -> Outcome:
    """Restore `job.preview` frames by themselves, and write them as one picture.

    Raises
    ------
    PhotoError
        If the film cannot be read or the picture cannot be written.
    """
    patience = Patience(job.path, allow)
    patience.reads()
    if not job.overwrite:
        files.refuse_existing(job.sheet)
    film = Film(job.path, job.start, job.end)
    frames = spread(film, job.preview)
    if not frames:
        raise PhotoError(f"{job.path}: has no frame in this part")
    patience.works()
    context = Context()
    rows = []
    first: dict[str, str] = {}  # when each headline is first true
    for number, frame in enumerate(frames, 1):
        plan = next(iter(planning.plans(recipe, [frame], context=context)))
        restored = plan.render(frame.photo)
        rows.append(_pair(frame, restored))
        for line in comparison.headline(plan.findings):
            first.setdefault(line, clock(float(frame.time), tenths=True))
        tell(Progress(number, len(frames), 0, 0, 0))
    files.save(Photo(_sheet(rows)), job.sheet, overwrite=job.overwrite)
    lines = tuple(f"{when}: {line}" if len(first) > 1 else line for line, when in first.items())
    return Outcome((job.sheet,), len(frames), 0, film.warnings, lines)


def spread(film: Film, count: int) -> list[Frame]:
    """Frames spread evenly over a film, by its duration or, if that is unknown or a lie, all."""
    start, length = film.start or Fraction(0), film.duration
    if length:
        times = [start + length * Fraction(2 * n + 1, 2 * count) for n in range(count)]
        frames = [frame for frame in map(film.at, times) if frame]
        frames = list({frame.pts: frame for frame in frames}.values())
        if len(frames) == count:
            return frames
    kept: list[Frame] = []
    every = 1
    for frame in film.frames():
        if frame.index % every == 0:
            kept.append(frame)
        if len(kept) > 2 * count:
            kept, every = kept[::2], 2 * every
    places = np.linspace(0, len(kept) - 1, min(count, len(kept))).round().astype(int)
    return [kept[place] for place in places]


def _pair(frame: Frame, restored: Photo) -> NDArray[np.uint8]:
    """Before and after beside each other, with the time."""
    from PIL import Image, ImageDraw, ImageFont

    halves = [small(photo, SIDE) for photo in (frame.photo, restored)]
    halves = [np.broadcast_to(half, (*half.shape[:2], 3)) for half in halves]
    image = Image.fromarray(np.concatenate(halves, 1))
    size = max(10, SIDE // 24)
    ImageDraw.Draw(image).text(
        (size // 2, image.height - size // 2),
        clock(float(frame.time), tenths=True),
        "white",
        ImageFont.load_default(size),
        anchor="ls",
        stroke_width=max(1, size // 10),
        stroke_fill="black",
    )
    return np.array(image)


def _sheet(pairs: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The pairs on white, in two columns if there are many."""
    height, width = pairs[0].shape[:2]
    columns = 1 if len(pairs) < 4 else 2
    rows = -(-len(pairs) // columns)
    size = rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3
    sheet = np.full(size, 255, np.uint8)
    for number, pair in enumerate(pairs):
        top = GAP + number // columns * (height + GAP)
        left = GAP + number % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = pair
    return sheet
