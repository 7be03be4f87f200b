"""Read the weights, and so the whole distribution, from a published ONNX conversion of Zhang 2016.

Conversions hide the distribution behind a scale and a softmax. The graph is cut there, followed
back to the input and compared with the layer table; the weights are then written as our own
graph. Scales and shifts (BatchNorm, with or without its own scale; Mul, Add, Sub, Div)
are recognised by what they calculate, so the exporter does not matter. Any other operator means
another network, or one with its own input preparation, and is refused.

References
----------
github.com/onnx/onnx, docs/Operators.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.models import _zhang
from restore.models._onnx import Array, Node, graph
from restore.models._wire import Damaged, Reader

SCALE = 2.606
"""The release's scale of the logits: 1 / 0.38, the published temperature."""

_SKIPPED = {"Identity", "Dropout"}
_AFFINE = {"Mul", "Div", "Add", "Sub", "BatchNormalization"}


@dataclass(frozen=True)
class _Affine:
    """x * scale + shift, per channel or for all."""

    scale: Array
    shift: Array

    def then(self, other: _Affine) -> _Affine:
        """Apply this one first, then the other."""
        if len({1, self.scale.size, self.shift.size, other.scale.size, other.shift.size}) > 2:
            raise Damaged("is another network: scales of different sizes follow each other")
        return _Affine(self.scale * other.scale, self.shift * other.scale + other.shift)


_SAME = _Affine(np.ones(1), np.zeros(1))


def is_onnx(path: Path) -> bool:
    """Whether the file begins like an ONNX model, with the format's version."""
    with path.open("rb") as file:
        first = file.read(2)
    return len(first) == 2 and first[0] == 0x08 and 0 < first[1] < 64


def convert(
    source: Path,
    target: Path,
    metadata: dict[str, str] | None = None,
    table: Sequence[_zhang.Layer] = _zhang.LAYERS,
) -> str:
    """`_zhang.convert` for a published ONNX form; returns what had to be assumed, or ""."""
    advice = "; use the .caffemodel instead"
    return _zhang.convert(read, source, target, metadata, table, advice)


def read(
    data: memoryview, table: Sequence[_zhang.Layer] = _zhang.LAYERS
) -> tuple[_zhang.Weights, str]:
    """The weights in the bytes of an ONNX file, and what had to be assumed.

    Raises
    ------
    Damaged
        With a message to be prefixed by the file's name.
    """
    reader = Reader(data)
    try:
        nodes, arrays, outputs = graph(reader)
    except Damaged as error:
        raise Damaged(f"is cut off, damaged or not ONNX ({error})") from error
    chain, hidden = _chain(nodes, arrays, outputs)
    return _Matcher(chain, arrays, table).weights(hidden)


def _chain(
    nodes: list[Node], arrays: dict[str, Array | None], outputs: list[str]
) -> tuple[list[Node], bool]:
    """The operators from the input to the logits, in order, and whether a softmax follows."""
    made = {output: node for node in nodes for output in node.outputs}
    ends = [node for node in nodes if node.kind in ("Softmax", "LogSoftmax")]
    if len(ends) > 1:
        raise Damaged(f"is another network: it has {len(ends)} softmaxes, expected one")
    at = ends[0].inputs[0] if ends and ends[0].inputs else outputs[0] if outputs else ""
    chain: list[Node] = []
    while at in made:
        node = made[at]
        data = [name for name in node.inputs if name and name not in arrays]
        if len(data) != 1 or len(chain) > len(nodes):
            raise Damaged(
                f"is another network: {len(data)} inputs of a {node.kind:.40} are calculated"
            )
        chain.append(node)
        at = data[0]
    return chain[::-1], bool(ends)


class _Matcher:
    """Compares a chain of operators with the layer table."""

    def __init__(
        self, chain: list[Node], arrays: dict[str, Array | None], table: Sequence[_zhang.Layer]
    ) -> None:
        self.chain = [node for node in chain if node.kind not in _SKIPPED]
        if self.chain and self.chain[-1].kind == "Transpose":  # a softmax over the last axis
            del self.chain[-1]
        self.arrays = arrays
        self.table = table
        self.at = 0

    @np.errstate(all="ignore")  # overflows are checked at the end
    def weights(self, hidden: bool) -> tuple[_zhang.Weights, str]:
        """The weights by layer name, and what had to be assumed.

        Parameters
        ----------
        hidden
            A softmax follows the chain, so it may end with the release's scale.
        """
        named: dict[str, tuple[Array, Array]] = {}
        remarks: list[str] = []
        before = self._affine("the input")
        gain = float(before.scale.flat[0])
        shift = float(before.shift.flat[0])
        if before.scale.size != 1 or before.shift.size != 1 or gain == 0:
            raise Damaged("is another network: its input is changed in an unknown way")
        if shift and abs(shift / gain + 50) > 1e-3:
            raise Damaged(f"is another network: it takes L* {shift / gain:+g}, expected L* - 50")
        if not shift:
            remarks.append("its input is assumed to be L* - 50, as in the release")
        for layer in self.table:
            if layer.kind == "BatchNorm":
                named[layer.name] = _statistics(layer, self._affine(layer.name))
                continue
            kernel, bias = self._convolution(layer)
            if layer is self.table[0]:
                kernel = kernel * np.float32(gain)
            if layer.relu:
                after = self._affine(layer.name)
                if after is not _SAME:
                    kernel, bias = _folded(layer, kernel, bias, after)
                self._next("Relu", layer.name)
            named[layer.name] = kernel, bias
        last = self.table[-1].name
        after = self._affine(last)
        if self.at < len(self.chain):
            raise Damaged(f"is another network: {self.chain[self.at].kind} after {last}")
        kernel, bias = named[last]
        if after is _SAME and hidden:
            # The whole network is the release's, so its scale must be in the weights.
            remarks.append(f"the release's scale {SCALE} is assumed to be part of its last weights")
            after = _Affine(np.full(1, 1 / SCALE), np.zeros(1))
            named[last] = _folded(self.table[-1], kernel, bias, after)
        else:
            shifted = _Affine(np.ones(1), after.shift / after.scale)
            named[last] = _folded(self.table[-1], kernel, bias, shifted)
        for name, values in named.items():
            if not all(np.isfinite(value).all() for value in values):
                raise Damaged(f"layer {name} holds NaN or infinite values")
        return named, "; ".join(remarks)

    def _next(self, kinds: str, where: str) -> Node:
        kind = self.chain[self.at].kind if self.at < len(self.chain) else "the end"
        if kind != kinds:
            raise Damaged(f"is another network: at {where} it has {kind:.40}, expected {kinds}")
        self.at += 1
        return self.chain[self.at - 1]

    def _convolution(self, layer: _zhang.Layer) -> tuple[Array, Array]:
        node = self._next("Conv" if layer.kind == "Convolution" else "ConvTranspose", layer.name)
        own = {
            "strides": [layer.stride] * 2,
            "dilations": [layer.dilation] * 2,
            "pads": [layer.pad] * 4,
            "kernel_shape": list(layer.shapes[0][2:]),
            "group": 1,
            "output_padding": [0, 0],
            "auto_pad": "NOTSET",
        }
        default = {**own, "strides": [1, 1], "dilations": [1, 1], "pads": [0] * 4}
        for name, value in own.items():
            has = node.attributes.get(name, default[name])
            if type(has) is not type(value) or has != value:
                raise Damaged(f"is another network: {name} of {layer.name} is {has}, not {value}")
        arrays = [self.arrays.get(name) for name in node.inputs[1:]]
        kernel = arrays[0] if arrays else None
        if kernel is None or kernel.shape != layer.shapes[0]:
            has = "unknown" if kernel is None else " x ".join(map(str, kernel.shape))
            expected = " x ".join(map(str, layer.shapes[0]))
            raise Damaged(f"is another network: {layer.name} is {has}, expected {expected}")
        bias = arrays[1] if len(arrays) > 1 else None
        if bias is None:
            bias = np.zeros(layer.shapes[1], np.float32)
        if bias.shape != layer.shapes[1]:
            raise Damaged(f"is another network: the bias of {layer.name} has {bias.size} values")
        return kernel, bias

    def _affine(self, where: str) -> _Affine:
        """All scales and shifts that follow, combined."""
        affine = _SAME
        while self.at < len(self.chain) and self.chain[self.at].kind in _AFFINE:
            affine = affine.then(self._one(self.chain[self.at], where))
            self.at += 1
        if affine is not _SAME and (affine.scale <= 0).any():
            raise Damaged(f"is another network: a scale at {where} is not above 0")
        return affine

    def _one(self, node: Node, where: str) -> _Affine:
        arrays = [self.arrays.get(name) for name in node.inputs]
        if node.kind == "BatchNormalization" and len(arrays) == 5:
            own = [array.astype(float).ravel() for array in arrays[1:] if array is not None]
            epsilon = node.attributes.get("epsilon", 1e-5)
            if len(own) == 4 and len({array.size for array in own}) == 1 and type(epsilon) is float:
                scale = own[0] / np.sqrt(own[3] + epsilon)
                return _Affine(scale, own[1] - own[2] * scale)
        elif len(arrays) == 2:
            first = arrays[1] is None  # constant - x, constant / x
            value = _channels(arrays[0] if first else arrays[1])
            if value is not None and node.kind == "Mul":
                return _Affine(value, np.zeros(1))
            if value is not None and node.kind == "Add":
                return _Affine(np.ones(1), value)
            if value is not None and node.kind == "Sub" and not first:
                return _Affine(np.ones(1), -value)
            if value is not None and node.kind == "Div" and not first:
                return _Affine(1 / value, np.zeros(1))
        raise Damaged(f"is another network: {node.kind} at {where} is not a scale or shift")


def _channels(values: Array | None) -> Array | None:
    """A constant as one number, or one per channel of an (n, c, h, w) array; None if neither."""
    if values is None or values.size == 0:
        return None
    if values.size == 1 or (values.ndim >= 3 and values.size == values.shape[-3]):
        return values.astype(float).ravel()
    return None


def _folded(layer: _zhang.Layer, kernel: Array, bias: Array, after: _Affine) -> tuple[Array, Array]:
    """A convolution combined with the scale and shift after it."""
    count = layer.shapes[1][0]
    if after.scale.size not in (1, count) or after.shift.size not in (1, count):
        raise Damaged(f"is another network: a scale after {layer.name} has another size")
    first = layer.kind == "Convolution"
    shape = (-1, 1, 1, 1) if first else (1, -1, 1, 1)
    scaled = (kernel * after.scale.reshape(shape)).astype(np.float32)
    return scaled, (bias * after.scale + after.shift).astype(np.float32)


def _statistics(layer: _zhang.Layer, affine: _Affine) -> tuple[Array, Array]:
    """Mean and variance of an equivalent BatchNorm without its own scale."""
    count = layer.shapes[0][0]
    if affine.scale.size != count:
        raise Damaged(f"is another network: it has no BatchNorm at {layer.name}")
    variance = np.float64(1) / affine.scale**2 - _zhang.EPSILON
    mean = np.broadcast_to(-affine.shift / affine.scale, count)
    variance[np.abs(variance) < _zhang.EPSILON * 1e-3] = 0  # a variance of 0, and rounding
    if not (variance >= 0).all():
        raise Damaged(f"is another network: no variance gives the scale at {layer.name}")
    return mean.astype(np.float32), variance.astype(np.float32)
