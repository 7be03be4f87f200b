"""Train how the compact colorizer weighs evidence: lightness and evidence in, colours of cells out.

Evidence are hints of a person, and colours measured where stage light or fading left some. Only the
part that weighs it is trained; the rest stays as it is, so that nothing is forgotten, and nothing
changes for a photo without evidence. All before that part is calculated once for each photo.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from restore import color
from restore.colorizers import compact
from restore.colorizers._distribution import rebalancing
from restore.colorizers._grid import grid
from restore.training import _colorizer_network, _colorizer_samples
from restore.training._card import Card, agreement
from restore.training._colorizer_network import Colorizer
from restore.training._colorizer_prepared import (
    Batch,
    Prepared,
    batches,
    loaded,
    samples,
    staged,
)
from restore.training._colorizer_samples import CELL
from restore.training._photos import decoded
from restore.training._session import Pace, Report, Settings, calculating, device

SUFFIX = ".onnx"
START = compact.WEIGHTS
WHAT = "Colours for lightness (CIE L*) and evidence of colours; for the step `colorize`."
SIZE = 160
"""Side of a training square in pixels."""
BATCH = 12
CELLS = 400
"""Cells of each photo that the loss is measured on: neighbours teach the same."""
MOST = 8000
"""Photos that are prepared, at most; each takes a third of a megabyte."""
PREPARING = 0.4
"""Share of the time after which no more photos are prepared."""
RATE = 2e-3
"""Learning rate at the start."""
NEARER = 0.5
"""Weight of the distance between the mean colour and the truth, in the loss."""
SLOW = 0.995
"""Share of the old weights in the running average at each step."""
WARM = 100
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
        self.points = torch.from_numpy(grid().copy()).to(where)
        self.frequent = w.log()[None, :, None, None].to(where)

    def __call__(self, logits: Tensor, ab: Tensor) -> Tensor:
        """Mean loss of logits (n, 313, h, w) about true a* b* (n, h, w, 2)."""
        a, b = (ab.round().long().clamp(-REACH, REACH) + REACH).unbind(-1)
        index = self.index[a, b].movedim(-1, 1)
        share = self.share[a, b].movedim(-1, 1)
        log = functional.log_softmax(logits.float() + self.shift, 1)
        weight = share * self.weight[index]
        return -(log.gather(1, index) * weight).sum() / weight.sum()

    def distance(self, logits: Tensor, ab: Tensor) -> Tensor:
        """Mean distance of the natural distributions' means from a* b* (n, h, w, 2), over 16."""
        p = torch.softmax(logits.float() - self.frequent, 1)
        off = torch.einsum("nqhw,qc->nhwc", p, self.points) - ab
        return ((off**2).sum(-1) + 4).sqrt().mean() / 16


VALIDATED = {"1 hint": 1, "5 hints": 5, "20 hints": 20, "100 hints": 100, "measured": 0}
"""Number of hints, or none, of the lines of the validation in black and white."""


@dataclass(frozen=True, eq=False)
class Held:
    """Prepared photos to validate with, and their evidence (n, h, w, 4), by line of the table."""

    lines: dict[str, Batch]

    @classmethod
    def prepared(cls, photos: Sequence[bytes], network: Colorizer, folder: Path) -> Held:
        """The photos in black and white, and under stage light."""
        lines = {}
        for name, draw in (("grey", _colorizer_samples.sample), ("lit", _colorizer_samples.staged)):
            rng = np.random.default_rng(0)
            file = Prepared(folder / f"held-{name}.bin", SIZE // CELL)
            if not len(file):
                codes = [codes for codes in map(decoded, photos) if codes is not None]
                for i in range(0, len(codes), BATCH):
                    file.add([draw(one, SIZE, rng) for one in codes[i : i + BATCH]], network)
            records = file.read()
            others = records["others"].astype(np.float32)
            if name == "lit":
                lines["stage light"] = loaded(records, staged(others))
                continue
            ab = _colorizer_samples.at_half(others[..., 4:6], others[..., 3])
            for line, count in VALIDATED.items():
                given = [
                    _colorizer_samples.hints(one, count, rng)
                    if count
                    else _colorizer_samples.measured(one, rng)
                    for one in ab
                ]
                lines[line] = loaded(records, np.stack(given))
            lines["no evidence"] = loaded(records, np.zeros_like(given))
        return cls(lines)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def table(self, network: Colorizer) -> str:
        """For each line the loss, and the RMS error of a* b* at temperature 0.6."""
        network.eval()
        loss = Loss(device())
        rows = ["                  loss  error of a* b*"]
        for name, held in self.lines.items():
            losses, squares = [], []
            for i in range(len(held.ab)):
                one = Batch(*(part[i : i + 1] for part in held))
                with calculating():
                    weighed = network.weighing(one.features, one.light, one.guess, one.evidence)
                    logits = network.logits(one.features, weighed).float()
                losses.append(loss(logits, one.ab).item())
                p = torch.softmax((logits - loss.frequent) / 0.6, 1)
                error = torch.einsum("nqhw,qc->nhwc", p, loss.points) - one.ab
                squares.append((error**2).sum(-1).mean().item())
            error = float(np.mean(squares)) ** 0.5
            rows.append(f"{name:15}{np.mean(losses):7.3f}{error:8.2f}")
        return "\n".join(rows)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def page(self, network: Colorizer, path: Path) -> None:
        """Examples: black and white, coloured without evidence, with 20 hints, and as they were."""
        network.eval()
        points = torch.from_numpy(grid().copy())
        natural = torch.from_numpy(rebalancing().copy()).log()[None, :, None, None]
        columns = []
        for i in range(min(8, len(self.lines["20 hints"].ab))):
            rows = []
            for line in ("no evidence", "20 hints"):
                one = Batch(*(part[i : i + 1].float().cpu() for part in self.lines[line]))
                weighed = network.weighing(one.features, one.light, one.guess, one.evidence)
                p = torch.softmax((network.logits(one.features, weighed) - natural) / 0.6, 1)
                rows.append(torch.einsum("nqhw,qc->nhwc", p, points)[0].numpy())
            light, true = one.light[0, 0].numpy(), one.ab[0].numpy()
            labs = [np.dstack([light, ab]) for ab in (0 * true, *rows, true)]
            columns.append(np.concatenate([color.from_lab(lab) for lab in labs]))
        sheet = np.concatenate(columns, 1).clip(0, 1)[..., ::-1]
        larger = cv2.resize(sheet, None, fx=CELL, fy=CELL, interpolation=cv2.INTER_NEAREST)
        cv2.imwrite(str(path), (larger * 255).astype(np.uint8))


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
        start = settings.start
        network = _colorizer_network.load(start) if start else _colorizer_network.shipped()
        network = network.to(device(), memory_format=torch.channels_last).requires_grad_(False)
        network.weighing.requires_grad_(True)
        optimizer = torch.optim.AdamW(
            network.weighing.parameters(), RATE, betas=(0.9, 0.99), weight_decay=1e-2
        )
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

    def learn(self, batch: Batch, loss: Loss) -> float:
        """One step; the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (self.step + 1) / WARM) * (1 - self.pace.share)
        network = self.network
        cells = torch.randperm(batch.ab[0, ..., 0].numel(), device=batch.ab.device)[:CELLS]
        with calculating():
            weighed = network.weighing(batch.features, batch.light, batch.guess, batch.evidence)
            features, weighed = (
                part.flatten(2)[:, :, cells, None] for part in (batch.features, weighed)
            )
            logits = network.logits(features, weighed)
        ab = batch.ab.flatten(1, 2)[:, cells, None]
        cost = loss(logits, ab)
        (cost + NEARER * loss.distance(logits, ab)).backward()
        torch.nn.utils.clip_grad_norm_(network.weighing.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        for name, values in network.weighing.state_dict(prefix="weighing.").items():
            self.average[name].lerp_(values, 1 - SLOW)
        return cost.item()

    def averaged(self) -> Colorizer:
        """The network of the running average."""
        network = Colorizer()
        network.load_state_dict(self.average)
        return network.to(device())


def train(settings: Settings, out: Path) -> Iterator[Report]:
    """Train from the checkpoint, or from the start; writes the file, and reports now and then.

    Photos are prepared first, then learnt from. The learning rate falls to 0 over the time it
    takes.
    """
    torch.set_num_threads(settings.threads)
    folders, held_out = settings.read()
    photos = [photo for folder in folders for photo in folder]
    photos = [photos[i] for i in np.random.default_rng(0).permutation(len(photos))][:MOST]
    training, loss = Training.begun(settings), Loss(device())
    held = Held.prepared(held_out[:HELD], training.network, settings.state)
    losses, saved = list[float](), 0.0
    before = table = held.table(training.averaged())
    pace = training.pace = Pace(settings.minutes, training.pace.spent)
    yield Report(training.step, pace.share, math.nan, before)
    prepared = Prepared(settings.state / "prepared.bin", SIZE // CELL)
    rng = np.random.default_rng([0, training.step])
    while len(prepared) < len(photos) and (not len(prepared) or pace.share < PREPARING):
        more = photos[len(prepared) : len(prepared) + BATCH]
        prepared.add(samples(more, SIZE, rng), training.network)
    for batch in batches(prepared, BATCH, rng):
        last = pace.share >= 1
        if time.monotonic() > saved + SAVED or last:
            saved = time.monotonic()
            training.save(settings.checkpoint)
            held.page(training.averaged(), settings.state / "examples.png")
            if last:
                table = held.table(training.averaged())
            mean = float(np.mean(losses)) if losses else math.nan
            yield Report(training.step, pace.share, mean, table if last else "")
            losses = []
        if last:
            break
        losses.append(training.learn(batch, loss))
    _colorizer_network.export(training.averaged().cpu(), out, {"purpose": "colorizer"})
    light = torch.linspace(0, 100, SIZE * SIZE).reshape(1, 1, SIZE, SIZE)
    evidence = held.lines["20 hints"].evidence[:1].cpu().contiguous()
    with torch.inference_mode():
        wanted = _colorizer_network.load(out).eval()(light, evidence).numpy()
    inputs = {"lightness": light.numpy(), "evidence": evidence.numpy()}
    engines = agreement(out, inputs, wanted)
    counted = len(prepared), len(held.lines["20 hints"].ab), pace.seconds / 60, training.step
    card = Card(WHAT, *counted, (settings.start or START).name, before, table, engines)
    out.with_suffix(".md").write_text(card.text(out), encoding="utf-8")
