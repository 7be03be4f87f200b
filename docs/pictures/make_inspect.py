"""Make the pictures of docs/inspect.md from the sample photos.

python docs/pictures/make_inspect.py
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from skimage import data

import restore
from restore.figures import blocks, gamut, points, survived, uncertainty
from restore.figures.alternatives import alternative_sheet
from restore.figures.comparison import compare, difference_map
from restore.figures.subject import look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "sample_images"
WIDE = 1000


def write(figure: Figure, name: str) -> None:
    """One figure as JPEG of about a thousand pixels."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=300)
    picture = Image.open(out).convert("RGB")
    height = round(picture.height * WIDE / picture.width)
    picture.resize((WIDE, height), Image.Resampling.LANCZOS).save(
        HERE / f"inspect-{name}.jpg", quality=84, optimize=True
    )


def main() -> None:
    """Make them all."""
    portrait = look(restore.Photo.from_array(data.astronaut()))
    write(blocks.block_sheet(portrait), "blocks")
    write(points.points(portrait, [(0.17, 0.7), (0.15, 0.2)]), "points")
    write(uncertainty.uncertainty(portrait), "uncertainty")
    write(alternative_sheet(portrait), "alternatives")

    concert = restore.load(SAMPLES / "led-red-blue.jpg")
    stage = look(concert, restore.Recipe.named("led-concert"))
    write(survived.figures(stage)["lamps"][0](), "lamps")
    write(gamut.gamut(stage), "gamut")

    print_ = restore.load(SAMPLES / "faded-print.jpg")
    faded = look(print_, restore.Recipe.named("faded-print"))
    write(survived.figures(faded)["dyes"][0](), "dyes")
    restored = restore.run("faded-print", print_)
    write(difference_map(compare(print_, restored), ("faded", "restored")), "difference")


if __name__ == "__main__":
    main()
