"""A command group that suggests the command that was meant."""

from __future__ import annotations

import click


class Group(click.Group):
    """A click group with "did you mean" for typos and untruncated summaries."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its full first sentence."""
        known = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(1000)) for name, command in known if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names."""
        from restore.cli._complete import recipe_names
        from restore.cli._typed import is_photo, no_recipe
        from restore.errors import nearest, printable

        word = args[0] if args else ""
        if ctx.resilient_parsing or not word or word.startswith("-"):
            return super().resolve_command(ctx, args)
        if self.get_command(ctx, word) is None:
            hint = nearest(word, self.list_commands(ctx))
            if ctx.parent is None and word in recipe_names():
                hint = f'did you mean "restore run {word}"?'
            elif ctx.parent is None and is_photo(word):
                hint = no_recipe([word for word in args if is_photo(word)])
            ctx.fail(f'there is no command "{printable(word):.60}"; {hint}')
        return super().resolve_command(ctx, args)
