"""One photo of a report page, as HTML."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePath
from urllib.parse import quote

from restore.figures.document import text
from restore.report.entry import Entry, Thumbnail

STAGES = {"read": "reading", "plan": "planning", "render": "rendering", "write": "writing"}
WORDS = {"copied": "copied unchanged", "skipped": "skipped", "failed": "failed"}


def card(entry: Entry, number: int, folder: Path, ratio: tuple[int, int]) -> str:
    """A photo with its before | after pictures.

    Parameters
    ----------
    number
        Its place in the run, from 1.
    folder
        That of the page: links are relative to it.
    ratio
        Width and height of the pictures; the page's style has a class for each.
    """
    name = text(name_of(entry.path))
    badge = f'<p class="group">{text(entry.group)}</p>' if entry.group else ""
    body = (
        f"<header><h3>{name}</h3>{badge}{_links(entry, folder)}</header>"
        + "".join(f'<p class="summary">{text(_sentence(line))}</p>' for line in entry.summary)
        + _warnings(entry)
        + _details(entry)
    )
    return (
        f'<article class="card" id="photo-{number}" {_data(entry, number)}>'
        f"{_pair(entry, name, ratio)}"
        f'<div class="body">{body}</div></article>'
    )


def row(entry: Entry, number: int, folder: Path) -> str:
    """A photo without pictures: most often one that was not restored."""
    reason = entry.error or "; ".join((*entry.summary, *entry.warnings))
    reason = reason.removeprefix(f"{entry.path}: ")
    if not reason and entry.state == "skipped":
        reason = "it has a result already"
    again = command(entry.command) if entry.command and entry.state == "failed" else ""
    return (
        f'<li class="row {entry.state}" id="photo-{number}" {_data(entry, number)}>'
        f'<span class="state">{WORDS.get(entry.state, entry.state)}</span>'
        f"<div><h3>{text(name_of(entry.path))}</h3><p>{text(_sentence(reason))}</p>"
        f"{again}</div>"
        f"{_links(entry, folder)}</li>"
    )


def name_of(path: str) -> str:
    """The file's name in a path or an address."""
    return PurePath(path).name or path


def address(target: str, folder: Path) -> str:
    """Where a link from a page in `folder` leads; "" where a browser cannot follow it."""
    if "://" in target:
        return quote(target, safe=":/?&=%") if target.startswith(("https://", "http://")) else ""
    try:
        relative = os.path.relpath(target, folder)
    except ValueError:  # on another drive
        return Path(target).absolute().as_uri()
    return address_of(relative.replace(os.sep, "/"))


def address_of(relative: str) -> str:
    """A relative path as a link; a colon in it is no scheme's."""
    return quote(os.fsencode(relative))


def duration(seconds: float) -> str:
    """ "0.4 s", "12 min 4 s", "3 h 12 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def date(moment: str) -> str:
    """ "29 November 2026, 00:57", from ISO 8601; anything else as it is."""
    try:
        given = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{given.day} {given:%B %Y, %H:%M}"


def command(line: str) -> str:
    """A command with a button that copies it."""
    return (
        f'<div class="command"><code tabindex="0">{text(line)}</code>'
        '<button type="button" class="copy">Copy</button></div>'
    )


def network(record: Mapping[str, str]) -> str:
    """The network that a record names, and how its SHA-256 begins; "" for none."""
    name, digest = record.get("network", ""), record.get("networkSha256", "")[:12]
    return f"{name:.64} ({digest})" if digest else f"{name:.64}"


def _pair(entry: Entry, name: str, ratio: tuple[int, int]) -> str:
    halves = [
        (word, picture)
        for word, picture in (("before", entry.before), ("after", entry.after))
        if picture
    ]
    kind = "pair" if len(halves) == 2 else "single"
    pictures = "".join(
        f'<div class="half {word}">{_image(picture, f"{name}, {word}")}'
        f'<span class="tag" aria-hidden="true">{word}</span></div>'
        for word, picture in halves
    )
    shape = "r{}x{}".format(*ratio)
    return (
        f'<div class="view"><div class="{kind} {shape}" data-name="{name}">{pictures}</div></div>'
    )


def _image(picture: Thumbnail, alt: str) -> str:
    data = base64.b64encode(picture.data).decode("ascii")
    return (
        f'<img src="data:image/webp;base64,{data}" alt="{alt}" width="{picture.width}" '
        f'height="{picture.height}" loading="lazy" decoding="async" draggable="false">'
    )


def _links(entry: Entry, folder: Path) -> str:
    targets = {"Original": entry.path}
    for path in entry.results:
        word = "Before | after" if path.endswith(".compare.jpg") else "Result"
        targets.setdefault(word, path)
    links = ""
    for word, path in targets.items():
        where = address(path, folder)
        spoken = f'<span class="spoken"> of {text(name_of(entry.path))}</span>'
        links += f'<a href="{text(where)}">{word}{spoken}</a>' if where else ""
    return f'<p class="links">{links}</p>' if links else ""


def _warnings(entry: Entry) -> str:
    items = "".join(f"<li>{text(_sentence(line))}</li>" for line in entry.alarms)
    return f'<ul class="warnings" aria-label="Warnings">{items}</ul>' if items else ""


def _details(entry: Entry) -> str:
    steps = "".join(_step(entry, label) for label in _labels(entry))
    listed = f"<h4>What each step found</h4><dl>{steps}</dl>" if steps else ""
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in _facts(entry))
    again = f"<h4>Restore it again</h4>{command(entry.command)}" if entry.command else ""
    spoken = f'<span class="spoken"> of {text(name_of(entry.path))}</span>'
    return (
        f"<details><summary>Details{spoken}</summary>{listed}"
        f"<h4>File</h4><dl>{rows}</dl>{again}</details>"
    )


def _labels(entry: Entry) -> list[str]:
    """The steps of which something is known, in order."""
    named = (line.partition(": ")[0].partition(", ")[0] for line in entry.findings)
    return list(dict.fromkeys((*entry.settings, *named)))


def _step(entry: Entry, label: str) -> str:
    """What a step found, its settings, and its values."""
    sentences = [x.removeprefix(f"{label}: ") for x in entry.findings if x.startswith(f"{label}: ")]
    values = [x.removeprefix(f"{label}, ") for x in entry.findings if x.startswith(f"{label}, ")]
    lines = "".join(f"<p>{text(_sentence(line))}</p>" for line in sentences)
    if label in entry.settings:
        lines += f"<small>Settings: {text(entry.settings[label] or 'defaults')}</small>"
    lines += "".join(f"<small>{text(_sentence(line))}</small>" for line in values)
    return f"<dt>{text(label)}</dt><dd>{lines}</dd>"


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is worth knowing of a photo besides its findings."""
    yield "Path", entry.path
    if entry.size:
        width, height = entry.size
        yield "Size", f"{width:,} × {height:,} pixels ({width * height / 1e6:.1f} MP)"
    if entry.recipe:
        yield "Recipe", f"{entry.recipe} ({entry.title})" if entry.title else entry.recipe
    if used := network(entry.record):
        yield "Network", used
    if digest := entry.record.get("originalSha256"):
        yield "SHA-256", digest
    if entry.timings:
        stages = (f"{STAGES.get(k, k)} {duration(v)}" for k, v in entry.timings.items())
        yield "Time", f"{duration(entry.seconds)} ({', '.join(stages)})"


def _data(entry: Entry, number: int) -> str:
    """What the page's script sorts and filters by."""
    return (
        f'data-number="{number}" data-name="{text(name_of(entry.path))}" '
        f'data-warnings="{len(entry.alarms)}" data-seconds="{entry.seconds:.3f}" '
        f'data-group="{text(entry.group)}"'
    )


def _sentence(line: str) -> str:
    """A line with a capital at its start, unless it starts with a name such as a file's."""
    first = line.partition(" ")[0]
    return line[:1].upper() + line[1:] if first.isalpha() else line
