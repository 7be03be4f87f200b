"""Published ONNX conversions: cut before the softmax, whoever exported them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from restore.errors import WeightsError
from restore.models import _conversion, _wire, _zhang, engines

TABLE = _zhang.layers(width=4, bins=7)
WEIGHTS = _zhang.random_weights(3, TABLE)
LIGHTNESS = np.random.default_rng(0).uniform(0, 100, (1, 1, 32, 48)).astype(np.float32)
GRID = np.random.default_rng(1).uniform(-100, 100, (2, 7, 1, 1)).astype(np.float32)


class Graph:
    """Builds a model node by node, as an exporter does."""

    def __init__(self) -> None:
        self.nodes, self.arrays, self.last = [], [], "data_l"

    def add(self, kind: str, *arrays: np.ndarray, **attributes: object) -> None:
        names = [f"c{len(self.arrays) + i}" for i in range(len(arrays))]
        self.arrays += [numpy_helper.from_array(a, n) for a, n in zip(arrays, names, strict=True)]
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.last, *names], [output], **attributes))
        self.last = output

    def save(self, path: Path) -> None:
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "net",
            [value("data_l", 1, (1, 1, "h", "w"))],
            [value(self.last, 1, None)],
            self.arrays,
        )
        opset = [helper.make_opsetid("", 13)]
        onnx.save(helper.make_model(graph, ir_version=7, opset_imports=opset), path)


def number(value: float) -> np.ndarray:
    return np.array(value, np.float32)


def published(style: str) -> Graph:
    """The network as a converter from Caffe, or an exporter of a PyTorch form, writes it."""
    graph = Graph()
    torch = style == "torch"
    if torch:
        graph.add("Sub", number(50))
        graph.add("Div", number(100))
    for layer in TABLE:
        first, second = WEIGHTS[layer.name]
        if layer is TABLE[0] and torch:
            first = first * 100
        if layer is TABLE[-1] and style == "folded":
            first, second = first * np.float32(2.606), second * np.float32(2.606)
        if layer.kind == "BatchNorm":
            n = len(first)
            if style == "mul add":
                scale = 1 / np.sqrt(second + np.float32(1e-5))
                graph.add("Mul", scale.reshape(1, n, 1, 1))
                graph.add("Add", (-first * scale).reshape(n, 1, 1))
            elif torch:  # the same with a scale and shift of its own
                gain, shift = np.full(n, 0.5, np.float32), np.linspace(-1, 1, n, dtype=np.float32)
                variance = (second + 1e-5) / 4 - 1e-5
                mean = first + shift * np.sqrt(second + 1e-5) * 1
                graph.add("BatchNormalization", gain, shift, mean, variance, epsilon=1e-5)
            else:
                ones = np.ones(n, np.float32)
                graph.add("BatchNormalization", ones, 0 * ones, first, second, epsilon=1e-5)
            continue
        kind = "Conv" if layer.kind == "Convolution" else "ConvTranspose"
        size = {
            "kernel_shape": layer.shapes[0][2:],
            "strides": [layer.stride] * 2,
            "pads": [layer.pad] * 4,
            "dilations": [layer.dilation] * 2,
        }
        if style == "mul add":
            graph.add(kind, first, **size)
            graph.add("Add", second.reshape(1, -1, 1, 1))
        else:
            graph.add(kind, first, second, **size)
        if layer.relu:
            graph.add("Relu")
    if style == "logits":
        return graph
    if style in ("caffe", "mul add"):
        graph.add("Mul", np.full((1, 7, 1, 1), 2.606, np.float32))
    if torch:
        graph.add("Mul", number(2.606))
        graph.add("Transpose", perm=[0, 2, 3, 1])
        graph.add("Softmax", axis=-1)
        graph.add("Transpose", perm=[0, 3, 1, 2])
    else:
        graph.add("Softmax", axis=1)
    graph.add("Conv", GRID, kernel_shape=[1, 1])
    return graph


def logits(path: Path) -> np.ndarray:
    return engines.load(path, "onnxruntime")(LIGHTNESS)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    pytest.importorskip("onnxruntime")
    path = tmp_path_factory.mktemp("own") / "own.onnx"
    _zhang.write(path, WEIGHTS, {}, TABLE)
    return logits(path)


@pytest.mark.parametrize("style", ["caffe", "mul add", "torch", "folded", "logits"])
def test_gives_the_logits_that_the_conversion_hides(
    tmp_path: Path, expected: np.ndarray, style: str
) -> None:
    source, target = tmp_path / "published.onnx", tmp_path / "own.onnx"
    published(style).save(source)
    told = _conversion.convert(source, target, table=TABLE)
    result = logits(target)
    assert result.shape == (1, 7, 8, 12)
    # Folding rounds each weight once more: 2**-24, grown through 30 layers; logits are about 1.
    np.testing.assert_allclose(result, expected, atol=2e-5)
    assert ("2.606 is assumed to be part of its last weights" in told) == (style == "folded")
    assert ("assumed to be L* - 50" in told) == (style != "torch")


def test_our_own_file_comes_back_bit_by_bit(tmp_path: Path) -> None:
    source, target = tmp_path / "own.onnx", tmp_path / "again.onnx"
    _zhang.write(source, WEIGHTS, {"network": "zhang2016"}, TABLE)
    assert _conversion.convert(source, target, {"network": "zhang2016"}, TABLE) == ""
    assert target.read_bytes() == source.read_bytes()


def broken(change: str) -> Graph:
    graph = published("caffe")
    if change == "two lines":  # found by fuzzing
        graph.nodes[0].op_type = "Con\nv"
    elif change == "resize":
        graph.nodes.insert(0, helper.make_node("Sigmoid", ["data_l"], ["s"]))
        graph.nodes[1].input[0] = "s"
    elif change == "dilation":
        node = next(n for n in graph.nodes if n.op_type == "Conv")
        next(a for a in node.attribute if a.name == "dilations").ints[:] = [3, 3]
    elif change == "normalised otherwise":
        graph.nodes.insert(0, helper.make_node("Sub", ["data_l", "mean"], ["s"]))
        graph.nodes[1].input[0] = "s"
        graph.arrays.append(numpy_helper.from_array(number(60), "mean"))
    elif change == "nan":
        graph.arrays[0].CopyFrom(
            numpy_helper.from_array(WEIGHTS["bw_conv1_1"][0] * np.nan, graph.arrays[0].name)
        )
    elif change == "two softmaxes":
        graph.add("Softmax", axis=1)
    elif change == "branch":
        graph.nodes[3].op_type = "Add"
        graph.nodes[3].input[:] = [graph.nodes[2].output[0], graph.nodes[1].output[0]]
    elif change == "negative scale":
        i = next(i for i, a in enumerate(graph.arrays) if list(a.dims) == [1, 7, 1, 1])
        scale = numpy_helper.to_array(graph.arrays[i])
        graph.arrays[i].CopyFrom(numpy_helper.from_array(-scale, graph.arrays[i].name))
    return graph


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("two lines", "at bw_conv1_1 it has Con.v, expected Conv"),
        ("resize", "at bw_conv1_1 it has Sigmoid, expected Conv"),
        ("dilation", "dilations of bw_conv1_1 is .3, 3., not .1, 1."),
        ("normalised otherwise", "it takes L. -60, expected L. - 50"),
        ("nan", "bw_conv1_1 holds NaN"),
        ("two softmaxes", "2 softmaxes, expected one"),
        ("branch", "2 inputs of a Add are calculated"),
        ("negative scale", "a scale at conv8_313 is not above 0"),
    ],
)
def test_refuses_what_is_another_network(tmp_path: Path, change: str, words: str) -> None:
    source = tmp_path / "other.onnx"
    broken(change).save(source)
    with pytest.raises(WeightsError, match=words) as caught:
        _conversion.convert(source, tmp_path / "own.onnx", table=TABLE)
    assert str(caught.value).startswith(f"{source}: is another network") or change == "nan"
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "own.onnx").exists()


def test_refuses_the_compact_network() -> None:
    data = Path(_conversion.__file__).parents[1] / "data" / "compact.onnx"
    with pytest.raises(WeightsError, match="is another network"):
        _conversion.read(memoryview(data.read_bytes()))


def test_weights_in_a_second_file_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "other.onnx"
    published("caffe").save(source)
    model = onnx.load(source)
    onnx.save(model, source, save_as_external_data=True, location="w.bin", size_threshold=0)
    with pytest.raises(WeightsError, match="external ONNX weight files are not supported"):
        _conversion.read(memoryview(source.read_bytes()), TABLE)


@pytest.mark.parametrize("shape", [(2**63, 0), (2**62, 0, 2**62), (0,)])
def test_an_array_without_values_is_none_of_the_weights(shape: tuple[int, ...]) -> None:
    array = _wire.integers(1, shape) + _wire.number(2, 1) + _wire.message(8, "x") + _wire.head(9, 0)
    data = _wire.number(1, 7) + _wire.message(7, _wire.message(5, array))
    with pytest.raises(WeightsError, match="is another network"):
        _conversion.read(memoryview(data), TABLE)
