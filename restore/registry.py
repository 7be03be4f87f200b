"""Discovery of steps, formats and colorizers by file name: a new one is one new file."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from restore.errors import RestoreError, nearest


def names(package: ModuleType) -> list[str]:
    """Names of the modules in a package's folder, without subfolders and "_…" helpers."""
    modules = pkgutil.iter_modules(package.__path__)
    return sorted(m.name for m in modules if not m.ispkg and not m.name.startswith("_"))


def module(
    package: ModuleType, name: str, where: str, what: str, error: type[RestoreError]
) -> ModuleType:
    """The module `name` of a package, or `error` with the nearest name there is."""
    known = names(package)
    if name not in known:
        raise error(f'{where}: there is no {what} "{name:.60}"; {nearest(name, known)}')
    return importlib.import_module(f"{package.__name__}.{name}")
