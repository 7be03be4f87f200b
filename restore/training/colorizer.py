"""Train the compact colorizer further: lightness and evidence in, colours of each cell out.

Photos are shown as black-and-white ones come: from one channel or film, flat, hazy, grainy, worn;
half of them with evidence of some colours. It starts from a network of the same kind: its encoder
was trained on ImageNet, which no folder of photos replaces. What the network that it starts from
says of undamaged lightness is taught as well, so nothing is forgotten.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from restore import color
from restore.analysis import mixes
from restore.color import Array
from restore.colorizers import compact
from restore.colorizers._distribution import rebalancing
from restore.colorizers._grid import grid
from restore.training import _colorizer_network, _colorizer_samples
from restore.training._card import Card, agreement
from restore.training._colorizer_network import Colorizer
from restore.training._photos import decoded
from restore.training._session import Pace, Report, Settings, device

SUFFIX = ".onnx"
START = compact.WEIGHTS
WHAT = "Colours for lightness (CIE L*) and evidence of colours; for the step `colorize`."
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
SAVED = 120
"""Seconds between checkpoints."""
HELD = 60
"""Photos to validate with, at most."""
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

    def __init__(self, where: str = "cpu") -> None:
        w = torch.from_numpy(rebalancing().copy())
        weight = (1 + w) / 2
        shift = (weight / w).log()[None, :, None, None]
        self.index, self.share, self.weight, self.shift = (
            part.to(where) for part in (*soft_targets(), weight, shift)
        )

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
            codes = decoded(photos[order.pop()])
            if codes is None:
                continue
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
    with torch.no_grad(), torch.autocast(device(), torch.bfloat16):
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
def validated(network: Colorizer, photos: list[Array]) -> str:
    """A table: for each of `VALIDATED` the loss, and the RMS error of a* b* at temperature 0.6."""
    network.eval()
    loss = Loss()
    lines = ["                  loss  error of a* b*"]
    points = torch.from_numpy(grid().copy())
    natural = torch.from_numpy(rebalancing().copy()).log()[None, :, None, None]
    for name, (weights, count) in VALIDATED.items():
        rng = np.random.default_rng(0)
        losses, squares = [], []
        for codes in photos:
            square = _middle(codes)
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
        error = float(np.mean(squares)) ** 0.5
        lines.append(f"{name:15}{np.mean(losses):7.3f}{error:8.2f}")
    return "\n".join(lines)


@torch.no_grad()  # type: ignore[untyped-decorator]
def page(network: Colorizer, photos: list[Array], path: Path) -> None:
    """Examples: black and white, coloured, and as they were."""
    network.eval()
    points = torch.from_numpy(grid().copy())
    natural = torch.from_numpy(rebalancing().copy()).log()[None, :, None, None]
    columns = []
    for codes in photos[:8]:
        square = _middle(codes)
        light = color.lightness(square)
        cells = torch.zeros(1, 4, SIZE // 4, SIZE // 4)
        p = torch.softmax((network(torch.from_numpy(light)[None, None], cells) - natural) / 0.6, 1)
        ab = cv2.resize(torch.einsum("nqhw,qc->nhwc", p, points)[0].numpy(), (SIZE, SIZE))
        coloured = color.from_lab(np.dstack([light, ab]))
        columns.append(np.concatenate([color.spread(color.grey(light)), coloured, square]))
    sheet = np.concatenate(columns, 1).clip(0, 1)
    cv2.imwrite(str(path), (sheet[..., ::-1] * 255).astype(np.uint8))


def _middle(codes: Array) -> Array:
    """The middle square of a photo (h, w, 3) uint8, encoded 0 … 1."""
    top, left = ((n - SIZE) // 2 for n in codes.shape[:2])
    return codes[top : top + SIZE, left : left + SIZE] / np.float32(255)


@dataclass
class Training:
    """A network in training, its running average, and how far it has come."""

    network: Colorizer
    optimizer: torch.optim.Optimizer
    average: dict[str, Tensor]
    pace: Pace
    step: int = 0

    @classmethod
    def begun(cls, settings: Settings) -> Training:
        """The training of a checkpoint, or if there is none, a new one."""
        network = _colorizer_network.load(settings.start or START)
        network = network.to(device(), memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(parameters(network), betas=(0.9, 0.99), weight_decay=1e-2)
        average = {name: values.clone() for name, values in network.state_dict().items()}
        own = cls(network, optimizer, average, Pace(settings.minutes))
        if settings.checkpoint.exists():
            state = torch.load(settings.checkpoint, map_location=device(), weights_only=True)
            network.load_state_dict(state["network"])
            optimizer.load_state_dict(state["optimiser"])
            own.average, own.step = state["average"], state["step"]
            own.pace.spent = state["spent"]
        return own

    def save(self, checkpoint: Path) -> None:
        """Write all that it takes to go on."""
        state = {"network": self.network.state_dict(), "optimiser": self.optimizer.state_dict()}
        new = checkpoint.with_suffix(".new")
        spent = self.pace.seconds
        torch.save({**state, "average": self.average, "step": self.step, "spent": spent}, new)
        new.replace(checkpoint)

    def learn(self, batch: Batch, teacher: Colorizer, loss: Loss) -> float:
        """One step; the loss."""
        for group in self.optimizer.param_groups:
            warm = min(1.0, (self.step + 1) / WARM)
            group["lr"] = group["rate"] * warm * (1 - self.pace.share)
        batch = Batch(*(part.to(device()) for part in batch))
        self.network.train()
        with torch.autocast(device(), torch.bfloat16):
            light = batch.lightness.contiguous(memory_format=torch.channels_last)
            logits = self.network(light, batch.evidence)
        wanted, which = told(teacher, batch)
        cost = loss(logits, batch.ab)
        cost = cost + TAUGHT * loss.apart(logits[which], wanted, batch.taught[which])
        cost.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        for name, values in self.network.state_dict().items():
            self.average[name].lerp_(values, 1 - SLOW)
        return cost.item()

    def averaged(self) -> Colorizer:
        """The network of the running average."""
        network = Colorizer()
        network.load_state_dict(self.average)
        return network


def train(settings: Settings, out: Path) -> Iterator[Report]:
    """Train from the checkpoint, or from the start; writes the file, and reports now and then.

    The learning rate falls to 0 over the time it takes.
    """
    torch.set_num_threads(settings.threads)
    folders, held = settings.read()
    photos = [photo for folder in folders for photo in folder]
    tests = [codes for codes in map(decoded, held) if codes is not None]
    tests = [codes for codes in tests if min(codes.shape[:2]) >= SIZE][:HELD]
    training, loss = Training.begun(settings), Loss(device())
    teacher = _colorizer_network.load(settings.start or START).eval().to(device())
    losses, saved = list[float](), 0.0
    before = table = validated(training.averaged(), tests)
    pace = training.pace = Pace(settings.minutes, training.pace.spent)
    yield Report(training.step, pace.share, math.nan, before)
    for batch in batches(photos, np.random.default_rng([0, training.step])):
        last = pace.share >= 1
        if time.monotonic() > saved + SAVED or last:
            saved = time.monotonic()
            training.save(settings.checkpoint)
            page(training.averaged(), tests, settings.state / "examples.png")
            if last:
                table = validated(training.averaged(), tests)
            mean = float(np.mean(losses)) if losses else math.nan
            yield Report(training.step, pace.share, mean, table if last else "")
            losses = []
        if last:
            break
        losses.append(training.learn(batch, teacher, loss))
    network = training.averaged()
    _colorizer_network.export(network, out, {"purpose": "colorizer"})
    light = torch.from_numpy(color.lightness(_middle(tests[0])))[None, None]
    evidence = torch.zeros(1, 4, SIZE // 4, SIZE // 4)
    with torch.inference_mode():
        wanted = network.eval()(light, evidence).numpy()
    inputs = {"lightness": light.numpy(), "evidence": evidence.numpy()}
    engines = agreement(out, inputs, wanted)
    counted = len(photos), len(tests), pace.seconds / 60, training.step
    card = Card(WHAT, *counted, (settings.start or START).name, before, table, engines)
    out.with_suffix(".md").write_text(card.text(out), encoding="utf-8")
