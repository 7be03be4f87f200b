"""Films restored in tests, and the recipes that do it."""

from pathlib import Path

import numpy as np

from restore.film.job import FilmJob
from restore.film.pipeline import restore_film
from restore.film.reader import Film
from restore.recipe import Recipe

DARKER = Recipe.named("levels").with_settings({"levels.black": -20})
SAME = Recipe.named("levels").with_settings({"levels.amount": 0})
TINTED = Recipe.parse('[[steps]]\nuse = "monochrome"\ntint = "#806040"\nmix = "layer"\n', "t")


def quiet(path: Path, target: Path, recipe: Recipe = SAME, **options: object) -> Film:
    """The result of a run that tells nothing."""
    restore_film(FilmJob(path, target, **options), recipe)  # type: ignore[arg-type]
    return Film(target)


def lumas(film: Film) -> list[np.ndarray]:
    """The luma of all frames."""
    return [frame.planes[0].copy() for frame in film.frames()]
