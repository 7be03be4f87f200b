"""What the page writes besides results: hints beside a photo, and recipes of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from restore import files, places
from restore.errors import PhotoError, RecipeError
from restore.files import _writing
from restore.files._contract import Writer
from restore.image import hints
from restore.image.hints import SHAPES, SUFFIX, Hint
from restore.recipe import Recipe, toml

WHERE = "the page's hints"


def formats() -> list[str]:
    """Names of the formats that can be written."""
    return [name for name, module in files.formats().items() if isinstance(module, Writer)]


def hints_of(given: object) -> tuple[Hint, ...]:
    """Hints that the browser sent: [{"colour": …, "points": […], "shape": …}].

    Raises
    ------
    PhotoError
        If they are not as they must be.
    """
    return hints.parse(_toml(given), WHERE)


def _toml(given: object) -> str:
    """Hints as the content of a file; only JSON numbers and strings get in."""
    if not isinstance(given, list) or len(given) > hints.MOST:
        raise PhotoError(f"{WHERE}: not a list of at most {hints.MOST}")
    lines: list[str] = []
    for hint in given:
        if not isinstance(hint, dict) or hint.get("shape") not in SHAPES:
            raise PhotoError(f"{WHERE}: a hint has a colour, points, and one of {SHAPES}")
        lines += ["", "[[hints]]", f"colour = {toml.quoted(hint.get('colour'))}"]
        lines.append(f"{hint['shape']} = {toml.quoted(hint.get('points'))}")
    return "\n".join(lines).lstrip() + "\n"


def hints_beside(path: Path) -> list[dict[str, Any]]:
    """The hints of the file beside a photo, for the browser."""
    return [
        {"colour": list(hint.colour), "points": [list(p) for p in hint.points], "shape": hint.shape}
        for hint in hints.beside(path)
    ]


def save_hints(path: Path, given: object) -> None:
    """Write the hints into the file beside a photo; without any, that file is removed.

    Raises
    ------
    PhotoError
        If they are not as they must be, or the file cannot be written.
    """
    hints_of(given)
    beside = path.with_name(path.name + SUFFIX)
    if given:
        _write(beside, _toml(given), [path], overwrite=True)
        return
    try:
        beside.unlink(missing_ok=True)
    except OSError as error:
        raise PhotoError(f"{beside}: cannot be removed: {error.strerror}") from error


def save_recipe(recipe: Recipe, overwrite: bool) -> Path:
    """Write a recipe into the user's folder, where the command line looks for it by name.

    Raises
    ------
    RestoreError
        If there is no such folder, or a recipe of that name.
    """
    config = places.own("config")
    if config is None:
        raise RecipeError(f'"{recipe.name}": there is no home folder to keep it in; download it')
    path = config / "recipes" / f"{recipe.name}.toml"
    Recipe.parse(recipe.toml(), str(path))
    _write(path, recipe.toml(), [], overwrite=overwrite)
    return path


def _write(path: Path, text: str, originals: Sequence[Path], *, overwrite: bool) -> None:
    def write(file: BinaryIO) -> None:
        file.write(text.encode())

    _writing.whole(path, write, overwrite=overwrite, originals=originals)
