"""Writes .caffemodel files of Zhang's layout, in every form that Caffe ever wrote, and a prototxt.

The bytes are those that protobuf writes for `caffe.proto`; OpenCV 4 reads them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from restore.models import _wire, _zhang

FACTOR = 999.98236
"""The scale factor by which Caffe's mean and variance are to be divided; near the release's."""

V1 = {"Convolution": 4, "Deconvolution": 39, "BatchNorm": 0}


def write(
    file: BinaryIO,
    weights: _zhang.Weights,
    table: Sequence[_zhang.Layer] = _zhang.LAYERS,
    *,
    v1: bool = False,
    packed: bool = True,
    double: bool = False,
    legacy: bool = False,
    name: str = "LtoAB",
    factor: float = FACTOR,
) -> None:
    """Write the weights as Caffe would; input and Silence layers without blobs come along."""
    file.write(_wire.message(1, name))
    file.write(layer("input", "Input", (), v1=v1))
    for each in table:
        arrays = [np.asarray(values) for values in weights[each.name]]
        if each.kind == "BatchNorm":
            arrays = [values * np.float32(factor) for values in arrays]
            arrays.append(np.array([factor], np.float32))
        blobs = [blob(values, packed=packed, double=double, legacy=legacy) for values in arrays]
        file.write(layer(each.name, each.kind, blobs, v1=v1))
        if each.relu:
            file.write(layer(each.name.replace("conv", "relu"), "ReLU", (), v1=v1))
    file.write(layer("silence", "Silence", (), v1=v1))


def small(table: Sequence[_zhang.Layer], **form: object) -> bytes:
    """The bytes of a model of a small table with random weights."""
    file = io.BytesIO()
    write(file, _zhang.random_weights(1, table), table, **form)  # type: ignore[arg-type]
    return file.getvalue()


def layer(name: str, kind: str, blobs: Sequence[bytes], *, v1: bool = False) -> bytes:
    """A layer message in its NetParameter field: 100, or 2 with an enum for its type."""
    if v1:
        whole = [_wire.message(6, each) for each in blobs]
        return _wire.message(2, *whole, _wire.message(4, name), _wire.number(5, V1.get(kind, 14)))
    ends = _wire.message(3, "in"), _wire.message(4, name)
    whole = [_wire.message(7, each) for each in blobs]
    return _wire.message(100, _wire.message(1, name), _wire.message(2, kind), *ends, *whole)


def blob(
    values: np.ndarray, *, packed: bool = True, double: bool = False, legacy: bool = False
) -> bytes:
    """A BlobProto's bytes."""
    if legacy:
        sizes = (1,) * (4 - values.ndim) + values.shape
        shape = b"".join(_wire.number(place, size) for place, size in enumerate(sizes, 1))
    else:
        shape = _wire.message(7, _wire.integers(1, values.shape))
    number, dtype, kind = (8, "<f8", 1) if double else (5, "<f4", 5)
    flat = values.astype(dtype).ravel()
    if packed:
        return shape + _wire.message(number, flat.tobytes())
    records = np.empty(flat.size, [("tag", "u1"), ("value", dtype)])
    records["tag"], records["value"] = number << 3 | kind, flat
    return shape + records.tobytes()


def prototxt(
    table: Sequence[_zhang.Layer] = _zhang.LAYERS, size: tuple[int, int] = (224, 224)
) -> str:
    """The network's description for OpenCV, up to the softmax; written from the layer table."""
    lines = [
        'name: "LtoAB" layer { name: "data_l" type: "Input" top: "data_l"',
        f"input_param {{ shape {{ dim: 1 dim: 1 dim: {size[0]} dim: {size[1]} }} }} }}",
    ]
    last = "data_l"

    def add(name: str, kind: str, rest: str = "", inplace: bool = False) -> None:
        nonlocal last
        top = last if inplace else name
        lines.append(
            f'layer {{ name: "{name}" type: "{kind}" bottom: "{last}" top: "{top}" {rest} }}'
        )
        last = top

    for each in table:
        if each.kind == "BatchNorm":
            add(each.name, each.kind, "batch_norm_param { use_global_stats: true }")
            continue
        out, kernel = each.shapes[1][0], each.shapes[0][-1]
        add(
            each.name,
            each.kind,
            f"convolution_param {{ num_output: {out} kernel_size: {kernel} pad: {each.pad} "
            f"stride: {each.stride} dilation: {each.dilation} }}",
        )
        if each.relu:
            add(each.name.replace("conv", "relu"), "ReLU", inplace=True)
    add("conv8_313_rh", "Scale", "scale_param { bias_term: false }")
    add("class8_313_rh", "Softmax")
    add(
        "class8_ab",
        "Convolution",
        "convolution_param { num_output: 2 kernel_size: 1 bias_term: false }",
    )
    return "\n".join(lines)
