"""Train the network that distinguishes damage from the content of a photo.

    python -m restore.training.damage --photos FOLDER --out damage.onnx [--state FOLDER]

`FOLDER` holds photos, or tar files of photos; damage is drawn on pieces of them as they are needed
(`simulate.worn`). Training resumes from the state folder, where a checkpoint, a validation table
and a page of examples are written now and then.
"""

from __future__ import annotations

import argparse
import copy
import math
import tarfile
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from restore import color
from restore.simulate.worn import Worn, worn

SIDE, BATCH = 128, 8
WIDTHS = (16, 32, 64, 96)
"""Channels at a half, a quarter, an eighth and a sixteenth of the size."""
USUAL = (2.0, -1.0, -2.0, -2.0)
"""Logits to begin with: most pixels are sound."""
RELIEFS = (3, 7, 19)
"""Sides in pixels of the squares that define narrow."""
PLANES = 1 + 2 * len(RELIEFS)
KINDS = 4
"""Sound, line, spot, loss."""
RATE, DECAY, AVERAGED = 4e-3, 0.01, 0.995
EVERY = 100
"""Steps between checkpoints."""
POOL, FRESH = 768, 2
"""Pieces kept to learn from again, and how many of them are new at each step.

Drawing a piece takes as long as half of learning from it."""


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


def packed_photos(folder: Path) -> list[bytes]:
    """The files of a folder's photos, and of those in its tar files."""
    photos = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".tar":
            with tarfile.open(path) as tar:
                members = (tar.extractfile(member) for member in tar if member.isfile())
                photos += [member.read() for member in members if member]
        elif path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"):
            photos.append(path.read_bytes())
    return photos


def brightness(packed: bytes) -> color.Array | None:
    """(h, w) encoded brightness 0 … 1, at most 1024 pixels on the long side; None if unreadable."""
    codes = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_GRAYSCALE)
    if codes is None or min(codes.shape) < 32:
        return None
    grey = codes.astype(np.float32) / np.float32(255)
    shrink = 1024 / max(grey.shape)
    return (
        grey
        if shrink >= 1
        else cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    )


def examples(photos: list[bytes], seed: int, sound: float | None = None) -> Iterator[Worn]:
    """Worn pieces without end."""
    number = 0
    while True:
        rng = np.random.default_rng([seed, number])
        photo = brightness(photos[rng.integers(len(photos))])
        if photo is not None:
            yield worn(photo, SIDE, rng, sound)
        number += 1


def reliefs(grey: color.Array) -> color.Array:
    """The network's input (7, h, w) from (h, w) encoded brightness.

    The brightness, and how far each pixel rises above and falls below it once everything narrower
    than `RELIEFS` is removed: lines and spots whatever the tone around them.
    """
    grey = np.clip(grey, 0, 1).astype(np.float32)
    planes = [grey - np.float32(0.5)]
    for side in RELIEFS:
        square = np.ones((side, side), np.uint8)
        planes.append(3 * cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, square))
        planes.append(3 * cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, square))
    return np.stack(planes)


def again(pieces: Iterator[Worn], seed: int) -> Iterator[list[Worn]]:
    """Batches out of a pool that some new pieces come into each time, mirrored, lighter, darker."""
    rng = np.random.default_rng([seed, 1])
    pool: list[Worn] = []
    while True:
        pool += [next(pieces) for _ in range(FRESH if len(pool) >= BATCH else BATCH)]
        del pool[:-POOL]
        newest = pool[-FRESH:]
        others = [pool[number] for number in rng.integers(0, len(pool), BATCH - FRESH)]
        yield [_changed(piece, rng) for piece in newest + others]


def _changed(piece: Worn, rng: np.random.Generator) -> Worn:
    scan = piece.scan ** np.float32(np.exp(rng.normal(0, 0.2)))
    way = slice(None, None, rng.choice([-1, 1]))
    return Worn(scan[:, way], piece.kind[:, way], piece.counts[:, way])


def batch(taken: list[Worn]) -> tuple[Tensor, Tensor, Tensor]:
    """What is seen (n, 7, h, w), kinds (n, h, w) and what counts (n, h, w)."""
    scans = torch.from_numpy(np.stack([reliefs(piece.scan) for piece in taken]))
    kinds = torch.from_numpy(np.stack([piece.kind for piece in taken]).astype(np.int64))
    counts = torch.from_numpy(np.stack([piece.counts for piece in taken]))
    return scans.contiguous(memory_format=torch.channels_last), kinds, counts


def loss(logits: Tensor, kinds: Tensor, counts: Tensor) -> Tensor:
    """Cross-entropy, for true probabilities, plus a little overlap, as damage is rare."""
    entropy = functional.cross_entropy(logits, kinds, reduction="none")
    damaged = 1 - logits.softmax(1)[:, 0]
    there = (kinds > 0) * counts
    overlap = (2 * (damaged * there).sum() + 50) / (((damaged + there) * counts).sum() + 50)
    return (entropy * counts).mean() * 4 + 0.3 * (1 - overlap)


def validated(network: nn.Module, cases: list[tuple[Tensor, Tensor, Tensor]]) -> str:
    """A table: recall of each kind, precision, and what is taken of sound pieces, by threshold."""
    network.eval()
    given, kinds, counts, sound = [], [], [], []
    with torch.inference_mode():
        for scans, truth, weight in cases:
            given.append(1 - network(scans).softmax(1)[:, 0].numpy())
            kinds.append(truth.numpy())
            counts.append(weight.numpy() > 0)
            sound.append((truth == 0).all(2).all(1).numpy())
    p, kind, counted, clean = (np.concatenate(part) for part in (given, kinds, counts, sound))
    lines = ["threshold  line  spot  loss  precision  taken of sound pieces (%)"]
    for threshold in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98):
        taken = p > threshold
        recall = [100 * taken[(kind == number) & counted].mean() for number in (1, 2, 3)]
        right = 100 * (kind > 0)[taken & counted].mean() if taken.any() else 100.0
        row = f"{threshold:9.2f}" + "".join(f"{value:6.1f}" for value in recall)
        lines.append(f"{row}{right:11.1f}{100 * taken[clean].mean():12.4f}")
    return "\n".join(lines)


def page(network: nn.Module, cases: list[tuple[Tensor, Tensor, Tensor]], path: Path) -> None:
    """Examples: scans, what is damage (red line, green spot, blue loss), and what was seen."""
    network.eval()
    rows = []
    with torch.inference_mode():
        for scans, kinds, _ in cases[:6]:
            p = network(scans).softmax(1).numpy()[:, 1:]
            truth = np.stack([kinds.numpy() == number for number in (1, 2, 3)], 1)
            parts = (np.repeat(scans.numpy()[:, :1] + 0.5, 3, 1), truth.astype(np.float32), p)
            columns = [np.concatenate(list(part.transpose(0, 2, 3, 1)), 1) for part in parts]
            rows.append(np.concatenate(columns))
    cv2.imwrite(str(path), (np.concatenate(rows)[..., ::-1] * 255).astype(np.uint8))


def export(network: nn.Module, path: Path) -> None:
    """Write the network as ONNX, weights in half precision, probabilities of the kinds out."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    whole = nn.Sequential(copy.deepcopy(network), nn.Softmax(1)).eval()
    scan = torch.zeros(1, PLANES, 64, 64)
    sizes = {2: "height", 3: "width"}
    torch.onnx.export(
        whole,
        (scan,),
        str(path),
        input_names=["reliefs"],
        output_names=["kinds"],
        dynamic_axes={"reliefs": sizes, "kinds": sizes},
        opset_version=13,
        dynamo=False,
    )
    model = onnx.load(str(path))
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > 64:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.producer_name, model.doc_string = "restore.training.damage", ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _follow(averaged: nn.Module, network: nn.Module, keep: float) -> None:
    """Move the averaged weights towards those of the network."""
    pairs = zip(averaged.state_dict().values(), network.state_dict().values(), strict=True)
    with torch.no_grad():
        for own, new in pairs:
            own.copy_(own.lerp(new, 1 - keep) if own.is_floating_point() else new)


def train(
    photos: Path, state: Path, steps: int, minutes: float, held_out: Path | None
) -> nn.Module:
    """Train from the checkpoint in `state`, or from scratch; the averaged network."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    network: nn.Module = Detector().to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    step, checkpoint = 0, state / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        averaged.load_state_dict(saved["averaged"])
        optimizer.load_state_dict(saved["optimizer"])
        step = saved["step"]
    state.mkdir(parents=True, exist_ok=True)
    tests = packed_photos(held_out or photos)
    unseen = examples(tests, 10**6)
    cases = [batch(list(islice(unseen, BATCH))) for _ in range(10)]
    batches = again(examples(packed_photos(photos), step), step)
    begun, total = time.monotonic(), 0.0
    while step < steps and time.monotonic() - begun < 60 * minutes:
        falling = 0.01 + 0.99 * (1 + math.cos(math.pi * step / steps)) / 2
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 100) * falling
        scans, kinds, counts = batch(next(batches))
        network.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(scans)
        wrong = loss(logits.float(), kinds, counts)
        optimizer.zero_grad()
        wrong.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1)
        optimizer.step()
        step += 1
        _follow(averaged, network, min(AVERAGED, step / (step + 20)))
        total += float(wrong.detach())
        if step % EVERY == 0 or step == steps:
            parts = {"network": network, "averaged": averaged, "optimizer": optimizer}
            saved = {name: part.state_dict() for name, part in parts.items()}
            torch.save({**saved, "step": step}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
            minute = (time.monotonic() - begun) / 60
            print(f"{step} of {steps}, {minute:.1f} min, loss {total / EVERY:.4f}", flush=True)
            total = 0.0
            if step % (4 * EVERY) == 0 or step == steps:
                table = validated(averaged, cases)
                (state / "validation.txt").write_text(f"step {step}\n{table}\n")
                print(table, flush=True)
                page(averaged, cases, state / "examples.png")
    return averaged


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos or tar files")
    parser.add_argument("--held-out", type=Path, help="folder of photos to validate with")
    parser.add_argument("--out", type=Path, required=True, help="ONNX file to write")
    parser.add_argument("--state", type=Path, default=Path("damage-state"), help="checkpoints")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after that long")
    given = parser.parse_args()
    network = train(given.photos, given.state, given.steps, given.minutes, given.held_out)
    export(network, given.out)
    print(given.out)


if __name__ == "__main__":
    main()
