"""`restore rerun`: make a result again, as its metadata says."""

from __future__ import annotations

from pathlib import Path

import click

from restore.commands._paths import FilePath


@click.command(
    epilog="Example:  restore rerun restored/scan.tif --from scan.tif -o again/",
)
@click.argument("result", type=FilePath())
@click.option(
    "--from",
    "original",
    required=True,
    type=FilePath(),
    metavar="ORIGINAL",
    help="The photo that the result was made from.",
)
@click.option(
    "-o",
    "--out",
    default="restored",
    show_default=True,
    type=FilePath(file_okay=False),
    metavar="FOLDER",
    help="Where the new result goes.",
)
@click.option("--overwrite", is_flag=True, help="Replace a result that is there already.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
def rerun(result: Path, original: Path, out: Path, overwrite: bool, quiet: bool) -> None:
    """Restore ORIGINAL again with the recipe that made RESULT.

    The recipe and its settings are read from the result's metadata, and so are the program's
    version and the network: what differs now is told.
    """
    import restore
    from restore import files
    from restore.commands._console import progress, say, stderr, warn
    from restore.errors import PhotoError, printable
    from restore.job import Job, restore_file
    from restore.names import stem
    from restore.recipe import Recipe

    record = files.load(result).source.record
    if "recipe" not in record:
        raise PhotoError(f"{result}: its metadata does not say which recipe made it")
    recipe = Recipe.parse(record["recipe"], f"{result}, its recipe", record.get("name", "recipe"))
    console = stderr()
    target = out / (stem(original) + result.suffix)
    with progress(console, quiet) as bar:
        task = bar.add_task(printable(original.name), total=1)
        outcome = restore_file(
            Job(original, target, record.get("profile", "original"), overwrite=overwrite),
            recipe,
            lambda share: bar.update(task, completed=share),
        )
    say(target)
    changes = []
    now = files.load(target).source.record
    if record.get("originalSha256", "") != now.get("originalSha256", ""):
        changes.append(f"{original} is not the file that {result} was made from")
    if record.get("version") != restore.__version__:
        changes.append(f"restore {record.get('version', '?')} then, {restore.__version__} now")
    if record.get("networkSha256") != now.get("networkSha256"):
        then = f"{record.get('network', 'none')} ({record.get('networkSha256', '')[:12]})"
        changes.append(
            f"network {then} then, {now.get('network')} ({now.get('networkSha256', '')[:12]}) now"
        )
    for line in () if quiet else (*outcome.warnings, *changes):
        warn(console, line)
