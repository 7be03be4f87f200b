"""`restore inspect`: pictures of what the network thinks of a photo and of what a recipe did."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from restore.cli import _complete
from restore.cli._limit import limited
from restore.cli._paths import FilePath
from restore.cli._typed import command_line

if TYPE_CHECKING:
    from restore.figures.page import Image
    from restore.figures.subject import Subject
    from restore.image.photo import Photo
    from restore.recipe import Recipe
    from restore.timeouts import Allow
    from restore.work.worker import Tell, Work

FEWEST = 16
"""Pixels that a photo's short side must have for there to be anything to draw."""


def _pixels(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[int, int], ...]:
    """Columns and rows of "820,460"; a usage error for anything else."""
    places = []
    for value in values:
        parts = value.split(",")
        if len(parts) != 2 or not all(re.fullmatch("[0-9]{1,8}", part) for part in parts):
            raise click.BadParameter(f"{value[:40]!r} is not two pixel numbers, e.g. 820,460")
        places.append((int(parts[0]), int(parts[1])))
    return tuple(places)


@dataclass(frozen=True)
class Task:
    """A photo to draw, for the child process."""

    path: Path
    folder: Path
    recipe: str | None
    places: tuple[tuple[int, int], ...]
    model: str | None
    limit: int
    memory: float | None
    overwrite: bool


@click.command(epilog="Example:  restore inspect portrait.jpg --recipe colorize --at 820,460")
@click.argument("photo", type=FilePath(), metavar="PHOTO")
@click.option(
    "--recipe",
    metavar="NAME",
    shell_complete=_complete.recipes,
    help="Recipe to show at work (default: the one `restore info` suggests, if any).",
)
@click.option(
    "--at",
    "places",
    metavar="X,Y",
    callback=_pixels,
    multiple=True,
    help="Pixel whose colours to show; repeatable (default: the 6 most uncertain regions).",
)
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=_complete.networks,
    help="Network to ask (default: the recipe's).",
)
@click.option(
    "-o",
    "--out",
    type=FilePath(file_okay=False),
    metavar="FOLDER",
    help="Folder for the pictures; created if missing (default: PHOTO.inspect).",
)
@click.option("--overwrite", is_flag=True, help="Replace existing pictures.")
@limited
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
def inspect(
    photo: Path,
    recipe: str | None,
    places: tuple[tuple[int, int], ...],
    model: str | None,
    out: Path | None,
    overwrite: bool,
    limit: int,
    memory: float | None,
    quiet: bool,
) -> None:
    """Show what the network thinks of PHOTO and what the recipe did.

    Writes index.html, which holds everything, and each picture as PNG at 300 dpi (charts as SVG
    too): where each colour is likely, single places, uncertainty, temperatures, alternative
    colourings, what survived of the photo, and its gamut.
    """
    from restore.work.worker import Worker

    folder = out or Path(f"{photo.name}.inspect")
    worker = Worker(drawing)
    from restore.cli._console import progress, say, stderr
    from restore.errors import printable

    try:
        worker.ready()
        with progress(stderr(), quiet) as bar:
            task = bar.add_task(printable(photo.name), total=1)
            written = worker.run(
                Task(photo, folder, recipe, places, model, limit, memory, overwrite),
                lambda share: bar.update(task, completed=share),
            )
        for path in written:
            say(path)
    finally:
        worker.close()


def drawing() -> Work:
    """What draws a photo, in the child process; MissingPackage if there is nothing to draw with."""
    from restore.figures import paper

    paper.require()
    return draw


def draw(task: Task, tell: Tell, allow: Allow) -> tuple[Path, ...]:
    """Draw a photo and write the pictures and the page; the paths written, the page first."""
    from restore import files
    from restore.context import Context
    from restore.errors import PhotoError
    from restore.figures import paper
    from restore.figures.page import drawn
    from restore.figures.plates import plates
    from restore.figures.subject import look
    from restore.recipe import Recipe
    from restore.timeouts import Patience

    index = task.folder / "index.html"
    if not task.overwrite:
        files.refuse_existing(index)
    recipe = Recipe.named(task.recipe) if task.recipe else None
    patience = Patience(task.path, allow)
    patience.reads()
    raw = recipe.raw if recipe else "developed"
    context = Context(memory=task.memory, alone=True)
    photo = files.load(
        task.path, raw=raw, limit=task.limit, sized=patience.reads, memory=context.memory
    )
    patience.works("drawing it")
    places = _places(task, photo)
    photo = photo.cropped(photo.visible())
    if min(photo.size) < FEWEST:
        raise PhotoError(f"{task.path}: is too small to draw: {FEWEST} pixels a side are needed")
    reason = ""
    if recipe is None:
        recipe, reason = _suggested(photo)
    if recipe and task.model:
        labels = [label for label in recipe.labels if label.partition("#")[0] == "colorize"]
        recipe = recipe.with_settings({f"{label}.model": task.model for label in labels})
    subject = look(photo, recipe, model=task.model, context=context)
    tell(0.2)

    contents: dict[Path, bytes] = {}
    sections: dict[str, list[Image]] = {}
    listing = plates(subject, places)
    for number, plate in enumerate(listing, 1):
        made = paper.files(plate.draw(), vector=plate.vector)
        contents |= {task.folder / f"{plate.name}.{form}": made[form] for form in made}
        sections.setdefault(plate.section, []).append(drawn(made, plate.name, plate.alt))
        tell(0.2 + 0.75 * number / len(listing))
    contents[index] = _page(task, subject, recipe, reason, sections)
    if not task.overwrite:
        for path in contents:
            files.refuse_existing(path)
    for path, content in contents.items():
        _write(path, content, task)
    return (index, *(path for path in contents if path != index))


def _places(task: Task, photo: Photo) -> list[tuple[float, float]]:
    """Where to look, in shares of the visible photo; PhotoError for a pixel outside it."""
    from restore.errors import PhotoError

    window = photo.visible()
    shares = []
    for x, y in task.places:
        column, row = x - window.left, y - window.top
        if not (0 <= column < window.width and 0 <= row < window.height):
            height, width = photo.size
            raise PhotoError(
                f"{task.path}: pixel {x},{y} lies outside the photo of {width} x {height} "
                "pixels, or in its transparent border"
            )
        shares.append(((column + 0.5) / window.width, (row + 0.5) / window.height))
    return shares


def _suggested(photo: Photo) -> tuple[Recipe | None, str]:
    """The recipe that suits, and why."""
    from restore.recipe import Recipe
    from restore.report import info

    advice = info.inspect(photo).advice
    return (Recipe.named(advice.recipe) if advice.recipe else None), advice.reason


def _write(path: Path, content: bytes, task: Task) -> None:
    from restore.files import _writing

    def write(file: BinaryIO) -> None:
        file.write(content)

    _writing.whole(path, write, overwrite=task.overwrite, originals=[task.path])


def _page(
    task: Task,
    subject: Subject,
    recipe: Recipe | None,
    reason: str,
    sections: dict[str, list[Image]],
) -> bytes:
    """The page that holds all pictures."""
    from restore.figures import page
    from restore.figures.document import text
    from restore.figures.plates import HEADINGS

    height, width = subject.size
    seen = subject.distribution
    findings = subject.plan.findings if subject.plan else {}
    path, name = os.fsdecode(task.path), os.fsdecode(task.path.name)
    command = command_line(["restore", "run", recipe.name, path]) if recipe else ""
    shown = f"after {recipe.name}" if recipe else "the network's colours"
    chosen = recipe.name if recipe else "none"
    facts = {
        "Photo": f"{width} x {height} pixels",
        "Recipe": f"{chosen} ({reason})" if reason else chosen,
        "Network": f"{seen.model}, temperature {seen.temperature:g}",
        "Uncertainty": f"{seen.entropy.mean():.1f} bits on average",
    }
    summaries = [f"{label}: {step.summary}" for label, step in findings.items() if step.summary]
    warnings = [warning for step in findings.values() for warning in step.warnings]
    body = [page.Section(key, *HEADINGS[key], tuple(images)) for key, images in sections.items()]
    pair = "".join(
        page.figure(page.image(pixels, alt, caption, 900))
        for pixels, alt, caption in (
            (subject.pixels, f"{name} before", "before"),
            (subject.result, f"{name}, {shown}", shown),
        )
    )
    redo = f"<p>Restore it with <code>{text(command)}</code></p>" if command else ""
    notes = page.listed("findings", summaries) + page.listed("warnings", warnings)
    head = f'<div class="pair">{pair}</div>{page.facts(facts)}{notes}{redo}'
    return page.page(
        name,
        "What the network thinks of this photo, and what the recipe did.",
        head + page.contents(body),
        "".join(map(page.section, body)),
    )
