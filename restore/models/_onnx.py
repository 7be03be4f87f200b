"""The graph in the bytes of an ONNX file: operators, constant arrays, names of the outputs.

References
----------
github.com/onnx/onnx, onnx/onnx.proto (field numbers).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore.models import _wire
from restore.models._wire import BYTES, FLOAT, VARINT, Damaged, Reader

_STORED = {1: "<f4", 10: "<f2", 11: "<f8"}
"""TensorProto.DataType: how its raw bytes are read."""

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Node:
    """An operator: its kind, inputs, outputs and attributes."""

    kind: str
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)


def graph(reader: Reader) -> tuple[list[Node], dict[str, Array | None], list[str]]:
    """Nodes, constant arrays by name, and the names of the outputs."""
    nodes: list[Node] = []
    arrays: dict[str, Array | None] = {}
    outputs: list[str] = []
    for model in reader.fields(0, len(reader.data)):
        if model.number != 7 or model.kind != BYTES:
            continue
        for part in reader.fields(model.start, model.end):
            if part.kind != BYTES:
                continue
            if part.number == 1:
                node = _node(reader, part)
                nodes.append(node)
                if node.kind == "Constant" and "value" in node.attributes:
                    arrays[node.outputs[0]] = node.attributes["value"]
            elif part.number == 5:
                name, values = _tensor(reader, part)
                arrays[name] = values
            elif part.number == 12:
                whole = reader.fields(part.start, part.end)
                outputs += [
                    reader.text(output)
                    for output in whole
                    if output.number == 1 and output.kind == BYTES
                ]
    return nodes, arrays, outputs


def _node(reader: Reader, part: _wire.Field) -> Node:
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: dict[str, Any] = {}
    kind = ""
    for entry in reader.fields(part.start, part.end):
        if entry.kind != BYTES:
            continue
        if entry.number == 1:
            inputs.append(reader.text(entry))
        elif entry.number == 2:
            outputs.append(reader.text(entry))
        elif entry.number == 4:
            kind = reader.text(entry, 40)
        elif entry.number == 5:
            name, value = _attribute(reader, entry)
            attributes[name] = value
    if not outputs:
        raise Damaged(f"at byte {part.start}: an operator has no output")
    return Node(kind, inputs, outputs, attributes)


def _attribute(reader: Reader, part: _wire.Field) -> tuple[str, Any]:
    name = ""
    value: Any = None
    whole: list[int] = []
    for entry in reader.fields(part.start, part.end):
        if entry.number == 1 and entry.kind == BYTES:
            name = reader.text(entry, 40)
        elif entry.number == 2 and entry.kind == FLOAT:
            value = float(reader.array(entry)[-1])
        elif entry.number == 3 and entry.kind == VARINT:
            value = entry.value
        elif entry.number == 4 and entry.kind == BYTES:
            value = reader.text(entry, 40)
        elif entry.number == 5 and entry.kind == BYTES:
            value = _tensor(reader, entry)[1]
        elif entry.number == 8 and entry.kind in (VARINT, BYTES):
            whole += reader.integers(entry)
            if len(whole) > 64:
                raise Damaged(f"at byte {part.start}: an attribute has too many values")
    return name, whole or value


def _tensor(reader: Reader, part: _wire.Field) -> tuple[str, Array | None]:
    """Name and values of an array; None if it does not hold floats."""
    name, shape, kind = "", [], 0
    pieces: list[Array] = []
    for entry in reader.fields(part.start, part.end):
        if entry.number == 1 and entry.kind in (VARINT, BYTES):
            shape += reader.integers(entry)
        elif entry.number == 2 and entry.kind == VARINT:
            kind = entry.value
        elif entry.number == 8 and entry.kind == BYTES:
            name = reader.text(entry)
        elif entry.number == 4 and entry.kind == BYTES:
            pieces.append(reader.packed(entry, "<f4"))
        elif entry.number == 4 and entry.kind == FLOAT:
            pieces.append(reader.array(entry))
        elif entry.number == 9 and entry.kind == BYTES and kind in _STORED:
            pieces.append(reader.packed(entry, _STORED[kind]))
        elif entry.number in (13, 14) and entry.kind in (BYTES, VARINT) and entry.value != 0:
            raise Damaged("external ONNX weight files are not supported")
        if len(pieces) > _wire.MOST_PIECES or len(shape) > 8:
            raise Damaged(f"at byte {part.start}: an array is stored in too many pieces")
    if kind not in _STORED or not pieces:
        return name, None
    values = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    count = 1
    for size in shape:
        count *= size
    if count != values.size:
        raise Damaged(f"array {name} holds {values.size} values, its shape says {count}")
    # next to a side of 0, another may have any size, which numpy refuses
    return name, values.reshape(shape) if count else None
