"""`restore verify`: whether a batch's results, and its originals, are as they were."""

from __future__ import annotations

from pathlib import Path

import click

from restore.cli._paths import FilePath


@click.command(epilog="Example:  restore verify restored/")
@click.argument("target", type=FilePath(file_okay=False), metavar="TARGET")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per problem.")
@click.option("-q", "--quiet", is_flag=True, help="Print problems only.")
@click.pass_context
def verify(ctx: click.Context, target: Path, as_json: bool, quiet: bool) -> None:
    """Check the results of a batch in TARGET, and that the originals are unchanged.

    Every file that the journal or SHA256SUMS lists is read and compared with its SHA-256. Each
    problem is a line: a file that is missing or has changed, a photo that could not be restored.
    The exit status is 1 if there is any.
    """
    from restore.cli._console import progress, say_json, stderr
    from restore.errors import printable
    from restore.work import verifying

    known = verifying.expected(target)
    console, count = stderr(), 0
    with progress(console, quiet) as bar:
        task = bar.add_task(f"{len(known)} files", total=len(known))
        for problem in verifying.problems(known, lambda: bar.advance(task)):
            count += 1
            if as_json:
                say_json({"path": problem.path, "problem": problem.problem})
            else:
                click.echo(printable(problem))
    if not quiet:
        some = "no problems" if not count else f"{count} problem{'s' * (count > 1)}"
        results, originals = len(known.results), len(known.originals)
        console.print(
            f"{results} result{'s' * (results != 1)} and "
            f"{originals} original{'s' * (originals != 1)} read: {some}"
        )
    ctx.exit(1 if count else 0)
