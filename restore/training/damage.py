"""Train the network that distinguishes damage from the content of a photo.

    python -m restore.training.damage --photos FOLDER… --out damage.onnx [--state FOLDER]

A folder holds photos, or tar files of photos, and each folder is used as often as any other; damage
is drawn on pieces of them as they are needed (`simulate.worn`). Training resumes from the state
folder, where a checkpoint, a validation table and a page of examples are written now and then.
"""

from __future__ import annotations

import argparse
import copy
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from restore import color
from restore.analysis.scratches.damage import reliefs
from restore.simulate.worn import Worn, worn
from restore.training._damage_network import (
    Detector,
    averaging,
    export,
    load,
    probabilities,
)
from restore.training._pace import Pace
from restore.training._photos import files

SIDE, BATCH = 160, 6
LONGEST = 1400
"""Long side that photos are reduced to, in pixels."""
RATE, DECAY, AVERAGED = 2e-3, 0.01, 0.998
WARM = 100
"""Steps until the learning rate is full."""
EVERY, TABLES = 200, 5
"""Steps between checkpoints, and checkpoints between validation tables."""
POOL, FRESH = 1500, 2
"""Pieces kept to learn from again, and how many of them are new at each step.

Drawing a piece takes as long as half of learning from it."""
THRESHOLDS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)

Case = tuple[Tensor, Tensor, Tensor]
"""What is seen (n, 7, h, w), kinds (n, h, w) and what counts (n, h, w)."""


def brightness(packed: bytes) -> color.Array | None:
    """(h, w) encoded brightness 0 … 1, at most `LONGEST` on the long side; None if unreadable."""
    codes = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_GRAYSCALE)
    if codes is None or min(codes.shape) < 32:
        return None
    grey = codes.astype(np.float32) / np.float32(255)
    shrink = LONGEST / max(grey.shape)
    if shrink >= 1:
        return grey
    return cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)


def examples(folders: list[list[bytes]], seed: int) -> Iterator[Worn]:
    """Worn pieces without end."""
    decoded = functools.lru_cache(maxsize=64)(brightness)
    number = 0
    while True:
        rng = np.random.default_rng([seed, number])
        photos = folders[rng.integers(len(folders))]
        photo = decoded(photos[rng.integers(len(photos))])
        if photo is not None:
            yield worn(photo, SIDE, rng)
        number += 1


@dataclass
class Piece:
    """A worn piece, and how much of its sound part the network took for damage last."""

    worn: Worn
    mistaken: float = 1e-3


class Pool:
    """Pieces to learn from: new ones, some seen before, and those that are often mistaken."""

    def __init__(self, pieces: Iterator[Worn], seed: int) -> None:
        self.pieces, self.rng = pieces, np.random.default_rng([seed, 1])
        self.kept: list[Piece] = []

    def drawn(self) -> list[Piece]:
        """The next batch."""
        fresh = FRESH if len(self.kept) >= BATCH else BATCH
        new = [Piece(next(self.pieces)) for _ in range(fresh)]
        odds = np.array([piece.mistaken for piece in self.kept] or [1.0]) + 0.01
        odds /= odds.sum()
        again = self.rng.choice(len(odds), BATCH - fresh, p=odds) if fresh < BATCH else []
        batch = new + [self.kept[number] for number in again]
        self.kept += new
        if len(self.kept) > POOL:  # of the oldest half, the least often mistaken
            half = self.kept[: POOL // 2]
            half.sort(key=lambda piece: piece.mistaken * self.rng.random())
            self.kept[: POOL // 2] = half[len(self.kept) - POOL :]
        return batch


def changed(piece: Worn, rng: np.random.Generator) -> Worn:
    """The piece lighter or darker, mirrored or not."""
    scan = piece.scan ** np.float32(np.exp(rng.normal(0, 0.2)))
    way = slice(None, None, rng.choice([-1, 1]))
    return Worn(scan[:, way], piece.kind[:, way], piece.counts[:, way])


def batched(taken: list[Worn]) -> Case:
    """Pieces side by side."""
    scans = torch.from_numpy(np.stack([reliefs(piece.scan) for piece in taken]))
    kinds = torch.from_numpy(np.stack([piece.kind for piece in taken]).astype(np.int64))
    counts = torch.from_numpy(np.stack([piece.counts for piece in taken]))
    return scans.contiguous(memory_format=torch.channels_last), kinds, counts


def loss(logits: Tensor, kinds: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy, for true probabilities, plus a little overlap, as damage is rare.

    Also how much of each piece's sound part was mistaken (n,).
    """
    entropy = functional.cross_entropy(logits, kinds, reduction="none")
    damaged = 1 - logits.softmax(1)[:, 0]
    there = (kinds > 0) * counts
    overlap = (2 * (damaged * there).sum() + 50) / (((damaged + there) * counts).sum() + 50)
    mistaken = (damaged.detach() ** 2 * (kinds == 0) * counts).mean((1, 2))
    return (entropy * counts).mean() * 4 + 0.3 * (1 - overlap), mistaken


def validated(network: nn.Module, cases: list[Case]) -> str:
    """A table: recall of each kind, precision, and what is taken of sound pieces, by threshold."""
    given, kinds, counts, sound = [], [], [], []
    for scans, truth, weight in cases:
        given.append(1 - probabilities(network, scans)[:, 0])
        kinds.append(truth.numpy())
        counts.append(weight.numpy() > 0)
        sound.append((truth == 0).all(2).all(1).numpy())
    p, kind, counted, clean = (np.concatenate(part) for part in (given, kinds, counts, sound))
    lines = ["threshold  line  spot  loss  precision  taken of sound pieces (%)"]
    for threshold in THRESHOLDS:
        taken = p > threshold
        recall = [100 * taken[(kind == number) & counted].mean() for number in (1, 2, 3)]
        right = 100 * (kind > 0)[taken & counted].mean() if taken.any() else 100.0
        row = f"{threshold:9.2f}" + "".join(f"{value:6.1f}" for value in recall)
        lines.append(f"{row}{right:11.1f}{100 * taken[clean].mean():12.4f}")
    return "\n".join(lines)


def page(network: nn.Module, cases: list[Case], path: Path) -> None:
    """Examples: scans, what is damage (red line, green spot, blue loss), and what was seen."""
    rows = []
    for scans, kinds, _ in cases[:6]:
        p = probabilities(network, scans)[:, 1:]
        truth = np.stack([kinds.numpy() == number for number in (1, 2, 3)], 1)
        parts = (np.repeat(scans.numpy()[:, :1] + 0.5, 3, 1), truth.astype(np.float32), p)
        columns = [np.concatenate(list(part.transpose(0, 2, 3, 1)), 1) for part in parts]
        rows.append(np.concatenate(columns))
    cv2.imwrite(str(path), (np.concatenate(rows)[..., ::-1] * 255).astype(np.uint8))


@dataclass
class Training:
    """A network in training, its average, and how far it has come."""

    network: nn.Module
    averaged: nn.Module
    optimizer: torch.optim.Optimizer
    pace: Pace
    step: int = 0

    @classmethod
    def begun(cls, checkpoint: Path, network: nn.Module, minutes: float) -> Training:
        """The training of a checkpoint, or if there is none, that of the network."""
        network = network.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
        own = cls(network, copy.deepcopy(network), optimizer, Pace(minutes))
        if checkpoint.exists():
            saved = torch.load(checkpoint, weights_only=True)
            for name in ("network", "averaged", "optimizer"):
                getattr(own, name).load_state_dict(saved[name])
            own.step, own.pace.spent = saved["step"], saved["seconds"]
        return own

    def save(self, checkpoint: Path) -> None:
        """Write all that it takes to go on."""
        parts = {name: getattr(self, name) for name in ("network", "averaged", "optimizer")}
        saved = {name: part.state_dict() for name, part in parts.items()}
        new = checkpoint.with_suffix(".new")
        torch.save({**saved, "step": self.step, "seconds": self.pace.seconds}, new)
        new.replace(checkpoint)

    def learn(self, pieces: list[Piece], rng: np.random.Generator) -> float:
        """One step; the loss."""
        falling = 0.005 + 0.995 * (1 + math.cos(math.pi * self.pace.share)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * min(1, (self.step + 1) / WARM) * falling
        scans, kinds, counts = batched([changed(piece.worn, rng) for piece in pieces])
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(scans)
        wrong, mistaken = loss(logits.float(), kinds, counts)
        for piece, value in zip(pieces, mistaken.tolist(), strict=True):
            piece.mistaken = value
        self.optimizer.zero_grad()
        wrong.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1)
        self.optimizer.step()
        self.step += 1
        averaging(self.averaged, self.network, min(AVERAGED, self.step / (self.step + 20)))
        return float(wrong.detach())


def train(
    photos: list[Path], held_out: list[Path], state: Path, minutes: float, start: Path | None
) -> nn.Module:
    """Train from the checkpoint in `state`, from `start`, or from scratch; the averaged network."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    state.mkdir(parents=True, exist_ok=True)
    unseen = examples([[*files([folder])] for folder in held_out or photos], 10**6)
    cases = [batched(list(islice(unseen, BATCH))) for _ in range(16)]
    first = load(start, [scans for scans, _, _ in cases]) if start else Detector()
    training = Training.begun(state / "checkpoint.pt", first, minutes)
    seed = training.step
    pool = Pool(examples([[*files([folder])] for folder in photos], seed), seed)
    rng = np.random.default_rng([seed, 2])
    total, done = 0.0, 0
    while training.pace.share < 1:
        total += training.learn(pool.drawn(), rng)
        done += 1
        if training.step % EVERY == 0 or training.pace.share >= 1:
            training.save(state / "checkpoint.pt")
            spent = training.pace.seconds / 60
            print(f"step {training.step}, {spent:.1f} min, loss {total / done:.4f}", flush=True)
            total, done = 0.0, 0
            if training.step % (TABLES * EVERY) == 0 or training.pace.share >= 1:
                table = validated(training.averaged, cases)
                (state / "validation.txt").write_text(f"step {training.step}\n{table}\n")
                print(table, flush=True)
                page(training.averaged, cases, state / "examples.png")
    return training.averaged


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="folders, tar files")
    parser.add_argument("--held-out", type=Path, nargs="*", default=[], help="to validate with")
    parser.add_argument("--out", type=Path, required=True, help="ONNX file to write")
    parser.add_argument("--state", type=Path, default=Path("damage-state"), help="checkpoints")
    parser.add_argument("--start", type=Path, help="ONNX file or checkpoint to start from")
    parser.add_argument("--minutes", type=float, default=120, help="how long, all sessions")
    given = parser.parse_args()
    network = train(given.photos, given.held_out, given.state, given.minutes, given.start)
    export(network, given.out, {})
    print(given.out)


if __name__ == "__main__":
    main()
