"""A batch on a Dask cluster whose workers are killed again and again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from restore.work import sums

EVERY = 20.0
"""Seconds from one kill to the next."""
SETTLED = 0.2
"""Share of the run after which the scheduler's memory counts."""


@dataclass
class Deaths:
    """What a run with killed workers came to.

    Attributes
    ----------
    kills
        How often a worker was killed.
    memory
        MiB of the scheduler, looked at every second.
    lost
        Photos without their result, or with another one than without kills.
    """

    kills: int = 0
    memory: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def ends(self) -> tuple[float, float]:
        """MiB of the scheduler once it has settled, and at the end."""
        first = int(SETTLED * len(self.memory))
        return max(self.memory[: first + 5]), max(self.memory[-5:])


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, psutil.Process, psutil.Process]]:
    """A scheduler and workers under a nanny: the address, and both processes."""
    address = folder / "scheduler.json"

    def started(kind: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}"]
        command += ["--scheduler-file", str(address), "--no-dashboard", *options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    processes = [started("scheduler", "--port", "0")]
    try:
        while not address.exists():
            time.sleep(0.2)
        options = ("--nworkers", str(workers), "--nthreads", "1")
        processes.append(started("worker", *options, "--local-directory", str(folder / "dask")))
        scheduler, nanny = (psutil.Process(process.pid) for process in processes)
        yield json.loads(address.read_text())["address"], scheduler, nanny
    finally:
        for process in reversed(processes):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


def deaths(scans: Path, folder: Path, workers: int = 2, seed: int = 0) -> Deaths:
    """Restore a folder on a cluster, killing a worker every `EVERY` seconds."""
    tally, chance, ended = Deaths(), random.Random(seed), threading.Event()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1764370800"}
    command = [sys.executable, "-m", "restore", "batch", "monochrome", str(scans)]
    with cluster(folder, workers) as (address, scheduler, nanny):

        def harm() -> None:
            due = time.monotonic() + EVERY
            while not ended.wait(1):
                tally.memory.append(scheduler.memory_info().rss / 2**20)
                if time.monotonic() > due:
                    due += EVERY
                    busy = [one for one in nanny.children(recursive=True) if _works(one)]
                    if busy:
                        with suppress(psutil.NoSuchProcess):
                            chance.choice(busy).send_signal(signal.SIGKILL)
                            tally.kills += 1

        harming = threading.Thread(target=harm)
        harming.start()
        made = subprocess.run(
            [*command, str(folder / "out"), "-q", "--engine", "dask", "--scheduler", address],
            env={**environment, "XDG_STATE_HOME": str(folder / "state")}, check=False,
        )  # fmt: skip
        ended.set()
        harming.join()
    if made.returncode:
        tally.lost.append(f"exit status {made.returncode}")
    subprocess.run(
        [*command, str(folder / "right"), "-q"],
        env={**environment, "XDG_STATE_HOME": str(folder / "state-right")}, check=True,
    )  # fmt: skip
    right, there = dict(sums.read(folder / "right")), dict(sums.read(folder / "out"))
    tally.lost += sorted(name for name in right if there.get(name) != right[name])
    return tally


def _works(process: psutil.Process) -> bool:
    """Whether a process is a worker, not a helper of Python's."""
    with suppress(psutil.NoSuchProcess):
        return "spawn_main" in " ".join(process.cmdline())
    return False
