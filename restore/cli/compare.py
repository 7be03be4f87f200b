"""`restore compare`: how much two photos differ, in numbers and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from restore.cli._limit import limited
from restore.cli._paths import FilePath

if TYPE_CHECKING:
    from restore.figures.comparison import Comparison
    from restore.timeouts import Allow
    from restore.work.worker import Tell, Work

ROWS = {
    "mean": ("ΔE00, mean", "{:.2f}"),
    "median": ("ΔE00, median", "{:.2f}"),
    "p95": ("ΔE00, 95th percentile", "{:.2f}"),
    "worst": ("ΔE00, largest", "{:.1f}"),
    "over_1": ("pixels over 1 ΔE00", "{:.1%}"),
    "over_2_3": ("pixels over 2.3 ΔE00", "{:.1%}"),
    "over_5": ("pixels over 5 ΔE00", "{:.1%}"),
    "ssim": ("SSIM of L*", "{:.4f}"),
    "psnr": ("PSNR of L*", "{:.1f} dB"),
    "lightness": ("L*, B less A", "{:+.2f}"),
    "chroma": ("chroma, B less A", "{:+.2f}"),
    "colourfulness": ("chroma, B to A", "{:.0%}"),
}


@dataclass(frozen=True)
class Task:
    """Two photos to compare, for the child process."""

    path: Path
    other: Path
    folder: Path | None
    truth: bool
    limit: int
    memory: float | None
    overwrite: bool


@click.command(
    epilog="Example:  restore compare original.tif restored/scan.tif --truth -o pictures/"
)
@click.argument("first", type=FilePath(), metavar="A")
@click.argument("second", type=FilePath(), metavar="B")
@click.option(
    "--truth", is_flag=True, help="A is the truth; report the differences as errors of B."
)
@click.option(
    "-o",
    "--out",
    type=FilePath(file_okay=False),
    metavar="FOLDER",
    help="Also write a page with a flicker view, a map and histograms to this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--overwrite", is_flag=True, help="Replace existing pictures.")
@limited
def compare(
    first: Path,
    second: Path,
    truth: bool,
    out: Path | None,
    as_json: bool,
    overwrite: bool,
    limit: int,
    memory: float | None,
) -> None:
    """Show how much photo B differs from photo A.

    Both must have the same size in pixels. ΔE00 is CIEDE2000: 1 is just visible side by side. SSIM
    and PSNR are computed on L*: they measure sharpness and tone, not colour.
    """
    from restore.work.worker import Worker

    worker = Worker(comparing)
    from restore.cli._console import say, say_json, stdout, table

    try:
        worker.ready()
        numbers, written = worker.run(Task(first, second, out, truth, limit, memory, overwrite))
    finally:
        worker.close()
    if as_json:
        paths = {"page": str(written[0]) if written else None}
        say_json({"a": str(first), "b": str(second), "truth": truth, **numbers, **paths})
        return
    if written:
        for path in written:
            say(path)
        return
    listing = table("", "")
    for name, shown in rows(numbers, truth).items():
        listing.add_row(name, shown)
    listing.show_header = False
    stdout().print(listing)


def rows(numbers: dict[str, float | None], truth: bool) -> dict[str, str]:
    """The numbers in words; what cannot be given is left out."""
    shown = {}
    for key, (name, form) in ROWS.items():
        value = numbers[key]
        if truth:
            name = name.replace("B less A", "error of the result")
            name = name.replace("B to A", "result's share of the truth's")
        if value is not None:
            shown[name] = form.format(value)
        elif key == "psnr":
            shown[name] = "infinite: the photos have the same lightness"
    return shown


def comparing() -> Work:
    """What compares photos, in the child process."""
    return look


def look(task: Task, tell: Tell, allow: Allow) -> tuple[dict[str, float | None], tuple[Path, ...]]:
    """Compare two photos; the numbers, and the paths written, the page first."""
    from restore import files
    from restore.errors import PhotoError
    from restore.figures import paper
    from restore.figures.comparison import compare as difference
    from restore.timeouts import Patience

    if task.folder:
        paper.require()
        if not task.overwrite:
            files.refuse_existing(task.folder / "index.html")
    photos = []
    for path in (task.path, task.other):
        patience = Patience(path, allow)
        patience.reads()
        photo = files.load(path, limit=task.limit, sized=patience.reads, memory=task.memory)
        photos.append(photo)
    patience.works("comparing it")
    if photos[0].size != photos[1].size:
        (height, width), (tall, wide) = photos[0].size, photos[1].size
        raise PhotoError(
            f"{task.other}: has {wide} x {tall} pixels, {task.path} {width} x {height}; "
            "only photos of one size can be compared"
        )
    compared = difference(*photos)
    numbers = compared.numbers.to_dict()
    if task.folder is None:
        return numbers, ()
    contents = _pictures(task, task.folder, compared)
    if not task.overwrite:
        for path in contents:
            files.refuse_existing(path)
    for path, content in reversed(contents.items()):
        _write(path, content, task)
    return numbers, tuple(contents)


def _pictures(task: Task, folder: Path, compared: Comparison) -> dict[Path, bytes]:
    """The page and the figures by their paths, the page first."""
    from restore.figures import comparison, page, paper

    names = ("truth", "result") if task.truth else distinct(task.path, task.other)
    labels = names if all(map(paper.writable, names)) else ("A", "B")
    drawn: dict[Path, bytes] = {folder / "index.html": b""}
    images = []
    numbers = compared.numbers
    for name, draw, alt, vector in (
        (
            "difference",
            comparison.difference_map,
            f"Both photos and a map of their difference: mean {numbers.mean:.1f} ΔE00, "
            f"{numbers.over_2_3:.0%} of the pixels over 2.3.",
            False,
        ),
        (
            "histograms",
            comparison.histograms,
            "Histograms of lightness and chroma of both photos, and the share of pixels below "
            "each difference.",
            True,
        ),
    ):
        made = paper.files(draw(compared, labels), vector=vector)
        drawn |= {folder / f"{name}.{form}": made[form] for form in made}
        images.append(page.drawn(made, name, alt))
    drawn[folder / "index.html"] = page.compared(
        names, (compared.first, compared.second), rows(numbers.to_dict(), task.truth), images
    )
    return drawn


def distinct(first: Path, second: Path) -> tuple[str, str]:
    """What two files are called: their names, with as many folders as tell them apart."""
    names = first.name, second.name
    for count in range(2, max(len(first.parts), len(second.parts)) + 1):
        if names[0] != names[1]:
            break
        names = (str(Path(*first.parts[-count:])), str(Path(*second.parts[-count:])))
    return names if names[0] != names[1] else ("A", "B")


def _write(path: Path, content: bytes, task: Task) -> None:
    from restore.files import _writing

    def write(file: BinaryIO) -> None:
        file.write(content)

    originals = [task.path, task.other]
    _writing.whole(path, write, overwrite=task.overwrite, originals=originals)
