"""`restore completion`: what a shell needs to complete commands, recipes, steps and settings."""

from __future__ import annotations

import click


@click.command(epilog="Example:  restore completion bash >> ~/.bash_completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that lets SHELL complete the command line.

    bash reads ~/.bash_completion, fish ~/.config/fish/completions/restore.fish; for zsh, append the
    script to ~/.zshrc, below compinit.
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:  # none that the choice lets through
        raise click.UsageError(f"there is no completion for {shell}")
    for name in ("restore", "restore-photos"):
        variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
        click.echo(script(ctx.find_root().command, {}, name, variable).source())
