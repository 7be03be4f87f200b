"""The pages: their links and pictures resolve; each step and recipe has its place in them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest

from restore import registry, steps
from restore.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sample_images/*.md")])
RAW = (
    "https://raw.githubusercontent.com/restore-photos/restore/main/"  # for PyPI, in the README only
)


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_resolve(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if path.startswith(RAW):
            assert page == ROOT / "README.md", f"{link} should be relative"
            target = ROOT / path.removeprefix(RAW)
        elif "://" in path:
            continue
        else:
            target = page.parent / path if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


@pytest.mark.parametrize("name", registry.names(steps))
def test_a_page_explains_all_settings_of_a_step(name: str) -> None:
    page = (ROOT / "docs" / "steps" / f"{name}.md").read_text("utf-8")
    rows = re.findall(r"^\|([^|]+)\|", page, flags=re.M)
    explained = set(re.findall(r"`(\w+)`", " ".join(rows)))
    assert set(steps.get(name).settings) <= explained
    assert f"docs/steps/{name}.md" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", ["README.md", "docs/recipes.md"])
def test_the_tables_list_all_recipes(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for recipe in ROOT.glob("recipes/*.toml"):
        assert re.search(rf"^\|.*`{recipe.stem}`.*\|", text, flags=re.M), recipe.stem


def test_the_table_of_recipes_names_their_steps() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    for recipe in ROOT.glob("recipes/*.toml"):
        uses = [step["use"] for step in tomllib.loads(recipe.read_text("utf-8"))["steps"]]
        assert re.search(rf"^\| `{recipe.stem}` \|.*\| {', '.join(uses)} \|$", text, flags=re.M)


def test_notice_names_the_origin_of_all_data() -> None:
    notice = (ROOT / "NOTICE").read_text("utf-8")
    for path in (ROOT / "restore" / "data").iterdir():
        assert path.name in notice


def options(command: click.Command) -> set[str]:
    """The long options of a command and of those below it."""
    names = {name for param in command.params for name in param.opts if name.startswith("--")}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            names |= options(below)
    return names


def test_the_pages_mention_all_options() -> None:
    pages = ("command-line.md", "batch.md", "inspect.md", "archive.md", "train.md")
    pages += ("models/README.md",)
    text = " ".join((ROOT / "docs" / page).read_text("utf-8") for page in pages)
    missing = {name for name in options(cli) if not re.search(rf"{name}\b", text)}
    assert not missing - {"--version"}
