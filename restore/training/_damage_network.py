"""The network that finds damage as PyTorch trains it, and its way to and from an ONNX file."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from restore import color
from restore.analysis.scratches.damage import RELIEFS
from restore.training import _onnx

WIDTHS = (16, 32, 64, 96)
"""Channels at a half, a quarter, an eighth and a sixteenth of the size."""
USUAL = (2.0, -1.0, -2.0, -2.0)
"""Logits to begin with: most pixels are sound."""
PLANES = 1 + 2 * len(RELIEFS)
KINDS = 4
"""Sound, line, spot, loss."""


def _layer(given: int, made: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(given, made, side, stride, (side - stride + 1) // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(made), nn.ReLU())


class Block(nn.Module):  # type: ignore[misc]
    """Two convolutions beside a shortcut."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.changes = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, values: Tensor) -> Tensor:
        return torch.relu(values + self.changes(values))


class Detector(nn.Module):  # type: ignore[misc]
    """A U-Net that begins and ends at half the size: `reliefs` to logits of `KINDS`.

    (n, 7, h, w) to (n, 4, h, w); sides are multiples of 16.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            [nn.Sequential(_layer(PLANES, WIDTHS[0], 4, 2), Block(WIDTHS[0]))]
        )
        for number, (given, made) in enumerate(pairwise(WIDTHS)):
            wider = [Block(made, 2)] if number else []
            self.down.append(nn.Sequential(_layer(given, made, 4, 2), Block(made), *wider))
        self.up = nn.ModuleList(
            nn.Sequential(_layer(small + large, small), Block(small))
            for small, large in pairwise(WIDTHS)
        )
        self.last = nn.ConvTranspose2d(WIDTHS[0], KINDS, 2, 2)
        with torch.no_grad():
            self.last.bias.copy_(torch.tensor(USUAL))

    def forward(self, values: Tensor) -> Tensor:
        levels = []
        for step in self.down:
            values = step(values)
            levels.append(values)
        for step, level in zip(self.up[::-1], levels[-2::-1], strict=True):
            values = functional.interpolate(values, scale_factor=2.0, mode="nearest")
            values = step(torch.cat([values, level], 1))
        return self.last(values)


def export(network: nn.Module, path: Path, about: dict[str, str]) -> None:
    """Write the network as ONNX, weights in half precision, probabilities of the kinds out."""
    whole = nn.Sequential(copy.deepcopy(network), nn.Softmax(1)).eval()
    sizes = {2: "height", 3: "width"}
    _onnx.write(
        whole,
        {"reliefs": torch.zeros(1, PLANES, 64, 64)},
        "kinds",
        {"reliefs": sizes, "kinds": sizes},
        path,
        about,
    )


def load(path: Path, scans: Iterable[Tensor]) -> Detector:
    """The network of an ONNX file that `export` wrote, or of a checkpoint, ready to train further.

    An ONNX file holds the normalisations folded into the convolutions. They are unfolded with the
    means and variances of the `scans`, inputs (n, 7, h, w) as training will show them.
    """
    network = Detector()
    if path.suffix != ".onnx":
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state["averaged"])
        return network
    layers: list[tuple[nn.Module, nn.Module | None]] = []
    _traced(network, layers)
    for (convolution, normal), (weight, bias) in zip(layers, _onnx.convolutions(path), strict=True):
        with torch.no_grad():
            convolution.weight.copy_(weight)
            (normal or convolution).bias.copy_(bias)
    _unfold(network, scans)
    return network.train()


def _traced(network: Detector, layers: list[tuple[nn.Module, nn.Module | None]]) -> None:
    """Appends the convolutions, in the order in which they run, each with its normalisation."""

    def noted(module: nn.Module, *_: object) -> None:
        if isinstance(module, nn.BatchNorm2d):
            layers[-1] = layers[-1][0], module
        else:
            layers.append((module, None))

    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)
    hooks = [
        part.register_forward_hook(noted) for part in network.modules() if isinstance(part, kinds)
    ]
    with torch.inference_mode():
        network.eval()(torch.zeros(1, PLANES, 64, 64))
    for hook in hooks:
        hook.remove()


def _unfold(network: Detector, scans: Iterable[Tensor]) -> None:
    """Give normalisations that change nothing the statistics of what they are given."""
    sums: dict[nn.Module, list[Tensor]] = {}

    def noted(module: nn.Module, given: tuple[Tensor]) -> None:
        values = given[0].double()
        part = torch.stack([values.mean((0, 2, 3)), (values**2).mean((0, 2, 3))])
        sums.setdefault(module, []).append(part)

    normals = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    for normal in normals:
        normal.running_var.fill_(1 - normal.eps)
    hooks = [normal.register_forward_pre_hook(noted) for normal in normals]
    with torch.no_grad():
        for scan in scans:
            network.eval()(scan)
        for normal in normals:
            mean, square = torch.stack(sums[normal]).mean(0)
            variance = (square - mean**2).clamp(min=1e-8)
            normal.running_mean.copy_(mean)
            normal.running_var.copy_(variance)
            normal.weight.copy_((variance + normal.eps).sqrt())
            normal.bias.add_(mean)
    for hook in hooks:
        hook.remove()


def averaging(averaged: nn.Module, network: nn.Module, keep: float) -> None:
    """Move the averaged weights towards those of the network."""
    pairs = zip(averaged.state_dict().values(), network.state_dict().values(), strict=True)
    with torch.no_grad():
        for own, new in pairs:
            own.copy_(own.lerp(new, 1 - keep) if own.is_floating_point() else new)


def probabilities(network: nn.Module, scans: Tensor) -> color.Array:
    """(n, 4, h, w) of the kinds, for inputs (n, 7, h, w)."""
    network.eval()
    given = next(network.parameters())
    with torch.inference_mode():
        return np.asarray(network(scans.to(given.device)).float().softmax(1).cpu().numpy())
