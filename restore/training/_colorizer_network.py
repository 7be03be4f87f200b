"""The compact colorizer as PyTorch trains it, and its way to and from an ONNX file.

Every normalisation of the first training is folded into the convolutions, which leaves only
convolutions and ReLU6: easy to read, to export, and to train in small batches.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.colorizers import compact
from restore.colorizers._distribution import rebalancing
from restore.colorizers._grid import grid
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
FEATURES = 96
"""Channels of the decoder's last features."""
CHROMA = 40.0
"""Lab units scaled to 1 for the network: half-precision weights then hold the grid exactly."""
ALIKE = 64
"""Kinds of content among which evidence is spread over the whole photo."""
PRECISION = 2.0
"""Of evidence whose certainty is a half, in `CHROMA`^-2, before any training."""
KNOWN = 1e-4
"""Mean certainty of a kind at which half of what is known of it is believed."""


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


class Weighing(nn.Module):  # type: ignore[misc]
    """What evidence of colours changes in the features and the logits of each cell.

    A small U-Net over the cells (strides 4 to 32 of the lightness). Nearby cells share evidence
    through its convolutions, distant ones by `ALIKE` kinds of content: what is known of a kind is
    averaged over the photo and goes back to every cell of that kind. The results are an addition to
    the features and a Gaussian factor on the distribution, in natural parameters. Both are exactly
    zero for a photo without evidence.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.told = Conv(FEATURES, 40), Conv(13, 40)
        self.kinds = Conv(40, ALIKE)
        self.down = nn.ModuleDict({"8": Conv(40, 64, 3, 2), "16": Conv(64, 96, 3, 2)})
        self.down["32"] = Conv(96, 128, 3, 2)
        self.spreading = Conv(5, 64)
        self.at = nn.ModuleDict({"8": Conv(64, 64, 3), "16": Conv(96, 96, 3)})
        self.at["32"] = Conv(128, 128, 3)
        self.overall = Conv(128, 128)
        self.up = nn.ModuleDict({"32": Conv(128, 96), "16": Conv(96, 64), "8": Conv(64, 40)})
        self.meet = nn.ModuleDict({"16": Conv(96, 96, 3), "8": Conv(64, 64, 3)})
        self.last = Conv(40, 40, 3)
        self.out, self.directly = _zero(40, FEATURES + 3), _zero(13, FEATURES + 3)
        with torch.no_grad():
            for known, parameter in zip((10, 11, 12), range(FEATURES, FEATURES + 3), strict=True):
                self.directly.weight[parameter, known] = PRECISION

    def forward(self, features: Tensor, light: Tensor, guess: Tensor, evidence: Tensor) -> Tensor:
        """(n, 99, h, w) additions to the features, and a Gaussian factor's parameters.

        Parameters
        ----------
        features, light, guess
            (n, 96, h, w), (n, 1, h, w) CIE L*, (n, 3, h, w) moments of the network's distribution.
        evidence
            (n, 4, h, w), as the colorizer's.
        """
        sure = evidence[:, 2:3]
        # the chroma of one reflectance varies with the cube root of the light on it
        ab = evidence[:, :2] * ((light + 16) * (1 / 66 / CHROMA))
        precision = sure / (1.04 - sure)
        values = [sure * ab, sure * (ab - guess[:, :2]), evidence[:, 2:], guess, light * 0.01]
        values += [precision * ab, precision]
        known = torch.cat(values, 1)
        fine = functional.relu6(self.seen(features) + self.told(known))
        spread = self.spreading(self.spread(fine, known[:, :5]))
        met8 = functional.relu6(self.at["8"](functional.relu6(self.down["8"](fine) + spread)))
        met16 = functional.relu6(self.at["16"](functional.relu6(self.down["16"](met8))))
        y = functional.relu6(self.at["32"](functional.relu6(self.down["32"](met16))))
        y = y + functional.adaptive_avg_pool2d(self.overall(y), 1)
        y = functional.relu6(self.meet["16"](_twice(self.up["32"](y)) + met16))
        y = functional.relu6(self.meet["8"](_twice(self.up["16"](y)) + met8))
        y = functional.relu6(self.last(_twice(self.up["8"](y)) + fine))
        any_at_all = (functional.adaptive_avg_pool2d(sure, 1) * 1e6).clamp(0, 1)
        return (self.out(y) + self.directly(known)) * any_at_all

    def spread(self, fine: Tensor, known: Tensor) -> Tensor:
        """(n, 5, h/2, w/2) what is known of the cells' kinds of content, and how surely.

        Parameters
        ----------
        fine
            (n, 40, h, w) what the cells show.
        known
            (n, 5, h, w) values times their certainty, and last the certainty.
        """
        kinds = torch.softmax(self.kinds(functional.avg_pool2d(fine, 2)), 1)
        known = functional.avg_pool2d(known, 2)
        sure = functional.adaptive_avg_pool2d(kinds * known[:, 4:], 1)
        spread = []
        for i in range(4):
            mean = functional.adaptive_avg_pool2d(kinds * known[:, i : i + 1], 1)
            spread.append((kinds * (mean / (sure + KNOWN / ALIKE))).sum(1, keepdim=True))
        spread.append((kinds * (sure / (sure + KNOWN / ALIKE))).sum(1, keepdim=True))
        return torch.cat(spread, 1)


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear")


class Colorizer(nn.Module):  # type: ignore[misc]
    """Lightness and evidence in, logits over the 313 colours out.

    All but `weighing` is the network that knows lightness alone. It is not trained here, and where
    there is no evidence its logits are the result.
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
        self.weighing = Weighing()
        points = torch.from_numpy(grid() / np.float32(CHROMA))
        a, b = points.T
        self.register_buffer("frequent", torch.from_numpy(np.log(rebalancing()))[:, None, None])
        square = a * a + b * b
        moments = torch.stack([torch.ones_like(a), a, b, square])
        self.register_buffer("moments", moments[..., None, None])
        self.register_buffer("gaussian", torch.stack([a, b, -square / 2], 1)[..., None, None])

    def features(self, lightness: Tensor) -> Tensor:
        """(n, 96, h/4, w/4) the decoder's last features of lightness (n, 1, h, w)."""
        y = functional.relu6(self.stem(lightness * (2.55 / 128) - 127 / 128))
        met: dict[int, Tensor] = {}
        strides = {tap: stride for stride, tap in TAPS.items()}
        for i, block in enumerate(self.encoder):
            y = block(y)
            if i in strides:
                met[strides[i]] = functional.relu6(self.meet[str(strides[i])](y))
        y = met[32] + functional.adaptive_avg_pool2d(self.scene(y), 1)
        for stride in (32, 16, 8, 4):
            if stride < 32:
                y = _twice(y) + met[stride]
            for layer in self.decoder[str(stride)]:
                y = functional.relu6(layer(y))
        return y

    def guess(self, features: Tensor) -> Tensor:
        """(n, 3, h, w) mean a* and b*, and their variance, in `CHROMA`, without evidence."""
        return self.moments_of(self.out(features))

    def moments_of(self, logits: Tensor) -> Tensor:
        """`guess` for logits (n, 313, h, w)."""
        p = torch.exp(logits - self.frequent)  # logits stay under 40
        total, *sums = functional.conv2d(p, self.moments).split(1, 1)
        a, b, square = (part / total for part in sums)
        return torch.cat([a, b, square - a * a - b * b], 1)

    def logits(self, features: Tensor, weighed: Tensor) -> Tensor:
        """Logits (n, 313, h, w) of features (n, 96, h, w), with `weighing`'s (n, 99, h, w)."""
        changed = torch.cat([features + weighed[:, :FEATURES], weighed[:, FEATURES:]], 1)
        kernel = torch.cat([self.out.weight, self.gaussian], 1)
        return functional.conv2d(changed, kernel, self.out.bias)

    def forward(self, lightness: Tensor, evidence: Tensor) -> Tensor:
        """(n, 313, h/4, w/4) logits.

        Parameters
        ----------
        lightness
            (n, 1, h, w) CIE L* 0 … 100; sides multiples of 32.
        evidence
            (n, 4, h/4, w/4): a* and b* at L* = 50, certainty 0 … 1, 1 if from a person.
        """
        features = self.features(lightness)
        light = functional.avg_pool2d(lightness, 4)
        weighed = self.weighing(features, light, self.guess(features), evidence)
        return self.logits(features, weighed)


def shipped() -> Colorizer:
    """The compact network with the part that weighs evidence."""
    network = load(compact.WEIGHTS)
    beside = _of_onnx(compact.EVIDENCE)
    own = {k: v for k, v in beside.items() if k.startswith("weighing.")}
    network.load_state_dict(own, strict=False)
    return network


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


class Beside(nn.Module):  # type: ignore[misc]
    """The part that weighs evidence, beside a network that it takes the logits of.

    The features before the last layer come back from its logits: there are more of these.
    """

    def __init__(self, network: Colorizer) -> None:
        super().__init__()
        out = network.out
        back = torch.linalg.pinv(out.weight[:, :, 0, 0].double())
        self.recall = Conv(BINS, FEATURES)
        self.recall.weight = nn.Parameter(back.float()[..., None, None])
        self.recall.bias = nn.Parameter(-(back @ out.bias.double()).float())
        self.weighing, self.guess = network.weighing, network.moments_of
        self.kernel = nn.Parameter(torch.cat([out.weight, network.gaussian], 1))

    def forward(self, lightness: Tensor, logits: Tensor, evidence: Tensor) -> Tensor:
        """(n, 313, h/4, w/4) logits with evidence for those without; the rest as `Colorizer`'s."""
        light = functional.avg_pool2d(lightness, 4)
        weighed = self.weighing(self.recall(logits), light, self.guess(logits), evidence)
        return logits + functional.conv2d(weighed, self.kernel)


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
        if node.op_type == "Conv" and set(node.input[1:3]) <= tables.keys():
            weight, bias = node.input[1], node.input[-1]
            layer = weight.removesuffix(".weight")
            for pattern, name in FIRST:
                if re.fullmatch(pattern, node.output[0]):
                    layer = re.sub(pattern, name, node.output[0])
            state[f"{layer}.weight"] = tables[weight].float()
            state[f"{layer}.bias"] = tables[bias].float()
    if "out.weight" in state:
        state["out.weight"] = state["out.weight"][:, :FEATURES]  # what follows is the Gaussian's
    return state


def export(network: Colorizer, path: Path, about: dict[str, str]) -> None:
    """Write an ONNX file.

    Parameters
    ----------
    about
        The file's metadata, such as how it was trained.
    """
    _write(network, {}, "logits", path, about)


def export_beside(network: Colorizer, path: Path, about: dict[str, str]) -> None:
    """Write the part that weighs evidence as an ONNX file that takes the rest's logits."""
    _write(Beside(network), {"logits": torch.zeros(1, BINS, 48, 64)}, "told", path, about)


def _write(
    network: nn.Module, more: dict[str, Tensor], output: str, path: Path, about: dict[str, str]
) -> None:
    quarter = {2: "height/4", 3: "width/4"}
    inputs = {
        "lightness": torch.rand(1, 1, 192, 256) * 100,
        **more,
        "evidence": torch.zeros(1, 4, 48, 64),
    }
    sizes = dict.fromkeys(("evidence", "logits", output), quarter)
    sizes["lightness"] = {2: "height", 3: "width"}
    weights = ",".join(map(str, rebalancing().tolist()))
    _onnx.write(network, inputs, output, sizes, path, {**about, "rebalancing": weights})
