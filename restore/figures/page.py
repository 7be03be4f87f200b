"""Self-contained HTML pages: pictures embedded, nothing fetched, light and dark, for keyboards."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from restore.color import Array
from restore.figures.document import document, resource, text

WIDE = 1200
"""Pixels across of what is embedded; the files beside the page have all."""


@dataclass(frozen=True)
class Image:
    """A picture of a page.

    Attributes
    ----------
    uri
        `data:` address with all of it.
    alt
        What it shows, for those who do not see it.
    size
        Width and height in pixels.
    caption
        Below it; "" for none.
    links
        Files beside the page that have it in full, by what they are called.
    """

    uri: str
    alt: str
    size: tuple[int, int]
    caption: str = ""
    links: Mapping[str, str] | None = None
    sheet: bool = True


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph that explains, pictures."""

    name: str
    heading: str
    words: str
    images: tuple[Image, ...]


def image(
    pixels: Array, alt: str, caption: str = "", wide: int = WIDE, sheet: bool = False
) -> Image:
    """A picture (h, w, 3) of sRGB, 0 … 1, for a page."""
    codes = (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    from PIL import Image as Pillow

    return _embedded(Pillow.fromarray(codes), alt, caption, None, wide, sheet)


def drawn(files: Mapping[str, bytes], name: str, alt: str) -> Image:
    """A figure for a page, from its files by suffix (`paper.files`), with links to them."""
    from PIL import Image as Pillow

    links = {form.upper(): f"{name}.{form}" for form in files}
    with Pillow.open(io.BytesIO(files["png"])) as whole:
        return _embedded(whole.convert("RGB"), alt, "Full size:", links, WIDE, True)


def _embedded(
    whole: Any, alt: str, caption: str, links: Mapping[str, str] | None, wide: int, sheet: bool
) -> Image:
    from PIL import Image as Pillow

    if whole.width > wide:
        height = max(1, round(whole.height * wide / whole.width))
        whole = whole.resize((wide, height), Pillow.Resampling.LANCZOS)
    out = io.BytesIO()
    whole.save(out, "WEBP", quality=86, method=4)
    uri = "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode("ascii")
    return Image(uri, alt, whole.size, caption, links, sheet)


def figure(one: Image) -> str:
    """A picture with its caption and links."""
    width, height = one.size
    links = "".join(
        f' <a href="{text(file)}">{text(name)}</a>' for name, file in (one.links or {}).items()
    )
    below = text(one.caption) + links
    caption = f"<figcaption>{below}</figcaption>" if below else ""
    kind = ' class="sheet"' if one.sheet else ""
    return (
        f'<figure{kind}><img src="{one.uri}" alt="{text(one.alt)}" width="{width}" '
        f'height="{height}">{caption}</figure>'
    )


def facts(pairs: Mapping[str, str]) -> str:
    """Names and what they are, as a list; what is empty is left out."""
    rows = (f"<dt>{text(k)}</dt><dd>{text(v)}</dd>" for k, v in pairs.items() if v)
    return f"<dl>{''.join(rows)}</dl>"


def listed(name: str, sentences: Iterable[str]) -> str:
    """Sentences as a list of a class, or nothing."""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f'<ul class="{name}">{items}</ul>' if items else ""


def contents(sections: Sequence[Section]) -> str:
    """Links to the sections."""
    items = (f'<li><a href="#{one.name}">{text(one.heading)}</a></li>' for one in sections)
    return f'<nav aria-label="Contents"><ul>{"".join(items)}</ul></nav>'


def section(one: Section) -> str:
    """A section of a page."""
    return (
        f'<section id="{one.name}" aria-labelledby="{one.name}-heading">'
        f'<h2 id="{one.name}-heading">{text(one.heading)}</h2><p>{text(one.words)}</p>'
        + "".join(map(figure, one.images))
        + "</section>"
    )


def page(title: str, lead: str, head: str, body: str, script: str = "") -> bytes:
    """A whole page: `head` and `body` are HTML, the rest is text."""
    content = (
        '<a class="skip" href="#main">Skip to the pictures</a>'
        f'<header><h1>{text(title)}</h1><p class="lead">{text(lead)}</p>{head}</header>'
        f'<main id="main">{body}</main>'
    )
    return document(title, resource("page.css"), content, script)


def compared(
    names: tuple[str, str],
    pictures: tuple[Array, Array],
    numbers: Mapping[str, str],
    images: Sequence[Image],
) -> bytes:
    """A page of two photos that can be flicked between, by mouse, touch and keyboard."""
    stack, buttons = "", ""
    for name, pixels in zip(names, pictures, strict=True):
        one = image(pixels, name, wide=1600)
        width, height = one.size
        stack += f'<img src="{one.uri}" alt="{text(name)}" width="{width}" height="{height}">'
        buttons += f'<button type="button" data-show aria-pressed="false">{text(name)}</button>'
    flicker = (
        '<section aria-labelledby="flicker-heading"><h2 id="flicker-heading">Flicker</h2>'
        "<p>Click the picture or press the space bar to change between the two, ← and → for one of "
        "them, F to start and stop.</p>"
        f'<div class="flicker"><div class="controls">{buttons}'
        '<button type="button" data-play aria-pressed="false">Flicker</button>'
        '<label>changes per second <input type="range" min="0.5" max="3" step="0.5" value="1">'
        f'</label><output aria-live="polite"></output></div><div class="stack">{stack}</div></div>'
        "</section>"
    )
    cells = "".join(
        f'<tr><th scope="row">{text(name)}</th><td>{text(value)}</td></tr>'
        for name, value in numbers.items()
    )
    table = (
        '<section aria-labelledby="numbers-heading"><h2 id="numbers-heading">Numbers</h2>'
        f'<div class="table"><table><tbody>{cells}</tbody></table></div></section>'
    )
    rest = Section(
        "pictures",
        "Where and how much",
        "ΔE00 is CIEDE2000: 1 is just visible side by side, 2.3 noticeable, 5 plainly different.",
        tuple(images),
    )
    return page(
        f"{names[0]} | {names[1]}",
        "How much two photos differ.",
        "",
        flicker + table + section(rest),
        resource("flicker.js"),
    )
