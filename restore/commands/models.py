"""`restore models`: list the networks, fetch one, bring one, check them, time them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.commands._complete import models as complete
from restore.commands._group import Group
from restore.commands._paths import FilePath

if TYPE_CHECKING:
    from rich.console import Console

    from restore.color import Array
    from restore.networks.engines import Precision
    from restore.networks.weights import Added


@click.group(
    cls=Group, invoke_without_command=True, epilog="Example:  restore models pull zhang2016"
)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List the colorizing networks, or fetch, add, verify, remove and time them.

    The folder of models is the user's data folder; the environment variable RESTORE_MODELS moves
    it.
    """
    if ctx.invoked_subcommand:
        return
    from restore import colorizers

    names = colorizers.names()
    for name in names:
        module = colorizers.get(name)
        here, where = _state(name)
        click.echo(f"{name:{max(map(len, names))}}  {here} ({module.BYTES / 1e6:.0f} MB): {where}")
        click.echo(f"    {module.ABOUT}\n    Licence: {module.LICENCE}")


def _state(name: str) -> tuple[str, str]:
    """Whether a model is installed, and where it is or how it comes."""
    from restore.errors import WeightsError
    from restore.networks import weights

    if name not in weights.KNOWN:
        return "installed", "part of the program"
    if not weights.installed(name):
        wanted = weights.KNOWN[name]
        way = f"restore models pull {name}" if wanted.places else "restore models add FILE"
        return "not installed", way
    try:
        published = weights.details(name)["published"] == "yes"
    except WeightsError:
        return "damaged", str(weights.location(name))
    return "installed" if published else "installed, not the published file", str(
        weights.location(name)
    )


@models.command(epilog="Example:  restore models pull zhang2016")
@click.argument("name", shell_complete=complete)
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
def pull(name: str, quiet: bool) -> None:
    """Fetch the model NAME, check it, and print where it is.

    Several places are tried in turn; what broke off goes on at the next try. Nothing looks into
    the file before its SHA-256 is right.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from restore.commands._console import stderr
    from restore.networks import weights

    console = stderr()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    ) as bar:
        total = weights.KNOWN[name].size if name in weights.KNOWN else None
        task = bar.add_task(name, total=total)

        def report(host: str, count: int) -> None:
            bar.update(task, description=f"{name} from {host}", completed=count)

        added = weights.pull(name, report, lambda: _waiting(console, quiet))
    _show(added, console, quiet)


@models.command(epilog="Example:  restore models add colorization_release_v2.caffemodel")
@click.argument("file", type=FilePath())
@click.option(
    "--as", "name", metavar="NAME", default="", help="Which model it is; found out if not given."
)
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
def add(file: Path, name: str, quiet: bool) -> None:
    """Take a FILE that was brought by hand, and print where the model is.

    FILE is a .caffemodel (the release or norebal) or a published ONNX conversion of it. It is
    recognised by what is in it, and stays where it is.
    """
    from restore.commands._console import stderr
    from restore.networks import weights

    console = stderr()
    _show(weights.add(file, name, lambda: _waiting(console, quiet)), console, quiet)


def _waiting(console: Console, quiet: bool) -> None:
    if not quiet:
        console.print("another process is at this model; waiting for it")


def _show(added: Added, console: Console, quiet: bool) -> None:
    """Notes to stderr, the path to stdout."""
    for note in () if quiet else added.notes:
        console.print(f"{added.name}: {note}", markup=False)
    click.echo(added.path)


@models.command(epilog="Example:  restore models verify zhang2016")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete)
def verify(names: tuple[str, ...]) -> None:
    """Hold installed models (all, or those called NAME) against their SHA-256."""
    from restore.networks import weights

    chosen = names or [name for name in weights.KNOWN if weights.installed(name)]
    if not chosen:
        click.echo("no model is installed beside the compact network", err=True)
    for name in chosen:
        found = weights.verify(name)
        kind = "the published file" if found["published"] == "yes" else "not a published file"
        click.echo(
            f"{name}: all right; from {found['file']}, {kind}, SHA-256 {found['source_sha256']}"
        )


@models.command(epilog="Example:  restore models remove zhang2016")
@click.argument("name", shell_complete=complete)
def remove(name: str) -> None:
    """Remove the model NAME, and print what was removed."""
    from restore.networks import weights

    click.echo(weights.remove(name))


@models.command(epilog="Example:  restore models path")
@click.argument("name", required=False, shell_complete=complete)
def path(name: str | None) -> None:
    """Print the folder of models, or the file of the model NAME."""
    from restore.networks import weights

    click.echo(weights.path(name) if name else weights.folder())


@models.command(epilog="Example:  restore models bench")
def bench() -> None:
    """Time each engine on this machine with the network of Zhang 2016.

    The time of a forward at 224 x 224 and 448 x 448; the time from starting a process to its first
    result (the first time, and again when the compiled network is in the cache); the peak memory;
    and how far the colours are from the first engine's, in a* b* at temperature 0.38. If zhang2016
    is not installed, random weights stand in: the time does not depend on the values.
    """
    import tempfile

    from restore.commands._console import stderr, stdout, table
    from restore.errors import WeightsError
    from restore.networks import _timing, _zhang, engines, weights

    console = stderr()
    listing = table("engine", "224", "448", "start", "again", "memory", "ab mean", "most")
    reference = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if weights.installed("zhang2016"):
            onnx = weights.path("zhang2016")
        else:
            console.print("zhang2016 is not installed: random weights stand in")
            onnx = folder / "random.onnx"
            _zhang.write(onnx, _zhang.random_weights(0), {})
        for engine in engines.ENGINES:
            for precision in _precisions(engine):
                label = f"{engine}, {precision}"
                if not engines.installed(engine):
                    listing.add_row(label, "not installed")
                    continue
                with console.status(label):
                    try:
                        found = _timing.measure(onnx, engine, precision, (224, 448), folder)
                    except WeightsError as error:
                        console.print(str(error), markup=False)
                        continue
                reference = found.logits if reference is None else reference
                listing.add_row(
                    label,
                    *(f"{1000 * found.forward[side]:.0f} ms" for side in (224, 448)),
                    f"{found.first:.1f} s",
                    f"{found.again:.1f} s",
                    f"{found.memory / 1e6:.0f} MB" if found.memory else "–",
                    *(f"{away:.3f}" for away in _apart(found.logits, reference)),
                )
    stdout().print(listing)


def _precisions(engine: str) -> tuple[Precision, ...]:
    """What an engine may calculate in on this processor."""
    from restore.networks import engines

    if engine == "openvino" and engines.has_bf16():
        return "f32", "bf16"
    return ("f32",)


def _apart(logits: Array, reference: Array) -> tuple[float, float]:
    """Mean and largest distance of the colours at the published temperature, in Lab units."""
    import numpy as np

    from restore.colorizers import _distribution

    one, other = (
        _distribution.mean(_distribution.probabilities(each[0], 0.38))
        for each in (logits, reference)
    )
    away = np.linalg.norm(one - other, axis=-1)
    return float(away.mean()), float(away.max())
