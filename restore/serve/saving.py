"""What the page writes besides results: hints beside a photo, and recipes of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from restore import files, places
from restore.errors import PhotoError, RecipeError
from restore.files import _writing
from restore.files._contract import Writer
from restore.image import notes
from restore.image.hints import SHAPES, Hint
from restore.image.marks import KINDS, Mark
from restore.image.notes import MOST, SUFFIX, Notes
from restore.recipe import Recipe, toml

WHERE = "the page's hints"


def formats() -> list[str]:
    """Names of the formats that can be written."""
    return [name for name, module in files.formats().items() if isinstance(module, Writer)]


def notes_of(given: object) -> Notes:
    """Hints and marks that the browser sent: [{"colour" or "kind", "points", "shape", "width"}].

    Raises
    ------
    PhotoError
        If they are not as they must be.
    """
    return notes.parse(_toml(given), WHERE)


def _toml(given: object) -> str:
    """Hints and marks as the content of a file; only JSON numbers and strings get in."""
    if not isinstance(given, list) or len(given) > MOST:
        raise PhotoError(f"{WHERE}: not a list of at most {MOST}")
    lines: list[str] = []
    for one in given:
        if not isinstance(one, dict) or one.get("shape") not in SHAPES:
            raise PhotoError(f"{WHERE}: each has a colour or a kind, points, and one of {SHAPES}")
        kind = one.get("kind")
        if kind is not None and kind not in KINDS:
            raise PhotoError(f"{WHERE}: a mark has one of the kinds {KINDS}")
        lines += ["", f"[[{kind or 'hints'}]]"]
        key = "width" if kind else "colour"
        lines.append(f"{one['shape']} = {toml.quoted(one.get('points'))}")
        if kind is None or key in one:
            lines.append(f"{key} = {toml.quoted(one.get(key))}")
    return "\n".join(lines).lstrip() + "\n"


def notes_beside(path: Path) -> list[dict[str, Any]]:
    """The hints and marks of the file beside a photo, for the browser."""
    noted = notes.beside(path)

    def place(one: Hint | Mark) -> dict[str, Any]:
        return {"points": [list(point) for point in one.points], "shape": one.shape}

    hints = [{"colour": list(hint.colour), **place(hint)} for hint in noted.hints]
    return hints + [{"kind": m.kind, "width": m.width, **place(m)} for m in noted.marks]


def save_notes(path: Path, given: object) -> None:
    """Write hints and marks into the file beside a photo; without any, that file is removed.

    Raises
    ------
    PhotoError
        If they are not as they must be, or the file cannot be written.
    """
    notes_of(given)
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
    Recipe.parse(recipe.toml(), str(path), folder=path.parent)
    _write(path, recipe.toml(), [], overwrite=overwrite)
    return path


def _write(path: Path, text: str, originals: Sequence[Path], *, overwrite: bool) -> None:
    def write(file: BinaryIO) -> None:
        file.write(text.encode())

    _writing.whole(path, write, overwrite=overwrite, originals=originals)
