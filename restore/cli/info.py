"""`restore info`: what a photo is, what is wrong with it, which recipe suits and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore.cli._limit import limited
from restore.cli._paths import FilePath

if TYPE_CHECKING:
    from rich.console import Console

    from restore.effect import Measure
    from restore.image.photo import Photo
    from restore.report.info import Advice
    from restore.timeouts import Allow
    from restore.work.worker import Tell, Work

LONGEST = 4000
"""Characters shown of a file's own text: its metadata may hold millions."""


@dataclass(frozen=True)
class Look:
    """A file for the child process to inspect, the most pixels it may have, and bytes to use."""

    path: Path
    limit: int
    memory: float | None
    folder = None


@dataclass(frozen=True)
class Seen:
    """What is reported about a file, as strings: it comes through a pipe.

    Attributes
    ----------
    facts
        What it is, by name.
    channels
        Rows of a table: name, shares clipped black and white, noise, spread.
    findings
        What is wrong with it, in sentences.
    measures
        The values behind them by name, and their units.
    advice
        The recipe that suits, or "", what may suit as well, why, and how certain that is.
    format, size
        Name of the file format; width and height in pixels.
    """

    facts: dict[str, str]
    channels: tuple[tuple[str, ...], ...]
    findings: tuple[str, ...]
    measures: dict[str, tuple[Any, str]]
    advice: Advice
    format: str
    size: tuple[int, int]


@click.command(epilog="Example:  restore info scans/*.tif")
@click.argument("photos", nargs=-1, required=True, type=FilePath(), metavar="PHOTO...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line and photo.")
@limited
@click.pass_context
def info(
    ctx: click.Context, photos: tuple[Path, ...], as_json: bool, limit: int, memory: float | None
) -> None:
    """Inspect PHOTOs: format, damage, suggested recipe.

    Where two recipes are plausible, both are named. Clipping is the share of pixels at the ends of
    the range, noise a standard deviation in levels of 0 to 255, spread the 1st to 99th percentile.

    With --json: path, format, size (width, height), findings, measures (the numbers behind them,
    each with its unit), recipe (null if none is needed), alternatives, reason, certainty (0 to 1).
    """
    from restore.cli._console import fail, stderr, stdout
    from restore.errors import PhotoError, printable
    from restore.work.targets import search
    from restore.work.worker import Worker

    sought = search(photos)
    for trouble in sought.troubles.values():
        fail(stderr(), trouble)
    console, failed = stdout(), bool(sought.troubles)
    worker = Worker(looking)
    try:
        worker.ready()
        for path in sought.photos:
            try:
                seen = worker.run(Look(path, limit, memory))
            except PhotoError as error:
                fail(stderr(), error)
                failed = True
            else:
                if as_json:
                    click.echo(json_line(path, seen))
                else:
                    console.print(printable(path), style="bold", markup=False)
                    show(console, seen)
    finally:
        worker.close()
    ctx.exit(1 if failed else 0)


def show(console: Console, seen: Seen) -> None:
    """Print the report on one photo."""
    from restore.cli._console import table
    from restore.errors import printable

    for name, text in seen.facts.items():
        if text:
            shown = text if len(text) <= LONGEST else text[:LONGEST] + "…"
            console.print(f"  {name:8} {printable(shown)}", markup=False)
    listing = table("  channel", "clipped black", "clipped white", "noise", "spread")
    for row in seen.channels:
        listing.add_row(*row)
    console.print(listing)
    for sentence in seen.findings:
        console.print(f"  - {sentence}", markup=False)
    advice = seen.advice
    recipe = f"[bold]{advice.recipe}[/]" if advice.recipe else "none needed"
    others = " or ".join(advice.alternatives)
    console.print(f"  recipe   {recipe}" + (f" (or {others})" if others else ""))
    console.print(f"  reason   {advice.reason}", markup=False)


def json_line(path: Path, seen: Seen) -> str:
    """The report on one photo as a JSON object, ASCII only."""
    advice = seen.advice
    return json.dumps(
        {
            "path": str(path),
            "format": seen.format,
            "size": seen.size,
            "findings": seen.findings,
            "measures": {
                name: {"value": value, "unit": unit}
                for name, (value, unit) in seen.measures.items()
            },
            "recipe": advice.recipe or None,
            "alternatives": advice.alternatives,
            "reason": advice.reason,
            "certainty": round(advice.certainty, 2),
        }
    )


def looking() -> Work:
    """The task of the child process: inspect a file."""
    from restore import files
    from restore.timeouts import Patience

    def inspected(task: Look, tell: Tell, allow: Allow) -> Seen:
        patience = Patience(task.path, allow)
        patience.reads()
        photo = files.load(task.path, limit=task.limit, sized=patience.reads, memory=task.memory)
        patience.works("looking at it")
        return describe(photo)

    return inspected


def describe(photo: Photo) -> Seen:
    """The full report on a photo."""
    from restore.color import profile
    from restore.report.info import inspect

    source, report = photo.source, inspect(photo)
    record = source.record
    height, width = photo.size
    depth = {8: "8 bits", 16: "16 bits", 32: "float"}[photo.bits]
    kind = "grey" if photo.samples.shape[2] == 1 else "RGB"
    pages = f", page 1 of {source.pages}" if source.pages > 1 else ""
    holds = {
        "Exif": source.exif,
        "XMP": source.xmp,
        "IPTC": source.iptc,
        "alpha": source.alpha is not None,
        "infrared channel": source.infrared is not None,
    }
    facts = {
        "file": f"{source.format}, {width} x {height} ({width * height / 1e6:.1f} MP), "
        f"{kind}, {depth}{pages}",
        "profile": profile.name(source.profile) if source.profile else "none, taken as sRGB",
        "holds": ", ".join(name for name, there in holds.items() if there),
        "made by": "; ".join(source.history),
        "network": f"{record['network']}, SHA-256 {record.get('networkSha256', 'unknown')}"
        if "network" in record
        else "",
        "original": f"SHA-256 {record['originalSha256']}" if record.get("originalSha256") else "",
        "warning": "; ".join(source.warnings),
    }
    channels = tuple(
        (
            f"  {name}",
            f"{one.black:.1%}",
            f"{one.white:.1%}",
            f"{one.noise:.1f}",
            f"{one.low:.2f} … {one.high:.2f}",
        )
        for name, one in report.channels.items()
    )
    measures = {name: (_plain(one.value), one.unit) for name, one in report.measures.items()}
    size = width, height
    return Seen(facts, channels, report.findings, measures, report.advice, source.format, size)


def _plain(value: Measure) -> Any:
    """A measure for JSON: four significant digits are exact enough."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(inner) for inner in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
