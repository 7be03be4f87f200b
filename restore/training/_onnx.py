"""Networks to and from ONNX files: weights in half precision, calculated in single; opset 13."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    import onnx

SMALLEST = 64
"""Numbers from which a tensor is kept in half precision."""


def write(
    network: nn.Module,
    inputs: Mapping[str, Tensor],
    output: str,
    sizes: Mapping[str, Mapping[int, str]],
    path: Path,
    about: Mapping[str, str],
) -> None:
    """Write a network as an ONNX file.

    Parameters
    ----------
    inputs
        Examples of its inputs, by name.
    sizes
        Names of the axes that vary, by input or output.
    about
        The file's metadata, such as how it was trained.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    torch.onnx.export(
        network.float().eval(),
        tuple(inputs.values()),
        str(path),
        opset_version=13,
        input_names=list(inputs),
        output_names=[output],
        dynamic_axes={name: dict(axes) for name, axes in sizes.items()},
        dynamo=False,
    )
    model = onnx.load(path)
    graph, casts = model.graph, []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > SMALLEST:
            half = f"{tensor.name}_half"
            graph.initializer.remove(tensor)
            graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), half))
            casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    for node in graph.node:
        node.doc_string = ""
    model.producer_name, model.doc_string = "restore", about.get("purpose", "")
    helper.set_model_props(model, dict(about))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def describe(path: Path, about: Mapping[str, str]) -> None:
    """Replace the metadata of an ONNX file."""
    import onnx
    from onnx import helper

    model = onnx.load(path)
    del model.metadata_props[:]
    helper.set_model_props(model, dict(about))
    onnx.save(model, path)


def tensors(graph: onnx.GraphProto) -> dict[str, Tensor]:
    """The tensors of a graph by the names that its layers use.

    Torch's exporter keeps one of several equal tensors, such as biases before any training, and
    gives the others its name through an Identity.
    """
    from onnx import numpy_helper

    tables = {
        tensor.name.removesuffix("_half"): torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in graph.initializer
    }
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in tables:
            tables[node.output[0]] = tables[node.input[0]]
    return tables


def convolutions(path: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Weights and biases of an ONNX file's convolutions, in the order in which they run."""
    import onnx

    graph = onnx.load(path).graph
    tables = tensors(graph)
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose"):
            yield tables[node.input[1]].float(), tables[node.input[2]].float()
