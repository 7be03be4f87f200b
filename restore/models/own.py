"""Networks that `restore train` wrote, in place of those included.

add(Path("damage.onnx"))     copied into the folder of models; Added, or None if it is none
path("damage")               the file, or None if the network included is used
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

from restore.errors import WeightsError
from restore.models import _durable, _sniff
from restore.models._folder import folder
from restore.models._wire import Damaged, Reader

SUFFIXES = {"colorizer": ".onnx", "damage": ".onnx", "fade": ".npz"}
"""File suffix of each kind of network."""
NAMES = tuple(f"own-{kind}" for kind in SUFFIXES)


def metadata(file: Path) -> dict[str, str]:
    """The metadata of an ONNX file.

    Raises
    ------
    WeightsError
        If it cannot be read, or is no ONNX file.
    """
    data = _sniff.mapped(file)
    try:
        return Reader(data).strings(0, len(data), 14)
    except Damaged as error:
        raise WeightsError(f"{file}: is not an ONNX file ({error})") from error


def kind(file: Path) -> str:
    """The kind of network that `restore train` wrote to a file, or "" if it did not."""
    if file.suffix == ".npz":
        return "fade" if _is_fade(file) else ""
    with suppress(WeightsError):
        purpose = metadata(file).get("purpose", "")
        return purpose if purpose in SUFFIXES else ""
    return ""


def _is_fade(file: Path) -> bool:
    """Whether a file has the arrays of the network included."""
    import numpy as np

    included = Path(__file__).parents[1] / "data" / "fade.npz"
    try:
        shapes = []
        for path in (file, included):
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
                shapes.append({name: arrays[name].shape for name in arrays.files})
    except (OSError, ValueError, TypeError, EOFError, BadZipFile, zlib.error):
        return False
    return shapes[0] == shapes[1]


def location(kind: str) -> Path:
    """Where the network of a kind is, or would be."""
    return folder() / f"own-{kind}{SUFFIXES[kind]}"


def path(kind: str) -> Path | None:
    """The network of a kind, or None if there is none."""
    with suppress(WeightsError, OSError):
        file = location(kind)
        return file if file.is_file() else None
    return None


def add(file: Path, kind: str) -> Path:
    """Copy a network into the folder of models; returns its path."""
    place = location(kind)
    part = place.with_name(f".{place.name}.new")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(file.read_bytes())
        _durable.settle(part, place)
    except OSError as error:
        raise WeightsError(f"{place}: cannot be written: {error.strerror}") from error
    return place


def remove(kind: str) -> Path:
    """Remove the network of a kind, so that the one included is used; returns its path."""
    place = location(kind)
    try:
        place.unlink()
    except OSError as error:
        raise WeightsError(f"own-{kind}: is not installed") from error
    return place
