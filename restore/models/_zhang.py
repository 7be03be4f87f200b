"""The network of Zhang, Isola and Efros 2016 as a table of layers, and as an ONNX file.

The weights come from `caffe` or `_conversion`; the graph is always this one. Its input
`lightness` is CIE L* 0 … 100, (1, 1, H, W), H and W divisible by 8; the graph itself subtracts
the 50 that the network expects, before the first zero padding. Its output `logits`,
(1, 313, H/4, W/4), is `conv8_313`, before the release's scale by 2.606 = 1 / 0.38: softmax(logits /
T) is the distribution at temperature T.

The file is written in one pass and in a fixed order, so the same weights give the same bytes; the
last 76 bytes are a metadata entry with the SHA-256 of all before them (`details`).

References
----------
Colorful Image Colorization, ECCV 2016, arXiv 1603.08511, and its released prototxt.
github.com/onnx/onnx, onnx/onnx.proto, for the field numbers.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from restore.errors import WeightsError
from restore.models import _sniff, _wire
from restore.models._wire import Damaged

TAIL = 76
"""Bytes of the last entry, with the SHA-256 of what is before it."""

EPSILON = 1e-5
"""What BatchNorm adds to the variance."""

Weights = Mapping[str, Sequence[NDArray[np.floating]]]
"""By layer name: kernel and bias of convolutions, mean and variance of BatchNorm layers."""


@dataclass(frozen=True)
class Layer:
    """A layer with weights: its kind, the shapes of its arrays, and how a convolution moves."""

    name: str
    kind: Literal["Convolution", "Deconvolution", "BatchNorm"]
    shapes: tuple[tuple[int, ...], ...]
    stride: int = 1
    dilation: int = 1
    relu: bool = False

    @property
    def pad(self) -> int:
        """Zeros on each side: the size is kept, or halved or doubled by the stride."""
        return self.dilation * ((self.shapes[0][-1] - 1) // 2)


def layers(width: int = 64, bins: int = 313) -> tuple[Layer, ...]:
    """The table, in order. The network's own is 64 wide; narrower ones are for tests."""
    table: list[Layer] = []
    channels = 1
    for block, count, factor, stride, dilation in (
        (1, 2, 1, 2, 1),
        (2, 2, 2, 2, 1),
        (3, 3, 4, 2, 1),
        (4, 3, 8, 1, 1),
        (5, 3, 8, 1, 2),
        (6, 3, 8, 1, 2),
        (7, 3, 8, 1, 1),
    ):
        out = width * factor
        for number in range(1, count + 1):
            name = f"conv{block}_{number}" if (block, number) != (1, 1) else "bw_conv1_1"
            shapes = (out, channels, 3, 3), (out,)
            last = stride if number == count else 1
            table.append(Layer(name, "Convolution", shapes, last, dilation, relu=True))
            channels = out
        table.append(Layer(f"conv{block}_{count}norm", "BatchNorm", ((out,), (out,))))
    half = channels // 2
    table.append(Layer("conv8_1", "Deconvolution", ((channels, half, 4, 4), (half,)), 2, relu=True))
    for number in (2, 3):
        shapes = (half, half, 3, 3), (half,)
        table.append(Layer(f"conv8_{number}", "Convolution", shapes, relu=True))
    table.append(Layer("conv8_313", "Convolution", ((bins, half, 1, 1), (bins,))))
    return tuple(table)


LAYERS = layers()


def random_weights(seed: int, table: Sequence[Layer] = LAYERS) -> Weights:
    """Weights of the right shapes and a scale that keeps the signal, for tests and timing.

    He initialisation, which keeps the mean square; means and variances near those of such a
    signal after its ReLU; logits with a standard deviation of about 2, so that there are peaks.
    """
    random = np.random.default_rng(seed)
    weights: dict[str, tuple[NDArray[np.float32], ...]] = {}
    for layer in table:
        shape, second = layer.shapes
        if layer.kind == "BatchNorm":
            weights[layer.name] = (
                random.uniform(0.5, 0.6, shape).astype(np.float32),
                random.uniform(0.6, 1, second).astype(np.float32),
            )
        else:
            fan = math.prod(shape[1:]) if layer.kind == "Convolution" else shape[0] * 4
            scale = math.sqrt(2 / fan)
            if shape[1] == 1:
                scale /= 25  # the input, L* - 50, is not of unit size
            kernel = random.standard_normal(shape, np.float32) * np.float32(scale)
            weights[layer.name] = kernel, random.normal(0, 0.1, second).astype(np.float32)
    return weights


def convert(
    read: Callable[[memoryview, Sequence[Layer]], tuple[Weights, str]],
    source: Path,
    target: Path,
    metadata: Mapping[str, str] | None,
    table: Sequence[Layer],
    advice: str = "",
) -> str:
    """Write our form of a file; `target` is not complete until this returns.

    Parameters
    ----------
    read
        Returns the weights in the file's bytes and remarks on them; raises Damaged.
    advice
        What to do if it is not this network, complete; ends the message.

    Returns
    -------
    The remarks of `read`.

    Raises
    ------
    WeightsError
        If `source` is not this network, complete.
    """
    try:
        weights, remarks = read(_sniff.mapped(source), table)
    except Damaged as error:
        raise WeightsError(f"{source}: {error}{advice}") from error
    write(target, weights, metadata or {}, table)
    return remarks


def write(
    path: Path, weights: Weights, metadata: Mapping[str, str], table: Sequence[Layer] = LAYERS
) -> str:
    """Write the network as ONNX, holding one array in memory at a time.

    Returns
    -------
    The SHA-256 of the file without its last entry, as `details` compares it.
    """
    digest = hashlib.sha256()
    try:
        with path.open("wb") as file:
            for part in _parts(weights, metadata, table):
                digest.update(part)
                file.write(part)
            file.write(_entry("sha256", digest.hexdigest()))
    except OSError as error:
        raise WeightsError(f"{path}: cannot be written: {error.strerror}") from error
    return digest.hexdigest()


def details(path: Path, *, whole: bool = False) -> dict[str, str]:
    """The metadata of a file that `write` made; `sha256` is the SHA-256 it ends with.

    Parameters
    ----------
    whole
        Read all of it and compare it with its SHA-256.

    Raises
    ------
    WeightsError
        If it is not such a file, or, with `whole`, not as it was written.
    """
    try:
        data = _sniff.mapped(path)
        end = len(data) - TAIL
        digest = _wire.Reader(data).strings(end, len(data), 14).get("sha256")
        if digest is None:
            raise Damaged("ends otherwise")
        entries = _wire.Reader(data).strings(0, end, 14)
    except Damaged as error:
        raise WeightsError(
            f"{path}: was not written by restore, or is damaged ({error}); remove it, and add "
            "the model with `restore models add FILE`"
        ) from error
    if whole and (has := hashlib.sha256(data[:end]).hexdigest()) != digest:
        raise WeightsError(
            f"{path}: SHA-256 is {has[:12]}…, expected {digest[:12]}…; it is damaged: remove it "
            "and add it again"
        )
    return {**entries, "sha256": digest}


def _parts(
    weights: Weights, metadata: Mapping[str, str], table: Sequence[Layer]
) -> Iterator[bytes | memoryview]:
    nodes, fixed, last = _nodes(table)
    arrays = fixed + [
        (name, values.reshape(shape))
        for layer in table
        for name, shape, values in zip(
            _names(layer), layer.shapes, weights[layer.name], strict=True
        )
    ]
    heads = [_tensor_head(name, values.shape) for name, values in arrays]
    bins = table[-1].shapes[0][0]
    before = b"".join(nodes) + _wire.message(2, "zhang2016")
    after = _value(11, "lightness", (1, 1, "height", "width"))
    after += _value(12, last, (1, bins, "rows", "columns"))
    size = sum(map(len, heads)) + sum(4 * values.size for _, values in arrays)
    yield _wire.number(1, 7)  # IR version
    yield _wire.message(2, "restore")  # producer
    yield _wire.message(8, _wire.number(2, 13))  # opset
    yield _wire.head(7, len(before) + size + len(after))
    yield before
    for head, (_, values) in zip(heads, arrays, strict=True):
        yield head
        yield np.ascontiguousarray(values, "<f4").data.cast("B")
    yield after
    for key, text in metadata.items():
        yield _entry(key, text)


def _nodes(
    table: Sequence[Layer],
) -> tuple[list[bytes], list[tuple[str, NDArray[np.floating]]], str]:
    """The graph's nodes, the constants they need, and the name of the last output."""
    nodes = [_node("Sub", ["lightness", "middle"], "centred")]
    fixed: list[tuple[str, NDArray[np.floating]]]
    fixed = [("middle", np.full((1, 1, 1, 1), 50, np.float32))]
    name = "centred"
    for layer in table:
        inputs = [name, *_names(layer)]
        if layer.kind == "BatchNorm":
            channels = layer.shapes[0]
            if not any(known == f"ones{channels[0]}" for known, _ in fixed):
                fixed.append((f"ones{channels[0]}", np.ones(channels, np.float32)))
                fixed.append((f"zeros{channels[0]}", np.zeros(channels, np.float32)))
            inputs[1:1] = [f"ones{channels[0]}", f"zeros{channels[0]}"]
            epsilon = _wire.message(1, "epsilon") + _float(2, EPSILON) + _wire.number(20, 1)
            nodes.append(_node("BatchNormalization", inputs, layer.name, epsilon))
            name = layer.name
            continue
        name = "logits" if layer is table[-1] else layer.name
        attributes = (
            _integers("kernel_shape", layer.shapes[0][2:]),
            _integers("strides", [layer.stride] * 2),
            _integers("dilations", [layer.dilation] * 2),
            _integers("pads", [layer.pad] * 4),
        )
        kind = "Conv" if layer.kind == "Convolution" else "ConvTranspose"
        nodes.append(_node(kind, inputs, name, *attributes))
        if layer.relu:
            nodes.append(_node("Relu", [name], f"{name}_relu"))
            name = f"{name}_relu"
    return nodes, fixed, name


def _names(layer: Layer) -> tuple[str, str]:
    ends = ("mean", "variance") if layer.kind == "BatchNorm" else ("kernel", "bias")
    return f"{layer.name}.{ends[0]}", f"{layer.name}.{ends[1]}"


def _node(kind: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    parts = [_wire.message(1, name) for name in inputs]
    parts += [_wire.message(2, output), _wire.message(3, output), _wire.message(4, kind)]
    return _wire.message(1, *parts, *(_wire.message(5, attribute) for attribute in attributes))


def _integers(name: str, values: Sequence[int]) -> bytes:
    whole = b"".join(_wire.number(8, value) for value in values)
    return _wire.message(1, name) + whole + _wire.number(20, 7)


def _float(field: int, value: float) -> bytes:
    return _wire.varint(field << 3 | _wire.FLOAT) + np.float32(value).tobytes()


def _tensor_head(name: str, shape: Sequence[int]) -> bytes:
    """A TensorProto in an initializer field, up to its raw bytes."""
    size = 4 * math.prod(shape)
    body = _wire.integers(1, shape) + _wire.number(2, 1) + _wire.message(8, name)
    body += _wire.head(9, size)
    return _wire.head(5, len(body) + size) + body


def _value(field: int, name: str, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto of float32; a string in the shape names a free dimension."""
    dimensions = (
        _wire.number(1, size) if isinstance(size, int) else _wire.message(2, size) for size in shape
    )
    form = _wire.message(2, *(_wire.message(1, dimension) for dimension in dimensions))
    kind = _wire.message(2, _wire.message(1, _wire.number(1, 1), form))
    return _wire.message(field, _wire.message(1, name), kind)


def _entry(key: str, text: str) -> bytes:
    return _wire.message(14, _wire.message(1, key), _wire.message(2, text))
