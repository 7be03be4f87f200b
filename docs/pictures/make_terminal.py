"""Record a real run in a terminal as docs/pictures/terminal.svg.

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


def run(command: str, folder: Path) -> str:
    """What a command prints, results and messages in their order."""
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(WIDTH), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout.rstrip()


def main() -> None:
    """Run the commands and draw what a terminal shows."""
    with tempfile.TemporaryDirectory() as folder:
        console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
        for name in PHOTOS:
            shutil.copy(SAMPLES / name, folder)
        for command in COMMANDS:
            console.print(Text.assemble(("$ ", "bright_black"), (command, "bold green")))
            console.print(Text(run(command, Path(folder))), soft_wrap=False)
            console.print()
    drawing = console.export_svg(title="restore", theme=MONOKAI, unique_id="terminal")
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.S)
    drawing = drawing.replace("Fira Code, monospace", FONTS)
    (HERE / "terminal.svg").write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
