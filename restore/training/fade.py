"""Train the small network of the step `fade` on simulated fades of any photos.

Half of the time goes to simulating fades, which are kept in the state folder. Then the whole
network is trained; from scratch, a new head on the convolutions' outputs follows, which is ten
times as fast.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from restore import color
from restore.analysis.fading import dyes
from restore.training import _fades
from restore.training._card import Card
from restore.training._session import Pace, Report, Settings

Batch = dict[str, Tensor]
"""`Examples` by the names of its arrays; "seen" are the convolutions' outputs."""

SUFFIX = ".npz"
START = Path(dyes.__file__).parents[2] / "data" / "fade.npz"
WHAT = "How a photo's dyes have faded, from a thumbnail and statistics; for the step `fade`."
SIMULATED, WHOLE = 0.5, 0.8
"""Shares of the time after which the fades are simulated, and the convolutions trained."""
FINER = 0.3
"""Learning rate of a network that was trained before, as a share of a new one's."""
CHECKS = 3
"""Thousands of fades to validate with, at most."""
BATCH = 256
PIXELS = 64
"""Pixels of each example in a step of the training."""
RATE = 1.5e-3
DECAY = 3e-3
KEPT = 0.998
"""Share of the mean of the weights that a step keeps."""
NOISE = 0.08
"""Standard deviation of noise on the standardized features, and on the convolutions' outputs."""
DROPPED = 0.2
"""Share of the first hidden units that a step leaves out."""
SOUND = 1.5
"""Weight of photos that have not faded."""
WORSE = 0.7
"""Weight of making an example worse than it was."""
CROSSED = 0.3
"""Weight of the cross terms' size: they are meant for dyes that are nearly gone."""
WARM = 200
"""Steps until the learning rate is full."""
ROUND = 500
"""Steps between checkpoints."""
KERNELS = (6, 24, 32, 48, 64)
HEAD = (256, 128)
OUT = 15
"""3 gains, 3 levels, 6 cross terms, gate, certainty, doubt."""
_DENSITY = torch.from_numpy(color.to_density(np.arange(256, dtype=np.float32) / 255))
_LINEAR = torch.from_numpy(color.decode(np.arange(256, dtype=np.float32) / 255))
_XYZ = torch.tensor((color.RGB_TO_XYZ / color.WHITE[:, None]).T, dtype=torch.float32)


class Network(nn.Module):  # type: ignore[misc]
    """As `dyes.predict` calculates it."""

    def __init__(self, middle: Tensor, spread: Tensor) -> None:
        super().__init__()
        for layer, (before, after) in enumerate(pairwise(KERNELS)):
            self.add_module(f"conv{layer}", nn.Conv2d(before, after, 3, stride=2, padding=1))
        features = len(middle)
        self.hidden0 = nn.Linear(2 * KERNELS[-1] + features, HEAD[0])
        self.hidden1 = nn.Linear(*HEAD)
        self.out = nn.Linear(HEAD[1], OUT)
        self.skip = nn.Linear(features, OUT, bias=False)
        nn.init.zeros_(self.skip.weight)
        with torch.no_grad():
            self.out.weight *= 0.1
            self.out.bias.zero_()
            self.out.bias[12] = 1.0
        self.register_buffer("middle", middle)
        self.register_buffer("spread", spread)

    def forward(self, batch: Batch) -> Batch:
        """The prediction for a batch."""
        return self.judged(batch["seen"] if "seen" in batch else self.seen(batch), batch)

    def seen(self, batch: Batch) -> Tensor:
        """(n, 128) outputs of the convolutions for thumbnails (n, h, w, 3) uint8."""
        density = _DENSITY[batch["thumbnail"].int()].permute(0, 3, 1, 2)
        low = batch["own"][:, :, 0, None, None]
        high = batch["own"][:, :, len(dyes.LEVELS) - 1, None, None]
        stretched = (density - low) / (high - low).clamp(min=dyes.NARROWEST)
        planes = torch.cat([density - 0.8, 2 * stretched - 1], 1)
        for layer in range(len(KERNELS) - 1):
            planes = functional.relu(getattr(self, f"conv{layer}")(planes))
        return torch.cat([planes.mean((2, 3)), planes.amax((2, 3))], 1)

    def judged(self, seen: Tensor, batch: Batch) -> Batch:
        """The head's prediction from those outputs and the features."""
        features = torch.cat([batch["own"].flatten(1), batch["common"]], 1)
        features = (features - self.middle) / self.spread
        if self.training:
            features = features + NOISE * torch.randn_like(features)
            seen = seen + NOISE * seen.std(0) * torch.randn_like(seen)
        features = features.clamp(-6, 6)
        hidden = functional.relu(self.hidden0(torch.cat([seen, features], 1)))
        hidden = functional.dropout(hidden, DROPPED, self.training)
        hidden = functional.relu(self.hidden1(hidden))
        out = self.out(hidden) + self.skip(features)
        gate = torch.sigmoid(out[:, 12:13])
        return {
            "log_gain": gate * out[:, :3].clamp(*dyes.STEEPEST),
            "level": gate * out[:, 3:6],
            "cross": gate * dyes.CROSS * out[:, 6:12],
            "certainty": out[:, 13],
            "doubt": out[:, 14],
        }


@dataclass
class Stage:
    """A part of the training: what it learns, at what rate, and when it begins and ends.

    Attributes
    ----------
    begins, ends
        Shares of the whole training.
    checkpoint
        Where it is kept.
    """

    network: Network
    parameters: list[Tensor]
    rate: float
    begins: float
    ends: float
    checkpoint: Path

    def run(self, data: Batch, check: Batch, pace: Pace) -> Generator[Report, None, Network]:
        """Adam with a cosine schedule; the network of the mean of the last weights."""
        mean = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(KEPT))
        optimizer = torch.optim.AdamW(self.parameters, self.rate, weight_decay=DECAY)
        parts = {"network": self.network, "mean": mean, "optimizer": optimizer}
        step, losses = 0, list[float]()
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            step, pace.spent = state.pop("step"), max(pace.spent, state.pop("seconds"))
            for name, values in state.items():
                parts[name].load_state_dict(values)
        while pace.share < self.ends:
            done = max(0.0, pace.share - self.begins) / (self.ends - self.begins)
            falling = min(1.0, (step + 1) / WARM) * (1 + math.cos(math.pi * done)) / 2
            for group in optimizer.param_groups:
                group["lr"] = self.rate * falling + 1e-6
            batch = _drawn(data, step)
            value, _ = loss(self.network(batch), batch, untouched(batch))
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(self.parameters, 5.0)
            optimizer.step()
            mean.update_parameters(self.network)
            losses.append(value.item())
            step += 1
            if step % ROUND == 0 or pace.share >= self.ends:
                state = {name: part.state_dict() for name, part in parts.items()}
                new = self.checkpoint.with_suffix(".new")
                torch.save({**state, "step": step, "seconds": pace.seconds}, new)
                new.replace(self.checkpoint)
                yield Report(step, pace.share, float(np.mean(losses)))
                losses = []
        return mean.module.eval()


def train(settings: Settings, out: Path) -> Iterator[Report]:
    """Train from the checkpoint, or from the start; writes the file, and reports now and then."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(0)
    folders, held = settings.read()
    photos = [photo for folder in folders for photo in folder]
    pace = Pace(settings.minutes)
    checks = range(min(CHECKS, 1 + len(held) // 100))
    _fades.write(held, settings.state / "val", checks, seed=1)
    check = tensors(_fades.read(settings.state / "val", checks))
    chunk, spent = 0, settings.state / "seconds"
    pace.spent = float(spent.read_text()) if spent.exists() else 0.0
    while chunk == 0 or pace.share < SIMULATED:
        _fades.write(photos, settings.state / "train", range(chunk, chunk + 1))
        chunk += 1
        spent.write_text(str(pace.seconds))
        yield Report(chunk * _fades.CHUNK, min(pace.share, SIMULATED), math.nan)
    data = tensors(_fades.read(settings.state / "train", range(chunk)))
    features = torch.cat([data["own"].flatten(1), data["common"]], 1)
    network, before = Network(features.mean(0), features.std(0) + 1e-4), ""
    ends, rate = WHOLE, RATE
    if settings.start:
        network, ends, rate = load(settings.start), 1.0, FINER * RATE
        yield Report(0, pace.share, math.nan, before := table(network, check))
    checkpoint = settings.state / "whole.pt"
    stage = Stage(network, list(network.parameters()), rate, SIMULATED, ends, checkpoint)
    network = yield from stage.run(data, check, pace)
    if not settings.start:
        network = yield from _headed(network, data, check, pace, settings.state)
    after = table(network, check)
    yield Report(0, 1.0, math.nan, after)
    save(network, out)
    counted = len(photos), len(held), pace.seconds / 60, chunk * _fades.CHUNK
    card = Card(WHAT, *counted, settings.start.name if settings.start else "", before, after)
    out.with_suffix(".md").write_text(card.text(out), encoding="utf-8")


def load(path: Path) -> Network:
    """The network of a file that `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: torch.from_numpy(file[name].astype(np.float32)) for name in file.files}
    network = Network(arrays["middle"], arrays["spread"])
    network.load_state_dict(arrays)
    return network


def _headed(
    whole: Network, data: Batch, check: Batch, pace: Pace, state: Path
) -> Generator[Report, None, Network]:
    """A new head on the convolutions of a network, trained."""
    network = Network(whole.middle, whole.spread)
    kept = {name: v for name, v in whole.state_dict().items() if name.startswith(("conv", "skip"))}
    network.load_state_dict(kept, strict=False)
    data, check = seen(whole, data), seen(whole, check)
    head = [p for name, p in network.named_parameters() if not name.startswith("conv")]
    stage = Stage(network, head, RATE, WHOLE, 1.0, state / "head.pt")
    network = yield from stage.run(data, check, pace)
    return network


def seen(network: Network, data: Batch) -> Batch:
    """The examples with the convolutions' outputs in place of the thumbnails."""
    network.eval()
    with torch.inference_mode():
        parts = [network.seen(part) for part in _parts(data)]
    rest = {name: values for name, values in data.items() if name != "thumbnail"}
    return {**rest, "seen": torch.cat(parts).clone()}


def restored(predicted: Batch, faded: Tensor, middle: Tensor) -> Tensor:
    """Linear light (n, pixels, 3) of `faded` (n, pixels, 3) uint8 after the correction."""
    matrix = torch.diag_embed(torch.exp(predicted["log_gain"]))
    cross = matrix.new_zeros(matrix.shape)
    cross[:, ~torch.eye(3, dtype=torch.bool)] = predicted["cross"]
    away = _DENSITY[faded.int()] - middle[:, None]
    density = away @ (matrix + cross).transpose(1, 2) + (middle + predicted["level"])[:, None]
    return 10 ** -density.clamp(min=0)


def lab(light: Tensor) -> Tensor:
    """CIE L*a*b* of linear sRGB (..., 3)."""
    xyz = light @ _XYZ
    root = xyz.clamp(min=216 / 24389) ** (1 / 3)
    f = torch.where(xyz > 216 / 24389, root, (xyz * (24389 / 27) + 16) / 116)
    x, y, z = f.unbind(-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def difference(light: Tensor, truth: Tensor) -> Tensor:
    """(n,) mean difference of linear `light` from `truth` (n, pixels, 3) uint8.

    CIE94 with the truth as reference, and the weight of lightness as in CIEDE2000.
    """
    wanted = lab(_LINEAR[truth.int()])
    off = lab(light) - wanted
    lightness, a, b = wanted.unbind(-1)
    chroma = torch.hypot(a, b)
    unit = wanted[..., 1:] / chroma.clamp(min=1e-3)[..., None]
    along = (off[..., 1:] * unit).sum(-1) / (1 + 0.045 * chroma)
    across = (off[..., 2] * unit[..., 0] - off[..., 1] * unit[..., 1]) / (1 + 0.015 * chroma)
    middle = (lightness - 50) ** 2
    up = off[..., 0] / (1 + 0.015 * middle / torch.sqrt(20 + middle))
    return torch.sqrt(up**2 + along**2 + across**2 + 0.25).mean(1) - 0.5


def untouched(batch: Batch) -> Tensor:
    """The difference of each example from its truth as it is."""
    return difference(_LINEAR[batch["faded"].int()], batch["truth"])


def loss(predicted: Batch, batch: Batch, before: Tensor) -> tuple[Tensor, Tensor]:
    """What is minimised, and the difference of each example from its truth."""
    after = difference(restored(predicted, batch["faded"], batch["middle"]), batch["truth"])
    sound = batch["group"] == 0
    weight = torch.where(sound, SOUND, 1.0)
    value = (weight * (after + WORSE * (after - before).clamp(min=0))).mean()
    value = value + CROSSED * predicted["cross"].abs().mean()
    label = torch.where(sound, 0.0, ((before - 1.5) / 2.5).clamp(0, 1))
    value = value + functional.binary_cross_entropy_with_logits(predicted["certainty"], label)
    value = value + 0.2 * (predicted["doubt"] - torch.log(after.detach() + 0.1)).abs().mean()
    return value, after


def tensors(given: _fades.Examples) -> Batch:
    """The examples' arrays as tensors that share their memory."""
    return {name: torch.from_numpy(getattr(given, name)) for name in given.__dataclass_fields__}


def table(network: Network, check: Batch) -> str:
    """Mean difference before and after of each group, shares made worse and shares flagged."""
    network.eval()
    columns = []
    with torch.inference_mode():
        for batch in _parts(check):
            before = untouched(batch)
            predicted = network(batch)
            _, after = loss(predicted, batch, before)
            columns.append(torch.stack([before, after, torch.sigmoid(predicted["certainty"])]))
    before, after, certainty = torch.cat(columns, 1)
    lines = []
    for number, name in enumerate(_fades.GROUPS):
        own = check["group"] == number
        b, a = before[own], after[own]
        worse, flagged = (a > b + 0.3).float().mean(), (certainty[own] > 0.5).float().mean()
        shares = f"worse {worse:4.0%}  flagged {flagged:4.0%}"
        lines.append(f"{name:8} {b.mean():6.2f} -> {a.mean():5.2f}  {shares}")
    return "\n".join([*lines, f"all      {before.mean():6.2f} -> {after.mean():5.2f}"])


def save(network: Network, path: Path) -> None:
    """Write the weights that `dyes` reads; half precision suffices."""
    arrays = {name: values.numpy() for name, values in network.state_dict().items()}
    kept = ("middle", "spread")
    half = {name: a if name in kept else a.astype(np.float16) for name, a in arrays.items()}
    np.savez_compressed(path, **half)


def _drawn(data: Batch, step: int) -> Batch:
    """A batch, half of the time mirrored."""
    which = torch.randint(len(data["group"]), (BATCH,))
    batch = {name: values[which] for name, values in data.items()}
    pixels = torch.randint(batch["faded"].shape[1], (PIXELS,))
    batch["faded"], batch["truth"] = batch["faded"][:, pixels], batch["truth"][:, pixels]
    if step % 2 and "thumbnail" in batch:
        batch["thumbnail"] = batch["thumbnail"].flip(2)
    return batch


def _parts(data: Batch, size: int = 500) -> list[Batch]:
    """The examples in order, some at a time."""
    starts = range(0, len(data["group"]), size)
    return [{name: values[at : at + size] for name, values in data.items()} for at in starts]
