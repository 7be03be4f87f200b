"""What `restore video` costs: frames a second, memory, the time to the first frame, long films."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, cycle, islice
from pathlib import Path

import av
import cv2

from benchmarks import _processes
from restore.color import Array

FRAMES = 72
"""Frames that are taken from the film."""
RATE = 24
"""Frames a second of the films that are made."""
SLOW = 12
"""Those of long films: so that ten minutes of film take about two."""
MARKS = (1, 3, 10)
"""Minutes of a long film after which memory and processor time are read."""

FIRST = """
import os, sys
from pathlib import Path
from restore.film.job import FilmJob
from restore.film.pipeline import restore_film
from restore.recipe import Recipe
restore_film(FilmJob(*map(Path, sys.argv[2:])), Recipe.named(sys.argv[1]), lambda _: os._exit(0))
"""
"""Ends as soon as a frame is finished."""
LONG = """
import os, sys
from pathlib import Path
import psutil
from restore.film.job import FilmJob
from restore.film.pipeline import restore_film
from restore.recipe import Recipe
marks = {int(mark) for mark in sys.argv[3].split(",")}
own, peak = psutil.Process(), 0
def tell(progress):
    global peak
    if progress.frames % 24 == 0:
        peak = max(peak, own.memory_info().rss)
    if progress.frames in marks:
        print(progress.frames, peak, sum(os.times()[:2]), flush=True)
recipe = Recipe.named("old-film").with_settings({"colorize.side": 64})
restore_film(FilmJob(*map(Path, sys.argv[1:3])), recipe, tell)
"""
"""Says at some frames how much memory was held so far, at most, and the processor time.

The network looks at very small pictures: its own cost is known from `speed`, and is the same for
every keyframe.
"""


@contextmanager
def place() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder, and an environment in which nothing is cached elsewhere."""
    with tempfile.TemporaryDirectory() as name:
        path = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
        yield Path(name), {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": name}


def coded(path: Path, greys: Iterable[Array], size: tuple[int, int], rate: int = RATE) -> Path:
    """A film of grey frames, H.264, of a width and a height."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for grey in greys:
            picture = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))
        container.mux(stream.encode())
    return path


def ours(recipe: str, film: Path, *more: str) -> list[str]:
    """The command that restores a film."""
    target = str(film.with_name("out.mp4"))
    return ["-m", "restore", "video", recipe, str(film), target, "--overwrite", "-q", *more]


def speed(greys: Sequence[Array]) -> None:
    """Frames a second and memory of `restore video` and of the tutorials' loop, and their ratio."""
    with place() as (folder, around):
        models, peer = _processes.networks(folder)
        around["RESTORE_MODELS"] = str(models)
        print("| | frames | frames/s | CPU s a frame | peak MiB |")
        print("|---|---|---|---|---|")

        def row(title: str, command: list[str], count: int) -> float:
            cost = _processes.cost([sys.executable, *command], around)
            figures = f"{count / cost.wall:.2f} | {cost.cpu / count:.3f} | {cost.peak:.0f}"
            print(f"| {title} | {count} | {figures} |", flush=True)
            return cost.wall

        compact = ("-s", "colorize.model=compact")
        small = coded(folder / "720.mp4", greys, (1280, 720))
        long = coded(folder / "720long.mp4", (*greys, *greys[::-1]) * 2, (1280, 720))
        large = coded(folder / "1080.mp4", greys, (1920, 1080))
        fewer = greys[:48]
        few = coded(folder / "1080few.mp4", fewer, (1920, 1080))
        row("720p, colorize, compact", ours("colorize", small, *compact), len(greys))
        row("720p, four times as long", ours("colorize", long, *compact), 4 * len(greys))
        row("1080p, colorize, compact", ours("colorize", large, *compact), len(greys))
        row("1080p, old-film, compact", ours("old-film", large, *compact), len(greys))
        zhang = ("-s", "colorize.model=zhang2016")
        one = row("1080p, colorize, Zhang's layout", ours("colorize", few, *zhang), len(fewer))
        loop = [str(Path(__file__).with_name("tutorial_video.py")), str(few)]
        other = row(
            "1080p, tutorial loop", [*loop, str(folder / "peer.mp4"), str(peer)], len(fewer)
        )
        print(f"\n1080p, Zhang's layout: {other / one:.2f} times as fast as the tutorial loop")


def first(greys: Sequence[Array]) -> None:
    """Seconds until the first frame is finished, and until a preview is; start-up included."""
    with place() as (folder, around):
        film = coded(folder / "720.mp4", greys, (1280, 720))
        print("| 720p | seconds | CPU s |\n|---|---|---|")
        rows = {
            f"first frame, {name}": ["-c", FIRST, name, str(film), str(folder / f"{name}.mp4")]
            for name in ("colorize", "old-film", "faded-film")
        }
        rows["colorize --preview 8"] = ours("colorize", film, "--preview", "8")
        for title, command in rows.items():
            cost = _processes.cost([sys.executable, *command], around)
            print(f"| {title} | {cost.wall:.1f} | {cost.cpu:.1f} |", flush=True)


def long(greys: Sequence[Array]) -> None:
    """Memory and processor time as a film goes on: one shot, and one with many cuts."""
    with place() as (folder, around):
        print("| 160 x 90, old-film | minutes | peak MiB so far | CPU s a minute of film |")
        print("|---|---|---|---|")
        there = (*greys, *greys[::-1])
        cuts = (*greys, *(255 - grey[:, ::-1] for grey in greys))
        for title, loop, marks in (("one shot", there, MARKS), ("many cuts", cuts, MARKS[:2])):
            count = marks[-1] * 60 * SLOW
            frames = islice(chain.from_iterable(cycle([loop])), count)
            film = coded(folder / f"{title}.mp4", frames, (160, 90), SLOW)
            asked = ",".join(str(mark * 60 * SLOW) for mark in marks)
            command = [sys.executable, "-c", LONG, film, folder / f"{title}-out.mp4", asked]
            told = subprocess.run(
                [str(part) for part in command], env=around, capture_output=True, text=True
            )
            if told.returncode:
                raise SystemExit(told.stderr)
            before = 0.0, 0
            for line, mark in zip(told.stdout.splitlines(), marks, strict=True):
                _, peak, cpu = map(float, line.split())
                each = (cpu - before[0]) / (mark - before[1])
                print(
                    f"| {title} | {mark} | {peak / _processes.MIB:.0f} | {each:.1f} |", flush=True
                )
                before = cpu, mark


KINDS: dict[str, Callable[[Sequence[Array]], None]] = {"speed": speed, "first": first, "long": long}
