"""`restore steps`: list the steps, or the settings of one."""

from __future__ import annotations

import click

from restore.cli import _complete


@click.command(epilog="Example:  restore steps hue_blend")
@click.argument("name", required=False, shell_complete=_complete.steps)
def steps(name: str | None) -> None:
    """List the steps, or show the settings of the step NAME."""
    from restore.cli._console import stderr, stdout, table, warn
    from restore.steps import get, loaded

    console = stdout()
    if name is None:
        listing = table("step", "what it does")
        sound, broken = loaded()
        for step in sound:
            listing.add_row(step.name, step.about)
        console.print(listing)
        for error in broken:
            warn(stderr(), str(error))
        return
    step = get(name)
    console.print(f"[bold]{step.name}[/]: {step.about}")
    listing = table("setting", "default", "allowed", "meaning")
    for setting in step.settings.values():
        default = "not set" if setting.default is None else setting.default
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        listing.add_row(setting.name, shown, setting.allowed, setting.param.about)
    console.print(listing)
    if step.details:
        console.print(step.details, markup=False)
