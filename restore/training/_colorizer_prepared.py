"""What the colorizer's training needs of each photo, prepared once and kept in a file.

Only the part that weighs evidence is trained. All before it is calculated once for a photo: the
features of its lightness, the distribution's moments, and what stage light leaves of its colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restore import color
from restore.training import _colorizer_samples
from restore.training._colorizer_network import FEATURES, Colorizer
from restore.training._colorizer_samples import CELL, Sample
from restore.training._photos import decoded
from restore.training._session import calculating, device, is_half_fast

STAGED = 4
"""One of so many photos is lit by coloured lamps."""
OTHERS = 9
"""Values of a cell beside its features: 3 moments, L*, a* b*, 3 of evidence."""
AT_ONCE = 16
"""Photos that are prepared together."""


@dataclass(eq=False)
class Prepared:
    """A file of prepared photos, which grows.

    Attributes
    ----------
    side
        Cells of a photo each way.
    """

    path: Path
    side: int

    @property
    def dtype(self) -> np.dtype[np.void]:
        """One photo: features as the upper halves of float32 numbers (bfloat16), and the rest."""
        shape = self.side, self.side
        return np.dtype(
            [("features", np.int16, (*shape, FEATURES)), ("others", np.float16, (*shape, OTHERS))]
        )

    def __len__(self) -> int:
        return self.path.stat().st_size // self.dtype.itemsize if self.path.exists() else 0

    def read(self) -> NDArray[np.void]:
        """All that is there, by photo; not loaded into memory."""
        return np.memmap(self.path, self.dtype, "r", shape=(len(self),))

    def add(self, drawn: Sequence[Sample], network: Colorizer) -> None:
        """Prepare more photos."""
        with self.path.open("ab") as file:
            file.write(self._records(drawn, network).tobytes())

    def _records(self, drawn: Sequence[Sample], network: Colorizer) -> NDArray[np.void]:
        lightness = torch.from_numpy(np.stack([s.lightness for s in drawn])[:, None]).to(device())
        with torch.no_grad(), calculating():
            features = network.features(lightness.contiguous(memory_format=torch.channels_last))
            guess = network.guess(features.float())
        cell = torch.nn.functional.avg_pool2d(lightness, CELL)
        none = np.zeros((self.side, self.side, 3), np.float32)
        measured = np.stack([none if s.measured is None else s.measured for s in drawn])
        records = np.zeros(len(drawn), self.dtype)
        bits = features.bfloat16().movedim(1, -1).contiguous().view(torch.int16)
        records["features"] = bits.cpu().numpy()
        seen = torch.cat([guess.float(), cell], 1).movedim(1, -1).cpu().numpy()
        records["others"] = np.concatenate([seen, np.stack([s.ab for s in drawn]), measured], -1)
        return records


class Batch(NamedTuple):
    """Photos side by side: (n, channels, h, w); `ab` (n, h, w, 2)."""

    features: Tensor
    guess: Tensor
    light: Tensor
    evidence: Tensor
    ab: Tensor


def samples(photos: Sequence[bytes], size: int, rng: np.random.Generator) -> list[Sample]:
    """Squares of photos, one of `STAGED` under stage light."""
    squares = []
    for number, photo in enumerate(photos):
        codes = decoded(photo)
        if codes is not None:
            draw = _colorizer_samples.sample if number % STAGED else _colorizer_samples.staged
            squares.append(draw(codes, size, rng))
    return squares


def batches(prepared: Prepared, size: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Endless batches of the photos that are prepared, with evidence that is new each time."""
    while True:
        photos = prepared.read()
        order = rng.permutation(len(photos))
        for chosen in np.array_split(order, max(1, len(order) // size)):
            yield batch(photos[np.sort(chosen)], rng)


def batch(photos: NDArray[np.void], rng: np.random.Generator) -> Batch:
    """Prepared photos with evidence; every other batch is mirrored."""
    others = photos["others"].astype(np.float32)
    given = loaded(photos, np.stack([_evidence(one, rng) for one in others]))
    if rng.random() < 0.5:
        features, guess, cell, evidence = (part.flip(-1) for part in given[:-1])
        return Batch(features, guess, cell, evidence, given.ab.flip(2))
    return given


def loaded(photos: NDArray[np.void], evidence: color.Array) -> Batch:
    """Prepared photos with evidence (n, h, w, 4)."""
    features = torch.from_numpy(np.ascontiguousarray(photos["features"])).view(torch.bfloat16)
    if not is_half_fast():
        features = features.float()
    others = torch.from_numpy(photos["others"].astype(np.float32))
    parts = features, others[..., :3], others[..., 3:4], torch.from_numpy(evidence)
    seen, guess, cell, given = (part.to(device()).movedim(-1, 1) for part in parts)
    return Batch(seen, guess, cell, given, others[..., 4:6].to(device()))


def _evidence(others: color.Array, rng: np.random.Generator) -> color.Array:
    """Evidence (h, w, 4) for one photo's `others` (h, w, 9)."""
    ab = _colorizer_samples.at_half(others[..., 4:6], others[..., 3])
    if not others[..., 6:].any():
        return _colorizer_samples.evidence(ab, rng)
    given = staged(others)
    if rng.random() < 0.1:
        drawn = _colorizer_samples.hints(ab, int(rng.integers(1, 10)), rng)
        given = _colorizer_samples.marked(given, drawn)
    return given


def staged(others: color.Array) -> color.Array:
    """Evidence (…, 4) that stage light left, from photos' `others` (…, 9)."""
    return np.concatenate([others[..., 6:], np.zeros_like(others[..., :1])], -1)
