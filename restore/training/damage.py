"""Train the network that distinguishes damage from the content of a photo.

Damage is drawn on pieces of the photos as they are needed (`simulate.worn`). Each folder of photos
is used as often as any other. Photos of the size at which damage is to be found teach most: about
1024 pixels on the long side; in small ones everything is soft.
"""

from __future__ import annotations

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
from restore.analysis.scratches.damage import WEIGHTS, reliefs
from restore.errors import RestoreError
from restore.models import engines
from restore.simulate.worn import Worn, worn
from restore.training import _marks, _onnx
from restore.training._card import Card, agreement
from restore.training._damage_network import (
    Detector,
    averaging,
    export,
    load,
    probabilities,
)
from restore.training._session import Pace, Report, Settings, calculating, device

SUFFIX = ".onnx"
START = WEIGHTS
WHAT = "Finds damage: scratches, creases, cracks, fibres, spots, losses; for the step `scratches`."
SIDE, BATCH = 160, 6
RATE, DECAY, AVERAGED = 2e-3, 0.01, 0.998
WARM = 100
"""Steps until the learning rate is full."""
EVERY, TABLES = 200, 5
"""Steps between checkpoints, and checkpoints between validation tables."""
POOL, FRESH = 1500, 2
"""Pieces kept to learn from again, and how many of them are new at each step.

Drawing a piece takes as long as half of learning from it."""
CASES = 16
"""Batches to validate with."""
THRESHOLDS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)

Case = tuple[Tensor, Tensor, Tensor]
"""What is seen (n, 7, h, w), kinds (n, h, w) and what counts (n, h, w)."""


def brightness(content: bytes) -> color.Array | None:
    """(h, w) encoded brightness 0 … 1 of a photo file's bytes; None if it cannot be used."""
    codes = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if codes is None or min(codes.shape) < SIDE // 2:
        return None
    return codes.astype(np.float32) / np.float32(255)


def examples(folders: list[list[bytes]], seed: int) -> Iterator[Worn]:
    """Worn pieces without end."""
    decoded = functools.lru_cache(maxsize=64)(brightness)
    number, unused, most = 0, 0, 100 * sum(map(len, folders))
    while unused < most:
        rng = np.random.default_rng([seed, number])
        photos = folders[rng.integers(len(folders))]
        photo = decoded(photos[rng.integers(len(photos))])
        if photo is not None:
            yield worn(photo, SIDE, rng)
        unused = 0 if photo is not None else unused + 1
        number += 1
    raise RestoreError(f"--photos: no photo is at least {SIDE // 2} pixels wide and high")


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
        again = self.rng.choice(len(odds), BATCH - fresh, p=odds).tolist()
        batch = new + [self.kept[number] for number in again]
        self.kept += new
        if len(self.kept) > POOL:  # of the oldest half, the least often mistaken
            half = self.kept[: POOL // 2]
            half.sort(key=lambda piece: piece.mistaken * self.rng.random())
            self.kept[: POOL // 2] = half[len(self.kept) - POOL :]
        return batch


def varied(pieces: list[Piece], rng: np.random.Generator) -> list[Worn]:
    """The pieces lighter or darker, mirrored or not."""
    made = []
    for worn_piece in (piece.worn for piece in pieces):
        scan = worn_piece.scan ** np.float32(np.exp(rng.normal(0, 0.2)))
        way = slice(None, None, rng.choice([-1, 1]))
        made.append(Worn(scan[:, way], worn_piece.kind[:, way], worn_piece.counts[:, way]))
    return made


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
    """A network in training, its average, how far it has come, and whether it began trained."""

    network: nn.Module
    averaged: nn.Module
    optimizer: torch.optim.Optimizer
    pace: Pace
    trained: bool
    step: int = 0

    @classmethod
    def begun(cls, settings: Settings, scans: list[Tensor]) -> Training:
        """The training of a checkpoint, or if there is none, a new one."""
        network: nn.Module = load(settings.start, scans) if settings.start else Detector()
        network = network.to(device(), memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
        averaged, pace = copy.deepcopy(network), Pace(settings.minutes)
        own = cls(network, averaged, optimizer, pace, trained=settings.start is not None)
        if settings.checkpoint.exists():
            saved = torch.load(settings.checkpoint, map_location=device(), weights_only=True)
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
        scans, kinds, counts = (part.to(device()) for part in batched(varied(pieces, rng)))
        self.network.train()
        with calculating():
            logits = self.network(scans)
        wrong, mistaken = loss(logits.float(), kinds, counts)
        for piece, value in zip(pieces, mistaken.tolist(), strict=True):
            piece.mistaken = value
        self.optimizer.zero_grad()
        wrong.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1)
        self.optimizer.step()
        self.step += 1
        kept = AVERAGED if self.trained else min(AVERAGED, self.step / (self.step + 20))
        averaging(self.averaged, self.network, kept)
        return float(wrong.detach())


def train(settings: Settings, out: Path) -> Iterator[Report]:
    """Train from the checkpoint, or from the start; writes the file, and reports now and then."""
    torch.set_num_threads(settings.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    folders, held = settings.read()
    unseen = examples([held], 10**6)
    cases = [batched(list(islice(unseen, BATCH))) for _ in range(CASES)]
    training = Training.begun(settings, [scans for scans, _, _ in cases])
    seed, before = training.step, validated(training.averaged, cases)
    pace = training.pace = Pace(settings.minutes, training.pace.spent)
    yield Report(seed, pace.share, math.nan, before)
    pool = Pool(examples(folders, seed), seed)
    rng = np.random.default_rng([seed, 2])
    losses: list[float] = []
    table = before
    while pace.share < 1:
        losses.append(training.learn(pool.drawn(), rng))
        last = pace.share >= 1
        if training.step % EVERY == 0 or last:
            training.save(settings.checkpoint)
            if training.step % (TABLES * EVERY) == 0 or last:
                table = validated(training.averaged, cases)
                page(training.averaged, cases, settings.state / "examples.png")
            yield Report(training.step, pace.share, float(np.mean(losses)), table if last else "")
            losses = []
    export(training.averaged, out, {"purpose": "damage"})
    greys = [grey for grey in map(brightness, held) if grey is not None]
    regression = _marks.fitted(_marks.rows(greys, engines.load(out)))
    _onnx.describe(out, {"purpose": "damage", **_marks.written(regression)})
    scans = cases[0][0][:1]
    agreed = agreement(out, {"reliefs": scans.numpy()}, probabilities(training.averaged, scans))
    counted = sum(map(len, folders)), len(held), pace.seconds / 60, training.step
    start = settings.start.name if settings.start else ""
    card = Card(WHAT, *counted, start, before, table, agreed)
    out.with_suffix(".md").write_text(card.text(out), encoding="utf-8")
