"""Restore photos with named recipes.

    import restore
    restored = restore.run("faded-print", "scan.tif")     # or an array, a PIL image, a Photo
    restore.save(restored, "restored.tif")

In more steps, with the plan between them:

    photo = restore.load("scan.tif")
    recipe = restore.Recipe.named("faded-print").with_settings({"fade.amount": 0.8})
    plan = recipe.plan(photo)
    print(plan.findings["fade"].summary)
    restored = plan.render(photo)
    restored.to_array(), restored.to_image()

docs/python.md has the reference, docs/architecture.md the map.
"""

from __future__ import annotations

from restore._version import __version__

__all__ = [
    "Context",
    "Hint",
    "Mark",
    "Photo",
    "Plan",
    "Recipe",
    "RestoreError",
    "__version__",
    "colours_at",
    "load",
    "run",
    "save",
]

TYPE_CHECKING = False  # not from typing, whose import takes as long as a hasty Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    from restore.api import colours_at, run
    from restore.context import Context
    from restore.errors import RestoreError
    from restore.files import load, save
    from restore.image.hints import Hint
    from restore.image.marks import Mark
    from restore.image.photo import Photo
    from restore.plan import Plan
    from restore.recipe import Recipe

_HOMES = {
    "Context": "context",
    "Hint": "image.hints",
    "Mark": "image.marks",
    "Photo": "image.photo",
    "Plan": "plan",
    "Recipe": "recipe",
    "RestoreError": "errors",
    "colours_at": "api",
    "load": "files",
    "run": "api",
    "save": "files",
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """Import on first use, so that `restore --help` answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"restore.{_HOMES[name]}"), name)
