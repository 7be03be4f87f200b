"""All of a report page but its photos: heading, counts, facts, groups, tools, links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from restore.figures.document import text
from restore.report.card import address_of, command, date, duration
from restore.report.tally import Alarm, Tally

COUNTS = {
    "restored": "restored",
    "copied": "copied unchanged",
    "skipped": "skipped",
    "failed": "failed",
}
DEPARTING = 12
"""Most photos that are named for departing from their group."""


@dataclass(frozen=True)
class Run:
    """What a report says about the run itself.

    Attributes
    ----------
    command
        What was typed.
    folder
        The folder it was typed in.
    began
        When it began (ISO 8601).
    seconds
        How long it took; None while it runs.
    """

    command: str
    folder: str = ""
    began: str = ""
    seconds: float | None = None


def title(run: Run, tally: Tally) -> str:
    """What the browser's window is called."""
    recipes = ", ".join(tally.recipes)
    day = date(run.began).partition(",")[0]
    return " · ".join(part for part in ("Restoration report", recipes[:80], day) if part)


def whole(run: Run, tally: Tally, cards: str, rows: str) -> str:
    """A report of one page."""
    tools = _tools(tally) if tally.count > 1 else ""
    return (
        _head(run, tally)
        + f'<main id="main">{_groups(tally)}{tools}{_photos(cards)}{_others(tally, rows)}</main>'
    )


def part(
    run: Run, tally: Tally, first: int, names: Mapping[str, str], cards: str, rows: str
) -> str:
    """One of several pages.

    Parameters
    ----------
    first
        Number of its first photo.
    names
        File names of the "index", and of the "previous" and the "next" page if there are such.
    """
    last = first + tally.count - 1
    links = {"previous": "← Previous photos", "index": "Overview", "next": "Next photos →"}
    items = "".join(
        f'<a href="{address_of(names[key])}" rel="{key[:4]}">{words}</a>'
        for key, words in links.items()
        if key in names
    )
    heading = f"Photos {first:,} to {last:,}"
    return (
        f'{SKIP}<header class="top"><p class="eyebrow">Restoration report</p><h1>{heading}</h1>'
        f'<p class="lead">{_lead(run, tally)}</p>{_tiles(tally)}'
        f'<nav class="pages" aria-label="Pages">{items}</nav></header><main id="main">'
        f"{_tools(tally)}{_photos(cards)}{_others(tally, rows)}</main>"
        f'<nav class="pages" aria-label="Pages, again">{items}</nav>'
    )


def index(run: Run, tally: Tally, parts: Sequence[Tally], names: Sequence[str]) -> str:
    """The first page of several."""
    items, first = "", 1
    for one, name in zip(parts, names, strict=True):
        last = first + one.count - 1
        between = " – ".join(text(word) for word in dict.fromkeys(one.names))
        notes = [f"{count:,} {word}" for word, count in _counts(one).items() if count]
        items += (
            f'<li><a href="{address_of(name)}">Photos {first:,} to {last:,}</a>'
            f'<p>{between}</p><p class="quiet">{", ".join(notes)}</p></li>'
        )
        first = last + 1
    pages = (
        '<section aria-labelledby="pages"><h2 id="pages">Pages</h2>'
        f'<ol class="parts">{items}</ol></section>'
    )
    return f'{_head(run, tally)}<main id="main">{pages}{_alarms(tally)}{_groups(tally)}</main>'


SKIP = '<a class="skip" href="#main">Skip to the photos</a>'


def _head(run: Run, tally: Tally) -> str:
    done = tally.states["restored"]
    if done or not tally.count:
        heading = f"{done:,} photo{'s' * (done != 1)} restored"
    else:
        heading = "No photo restored"
    facts = {
        "Recipe": ", ".join(
            name + f" ({words})" * bool(words) for name, words in tally.recipes.items()
        ),
        "Made with": ", ".join(tally.programs),
        "Folder": run.folder,
    }
    rows = "".join(
        f"<dt>{name}</dt><dd>{text(value)}</dd>" for name, value in facts.items() if value
    )
    again = f"<dt>Command</dt><dd>{command(run.command)}</dd>" if run.command else ""
    return (
        f'{SKIP}<header class="top"><p class="eyebrow">Restoration report</p><h1>{heading}</h1>'
        f'<p class="lead">{_lead(run, tally)}</p>{_tiles(tally)}'
        f'<dl class="facts">{rows}{again}</dl></header>'
    )


def _lead(run: Run, tally: Tally) -> str:
    """The recipe, the date and the duration, as HTML."""
    names = [*tally.recipes]
    recipe = f"with {names[0]}" if len(names) == 1 else f"with {len(names)} recipes" * bool(names)
    took = "" if run.seconds is None else f"in {duration(run.seconds)}"
    return " ".join(
        f"<span>{text(part)}</span>" for part in (recipe, date(run.began), took) if part
    )


def _counts(tally: Tally) -> dict[str, int]:
    counts = {word: tally.states[state] for state, word in COUNTS.items()}
    return {**counts, "with warnings": tally.warned}


def _tiles(tally: Tally) -> str:
    """The counts, large."""
    kinds = [*COUNTS, "warned"]
    items = "".join(
        f'<li class="{kind}"><strong>{count:,}</strong> {word}</li>'
        for kind, (word, count) in zip(kinds, _counts(tally).items(), strict=True)
        if count or kind == "restored"
    )
    return f'<ul class="tiles" aria-label="Counts">{items}</ul>'


def _tools(tally: Tally) -> str:
    """Filters, order and search: shown once the page's script runs."""
    others = tally.count - tally.states["restored"]
    filters = {"all": ("All", tally.count)}
    filters |= {"warnings": ("With warnings", tally.warned)} if tally.warned else {}
    filters |= {"others": ("Not restored", others)} if others else {}
    buttons = "".join(
        f'<button type="button" data-filter="{key}" aria-pressed="{str(key == "all").lower()}">'
        f"{word} <span>{count:,}</span></button>"
        for key, (word, count) in filters.items()
    )
    orders = {
        "number": "as restored",
        "warnings": "warnings first",
        "name": "by name",
        "seconds": "slowest first",
        **({"group": "by group"} if tally.groups else {}),
    }
    options = "".join(f'<option value="{key}">{word}</option>' for key, word in orders.items())
    return (
        '<div class="tools" role="group" aria-label="Filter and sort" hidden>'
        f'<div class="filters">{buttons}</div>'
        f"<label>Sort <select>{options}</select></label>"
        '<label>Find <input type="search" placeholder="name" autocomplete="off"></label>'
        '<output aria-live="polite"></output></div>'
    )


def _photos(cards: str) -> str:
    if not cards:
        return ""
    return f'<section aria-labelledby="photos"><h2 id="photos">Photos</h2>{cards}</section>'


def _others(tally: Tally, rows: str) -> str:
    """The photos without pictures."""
    if not rows:
        return ""
    words = "Failed and skipped" if tally.states["failed"] else "Not restored"
    words = "Without pictures" if tally.bare else words
    return (
        f'<section aria-labelledby="others"><h2 id="others">{words}</h2>'
        f'<ul class="rows">{rows}</ul></section>'
    )


def _alarms(tally: Tally) -> str:
    """Photos to look at, those that failed first."""
    if not tally.alarms:
        return ""
    worst = sorted(tally.alarms, key=lambda alarm: alarm.state != "failed")
    items = "".join(map(_alarm, worst))
    left = tally.warned + tally.states["failed"] - len(worst)
    more = f"<p>{left:,} more are on the pages.</p>" if left > 0 else ""
    return (
        '<section aria-labelledby="alarms"><h2 id="alarms">Worth a look</h2>'
        f'<ul class="alarms">{items}</ul>{more}</section>'
    )


def _alarm(alarm: Alarm) -> str:
    name = f'<a href="{text(_anchored(alarm.link))}">{text(alarm.name)}</a>'
    return f'<li class="{alarm.state}">{name} <span>{text(alarm.reason)}</span></li>'


def _anchored(link: str) -> str:
    page, _, anchor = link.rpartition("#")
    return f"{address_of(page)}#{anchor}"


def _groups(tally: Tally) -> str:
    """Which photos shared a plan, and which depart from it."""
    if not tally.groups:
        return ""
    rows = ""
    for name, group in sorted(tally.groups.items()):
        departing = "".join(map(_alarm, group.departing[:DEPARTING]))
        left = len(group.departing) - DEPARTING
        more = f"<p>and {left} more</p>" if left > 0 else ""
        listed = f'<ul class="alarms">{departing}</ul>{more}' if departing else "none"
        rows += (
            f'<tr><th scope="row">{text(name)}</th><td>{group.count:,}</td><td>{listed}</td></tr>'
        )
    return (
        '<section aria-labelledby="groups"><h2 id="groups">Groups</h2>'
        "<p>The photos of a group share one plan, so that they agree with one another.</p>"
        '<div class="table"><table><thead><tr><th scope="col">Group</th>'
        '<th scope="col">Photos</th><th scope="col">Departing from it</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )
