"""Time, processor time and peak memory of whole cold processes, as ratios to a named peer.

    python benchmarks/speed.py                 24 MP JPEG: ours, the tutorial, decode + encode
    python benchmarks/speed.py --sizes 12 60   other sizes
    python benchmarks/speed.py --steps         each step alone, in MP/s on one core
    python benchmarks/speed.py --check         exit status 1 where a target is missed

All in one go on one machine. The network is one of the true layout of Zhang 2016 with random
weights: time does not depend on their values. The peer (`tutorial.py`) runs it with OpenCV's dnn,
as tutorials do; ours with the default engine, read from a model folder that the benchmark fills.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import psutil

HERE = Path(__file__).parent
MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """What a process and its children cost: seconds, processor seconds, peak MiB together."""

    wall: float
    cpu: float
    peak: float


def cost(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end and tell what it cost.

    The peak is the larger of the largest process's own (from the system) and the sum over the
    process tree (looked at every 5 ms; memory that two processes share counts twice).
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
        while not ended.wait(0.005):
            try:
                tree = [root, *root.children(recursive=True)]
                together = max(together, sum(one.memory_info().rss for one in tree))
            except psutil.Error:
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        told = process.stderr.read().decode() if process.stderr else ""
        raise SystemExit(f"{' '.join(command)} failed:\n{told}")
    peak = max(used.ru_maxrss * 1024, together) / MIB
    return Cost(wall, used.ru_utime + used.ru_stime, peak)


def best(command: Sequence[str], environment: dict[str, str], runs: int) -> Cost:
    """The least wall time with its processor time, and the largest peak, of several runs."""
    found = [cost(command, environment) for _ in range(runs)]
    quickest = min(found, key=lambda one: one.wall)
    return Cost(quickest.wall, quickest.cpu, max(one.peak for one in found))


def synthetic(megapixels: float, depth: type = np.uint8) -> np.ndarray:
    """A picture of soft shapes, edges and film grain, 3:2, (height, width, 3) B G R."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(height * 1.5)
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
    from restore.networks import _zhang

    models = folder / "models"
    models.mkdir()
    made = models / "zhang2016.onnx"
    _zhang.write(made, _zhang.random_weights(1), {"source": "random weights"})
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


def whole(megapixels: float, runs: int, folder: Path) -> dict[str, Cost]:
    """Costs of ours, the tutorial and decode + encode for one size of JPEG."""
    models, peer = networks(folder)
    photo = folder / "photo.jpg"
    cv2.imwrite(str(photo), synthetic(megapixels), [cv2.IMWRITE_JPEG_QUALITY, 92])
    environment = {
        **os.environ,
        "RESTORE_MODELS": str(models),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(2**40),
    }
    out = folder / "out"
    ours = [sys.executable, "-m", "restore", "run"]
    rest = [str(photo), "--overwrite", "-q", "-o", str(out)]
    plain = "import cv2, sys; cv2.imwrite(sys.argv[2], cv2.imread(sys.argv[1]))"
    both = [str(photo), str(folder / "result.jpg")]
    found = {
        "decode + encode (cv2)": best([sys.executable, "-c", plain, *both], environment, runs),
        "tutorial script": best(
            [sys.executable, str(HERE / "tutorial.py"), *both, str(peer)], environment, runs
        ),
    }
    for recipe in ("colorize", "led-concert"):
        command = [*ours, recipe, *rest, "-s", "colorize.model=zhang2016"]
        found[f"{recipe}, first run (network compiled)"] = cost(command, environment)
        found[recipe] = best(command, environment, runs)
    small = [*ours, "colorize", *rest, "-s", "colorize.model=compact"]
    cost(small, environment)
    found["colorize, compact network"] = best(small, environment, runs)
    return found


def table(found: dict[str, Cost], megapixels: float) -> str:
    """Markdown, with ratios to the tutorial script."""
    peer, plain = found["tutorial script"], found["decode + encode (cv2)"]
    lines = [
        f"{megapixels:g} MP JPEG, {len(os.sched_getaffinity(0))} cores, OpenCV {cv2.__version__}",
        "",
        "| whole process | wall s | cpu s | peak MiB | wall / tutorial | peak / tutorial "
        "| wall / decode + encode |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        lines.append(
            f"| {name} | {one.wall:.2f} | {one.cpu:.2f} | {one.peak:.0f} | "
            f"{one.wall / peer.wall:.2f} | {one.peak / peer.peak:.2f} | "
            f"{one.wall / plain.wall:.2f} |"
        )
    return "\n".join(lines)


TARGETS = {
    ("colorize", "wall"): 0.5,
    ("colorize", "peak"): 0.35,
    ("led-concert", "wall"): 0.4,
    ("led-concert", "peak"): 0.3,
}
"""Most that ours may cost of the tutorial script's at 24 MP."""


def each_step(megapixels: float) -> str:
    """Markdown: each step's render alone on one core, 8 bits in and out, and its plan."""
    from restore import steps
    from restore.photo import Photo
    from restore.render import render_photo
    from restore.space import Space

    cv2.setNumThreads(1)
    photo = Photo(np.ascontiguousarray(synthetic(megapixels)[..., ::-1]))
    proxy = photo.proxy()
    lines = ["| step | plan s | MP/s, one core |", "|---|---|---|"]
    for name in steps.names():
        began = time.perf_counter()
        render = steps.get(name).plan(proxy)
        planned = time.perf_counter() - began
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            render_photo(photo, render, Space(), threads=1)
            seconds.append(time.perf_counter() - began)
        lines.append(f"| {name} | {planned:.2f} | {megapixels / min(seconds):.0f} |")
    return "\n".join(lines)


def main() -> int:
    """Print the tables; 1 if --check finds a target missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=[24], metavar="MP")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    if asked.steps:
        print(each_step(asked.sizes[0]))
        return 0
    missed = []
    for megapixels in asked.sizes:
        with tempfile.TemporaryDirectory() as folder:
            found = whole(megapixels, asked.runs, Path(folder))
        print(table(found, megapixels), end="\n\n")
        for (name, what), most in TARGETS.items():
            ratio = getattr(found[name], what) / getattr(found["tutorial script"], what)
            if megapixels == 24 and ratio > most:
                missed.append(f"{name}: {what} {ratio:.2f} of the tutorial's, to reach {most}")
    print("\n".join(missed))
    return 1 if asked.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
