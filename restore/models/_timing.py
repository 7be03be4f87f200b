"""Time engines in processes of their own, for `restore models bench`.

    python -m restore.models._timing FILE ENGINE PRECISION RESULT [SIDE...]

prints the time of the first result and, for each further side, milliseconds per forward pass; the
first logits go to RESULT. Everything before the first result counts: the interpreter, the packages,
reading and compiling the network.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.color import Array
from restore.errors import WeightsError
from restore.models.engines import Precision, load

FIRST = 224
"""Side of the input that a fresh process colorizes, in pixels."""
LEAST, MOST, LONGEST = 3, 9, 6.0
"""Forward passes timed per side: at least, at most, and seconds after which no other starts."""


@dataclass(frozen=True, eq=False)
class Timing:
    """Measurements, in seconds and bytes.

    Attributes
    ----------
    first, again
        From starting a process to its first result: when nothing is in the cache of compiled
        networks, and when the network is.
    forward
        Median seconds per forward pass, by the input's side in pixels.
    memory
        The process's peak, in bytes; None where the system does not report it.
    logits
        Its first result.
    """

    first: float
    again: float
    forward: dict[int, float]
    memory: int | None
    logits: Array


def measure(
    onnx: Path, engine: str, precision: Precision, sides: Sequence[int], folder: Path
) -> Timing:
    """Time one engine in two fresh processes, with the compile cache in `folder`.

    Raises
    ------
    WeightsError
        If the engine cannot run it.
    """
    result = folder / "logits.npy"
    starts, measured = [], {}
    for asked in ((), sides):
        since = time.time()
        child = subprocess.run(
            [sys.executable, "-m", __name__, onnx, engine, precision, result, *map(str, asked)],
            env={**os.environ, "XDG_CACHE_HOME": str(folder / engine / precision)},
            capture_output=True,
            text=True,
        )
        if child.returncode:
            reason = child.stderr.strip().rpartition("\n")[2]
            raise WeightsError(f"{engine}: cannot run {onnx.name}: {reason[:200]}")
        measured = json.loads(child.stdout)
        starts.append(measured["at"] - since)
    forward = {int(side): seconds for side, seconds in measured["forward"].items()}
    return Timing(starts[0], starts[1], forward, measured["memory"], np.load(result))


def lightness(side: int) -> Array:
    """A made-up (1, 1, side, side) photo in CIE L*: soft shapes and a little grain."""
    import cv2

    random = np.random.default_rng(side)
    shapes = random.uniform(0, 100, (side // 16 + 1, side // 16 + 1)).astype(np.float32)
    photo = cv2.resize(shapes, (side, side), interpolation=cv2.INTER_CUBIC)
    photo += random.normal(0, 3, photo.shape).astype(np.float32)
    return photo.clip(0, 100)[None, None]


def _peak() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _main(onnx: str, engine: str, precision: Precision, result: str, *sides: str) -> None:
    network = load(Path(onnx), engine, precision)
    logits = network(lightness(FIRST))
    at = time.time()
    np.save(result, logits)
    forward = {}
    for side in map(int, sides):
        photo = lightness(side)
        network(photo)
        times: list[float] = []
        while len(times) < LEAST or (len(times) < MOST and sum(times) < LONGEST):
            since = time.perf_counter()
            network(photo)
            times.append(time.perf_counter() - since)
        forward[side] = statistics.median(times)
    print(json.dumps({"at": at, "forward": forward, "memory": _peak()}))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], "bf16" if sys.argv[3] == "bf16" else "f32", *sys.argv[4:])
