"""The compact colorizer as PyTorch trains it, and its way to and from an ONNX file.

Every normalisation of the first training is folded into the convolutions, which leaves only
convolutions and ReLU6: easy to read, to export, and to train in small batches.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.training import _onnx

BINS = 313
STAGES = (
    *((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80)),
    *((3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)),
)
"""EfficientNet-Lite0: blocks, kernel, stride of the first, expansion, channels."""
TAPS = {4: 2, 8: 4, 16: 10, 32: 15}
"""The last block at each stride."""
WIDTHS = {32: 192, 16: 192, 8: 160, 4: 128}
"""Channels at which the decoder meets the encoder, by stride."""
EVIDENCE = {4: 32, 8: 48, 16: 64, 32: 96}
"""Channels of the encoded evidence, by stride."""
CHROMA = 50.0
"""Lab units scaled to 1 for the network."""


class Conv(nn.Conv2d):  # type: ignore[misc]
    """A convolution padded as TensorFlow's "same": with stride 2 more at the end."""

    def __init__(self, into: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        super().__init__(into, out, kernel, stride, (kernel - 1) // 2, groups=groups)
        self.more = kernel - stride if stride > 1 else 0
        if self.more:
            self.padding = (0, 0)

    def forward(self, x: Tensor) -> Tensor:
        if self.more:
            before, after = self.more // 2, self.more - self.more // 2
            x = functional.pad(x, (before, after, before, after))
        return super().forward(x)


class Block(nn.Module):  # type: ignore[misc]
    """Inverted residual: widen, filter each channel, narrow (Sandler et al., CVPR 2018)."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = into * expansion
        self.expand = Conv(into, wide) if expansion > 1 else None
        self.depthwise = Conv(wide, wide, kernel, stride, wide)
        self.project = Conv(wide, out)
        self.adds = stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self.expand(x)) if self.expand else x
        y = self.project(functional.relu6(self.depthwise(y)))
        return x + y if self.adds else y


def _zero(into: int, out: int) -> Conv:
    layer = Conv(into, out)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class Colorizer(nn.Module):  # type: ignore[misc]
    """Lightness and evidence in, logits over the 313 colours out.

    The evidence enters beside the decoder's stages through layers that begin at zero: a network
    that knows lightness alone does not change until it is trained further.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv(1, 32, 3, 2)
        blocks, channels = [], 32
        for count, kernel, stride, expansion, out in STAGES:
            for i in range(count):
                blocks.append(Block(channels, out, kernel, stride if i == 0 else 1, expansion))
                channels = out
        self.encoder = nn.ModuleList(blocks)
        taken = {stride: blocks[tap].project.out_channels for stride, tap in TAPS.items()}
        self.meet = nn.ModuleDict({str(s): Conv(taken[s], WIDTHS[s]) for s in TAPS})
        self.scene = Conv(taken[32], WIDTHS[32])
        inner = {32: (192, 192), 16: (192, 160, 160), 8: (160, 128, 128), 4: (128, 96, 96)}
        self.decoder = nn.ModuleDict(
            {str(s): nn.ModuleList(Conv(a, b, 3) for a, b in pairwise(w)) for s, w in inner.items()}
        )
        self.out = Conv(96, BINS)
        self.read = nn.ModuleDict(
            {
                str(s): Conv(4 if s == 4 else EVIDENCE[s // 2], EVIDENCE[s], 3, 1 if s == 4 else 2)
                for s in EVIDENCE
            }
        )
        self.enter = nn.ModuleDict({str(s): _zero(EVIDENCE[s], WIDTHS[s]) for s in EVIDENCE})
        self.overall = _zero(EVIDENCE[32], WIDTHS[32])

    def forward(self, lightness: Tensor, evidence: Tensor) -> Tensor:
        """(n, 313, h/4, w/4) logits.

        Parameters
        ----------
        lightness
            (n, 1, h, w) CIE L* 0 … 100; sides multiples of 32.
        evidence
            (n, 4, h/4, w/4): a* and b* at L* = 50, certainty 0 … 1, 1 if from a person.
        """
        y = functional.relu6(self.stem(lightness * (2.55 / 128) - 127 / 128))
        met: dict[int, Tensor] = {}
        strides = {tap: stride for stride, tap in TAPS.items()}
        for i, block in enumerate(self.encoder):
            y = block(y)
            if i in strides:
                met[strides[i]] = functional.relu6(self.meet[str(strides[i])](y))
        met[32] = met[32] + functional.adaptive_avg_pool2d(self.scene(y), 1)

        sure = evidence[:, 2:3]
        read = torch.cat([evidence[:, :2] * sure * (1 / CHROMA), evidence[:, 2:]], 1)
        for stride in EVIDENCE:
            read = functional.relu6(self.read[str(stride)](read))
            met[stride] = met[stride] + self.enter[str(stride)](read)
        y = met[32] + functional.adaptive_avg_pool2d(self.overall(read), 1)

        for stride in (32, 16, 8, 4):
            if stride < 32:
                y = functional.interpolate(y, scale_factor=2.0, mode="bilinear") + met[stride]
            for layer in self.decoder[str(stride)]:
                y = functional.relu6(layer(y))
        return self.out(y)


def load(path: Path) -> Colorizer:
    """The network of an ONNX file that `export` wrote, or of a training's checkpoint.

    Also of the first compact network, which has lightness as its only input. Only data is loaded:
    ONNX weights, or tensors (`weights_only`).
    """
    network = Colorizer()
    if path.suffix == ".onnx":
        network.load_state_dict(_of_onnx(path), strict=False)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state["average"])
    return network


FIRST = (
    (r"/stemc/.*", "stem"),
    (r"/_blocks\.(\d+)/_(expand|depthwise|project)_conv/.*", r"encoder.\1.\2"),
    (r"/p(\d+)/.*", r"meet.\1"),
    (r"/g/.*", "scene"),
    (r"/c32/.*", "decoder.32.0"),
    (r"/c(\d+)/c\d+\.(\d)/.*", r"decoder.\1.\2"),
    (r"logits", "out"),
)
"""Names of the convolutions' outputs in the first compact network, and the layers they are here."""


def _of_onnx(path: Path) -> dict[str, Tensor]:
    """Weights and biases of an ONNX file's convolutions by the names they have here."""
    import onnx

    graph = onnx.load(path).graph
    tables = _onnx.tensors(graph)
    state = {}
    for node in graph.node:
        if node.op_type == "Conv":
            weight, bias = node.input[1:3]
            layer = weight.removesuffix(".weight")
            for pattern, name in FIRST:
                if re.fullmatch(pattern, node.output[0]):
                    layer = re.sub(pattern, name, node.output[0])
            state[f"{layer}.weight"] = tables[weight].float()
            state[f"{layer}.bias"] = tables[bias].float()
    return state


def export(network: Colorizer, path: Path, about: dict[str, str]) -> None:
    """Write an ONNX file.

    Parameters
    ----------
    about
        The file's metadata, such as how it was trained.
    """
    quarter = {2: "height/4", 3: "width/4"}
    inputs = {
        "lightness": torch.rand(1, 1, 192, 256) * 100,
        "evidence": torch.zeros(1, 4, 48, 64),
    }
    sizes = {"lightness": {2: "height", 3: "width"}, "evidence": quarter, "logits": quarter}
    _onnx.write(network, inputs, "logits", sizes, path, about)
