"""Plain data that travels: frozen dataclasses compared by content, saved and loaded without pickle.

A subclass of `Value` holds numbers, strings, NumPy arrays, tuples, dicts with string keys, None,
and other values; nothing else. One file holds it: a ZIP archive of `value.json` and one `.npy` file
for each array. Loading checks every field against its annotation, so that a file of unknown origin
gives a value of the declared types or an error, and nothing in it is ever run.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import types
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

JSON = "value.json"
LARGEST = 2**28
"""Most bytes of a file's arrays when unpacked."""
DEEPEST = 16
"""Depth of values within values."""


class Value:
    """Base of frozen dataclasses of plain data; equal if their types and contents are.

    Declare subclasses with `@dataclass(frozen=True, eq=False)`.
    """

    kinds: ClassVar[dict[str, type[Value]]] = {}
    """Every subclass by the last part of its module and its name: "fade.Fade"."""

    def __init_subclass__(cls) -> None:
        Value.kinds[kind(cls)] = cls

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            same(getattr(self, f.name), getattr(other, f.name)) for f in _fields(type(self))
        )

    def __hash__(self) -> int:
        return hash(kind(type(self)))


def kind(cls: type) -> str:
    """The name under which a file refers to a class."""
    return f"{cls.__module__.rpartition('.')[2]}.{cls.__qualname__}"


def same(one: Any, two: Any) -> bool:
    """Whether two contents of values are equal; NaN equals NaN."""
    if isinstance(one, np.ndarray) or isinstance(two, np.ndarray):
        arrays = isinstance(one, np.ndarray) and isinstance(two, np.ndarray)
        return arrays and one.dtype == two.dtype and np.array_equal(one, two, equal_nan=True)
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    return bool(one == two) or (one != one and two != two)


def save(value: Value, path: Path, about: str) -> None:
    """Write a value to one file; `about` names its kind.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind.
    """
    arrays: list[np.ndarray[Any, Any]] = []
    text = json.dumps({"about": about, "value": _packed(value, arrays)}, allow_nan=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(JSON, text)
            for number, array in enumerate(arrays):
                with archive.open(f"{number}.npy", "w") as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def digest(value: Value) -> str:
    """SHA-256 of a value's content, the same in every process."""
    arrays: list[np.ndarray[Any, Any]] = []
    content = json.dumps(_packed(value, arrays), allow_nan=True, sort_keys=True)
    parts = hashlib.sha256(content.encode())
    for array in arrays:
        parts.update(f"{array.dtype.str} {array.shape}".encode())
        parts.update(np.ascontiguousarray(array).data)
    return parts.hexdigest()


def load(path: Path, about: str) -> Value:
    """The value that `save` wrote.

    Raises
    ------
    ValueError
        If the file holds anything else; the message is one line.
    OSError
        If it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise ValueError(f"unpacks to more than {LARGEST // 2**20} MiB")
            content = json.loads(archive.read(JSON))
            if not isinstance(content, dict) or content.get("about") != about:
                raise ValueError(f"is not a {about}")
            return _unpacked(content.get("value"), archive, 0)
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RecursionError) as error:
        raise ValueError(f"is not a {about}, or is damaged") from error


def _packed(content: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """Content as JSON; arrays are put into the list and referred to by number."""
    if isinstance(content, Value):
        fields = {f.name: _packed(getattr(content, f.name), arrays) for f in _fields(type(content))}
        return {"kind": kind(type(content)), "fields": fields}
    if isinstance(content, np.ndarray):
        arrays.append(content)
        return {"array": len(arrays) - 1}
    if isinstance(content, tuple):
        return [_packed(part, arrays) for part in content]
    if isinstance(content, Mapping):
        return {"map": {key: _packed(part, arrays) for key, part in content.items()}}
    if isinstance(content, np.generic):
        return content.item()
    if content is None or isinstance(content, (str, bool, int, float)):
        return content
    raise TypeError(f"{type(content).__name__} is not plain data")


def _unpacked(content: Any, archive: zipfile.ZipFile, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError("is nested too deeply")
    if isinstance(content, list):
        return tuple(_unpacked(part, archive, depth + 1) for part in content)
    if not isinstance(content, dict):
        return content
    if "array" in content:
        data = archive.read(f"{int(content['array'])}.npy")
        array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
        array.flags.writeable = False
        return array
    if "map" in content:
        return {key: _unpacked(part, archive, depth + 1) for key, part in content["map"].items()}
    cls = Value.kinds.get(content.get("kind", ""))
    fields = content.get("fields")
    if cls is None or not isinstance(fields, dict):
        raise ValueError(
            f'holds "{content.get("kind", "")!s:.60}", which this version does not know'
        )
    declared, hints = _fields(cls), get_type_hints(cls)
    if fields.keys() != {f.name for f in declared}:
        raise ValueError(f"holds a {kind(cls)} whose fields differ from this version's")
    values = {key: _unpacked(part, archive, depth + 1) for key, part in fields.items()}
    for key, value in values.items():
        if not fits(value, hints[key]):
            raise ValueError(f"{kind(cls)}.{key} has the wrong type")
    return cls(**values)


def fits(value: Any, hint: Any) -> bool:
    """Whether a loaded content is what an annotation declares."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, part) for part in parts)
    if origin is Literal:
        return value in parts
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if parts[-1:] == (Ellipsis,):
            return all(fits(part, parts[0]) for part in value)
        return len(value) == len(parts) and all(map(fits, value, parts))
    if origin is np.ndarray or hint is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.ndim <= 8
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(fits(part, parts[1]) for part in value.values())
    if hint is None or hint is types.NoneType:
        return value is None
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(hint, type) and isinstance(value, hint)


def _fields(cls: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)
