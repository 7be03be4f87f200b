"""Restore the sample photos: results and before | after pictures go to restored/.

make demo
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

RECIPES = {
    "led-concert": ("led-red.jpg", "led-blue.jpg", "led-red-blue.jpg", "led-red-blue.dng"),
    "faded-print": ("family-print.jpg", "faded-print.jpg", "scan-16bit.tif"),
    "faded-slide": ("faded-slide.jpg",),
    "old-photo": ("old-portrait.jpg", "scratched.png"),
    "colorize": ("black-and-white.jpg",),
}


def main() -> int:
    """Run each recipe on its photos; the exit status of the first that fails."""
    for recipe, photos in RECIPES.items():
        out = HERE.parent / "restored" / recipe
        command = [sys.executable, "-m", "restore", "run", recipe, "--compare", "--overwrite"]
        command += ["-o", str(out), *(str(HERE / name) for name in photos)]
        status = subprocess.run(command, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
