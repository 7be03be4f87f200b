"""Convert the .caffemodel of Zhang 2016 to ONNX once, independent of OpenCV.

A .caffemodel is one `NetParameter` message. Only the weights are taken from it, by layer name, and
every shape is compared with the known table; the graph is ours (`_zhang`). The blobs of the last
two layers (the scale 2.606 and the grid) are ignored: common scripts set them after loading, and
this program has its own.

Nothing is copied before it is checked: floats are views of the memory map until they are written.

References
----------
github.com/BVLC/caffe, src/caffe/proto/caffe.proto (field numbers), src/caffe/blob.cpp
`FromProto` (legacy shapes) and src/caffe/layers/batch_norm_layer.cpp (the scale factor); BSD-2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restore.models import _sniff, _wire, _zhang
from restore.models._wire import BYTES, DOUBLE, FLOAT, VARINT, Damaged, Reader

V1_TYPES = {"Convolution": 4, "Deconvolution": 39}
"""`V1LayerParameter.LayerType`; it has no BatchNorm, so files of that age hold any number there."""


@dataclass(frozen=True)
class _Generation:
    """Field numbers of a layer message: where its name, type and blobs are."""

    name: int
    type: int
    blobs: int


_STORED = {5: FLOAT, 8: DOUBLE}
"""The fields that hold a blob's values, and what a single one of them is."""

_GENERATIONS = {100: _Generation(1, 2, 7), 2: _Generation(4, 5, 6)}


def _piece(reader: Reader, entry: _wire.Field) -> NDArray[np.floating]:
    """A part of a blob's values: packed, or a run of single ones."""
    if entry.kind == BYTES:
        return reader.packed(entry, "<f4" if entry.number == 5 else "<f8")
    return reader.array(entry)


@dataclass
class _Blob:
    shape: list[int] | None = None
    legacy: dict[int, int] = field(default_factory=dict)
    pieces: list[NDArray[np.floating]] = field(default_factory=list)

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether the file's shape is `shape`; a legacy one has ones before it, up to four."""
        if self.shape is not None:
            return tuple(self.shape) == shape
        if self.legacy:
            filled = (1,) * (4 - len(shape)) + shape
            return tuple(self.legacy.get(number, 0) for number in (1, 2, 3, 4)) == filled
        return math.prod(shape) == 1

    @property
    def dimensions(self) -> str:
        sizes = self.shape
        if sizes is None:
            sizes = [self.legacy.get(number, 0) for number in (1, 2, 3, 4)] if self.legacy else []
        return " x ".join(map(str, sizes)) or "unknown"


def convert(
    source: Path,
    target: Path,
    metadata: dict[str, str] | None = None,
    table: Sequence[_zhang.Layer] = _zhang.LAYERS,
) -> str:
    """`_zhang.convert` for a .caffemodel; returns the network's name in it, at most 200 bytes."""
    return _zhang.convert(read, source, target, metadata, table)


def read(
    data: memoryview, table: Sequence[_zhang.Layer] = _zhang.LAYERS
) -> tuple[_zhang.Weights, str]:
    """The weights in the bytes of a .caffemodel, checked, viewed in place; and the network's name.

    Raises
    ------
    Damaged
        With a message to be prefixed by the file's name.
    """
    reader = Reader(data)
    wanted = {layer.name: layer for layer in table}
    weights: dict[str, tuple[NDArray[np.floating], ...]] = {}
    others: list[str] = []
    name, place = "", ""
    try:
        for part in reader.fields(0, len(data)):
            if part.kind != BYTES:
                continue
            if part.number == 1:
                name = reader.text(part, 60)
            elif part.number in _GENERATIONS:
                place, kind, blobs = _layer(reader, part, _GENERATIONS[part.number])
                if place in wanted and blobs:
                    if place in weights:
                        raise Damaged(f"layer {place} occurs twice")
                    weights[place] = _weights(reader, wanted[place], kind, blobs)
                elif len(others) < 3:
                    others.append(place)
    except _Other as error:
        raise Damaged(f"is a Caffe model of another network{_called(name)}: {error}") from error
    except Damaged as error:
        if not place:
            raise Damaged(f"is not a Caffe model ({error}); use the .caffemodel itself") from None
        raise Damaged(
            f"is cut off or damaged (in or after layer {place}, {error}); {_sniff.AGAIN}"
        ) from error
    if not weights:
        if not others:
            raise Damaged("is not a Caffe model (it has no layers); use the .caffemodel itself")
        reason = f"its layers begin with {', '.join(others)}"
        raise Damaged(f"is a Caffe model of another network{_called(name)}: {reason}")
    missing = [layer.name for layer in table if layer.name not in weights]
    if missing:
        reason = f"{len(missing)} of {len(table)} layers have no weights, first {missing[0]}"
        raise Damaged(
            f"is cut off, or another network{_called(name)}: {reason}; if it was downloaded, "
            f"{_sniff.AGAIN}"
        )
    return weights, name


def rebalanced(data: memoryview) -> bool | None:
    """Whether the network in the bytes of a .caffemodel was trained with class rebalancing.

    The authors' training network (`models/colorization_train_val_v2.prototxt`) encodes the true
    colours in a layer `ab_enc` and weighs rare ones more in `prior_boost`; a snapshot names them.
    None if it names neither. Damaged if it is not a message.
    """
    reader = Reader(data)
    names = {
        _layer(reader, part, _GENERATIONS[part.number])[0]
        for part in reader.fields(0, len(data))
        if part.kind == BYTES and part.number in _GENERATIONS
    }
    if "prior_boost" in names:
        return True
    return False if "ab_enc" in names else None


class _Other(Damaged):
    """A layer differs from this network's."""


def _called(name: str) -> str:
    return f' (it calls itself "{name}")' if name else ""


def _layer(
    reader: Reader, part: _wire.Field, generation: _Generation
) -> tuple[str, str | int, list[_wire.Field]]:
    """Name, type and blobs of a layer."""
    name, kind = "", ""
    number: int | None = None
    blobs: list[_wire.Field] = []
    for entry in reader.fields(part.start, part.end):
        if entry.number == generation.name and entry.kind == BYTES:
            name = reader.text(entry, 60)
        elif entry.number == generation.type and entry.kind == BYTES:
            kind = reader.text(entry, 60)
        elif entry.number == generation.type and entry.kind == VARINT:
            number = entry.value
        elif entry.number == generation.blobs and entry.kind == BYTES:
            blobs.append(entry)
    return name, kind if number is None else number, blobs


def _weights(
    reader: Reader, layer: _zhang.Layer, kind: str | int, blobs: list[_wire.Field]
) -> tuple[NDArray[np.floating], ...]:
    """The arrays of one layer, checked."""
    if kind != layer.kind and not (
        isinstance(kind, int) and kind == V1_TYPES.get(layer.kind, kind)
    ):
        raise _Other(f"layer {layer.name} is of type {kind}, expected {layer.kind}")
    shapes = layer.shapes
    if layer.kind == "BatchNorm":
        shapes = (*shapes, (1,))
    if len(blobs) != len(shapes):
        raise _Other(f"layer {layer.name} has {len(blobs)} blobs, expected {len(shapes)}")
    arrays = [
        _values(reader, blob, shape, f"layer {layer.name}, blob {number}")
        for number, (blob, shape) in enumerate(zip(blobs, shapes, strict=True))
    ]
    if layer.kind != "BatchNorm":
        return tuple(arrays)
    mean, variance, factor = (values.astype(np.float32) for values in arrays)
    with np.errstate(all="ignore"):
        scale = np.float32(0) if factor[0] == 0 else 1 / factor[0]
        mean, variance = mean * scale, variance * scale
    if not (np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0).all()):
        message = f"layer {layer.name} has a mean or variance that no photo can give"
        raise Damaged(f"{message} (scale factor {factor[0]:g})")
    return mean, variance


def _values(
    reader: Reader, part: _wire.Field, shape: tuple[int, ...], where: str
) -> NDArray[np.floating]:
    """One blob's values, in the file's precision; every one is finite in float32."""
    blob = _Blob()
    for entry in reader.fields(part.start, part.end):
        if entry.number in (1, 2, 3, 4) and entry.kind == VARINT:
            blob.legacy[entry.number] = entry.value
        elif entry.number == 7 and entry.kind == BYTES:
            blob.shape = []
            for size in reader.fields(entry.start, entry.end):
                if size.number == 1 and size.kind in (VARINT, BYTES):
                    blob.shape += reader.integers(size)
        elif entry.number in _STORED and entry.kind in (BYTES, *_STORED.values()):
            blob.pieces.append(_piece(reader, entry))
            if len(blob.pieces) > _wire.MOST_PIECES:
                raise Damaged(f"{where} is stored in more than {_wire.MOST_PIECES} pieces")
    if not blob.fits(shape):
        raise _Other(f"{where} is {blob.dimensions}, expected {' x '.join(map(str, shape))}")
    count, expected = sum(piece.size for piece in blob.pieces), math.prod(shape)
    if count != expected:
        raise Damaged(f"{where} holds {count} values, expected {expected}")
    values = blob.pieces[0] if len(blob.pieces) == 1 else np.concatenate(blob.pieces)
    with np.errstate(over="ignore"):
        finite = np.isfinite(values.astype("<f4", copy=False))
    if not finite.all():
        raise Damaged(f"{where} holds NaN or infinite values")
    return values
