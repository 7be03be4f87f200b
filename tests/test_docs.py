"""The pages: their links and pictures resolve; each step and recipe has its place in them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import restore
from restore import registry, steps
from restore.cli import cli
from restore.cli.run import pairs
from restore.recipe import Recipe

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sample_images/*.md")])
HOME = re.compile(
    r"https://(?:raw\.githubusercontent\.com/restore-photos/restore/main|"
    r"github\.com/restore-photos/restore/(?:blob|tree)/main)/"
)
"""Addresses of files of ours: in the README, where relative ones would lead nowhere on PyPI."""


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in headings}


def _outside(page: Path, target: Path) -> bool:
    """Whether a page of the site links to what is not in the site."""
    docs = ROOT / "docs"
    return page.is_relative_to(docs) and not target.resolve().is_relative_to(docs)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_resolve(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if HOME.match(path):
            target = ROOT / HOME.sub("", path)
        elif "://" in path:
            continue
        else:
            target = page.parent / path if path else page
        assert target.exists(), f"{link} leads nowhere"
        relative = not HOME.match(path)
        assert relative == (page != ROOT / "README.md") or _outside(page, target), link
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


def test_the_site_lists_every_page() -> None:
    listed = re.findall(r"[\w./-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8"))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert pages - set(listed) == set(), "add them to nav in mkdocs.yml"
    assert set(listed) - pages == set(), "nav in mkdocs.yml has pages that do not exist"
    assert len(listed) == len(set(listed)), "nav in mkdocs.yml has a page twice"


COMMANDS = [
    (path.relative_to(ROOT).as_posix(), line)
    for path in PAGES
    for line in re.findall(r"^(?:    |\$ )(restore .*)$", path.read_text("utf-8"), flags=re.M)
    if not re.search(r"\b[A-Z]{4,}\b", line.partition("  ")[0])  # a placeholder
]


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_commands_in_the_pages_exist(page: str, line: str) -> None:
    line = re.split(r" {2,}| > | \| |[(\[;]", line.removeprefix("$ "))[0].rstrip("…. ")
    words = shlex.split(line, comments=True)[1:]
    command, context = cli, click.Context(cli)
    while isinstance(command, click.Group) and words:
        command = command.get_command(context, words.pop(0))
        assert command is not None, line
    given = command.make_context(line, words, resilient_parsing=isinstance(command, click.Group))
    recipe = given.params.get("recipe") or "RECIPE"
    if re.fullmatch("[a-z-]+", recipe) and recipe != "auto":
        Recipe.named(recipe).with_settings(pairs(given.params.get("assignments") or ()))


def test_what_the_tutorial_prints_is_what_it_prints(tmp_path: Path) -> None:
    """Its first photo; the others would take longer."""
    shutil.copytree(ROOT / "sample_images", tmp_path / "sample_images")
    text = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    lines = [line for page, line in COMMANDS if page == "docs/tutorial.md"]
    for line in [line for line in lines if "family-print" in line]:
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        shown = re.search(re.escape(line) + r"\n\n```\n(.*?)```", text, re.S)
        printed = [row.strip() for row in (done.stdout + done.stderr).splitlines()]
        for row in shown[1].splitlines() if shown else ():
            assert row.strip() in {*printed, "..."}, f"{line} does not print {row!r}"
    first, again = (
        restore.load(tmp_path / folder / "family-print.jpg") for folder in ("restored", "again")
    )
    assert (first.samples == again.samples).all()
