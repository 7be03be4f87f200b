"""What a process costs, and what it is given: synthetic photos, networks with random weights."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import psutil

MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """What a process and its children cost: seconds, processor seconds, peak MiB together."""

    wall: float
    cpu: float
    peak: float


def cost(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end and tell what it cost.

    The peak is the larger of the largest process's own (as the system keeps it) and the sum over
    the process tree, both looked at 50 times a second; memory that two processes share counts
    twice. `ru_maxrss` would not do: it begins with what the benchmark itself held.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    together = 0.0
    ended = threading.Event()

    def watch() -> None:
        nonlocal together
        root = psutil.Process(process.pid)
        while not ended.wait(0.02):
            try:
                tree = [root, *root.children(recursive=True)]
                together = max(together, sum(one.memory_info().rss for one in tree))
                together = max(together, *(highest(one.pid) for one in tree))
            except (psutil.Error, OSError):
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        messages = process.stderr.read().decode() if process.stderr else ""
        raise SystemExit(f"{' '.join(command)} failed:\n{messages}")
    return Cost(wall, used.ru_utime + used.ru_stime, together / MIB)


def highest(pid: int) -> int:
    """The most bytes a process has held in memory so far, 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def best(
    commands: Mapping[str, Sequence[str]], environment: dict[str, str], runs: int
) -> dict[str, Cost]:
    """{name: least wall time with its processor time, and largest peak} of several runs.

    The commands take turns, so that a machine that gets slower does so for all of them.
    """
    costed: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            costed[name].append(cost(command, environment))
    costs = {}
    for name, ran in costed.items():
        quickest = min(ran, key=lambda one: one.wall)
        costs[name] = Cost(quickest.wall, quickest.cpu, max(one.peak for one in ran))
    return costs


def synthetic(megapixels: float, depth: type = np.uint8, aspect: float = 1.5) -> np.ndarray:
    """A picture of soft shapes, edges and film grain, (height, width, 3) B G R."""
    height = round((megapixels * 1e6 / aspect) ** 0.5)
    width = round(height * aspect)
    random = np.random.default_rng(1)
    top = np.iinfo(depth).max
    picture = np.empty((height, width, 3), depth)
    coarse = random.random((12, 18, 3), np.float32)
    for begin in range(0, height, 256):
        rows = min(256, height - begin)
        place = np.float32((np.arange(begin, begin + rows) + 0.5) / height * 11)
        across = np.float32((np.arange(width) + 0.5) / width * 17)
        strip = cv2.remap(
            coarse, np.tile(across, (rows, 1)), np.tile(place[:, None], (1, width)),
            cv2.INTER_LINEAR,
        )  # fmt: skip
        edges = (np.arange(begin, begin + rows)[:, None] // 97 + np.arange(width) // 131) % 2
        strip = strip * 0.7 + edges[..., None].astype(np.float32) * 0.15 + 0.05
        strip += random.standard_normal((rows, width, 1), np.float32) * 0.01
        picture[begin : begin + rows] = (strip.clip(0, 1) * top).astype(depth)
    return picture


def networks(folder: Path) -> tuple[Path, Path]:
    """A model folder with random weights in place of Zhang's, and an ONNX with an ab output."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from restore.colorizers._grid import grid
    from restore.models import _zhang

    models = folder / "models"
    models.mkdir()
    made = models / "zhang2016.onnx"
    metadata = {"file": "random weights", "source_sha256": "none", "published": "no"}
    _zhang.write(made, _zhang.random_weights(1), metadata)
    model = onnx.load(made)
    graph = model.graph
    centres = grid().T.astype(np.float32)[:, :, None, None]
    graph.initializer.append(numpy_helper.from_array(np.float32(2.606), "rate"))
    graph.initializer.append(numpy_helper.from_array(centres, "centres"))
    graph.node.append(helper.make_node("Mul", ["logits", "rate"], ["scaled"]))
    graph.node.append(helper.make_node("Softmax", ["scaled"], ["p"], axis=1))
    graph.node.append(helper.make_node("Conv", ["p", "centres"], ["ab"]))
    del graph.output[:]
    output = helper.make_tensor_value_info("ab", TensorProto.FLOAT, [1, 2, "h", "w"])
    graph.output.append(output)
    peer = folder / "tutorial.onnx"
    onnx.save(model, peer)
    return models, peer
