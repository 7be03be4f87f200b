"""`restore train`: train one of the networks on photos of your own."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli._paths import FilePath
from restore.cli._within import within

if TYPE_CHECKING:
    from rich.console import Console

    from restore.training._session import Report

NETWORKS = ("colorizer", "damage", "fade")


@click.command(
    epilog="Example:  restore train damage --photos ~/Pictures --out damage.onnx --minutes 120"
)
@click.argument("network", type=click.Choice(NETWORKS))
@click.option(
    "--photos",
    metavar="FOLDER",
    type=FilePath(),
    multiple=True,
    required=True,
    help="Folder of good colour photos, or a tar file of them; repeatable.",
)
@click.option("-o", "--out", type=FilePath(), metavar="FILE", required=True, help="File to write.")
@click.option(
    "--held-out",
    metavar="FOLDER",
    type=FilePath(),
    multiple=True,
    help="Photos to validate with (default: one in ten of the others, not trained on).",
)
@click.option(
    "--without",
    metavar="FOLDER",
    type=FilePath(file_okay=False),
    multiple=True,
    help="Leave out photos that have the name of one in this folder.",
)
@click.option(
    "--start",
    metavar="FILE",
    type=FilePath(),
    help="Network or checkpoint to start from (default: the one included).",
)
@click.option("--from-scratch", is_flag=True, help="Start from nothing; damage and fade only.")
@click.option(
    "--state",
    metavar="FOLDER",
    type=FilePath(file_okay=False),
    help="Folder for checkpoints and example pictures (default: FILE.training).",
)
@click.option(
    "--minutes",
    type=float,
    callback=within(0.01, 100_000),
    default=120,
    show_default=True,
    help="How long the training takes, pauses not counted.",
)
@click.option(
    "--threads",
    type=int,
    callback=within(1, 1024),
    help="Threads to calculate with (default: all processors).",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing FILE.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
def train(
    network: str,
    photos: tuple[Path, ...],
    out: Path,
    held_out: tuple[Path, ...],
    without: tuple[Path, ...],
    start: Path | None,
    from_scratch: bool,
    state: Path | None,
    minutes: float,
    threads: int | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Train the colorizer, damage or fade network on photos of your own.

    Needs PyTorch (pip install "restore-photos[train]"). Damage and fading are simulated on good
    photos. Writes FILE and a card beside it that says what was measured. Interrupt it whenever you
    like: the same command continues from the last checkpoint.
    """
    import importlib

    from restore.cli._console import progress, say, stderr
    from restore.errors import ResultExists
    from restore.training import _session

    _session.require()
    trainer = importlib.import_module(f"restore.training.{network}")
    if out.suffix != trainer.SUFFIX:
        raise click.UsageError(f"--out: {out.name} must end in {trainer.SUFFIX}")
    if from_scratch and (start or network == "colorizer"):
        reason = "the colorizer starts from a network" if network == "colorizer" else "not both"
        raise click.UsageError(f"--from-scratch: {reason}; use --start FILE or neither")
    if out.exists() and not overwrite:
        raise ResultExists(f"{out} exists")
    settings = _session.Settings(
        photos,
        held_out,
        state or out.with_name(f"{out.name}.training"),
        None if from_scratch else start or trainer.START,
        minutes,
        threads or os.cpu_count() or 1,
        frozenset(path.stem for folder in without for path in folder.iterdir()),
    )
    settings.state.mkdir(parents=True, exist_ok=True)
    console = stderr()
    with progress(console, quiet) as bar:
        task = bar.add_task(network, total=1)
        for report in trainer.train(settings, out):
            bar.update(task, completed=report.share)
            if not quiet:
                _tell(console, report)
    say(out)
    say(out.with_suffix(".md"))


def _tell(console: Console, report: Report) -> None:
    """Print how the training goes."""
    line = f"step {report.step}, {report.share:.0%}"
    if not math.isnan(report.loss):
        line += f", loss {report.loss:.4f}"
    console.print(line, markup=False)
    if report.table:
        console.print(report.table, markup=False)
