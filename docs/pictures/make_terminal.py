"""Record a real run in a terminal as docs/pictures/terminal.svg, which plays once.

python docs/pictures/make_terminal.py
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "sample_images"
WIDTH = 92
"""Characters on a line."""
PHOTOS = ("family-print.jpg", "led-red-blue.jpg", "led-blue.jpg")
COMMANDS = (
    "restore info family-print.jpg",
    "restore run faded-print family-print.jpg",
    "restore run led-concert led-red-blue.jpg led-blue.jpg",
)
FONTS = "Menlo, Consolas, DejaVu Sans Mono, monospace"
"""Of the reader's own system: nothing is fetched."""


PAUSE = 1.2
"""Seconds between what a command prints last and the next command."""
MOTION = """
    @media (prefers-reduced-motion: no-preference) {
        .terminal-matrix text { animation: shown 0.01s both; }
        @keyframes shown { from { opacity: 0; } }
    }
"""


def run(command: str, folder: Path) -> Iterator[tuple[float, str]]:
    """What a command prints, results and messages in their order, and after how many seconds."""
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(WIDTH), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            yield time.monotonic() - began, line.rstrip()
    if process.returncode:
        raise SystemExit(f"{command} failed")


def main() -> None:
    """Run the commands and draw what a terminal shows, each line when it was printed."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    appears: list[float] = []
    clock = 0.0

    def show(text: Text, at: float) -> None:
        for row in text.wrap(console, WIDTH) or [Text()]:
            console.print(row)
            appears.append(at)

    with tempfile.TemporaryDirectory() as folder:
        for name in PHOTOS:
            shutil.copy(SAMPLES / name, folder)
        for command in COMMANDS:
            show(Text.assemble(("$ ", "bright_black"), (command, "bold green")), clock)
            seconds = 0.0
            for seconds, line in run(command, Path(folder)):
                show(Text(line), clock + seconds)
            clock += seconds + PAUSE
            show(Text(), clock)
    drawing = console.export_svg(title="restore", theme=MONOKAI, unique_id="terminal")
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.S)
    drawing = drawing.replace("Fira Code, monospace", FONTS)
    drawing = drawing.replace("</style>", MOTION + "    </style>", 1)

    def delayed(match: re.Match[str]) -> str:
        return f'{match[0]} style="animation-delay: {appears[int(match[1])]:.2f}s"'

    drawing = re.sub(r'clip-path="url\(#terminal-line-(\d+)\)"', delayed, drawing)
    (HERE / "terminal.svg").write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
