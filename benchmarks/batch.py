"""Ratios of `restore batch`: to its peers, to itself, and whether it survives being killed.

    python -m benchmarks.batch                 all ratios: under 10 min on two free cores
    python -m benchmarks.batch peers           60 x 2 MP, against the tutorial
    python -m benchmarks.batch plain           12 x 24 MP, against decode + encode
    python -m benchmarks.batch jobs            40 x 2 MP, from one job to two
    python -m benchmarks.batch linear          400 small photos, against ten times as many
    python -m benchmarks.batch dask            60 x 2 MP, a Dask cluster of this machine
    python -m benchmarks.batch kill --kills 50 --photos 300
    python -m benchmarks.batch deaths --photos 10000   on Dask, a worker killed every 20 s

Whole processes, start-up included, one after the other; JPEGs of four shapes in turn. Ratios of
wall time mean little on a busy machine: look at the ratio of processor time beside them, which says
how much work there is, but not how well it is spread. The quickest of --runs counts.

What is compared with the tutorial: `tutorial.py` decodes, runs a network of the true layout of
Zhang 2016 with random weights (130 MB) at 224 x 224 on both cores with OpenCV, and encodes. Ours is
`led-concert` with the compact network that ships (9 MB) at 384 on the short side, one process for
each core, and three steps more. In the shell loop, the script starts and loads its network for
every photo, as people run it; in the Python loop, once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from benchmarks import _deaths, _killing
from benchmarks._processes import highest, networks, synthetic

HERE = Path(__file__).parent
TARGETS = {
    "tutorial script in a shell loop": (8.0, ">="),
    "tutorial's code in one Python loop": (2.5, ">="),
    "1 job to 2": (1.8, ">="),
    "decode + encode": (4.0, "<="),
    "time of ten times as many": (1.05, "<="),
    "parent's memory with ten times as many": (1.1, "<="),
    "Dask cluster of this machine": (1.1, "<="),
}
"""What each ratio is to reach. The two before the last are per photo, and of the peak."""
LOOP = """
import sys, cv2
sys.path.insert(0, sys.argv[3])
import tutorial
network = cv2.dnn.readNetFromONNX(sys.argv[2])
cv2.dnn.readNetFromONNX = lambda weights: network
from pathlib import Path
for photo in sorted(Path(sys.argv[1]).glob("*.jpg")):
    tutorial.main(str(photo), str(Path(sys.argv[4]) / photo.name), sys.argv[2])
"""
PLAIN = """
import sys, cv2
from pathlib import Path
cv2.setNumThreads(1)
for photo in sorted(Path(sys.argv[1]).glob("*.jpg"))[int(sys.argv[3])::2]:
    cv2.imwrite(str(Path(sys.argv[2]) / photo.name), cv2.imread(str(photo)))
"""


@dataclass(frozen=True)
class Ran:
    """Seconds a command took, processor seconds with its children's, and its peak MiB without."""

    wall: float
    cpu: float
    memory: float

    def over(self, other: Ran, share: float = 1) -> tuple[float, float]:
        """Ratios of wall and of processor time, times a share."""
        return share * self.wall / other.wall, share * self.cpu / other.cpu


ASPECTS = (3 / 2, 2 / 3, 4 / 3, 1)
"""Width by height of photos: networks and maps are fitted to each shape."""
Ratios = dict[str, tuple[float, float]]
"""By name: of wall time (or memory) and of processor time."""


def ran(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a command to its end.

    `_processes.cost` looks at the whole tree 50 times a second, which takes time from two jobs.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    held, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal held
        while not ended.wait(0.05):
            held = max(held, highest(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)[:200]} ends with {process.returncode}")
    return Ran(wall, used.ru_utime + used.ru_stime, held / 2**20)


def quickest(commands: Mapping[str, Sequence[str]], folder: Path, runs: int) -> dict[str, Ran]:
    """The quickest of several runs of each command; they take turns.

    "OUT" in a command stands for an empty folder.
    """
    best: dict[str, Ran] = {}
    for number in range(runs):
        for name, command in commands.items():
            out = folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            environment = {"XDG_STATE_HOME": str(folder / f"state-{number}-{len(name)}-{name[0]}")}
            made = ran([part.replace("OUT", str(out)) for part in command], environment)
            shutil.rmtree(environment["XDG_STATE_HOME"], ignore_errors=True)
            if name not in best or made.wall < best[name].wall:
                best[name] = made
    return best


def photos(folder: Path, count: int, megapixels: float) -> Path:
    """A folder of so many JPEGs of one size, in several shapes."""
    folder.mkdir(parents=True)
    for number in range(count):
        path, first = (folder / f"{n:05}.jpg" for n in (number, number % len(ASPECTS)))
        if number < len(ASPECTS):
            cv2.imwrite(str(path), synthetic(megapixels, aspect=ASPECTS[number]))
        else:
            shutil.copyfile(first, path)
    return folder


def ours(recipe: str, scans: Path, *options: str, threads: int = 0) -> list[str]:
    """The command that restores a folder into OUT."""
    limit = ["env", f"RESTORE_THREADS={threads}"] if threads else []
    command = [sys.executable, "-m", "restore", "batch", recipe, str(scans), "OUT", "-q"]
    return [*limit, *command, *options]


def peers(count: int, megapixels: float, runs: int, folder: Path) -> Ratios:
    """How many times as long the tutorial takes."""
    scans = photos(folder / "scans", count, megapixels)
    _, weights = networks(folder)
    script = f'"{sys.executable}" "{HERE / "tutorial.py"}"'
    loop = f'for p in "{scans}"/*.jpg; do {script} "$p" "OUT/$(basename "$p")" "{weights}"; done'
    python = [sys.executable, "-c", LOOP, str(scans), str(weights), str(HERE), "OUT"]
    took = quickest(
        {"ours": ours("led-concert", scans), "shell": ["sh", "-ec", loop], "python": python},
        folder, runs,
    )  # fmt: skip
    return {
        "tutorial script in a shell loop": took["shell"].over(took["ours"]),
        "tutorial's code in one Python loop": took["python"].over(took["ours"]),
    }


def jobs(count: int, megapixels: float, runs: int, folder: Path) -> Ratios:
    """How many times as fast two jobs are, each with a processor."""
    scans = photos(folder / "scans", count, megapixels)
    took = quickest(
        {
            "one": ours("led-concert", scans, "-j", "1", threads=1),
            "two": ours("led-concert", scans, "-j", "2", threads=2),
        },
        folder, runs,
    )  # fmt: skip
    return {"1 job to 2": took["one"].over(took["two"])}


def plain(count: int, megapixels: float, runs: int, folder: Path) -> Ratios:
    """How many times as long ours takes as reading and writing the same, both on two processors."""
    scans = photos(folder / "scans", count, megapixels)
    half = f"'{sys.executable}' -c '{PLAIN}' '{scans}' OUT"
    took = quickest(
        {
            "ours": ours("led-concert", scans, "-j", "2", threads=2),
            "plain": ["sh", "-ec", f"{half} 0 & {half} 1; wait"],
        },
        folder, runs,
    )  # fmt: skip
    return {"decode + encode": took["ours"].over(took["plain"])}


def linear(count: int, megapixels: float, runs: int, folder: Path) -> Ratios:
    """Time per photo and the parent's memory with ten times as many photos, as ratios."""
    few = photos(folder / "few", count, megapixels)
    many = photos(folder / "many", 10 * count, megapixels)
    took = quickest(
        {"few": ours("monochrome", few), "many": ours("monochrome", many)}, folder, runs
    )
    return {
        "time of ten times as many": took["many"].over(took["few"], 0.1),
        "parent's memory with ten times as many": (
            took["many"].memory / took["few"].memory,
            float("nan"),
        ),
    }


def dask(count: int, megapixels: float, runs: int, folder: Path) -> Ratios:
    """How many times as long a Dask cluster of two workers takes as two jobs, both started here."""
    scans = photos(folder / "scans", count, megapixels)
    took = quickest(
        {
            "ours": ours("led-concert", scans, "-j", "2", threads=2),
            "dask": ours("led-concert", scans, "-j", "2", "--engine", "dask"),
        },
        folder, runs,
    )  # fmt: skip
    return {"Dask cluster of this machine": took["dask"].over(took["ours"])}


MEASURES = {
    "peers": (peers, 60, 2.0),
    "plain": (plain, 12, 24.0),
    "jobs": (jobs, 40, 2.0),
    "linear": (linear, 400, 0.01),
    "dask": (dask, 60, 2.0),
}
"""What is measured, with how many photos of how many megapixels."""
HEAD = "| ratio | photos | MP | wall | cpu | to reach |\n|---|---|---|---|---|---|"


def main() -> int:
    """Print the ratios; 1 if --check finds one missed, or kills do harm."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "what", choices=["all", *MEASURES, "kill", "deaths"], nargs="*", default="all"
    )
    parser.add_argument("--photos", type=int)
    parser.add_argument("--megapixels", type=float)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    wrong = False
    if not {"kill", "deaths"}.intersection(asked.what):
        print(HEAD, flush=True)
    for what in MEASURES if "all" in asked.what else asked.what:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if what == "kill":
                tally = _killing.kill(asked.kills, asked.photos or 300, asked.seed, folder)
                killed = ", ".join(f"{count} times {who}" for who, count in tally.kills.items())
                print(f"{tally.batches} batches, killed {killed}")
                print("\n".join(tally.faults) or "every result once, byte for byte")
                wrong |= bool(tally.faults)
                continue
            if what == "deaths":
                scans = photos(folder / "scans", asked.photos or 10_000, asked.megapixels or 0.0004)
                fate = _deaths.deaths(scans, folder, seed=asked.seed)
                print(f"workers killed {fate.kills} times, lost: {len(fate.lost)}", *fate.lost[:9])
                first, last = fate.ends
                print(f"scheduler's memory: {first:.0f} MiB at first, {last:.0f} at the end")
                wrong |= bool(fate.lost) or last > 1.1 * first
                continue
            measure, count, megapixels = MEASURES[what]
            count, megapixels = asked.photos or count, asked.megapixels or megapixels
            for ratio, (value, cpu) in measure(count, megapixels, asked.runs, folder).items():
                limit, sign = TARGETS[ratio]
                missed = value < limit if sign == ">=" else value > limit
                wrong |= missed
                verdict = f"{sign} {limit}{', missed' if missed else ''}"
                shown = f"{value:.2f} | {cpu:.2f} | {verdict}".replace("nan", "")
                print(f"| {ratio} | {count} | {megapixels:g} | {shown} |", flush=True)
    return 1 if asked.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
