"""Train the compact colorizer: photos in, an ONNX file out.

    python -m restore.training.colorizer train --photos FOLDER… --val FOLDER… --out FOLDER
    python -m restore.training.colorizer export --out FOLDER --file compact.onnx

Needs PyTorch. It starts from the shipped network and resumes from its last checkpoint in `--out`;
stop it whenever you like. The running average of the weights is exported.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from restore.color import Array
from restore.colorizers import compact
from restore.colorizers._distribution import rebalancing
from restore.colorizers._grid import grid
from restore.training import _colorizer_network, _colorizer_samples
from restore.training._colorizer_network import Colorizer

SIZE = 160
"""Side of a training square in pixels."""
BATCH = 16
FROZEN = 5
"""First blocks of the encoder (up to stride 8) that stay as they were trained on ImageNet."""
RATES = {"encoder": 4e-5, "read": 1e-3, "enter": 1e-3, "overall": 1e-3}
RATE = 2.5e-4
"""Learning rates of parts of the network, and of all others."""
TAUGHT = 1.0
"""Weight of agreeing with the network it starts from, which sees the undamaged lightness."""
SLOW = 0.998
"""Share of the old weights in the running average at each step."""
WARM = 300
"""Steps until the learning rate is full."""
SAVED, VALIDATED_AFTER = 300, 1800
"""Seconds between checkpoints, and between validations."""
REACH = 110
"""a* and b* are limited to ± this."""


def soft_targets() -> tuple[Tensor, Tensor]:
    """The five nearest colours of each integer a* b*, and their weights (Zhang 2016, section 2.2).

    Both (221, 221, 5), from a* = b* = -110; weights Gaussian with a deviation of 5.
    """
    axis = torch.arange(-REACH, REACH + 1)
    points = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1).float()
    distance = torch.cdist(points.reshape(-1, 2), torch.from_numpy(grid().copy()))
    near, index = distance.topk(5, largest=False)
    weight = torch.exp(-(near**2) / (2 * 5.0**2)) + 1e-12
    weight /= weight.sum(1, keepdim=True)
    side = len(axis)
    return index.reshape(side, side, 5), weight.reshape(side, side, 5)


class Loss:
    """Cross-entropy over the colours, with more weight on rare ones, yet calibrated.

    A network whose logits are l + log u, trained with a weight u for each colour, learns l: the
    logits of natural frequencies. The network's output is l + log w, with w the rebalancing that
    `vividness` removes, so that its file keeps its meaning; u = (1 + w) / 2.
    """

    def __init__(self) -> None:
        self.index, self.share = soft_targets()
        w = torch.from_numpy(rebalancing().copy())
        self.weight = (1 + w) / 2
        self.shift = (self.weight / w).log()[None, :, None, None]

    def __call__(self, logits: Tensor, ab: Tensor) -> Tensor:
        """Mean loss of logits (n, 313, h, w) about true a* b* (n, h, w, 2)."""
        a, b = (ab.round().long().clamp(-REACH, REACH) + REACH).unbind(-1)
        index = self.index[a, b].movedim(-1, 1)
        share = self.share[a, b].movedim(-1, 1)
        log = functional.log_softmax(logits.float() + self.shift, 1)
        weight = share * self.weight[index]
        return -(log.gather(1, index) * weight).sum() / weight.sum()

    def apart(self, logits: Tensor, others: Tensor, where: Tensor) -> Tensor:
        """Mean Kullback-Leibler divergence of logits from others, both (n, 313, h, w).

        `where` (n, h, w) is 1 for the cells that count.
        """
        log = functional.log_softmax(logits.float() + self.shift, 1)
        other = functional.log_softmax(others.float() + self.shift, 1)
        return ((other.exp() * (other - log)).sum(1) * where).sum() / where.sum().clamp(min=1)


class Batch(NamedTuple):
    """Samples side by side: (n, channels, h, w), `ab` (n, h/4, w/4, 2), `taught` (n, h/4, w/4)."""

    lightness: Tensor
    evidence: Tensor
    ab: Tensor
    plain: Tensor
    taught: Tensor


def batches(photos: list[bytes], rng: np.random.Generator) -> Iterator[Batch]:
    """Endless batches. Every photo is used once before any is used twice."""
    order: list[int] = []
    while True:
        drawn: list[_colorizer_samples.Sample] = []
        while len(drawn) < BATCH:
            order = order or list(rng.permutation(len(photos)))
            codes = _colorizer_samples.decoded(photos[order.pop()])
            drawn.append(_colorizer_samples.sample(codes, SIZE, rng))
        yield Batch(
            torch.from_numpy(np.stack([s.lightness for s in drawn])[:, None]),
            torch.from_numpy(np.stack([s.evidence for s in drawn])).movedim(-1, 1).contiguous(),
            torch.from_numpy(np.stack([s.ab for s in drawn])),
            torch.from_numpy(np.stack([s.plain for s in drawn])[:, None]),
            torch.from_numpy(np.stack([s.taught for s in drawn])),
        )


def told(teacher: Colorizer, batch: Batch) -> tuple[Tensor, Tensor]:
    """Logits of the teacher for the samples' plain lightness, where any cell is taught.

    Also which samples (n,) those are.
    """
    which = batch.taught.flatten(1).any(1)
    plain = batch.plain[which].contiguous(memory_format=torch.channels_last)
    none = torch.zeros_like(batch.evidence[which])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return teacher(plain, none), which


def parameters(network: Colorizer) -> list[dict[str, object]]:
    """The parameters with their learning rates; the encoder's first blocks stay fixed."""
    groups: dict[float, list[Tensor]] = {}
    for name, values in network.named_parameters():
        part, _, rest = name.partition(".")
        if part == "stem" or (part == "encoder" and int(rest.partition(".")[0]) < FROZEN):
            values.requires_grad_(False)
        else:
            groups.setdefault(RATES.get(part, RATE), []).append(values)
    return [{"params": group, "lr": rate, "rate": rate} for rate, group in groups.items()]


VALIDATED = {
    "lightness": ((), 0),
    "red": ((1, 0, 0), 0),
    "blue": ((0, 0, 1), 0),
    "orthochromatic": ((0, 0.42, 0.58), 0),
    "1 hint": ((), 1),
    "5 hints": ((), 5),
    "20 hints": ((), 20),
}
"""Channel weights (none: CIE L*) and number of hints of each line of the validation."""


@torch.no_grad()  # type: ignore[untyped-decorator]
def validate(network: Colorizer, photos: list[Array], loss: Loss) -> dict[str, list[float]]:
    """For each of `VALIDATED`: the loss, and the RMS error of a* b* at temperature 0.6, natural."""
    from restore import color
    from restore.analysis import mixes

    network.eval()
    result = {}
    points = torch.from_numpy(grid().copy())
    natural = torch.from_numpy(rebalancing().copy()).log()[None, :, None, None]
    for name, (weights, count) in VALIDATED.items():
        rng = np.random.default_rng(0)
        losses, squares = [], []
        for codes in photos:
            top, left = ((n - SIZE) // 2 for n in codes.shape[:2])
            square = codes[top : top + SIZE, left : left + SIZE] / np.float32(255)
            lab = color.to_lab(square)
            light = lab[..., 0]
            if weights:
                light = color.lightness(color.spread(mixes.channels(square, weights)))
            ab = _colorizer_samples.cells(lab[..., 1:])
            at_50 = _colorizer_samples.at_half(ab, _colorizer_samples.cells(lab[..., 0]))
            evidence = _colorizer_samples.hints(at_50, count, rng)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(
                    torch.from_numpy(np.ascontiguousarray(light))[None, None],
                    torch.from_numpy(evidence).movedim(-1, 0)[None],
                ).float()
            truth = torch.from_numpy(ab)[None]
            losses.append(loss(logits, truth).item())
            p = torch.softmax((logits - natural) / 0.6, 1)
            error = torch.einsum("nqhw,qc->nhwc", p, points) - truth
            squares.append((error**2).sum(-1).mean().item())
        result[name] = [round(float(np.mean(losses)), 4), round(float(np.mean(squares)) ** 0.5, 3)]
    return result


def train(arguments: argparse.Namespace) -> None:
    """Train for `--minutes`, the rate falling to 0; checkpoints and figures now and then."""
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    checkpoint = arguments.out / "checkpoint.pt"
    without = {path.stem for folder in arguments.without for path in folder.iterdir()}
    photos = [content for _, content in _colorizer_samples.files(arguments.photos, without)]
    kept = [content for _, content in _colorizer_samples.files(arguments.val, without)]
    held = [_colorizer_samples.decoded(content) for content in kept]
    held = [codes for codes in held if min(codes.shape[:2]) >= SIZE][: arguments.held]
    print(f"{len(photos)} photos to train on, {len(held)} to validate with", flush=True)

    network = _colorizer_network.load(arguments.start).to(memory_format=torch.channels_last)
    teacher = _colorizer_network.load(arguments.start).eval().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(parameters(network), betas=(0.9, 0.99), weight_decay=1e-2)
    average = {name: values.clone() for name, values in network.state_dict().items()}
    step, spent = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        average, step, spent = state["average"], state["step"], state.get("spent", 0.0)
    smooth = Colorizer()
    loss = Loss()
    losses: list[float] = []
    began, first = time.monotonic(), step
    saved = validated = 0.0
    for batch in batches(photos, np.random.default_rng([arguments.seed, step])):
        now = time.monotonic()
        share = (spent + now - began) / (60 * arguments.minutes)
        last = share >= 1
        if now > saved + SAVED or last:
            saved = now
            state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            whole = checkpoint.with_suffix(".new")
            so_far = spent + now - began
            torch.save({**state, "average": average, "step": step, "spent": so_far}, whole)
            whole.replace(checkpoint)
            line: dict[str, object] = {
                "step": step,
                "photos a second": round((step - first) * BATCH / (now - began), 1),
            }
            line["loss"] = round(float(np.mean(losses)), 4) if losses else None
            if now > validated + VALIDATED_AFTER or last:
                validated = now
                smooth.load_state_dict(average)
                line["validated"] = validate(smooth, held, loss)
            with (arguments.out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)
            losses = []
        if last:
            return
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * min(1.0, (step + 1) / WARM) * (1 - share)
        network.train()
        with torch.autocast("cpu", torch.bfloat16):
            light = batch.lightness.contiguous(memory_format=torch.channels_last)
            logits = network(light, batch.evidence)
        wanted, which = told(teacher, batch)
        cost = loss(logits, batch.ab)
        cost = cost + TAUGHT * loss.apart(logits[which], wanted, batch.taught[which])
        cost.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(cost.item())
        step += 1
        kept = min(SLOW, (step + 1) / (step + 10))
        for name, values in network.state_dict().items():
            average[name].lerp_(values, 1 - kept)


def export(arguments: argparse.Namespace) -> None:
    """Write the running average as an ONNX file."""
    network = _colorizer_network.load(arguments.out / "checkpoint.pt")
    _colorizer_network.export(network, arguments.file, {"input": "CIE L*; evidence at L* = 50"})


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the compact colorizer.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train", help="train, from the last checkpoint if there is one")
    command.set_defaults(run=train)
    command.add_argument("--photos", type=Path, nargs="+", required=True, help="folders, tar files")
    command.add_argument("--val", type=Path, nargs="+", required=True, help="folders, tar files")
    command.add_argument("--without", type=Path, nargs="*", default=[], help="photos to leave out")
    command.add_argument("--start", type=Path, default=compact.WEIGHTS, help="ONNX or checkpoint")
    command.add_argument("--held", type=int, default=60, help="photos to validate with")
    command.add_argument("--minutes", type=float, default=120, help="how long, all sessions")
    command.add_argument("--threads", type=int, default=1)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    command = commands.add_parser("export", help="write the ONNX file")
    command.set_defaults(run=export)
    command.add_argument("--out", type=Path, required=True, help="the training's folder")
    command.add_argument("--file", type=Path, required=True, help="the ONNX file to write")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
