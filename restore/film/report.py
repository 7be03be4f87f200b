"""The report of a film: a row for each shot, the flicker before and after, both films to play."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from restore.color import Array
from restore.figures.document import document, resource, text
from restore.files import _writing
from restore.film.job import clock
from restore.film.observed import Observed, Shot
from restore.report.card import address, command
from restore.report.entry import Thumbnail

WIDE, TALL = 1200, 150
"""Units of a graph, horizontally and vertically."""
NAMES = ("Lightness", "Colour")


def write(
    path: Path,
    observed: Observed,
    *,
    film: Path,
    result: Path,
    begin: float,
    facts: dict[str, str],
    line: str,
    overwrite: bool,
) -> None:
    """Write the page.

    Parameters
    ----------
    begin
        The second of the film at which the result begins.
    facts
        What is worth knowing of the run, by name.
    line
        The command of the run.
    """
    style = "".join(
        [
            resource("page.css"),
            resource("report.css", "restore.report"),
            resource("film.css", "restore.film"),
            *_shapes(observed),
        ]
    )
    script = resource("report.js", "restore.report") + resource("film.js", "restore.film")
    rows = "".join(f"<dt>{text(k)}</dt><dd>{text(v)}</dd>" for k, v in facts.items() if v)
    again = f"<dt>Command</dt><dd>{command(line)}</dd>" if line else ""
    shots, frames = len(observed.shots), len(observed.flicker)
    some = f"{frames:,} frame{'s' * (frames != 1)} in {shots:,} shot{'s' * (shots != 1)}"
    body = (
        '<a class="skip" href="#main">Skip to the film</a>'
        f'<header class="top"><p class="eyebrow">Restoration report</p>'
        f'<h1>{text(film.name)}</h1><p class="lead"><span>{some}</span></p>'
        f'<dl class="facts">{rows}{again}</dl></header><main id="main">'
        f"{_player(film, result, path.parent, begin)}{_graphs(observed)}"
        f'<section aria-labelledby="shots"><h2 id="shots">Shots</h2>'
        f'<div class="cards">{"".join(map(_card, range(1, shots + 1), observed.shots))}</div>'
        "</section></main>"
    )
    page = document(f"{film.name} · Restoration report", style, body, script, films=True)

    def fill(file: BinaryIO) -> None:
        file.write(page)

    _writing.whole(path, fill, overwrite=overwrite, originals=[film, result])


def _shapes(observed: Observed) -> Iterator[str]:
    """The shapes of the pictures: the page's policy allows no style attributes."""
    for width, height in sorted({(s.before.width, s.before.height) for s in observed.shots}):
        yield f".r{width}x{height}{{--ratio:{width / height:.4f}}}"


def _player(film: Path, result: Path, folder: Path, begin: float) -> str:
    """Both films one above the other, with a divider."""
    halves = "".join(
        f'<div class="half {word}"><video src="{text(address(str(path), folder))}" '
        f'preload="metadata" playsinline {muted}></video>'
        f'<span class="tag" aria-hidden="true">{word}</span></div>'
        for word, path, muted in (("before", film, "muted"), ("after", result, ""))
    )
    links = "".join(
        f'<a href="{text(address(str(path), folder))}">{word}</a>'
        for word, path in (("Original", film), ("Result", result))
    )
    return (
        '<section class="player" aria-labelledby="film" hidden><h2 id="film">The film</h2>'
        f'<div class="screen"><div class="pair" data-name="the film" data-begin="{begin:.6f}">'
        f'{halves}</div></div><div class="bar"><button type="button" class="play">Play</button>'
        '<input type="range" class="seek" min="0" max="1000" value="0" aria-label="Place">'
        '<output class="time">0:00</output></div></section>'
        f'<p class="links films">{links}</p>'
        '<p class="note unplayable" hidden>Your browser cannot play these films here; open them '
        "in a player.</p>"
    )


def _graphs(observed: Observed) -> str:
    """The flicker of lightness and of colour, before and after."""
    if len(observed.flicker) < 3 or not observed.shots:
        return ""
    figures = ""
    for number, name in enumerate(NAMES):
        values = observed.flicker[:, number]
        before, after = (float(np.nanmean(values[:, n])) if _any(values) else 0.0 for n in (0, 1))
        top = float(np.nanpercentile(values, 99.5)) if _any(values) else 1.0
        lines = "".join(
            f'<path class="{word}" d="{_line(values[:, n], max(top, 0.1))}"/>'
            for n, word in enumerate(("before", "after"))
        )
        cuts = "".join(
            f'<path class="cut" d="M{WIDE * s.start / len(values):.1f} 0V{TALL}"/>'
            for s in observed.shots[1:]
        )
        alt = f"{name}: {before:.2f} before, {after:.2f} after, on average"
        figures += (
            f'<figure class="graph"><svg viewBox="0 0 {WIDE} {TALL}" role="img" '
            f'preserveAspectRatio="none" aria-label="{alt}">{cuts}{lines}</svg>'
            f"<figcaption><strong>{name}</strong> <span>{before:.2f} before, {after:.2f} after, "
            f"on average; the graph reaches {max(top, 0.1):.2g}</span></figcaption></figure>"
        )
    return (
        '<section aria-labelledby="flicker"><h2 id="flicker">Flicker</h2>'
        '<p class="quiet">How far the mean of a frame is from that of its neighbours, in units of '
        'CIE L*a*b*: <span class="key before">before</span>, <span class="key after">after</span>. '
        f"Thin lines are cuts.</p>{figures}</section>"
    )


def _any(values: Array) -> bool:
    return bool(np.isfinite(values).any())


def _line(values: Array, top: float) -> str:
    """The highest of the values in each column of a graph, as a path."""
    columns = min(len(values), WIDE // 2)
    edges = np.linspace(0, len(values), columns + 1).astype(int)
    path, drawing = [], False
    for number in range(columns):
        part = values[edges[number] : edges[number + 1]]
        part = part[np.isfinite(part)]
        if not part.size:
            drawing = False
            continue
        x = WIDE * (number + 0.5) / columns
        y = TALL * (1 - min(float(part.max()) / top, 1))
        path.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.1f}")
        drawing = True
    return "".join(path)


def _card(number: int, shot: Shot) -> str:
    """A shot with its before | after pictures."""
    name = f"Shot {number}"
    shape = f"r{shot.before.width}x{shot.before.height}"
    halves = "".join(
        f'<div class="half {word}">{_image(picture, f"{name}, {word}")}'
        f'<span class="tag" aria-hidden="true">{word}</span></div>'
        for word, picture in (("before", shot.before), ("after", shot.after))
    )
    sentences = (line[:1].upper() + line[1:] for line in shot.headline)
    summary = "".join(f'<p class="summary">{text(line)}.</p>' for line in sentences)
    found = "".join(f"<li>{text(line)}</li>" for line in shot.findings)
    details = f"<details><summary>Details</summary><ul>{found}</ul></details>" if found else ""
    span = f"{clock(shot.begin, tenths=True)} to {clock(shot.end, tenths=True)}"
    count = shot.stop - shot.start
    return (
        f'<article class="card" id="shot-{number}"><div class="view {shape}">'
        f'<div class="pair {shape}" data-name="{name}">{halves}</div></div>'
        f'<div class="body"><header><h3>{name}</h3><p class="group">{span}</p>'
        f'<p class="group">{count:,} frame{"s" * (count != 1)}</p></header>'
        f"{summary}{details}</div></article>"
    )


def _image(picture: Thumbnail, alt: str) -> str:
    data = base64.b64encode(picture.data).decode("ascii")
    return (
        f'<img src="data:image/webp;base64,{data}" alt="{alt}" width="{picture.width}" '
        f'height="{picture.height}" loading="lazy" decoding="async" draggable="false">'
    )
