"""`restore models`: list the networks; pull, add, verify, remove and time them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli._complete import models as complete
from restore.cli._group import Group
from restore.cli._paths import FilePath

if TYPE_CHECKING:
    from rich.console import Console

    from restore.color import Array
    from restore.models.engines import Precision
    from restore.models.weights import Added


@click.group(
    cls=Group, invoke_without_command=True, epilog="Example:  restore models pull zhang2016"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per network.")
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the colorizing networks; download, add, verify, remove and time them.

    Models are kept in the user's data folder, or in the folder that the environment variable
    RESTORE_MODELS names.
    """
    if ctx.invoked_subcommand:
        if as_json:
            raise click.UsageError("--json is for the list only, without a COMMAND")
        return
    from restore import colorizers
    from restore.cli._console import say_json
    from restore.models import own

    names = colorizers.names()
    for name in names:
        module = colorizers.get(name)
        here, where = _state(name)
        if as_json:
            say_json(
                {
                    "name": name,
                    "state": here,
                    "where": where,
                    "bytes": module.BYTES,
                    "about": module.ABOUT,
                    "licence": module.LICENCE,
                }
            )
            continue
        click.echo(f"{name:{max(map(len, names))}}  {here} ({module.BYTES / 1e6:.0f} MB): {where}")
        click.echo(f"    {module.ABOUT}\n    Licence: {module.LICENCE}")
    for kind, step in (("damage", "scratches"), ("fade", "fade")):
        if not as_json and (place := own.path(kind)):
            click.echo(f"own-{kind}  installed: {place}\n    For the step {step}.")


def _state(name: str) -> tuple[str, str]:
    """Whether a model is installed, and where it is or how to get it."""
    from restore.errors import WeightsError
    from restore.models import own, weights

    if name == "own":
        place = own.path("colorizer")
        way = "restore train colorizer, then restore models add FILE"
        return ("installed", str(place)) if place else ("not installed", way)
    if name not in weights.KNOWN:
        return "installed", "included"
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
    """Download the model NAME, verify it, and print its path.

    Several sources are tried in turn, and an interrupted download is resumed. The file is not
    opened before its SHA-256 has been verified.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from restore.cli._console import stderr
    from restore.models import weights

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
    "--as", "name", metavar="NAME", default="", help="Which model it is; detected by default."
)
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
def add(file: Path, name: str, quiet: bool) -> None:
    """Add a model FILE you downloaded, and print the model's path.

    FILE is a .caffemodel (release or norebal), a published ONNX conversion of one, or a network
    that `restore train` wrote, which is used from then on. It is recognised by its content and
    stays where it is.
    """
    from restore.cli._console import stderr
    from restore.models import weights

    console = stderr()
    _show(weights.add(file, name, lambda: _waiting(console, quiet)), console, quiet)


def _waiting(console: Console, quiet: bool) -> None:
    if not quiet:
        console.print("waiting for another process that uses this model")


def _show(added: Added, console: Console, quiet: bool) -> None:
    """Notes to stderr, the path to stdout."""
    for note in () if quiet else added.notes:
        console.print(f"{added.name}: {note}", markup=False)
    if added.guessed and not quiet:
        console.print("if it is another model, add it again with --as NAME", markup=False)
    click.echo(added.path)


@models.command(epilog="Example:  restore models verify zhang2016")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete)
def verify(names: tuple[str, ...]) -> None:
    """Verify installed models by SHA-256: all, or those called NAME."""
    from restore.models import weights

    chosen = names or [name for name in weights.KNOWN if weights.installed(name)]
    if not chosen:
        click.echo("no models are installed except the compact network", err=True)
    for name in chosen:
        details = weights.verify(name)
        kind = "the published file" if details["published"] == "yes" else "not a published file"
        click.echo(
            f"{name}: OK; from {details['file']}, {kind}, SHA-256 {details['source_sha256']}"
        )


@models.command(epilog="Example:  restore models remove zhang2016")
@click.argument("name", shell_complete=complete)
def remove(name: str) -> None:
    """Remove the model NAME, and print the path removed.

    Networks that `restore train` wrote are own-colorizer, own-damage and own-fade.
    """
    from restore.models import weights

    click.echo(weights.remove(name))


@models.command(epilog="Example:  restore models path")
@click.argument("name", required=False, shell_complete=complete)
def path(name: str | None) -> None:
    """Print the folder of the models, or the path of the model NAME."""
    from restore.models import weights

    click.echo(weights.path(name) if name else weights.folder())


@models.command(epilog="Example:  restore models bench")
def bench() -> None:
    """Time each engine on this machine with the network of Zhang et al. 2016.

    Shown are the time of one forward pass at 224 x 224 and 448 x 448; the time from the start of a
    process to its first result, without and with the compiled network in the cache; the peak
    memory; and how far the colours are from those of the first engine, in a* b* at temperature
    0.38. If zhang2016 is not installed, random weights are used: they take the same time.
    """
    import tempfile

    from restore.cli._console import stderr, stdout, table
    from restore.errors import WeightsError
    from restore.models import _timing, _zhang, engines, weights

    console = stderr()
    listing = table("engine", "224", "448", "start", "again", "memory", "ab mean", "most")
    reference = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if weights.installed("zhang2016"):
            onnx = weights.path("zhang2016")
        else:
            console.print("zhang2016 is not installed; random weights are used")
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
                        timing = _timing.measure(onnx, engine, precision, (224, 448), folder)
                    except WeightsError as error:
                        console.print(str(error), markup=False)
                        continue
                reference = timing.logits if reference is None else reference
                listing.add_row(
                    label,
                    *(f"{1000 * timing.forward[side]:.0f} ms" for side in (224, 448)),
                    f"{timing.first:.1f} s",
                    f"{timing.again:.1f} s",
                    f"{timing.memory / 1e6:.0f} MB" if timing.memory else "–",
                    *(f"{away:.3f}" for away in _apart(timing.logits, reference)),
                )
    stdout().print(listing)


def _precisions(engine: str) -> tuple[Precision, ...]:
    """The precisions an engine can use on this processor."""
    from restore.models import engines

    if engine == "openvino" and engines.has_bf16():
        return "f32", "bf16"
    return ("f32",)


def _apart(logits: Array, reference: Array) -> tuple[float, float]:
    """Mean and largest distance of the colours at the published temperature, in Lab units."""
    import numpy as np

    from restore.colorizers import _distribution

    one, other = (
        _distribution.mean(_distribution.probabilities(output[0], 0.38))
        for output in (logits, reference)
    )
    away = np.linalg.norm(one - other, axis=-1)
    return float(away.mean()), float(away.max())
