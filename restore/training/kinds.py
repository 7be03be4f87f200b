"""Fit the networks that classify photos, `restore/data/kinds.npz`.

    python -m restore.training.kinds PHOTOS VALIDATION --out restore/data/kinds.npz

PHOTOS and VALIDATION are folders of sound colour photos, or of tar archives of them. Each photo is
seen as it is, as another light would have it (mist, night, sunset …), and damaged in one way: by
coloured lamps, by fading, or made black and white. Softmax with weight decay, fitted by L-BFGS.
"""

from __future__ import annotations

import argparse
import tarfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis import kinds
from restore.simulate.folder import reduced
from restore.training._scenes import DRAWN

NETWORKS, HIDDEN = 4, 32
DECAY = 2.5e-3
RARE, AGAIN = "weather", 6
"""Name of photos that count so many times: sunsets, mist and clouds, of which there are few."""
Weights = dict[str, NDArray[np.float32]]


def packed(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the photos of a folder, or of the archives in it."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".tar":
            with tarfile.open(path) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    if file:
                        yield member.name, file.read()
        else:
            yield path.name, path.read_bytes()


def opened(data: bytes) -> color.Array:
    """(h, w, 3) float32 sRGB-encoded 0 … 1."""
    codes: NDArray[np.uint8] = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return codes[..., ::-1].astype(np.float32) / np.float32(255)


def seen(task: tuple[int, bytes]) -> list[tuple[int, color.Array]]:
    """Kinds and measures of one photo as it is, as another light has it, and damaged."""
    cv2.setNumThreads(1)
    number, data = task
    photo, rng = reduced(opened(data), kinds.SIDE), np.random.default_rng(number)
    damaged = (1, 2, 2, 3)[number % 4]
    drawn = [(0, photo)] + [(k, DRAWN[kinds.KINDS[k]](photo, rng)) for k in (0, damaged)]
    return [(kind, kinds.measures(picture)) for kind, picture in drawn]


def examples(folder: Path, most: int, jobs: int) -> tuple[NDArray[np.int64], color.Array]:
    """(n,) numbers of the kinds and (n, f) measures; `RARE` sound photos come several times."""
    photos = list(packed(folder))
    order = np.random.default_rng(0).permutation(len(photos))[:most]
    tasks = [(int(number), photos[number][1]) for number in order]
    with ProcessPoolExecutor(jobs) as pool:
        parts = list(pool.map(seen, tasks, chunksize=16))
    labels, values = [], []
    for number, part in zip(order, parts, strict=True):
        rare = Path(photos[number][0]).name.startswith(RARE)
        for kind, measured in part:
            times = AGAIN if rare and kind == 0 else 1
            labels += [kind] * times
            values += [measured] * times
    return np.array(labels), np.stack(values)


def fitted(labels: NDArray[np.int64], values: color.Array, seed: int = 0) -> Weights:
    """Weights of one network."""
    from scipy.optimize import minimize

    count, hidden, out = values.shape[1], HIDDEN, len(kinds.KINDS)
    mean, deviation = values.mean(0), values.std(0) + 1e-3
    near = ((values - mean) / deviation).clip(-kinds.FURTHEST, kinds.FURTHEST).astype(np.float64)
    target = np.eye(out)[labels]
    weight = (1 / out / target.mean(0))[labels][:, None]
    sizes = [(count, hidden), (hidden,), (hidden, out), (out,)]
    ends = np.cumsum([int(np.prod(size)) for size in sizes])

    def parts(flat: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        return [p.reshape(s) for p, s in zip(np.split(flat, ends[:-1]), sizes, strict=True)]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w1, b1, w2, b2 = parts(flat)
        inner = np.tanh(near @ w1 + b1)
        logits = inner @ w2 + b2
        logits -= logits.max(1, keepdims=True)
        chance = np.exp(logits)
        chance /= chance.sum(1, keepdims=True)
        error = -(weight * target * np.log(chance + 1e-12)).sum() / len(near)
        slope = weight * (chance - target) / len(near)
        back = slope @ w2.T * (1 - inner**2)
        gradient = [near.T @ back + DECAY * w1, back.sum(0), inner.T @ slope, slope.sum(0)]
        gradient[2] += DECAY * w2
        decay = DECAY / 2 * ((w1**2).sum() + (w2**2).sum())
        return error + decay, np.concatenate([g.ravel() for g in gradient])

    rng = np.random.default_rng(seed)
    start = np.concatenate([rng.normal(0, 0.1, int(np.prod(size))) for size in sizes])
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    names = ("hidden", "hidden_bias", "out", "bias")
    weights = dict(zip(names, parts(best.x), strict=True)) | {"mean": mean, "deviation": deviation}
    return {name: value.astype(np.float32) for name, value in weights.items()}


def table(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> str:
    """The confusion matrix, in %."""
    lines = [f"{'':8}" + "".join(f"{name:>8}" for name in kinds.KINDS)]
    for kind, name in enumerate(kinds.KINDS):
        own = predicted[labels == kind]
        shares = [100 * (own == other).mean() for other in range(len(kinds.KINDS))]
        lines.append(f"{name:8}" + "".join(f"{share:8.1f}" for share in shares))
    return "\n".join(lines)


def main() -> None:
    """Fit, check, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("validation", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=12000, help="photos to fit on")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    labels, values = examples(given.photos, given.most, given.jobs)
    networks = [fitted(labels, values, seed) for seed in range(NETWORKS)]
    weights = {name: np.stack([w[name] for w in networks]) for name in networks[0]}
    np.savez(given.out, **{n: v.astype(np.float16) for n, v in weights.items()})  # type: ignore[arg-type]
    for folder in (given.photos, given.validation):
        if folder == given.validation:
            labels, values = examples(folder, given.most, given.jobs)
        print(folder.name, len(labels))
        print(table(labels, kinds.chances(weights, values).argmax(1)), flush=True)


if __name__ == "__main__":
    main()
