"""One effect a file: `fade.py` defines `fade(proxy, *, …) -> Fade`. Found by file name.

A user's own steps are found in the same way, in the folder `steps` of the configuration registry.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from restore import places, registry
from restore.errors import RecipeError
from restore.step import Step

OWN = "restore_own_steps"
"""Package name under which the user's own steps are imported."""


def names() -> list[str]:
    """Names of all steps, the user's own among them."""
    return sorted({*registry.names(sys.modules[__name__]), *_own()})


def get(name: str, where: str = "steps") -> Step:
    """The step called `name`.

    Raises
    ------
    RecipeError
        If there is none (with the nearest name), or the user's own file is broken.
    """
    path = _own().get(name)
    if path is None or name in registry.names(sys.modules[__name__]):
        module = registry.module(sys.modules[__name__], name, where, "step", RecipeError)
        return Step.of(module)
    try:
        return Step.of(_imported(name, path))
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise RecipeError(f"{path}: is not a step: {reason:.200}") from error


def loaded() -> tuple[list[Step], list[RecipeError]]:
    """All steps, and what is wrong with those of the user's own that are broken."""
    sound, broken = [], []
    for name in names():
        try:
            sound.append(get(name))
        except RecipeError as error:
            broken.append(error)
    return sound, broken


def _own() -> dict[str, Path]:
    """The user's own step files by name; none from a folder that others may write to."""
    config = places.own("config")
    own = config / "steps" if config else None
    if own is None or not os.access(own, os.R_OK | os.X_OK):
        return {}
    if os.name == "posix" and own.stat().st_mode & 0o002:
        return {}
    files = (path for path in own.glob("*.py") if path.is_file())
    return {path.stem: path for path in files if path.stem.isidentifier() and path.stem[0] != "_"}


def _imported(name: str, path: Path) -> ModuleType:
    full = f"{OWN}.{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, path)
        if spec is None or spec.loader is None:
            raise ImportError("no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[full]
            raise
    return sys.modules[full]
