"""Restore photos with named recipes.

    import restore
    photo = restore.load("scan.tif")
    recipe = restore.Recipe.named("faded-print")
    restore.save(recipe(photo), "restored.tif")

The map: `files` read and write photos; `photo` holds the values that travel; `recipe` turns TOML
into `steps`; each step plans on a small proxy and hands back a render (`step`); `render` applies
it tile by tile; `colorizers` and `networks` are the learnt part; `color` is the arithmetic.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["Photo", "Recipe", "RestoreError", "load", "save"]

TYPE_CHECKING = False  # not from typing, whose import takes as long as a hasty Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    from restore.errors import RestoreError
    from restore.files import load, save
    from restore.photo import Photo
    from restore.recipe import Recipe

_HOMES = {
    "Photo": "photo",
    "Recipe": "recipe",
    "RestoreError": "errors",
    "load": "files",
    "save": "files",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that `restore --help` answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"restore.{_HOMES[name]}"), name)
