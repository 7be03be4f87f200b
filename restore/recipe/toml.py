"""TOML within limits: a recipe may come from anywhere, even from a stranger's photo."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from restore import safe_toml
from restore.errors import RecipeError

LARGEST = 64 * 1024
"""Most bytes of a recipe file; our longest recipe has a fiftieth of that."""


def text(path: Path) -> str:
    """The text of a recipe file; RecipeError if it cannot be read or is too large."""
    try:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "no such file"
            raise RecipeError(f"{path}: {problem}")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise RecipeError(f"{path}: is larger than {LARGEST} bytes, the most a recipe may have")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: is not UTF-8 text") from error


def parsed(text: str, where: str, largest: int = LARGEST) -> dict[str, Any]:
    """Parse a TOML string of `largest` characters at most; `where` is shown in messages.

    Raises
    ------
    RecipeError
        If it is not TOML, or larger, deeper or wider than any recipe.
    """
    if len(text) > largest:  # a recipe from a photo's metadata was never checked as a file
        raise RecipeError(
            f"{where}: is longer than {largest} characters, the most a recipe may have"
        )
    try:
        content = safe_toml.loads(text)
        if _too_large(content):
            raise RecipeError(f"{where}: contains an integer beyond 64 bits")
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise RecipeError(f"{where}: is not TOML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise RecipeError(f"{where}: is nested too deeply") from error
    return content


def value(text: str) -> object:
    """A setting's value from a TOML string; a bare word is a string."""
    try:
        content = safe_toml.loads(f"value = {text}")
        plain = len(content) == 1 and not _too_large(content)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return text
    return content["value"] if plain else text


def _too_large(content: object) -> bool:
    """Whether there is an integer beyond TOML's 64 bits; Python refuses to print long ones."""
    if isinstance(content, dict):
        return any(_too_large(value) for value in content.values())
    if isinstance(content, list):
        return any(_too_large(value) for value in content)
    return isinstance(content, int) and content.bit_length() > 63


def quoted(value: object) -> str:
    """A setting's value in TOML, whose strings, numbers and booleans are written like JSON's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def shown(value: object) -> str:
    """A setting's value as written on the command line."""
    return quoted(value) if isinstance(value, (bool, str)) else repr(value)
