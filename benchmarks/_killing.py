"""Kill batches at random moments, and see that what goes on ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from restore import files
from restore.image.photo import Photo

EPOCH = "1000000000"
SUFFIXES = (".png", ".jpg", ".tif")
VICTIMS = ("parent", "worker", "both")


@dataclass(frozen=True)
class Tally:
    """What came of it.

    Attributes
    ----------
    kills
        By victim.
    batches
        How many were brought to their end.
    faults
        What must not be, in lines.
    """

    kills: dict[str, int]
    batches: int
    faults: tuple[str, ...]


def photos(folder: Path, count: int, side: int = 48) -> Path:
    """So many small photos in a few folders."""
    random = np.random.default_rng(0)
    for number in range(count):
        pixels = random.integers(0, 256, (side, side * 3 // 2, 3), dtype=np.uint8)
        path = folder / f"box{number % 7}" / f"{number:05}{SUFFIXES[number % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        files.save(Photo(pixels), path)
    return folder


def kill(kills: int, count: int, seed: int, folder: Path, longest: float = 2.0) -> Tally:
    """Kill batches so many times, each at most `longest` seconds after it has made a photo."""
    chosen = random.Random(seed)
    scans = photos(folder / "scans", count)
    environment = {
        **os.environ, "SOURCE_DATE_EPOCH": EPOCH, "XDG_STATE_HOME": str(folder / "state"),
    }  # fmt: skip
    command = [sys.executable, "-m", "restore", "batch", "monochrome", str(scans)]

    def begin(target: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*command, str(target), "-q", "-j", "2"], env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    whole = folder / "whole"
    process = begin(whole)
    errors = process.communicate()[1].decode()
    if process.returncode:
        raise SystemExit(f"the batch fails even if nobody kills it: {errors}")
    expected = contents(whole)
    tally = dict.fromkeys(VICTIMS, 0)
    faults: list[str] = []
    batches = 0
    while sum(tally.values()) < kills:
        target = folder / f"out{batches}"
        made: dict[str, tuple[int, int]] = {}
        while True:
            process = begin(target)
            victims = list(VICTIMS)
            while sum(tally.values()) < kills and _working(process, target, len(made)):
                time.sleep(chosen.uniform(0, longest))
                victim = chosen.choice(victims)
                tally[victim] += _killed(process, victim, chosen)
                if victim != "worker":
                    break
                victims = ["parent", "both"]  # a photo is tried twice, no more
            errors = process.communicate()[1].decode()
            now = {name: _identity(target / name) for name in contents(target)}
            again = [name for name, was in made.items() if now.get(name) != was]
            faults += [f"{target.name}: {name} was made twice" for name in again]
            made = now
            if process.returncode != -signal.SIGKILL:
                break
        if process.returncode:
            faults.append(f"{target.name}: ends with {process.returncode}: {errors[-300:]}")
        faults += _differences(target, expected)
        batches += 1
    return Tally(tally, batches, tuple(faults))


def contents(folder: Path) -> dict[str, bytes]:
    """Every result in a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.glob("*/[!.]*")
        if path.is_file()
    }


def _working(process: subprocess.Popen[bytes], target: Path, before: int) -> bool:
    """Wait until a batch has made a photo more; False if it has ended."""
    while process.poll() is None:
        if len(list(target.glob("*/[!.]*"))) > before:
            return True
        time.sleep(0.02)
    return False


def _killed(process: subprocess.Popen[bytes], victim: str, chosen: random.Random) -> int:
    """Kill a batch, one of its workers, or all at once; how many were killed."""
    if process.poll() is not None:
        return 0
    try:
        workers = psutil.Process(process.pid).children()
        if victim == "both":
            os.killpg(process.pid, signal.SIGKILL)
        elif victim == "parent":
            process.kill()
        elif workers:
            chosen.choice(workers).kill()
        else:
            return 0
    except (psutil.Error, ProcessLookupError):
        return 0
    return 1


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def _differences(target: Path, expected: dict[str, bytes]) -> list[str]:
    found = contents(target)
    faults = [f"{target.name}: {name} is missing" for name in expected.keys() - found.keys()]
    faults += [f"{target.name}: {name} is too much" for name in found.keys() - expected.keys()]
    faults += [
        f"{target.name}: {name} differs"
        for name in expected.keys() & found.keys()
        if found[name] != expected[name]
    ]
    return faults + [f"{target.name}: {left} stays" for left in target.rglob(".restore-*.part")]
