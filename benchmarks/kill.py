"""Kill runs at random moments: each result is whole or absent, and the next run completes.

    python -m benchmarks.kill --kills 60

Each round runs a quick recipe over small photos of most formats, and ends it, parent and worker at
once, with SIGKILL at a random moment. Then every result there is must decode to the size of its
original, the originals must be as they were, and a run that is left alone must write what is
missing and leave no part file behind.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore import files
from restore.errors import PhotoError
from restore.image.photo import Photo

SUFFIXES = (".jpg", ".png", ".tif", ".webp", ".jp2")
RECIPE = '[[steps]]\nuse = "levels"\nblack = 5\n'


@dataclass(frozen=True)
class Tally:
    """What came of the rounds.

    Attributes
    ----------
    killed
        Runs that did not finish by themselves.
    parts
        Part files they left, all swept by the next run.
    faults
        What must not be, in lines.
    """

    killed: int
    parts: int
    faults: tuple[str, ...]


def run(kills: int, seed: int, folder: Path, longest: float = 3.0) -> Tally:
    """Kill so many runs, each after at most `longest` seconds."""
    chosen = random.Random(seed)
    originals = _originals(folder, seed)
    recipe = folder / "quick.toml"
    recipe.write_text(RECIPE)
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in originals}
    killed = parts = 0
    faults: list[str] = []
    for number in range(kills):
        out = folder / f"out{number}"
        call = [sys.executable, "-m", "restore", "run", str(recipe), *map(str, originals)]
        call += ["-o", str(out), "-q"]
        child = subprocess.Popen(
            call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(chosen.uniform(0.2, longest))
        if child.poll() is None:
            killed += 1
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        parts += len(list(out.glob(".restore-*.part")))
        faults += _broken(number, out, originals)
        missing = [path for path in originals if not (out / path.name).exists()]
        if missing:
            again = [*call[:5], *map(str, missing), "-o", str(out), "-q"]
            done = subprocess.run(again, capture_output=True, text=True)
            if done.returncode:
                faults.append(f"{number}: the next run ends with {done.stderr.strip()[:200]}")
            faults += _broken(number, out, originals, whole=True)
    for path, digest in before.items():
        if hashlib.sha256(path.read_bytes()).digest() != digest:
            faults.append(f"{path.name}: the original was changed")
    return Tally(killed, parts, tuple(faults))


def _originals(folder: Path, seed: int) -> list[Path]:
    noise = np.random.default_rng(seed).integers(0, 256, (400, 600, 3), dtype=np.uint8)
    return [files.save(Photo(noise), folder / f"photo-{s[1:]}{s}") for s in SUFFIXES]


def _broken(number: int, out: Path, originals: list[Path], whole: bool = False) -> list[str]:
    """What is wrong with a folder of results; `whole`: after a run that finished."""
    faults = []
    for path in originals:
        result = out / path.name
        if not result.exists():
            if whole:
                faults.append(f"{number}: {path.name} is missing")
            continue
        try:
            if files.load(result).size != files.load(path).size:
                faults.append(f"{number}: {path.name} has another size")
        except PhotoError as error:
            faults.append(f"{number}: {error}")
    if whole:
        faults += [f"{number}: {left.name} stays" for left in out.glob(".restore-*.part")]
    return faults


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tally = run(asked.kills, asked.seed, Path(name))
    print(f"{tally.killed} of {asked.kills} runs killed; {tally.parts} part files, all swept")
    print("\n".join(tally.faults) or "every result whole or absent, every next run complete")
    sys.exit(1 if tally.faults else 0)


if __name__ == "__main__":
    main()
