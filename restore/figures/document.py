"""What all HTML pages share: escaping, one look, and a policy under which nothing is fetched.

Imports nothing heavy.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from importlib.resources import files

from restore._version import __version__
from restore.errors import printable


def text(value: object) -> str:
    """Whatever a file may be called or say of itself, as HTML shows it."""
    return escape(printable(value), quote=True)


@cache
def resource(name: str, package: str = "restore.figures") -> str:
    """A style sheet or script that lies in a package."""
    return files(package).joinpath(name).read_text("utf-8")


def document(title: str, style: str, body: str, script: str = "", *, films: bool = False) -> bytes:
    """A self-contained page.

    Its policy lets in this style and this script by their hashes and pictures that it holds, and
    nothing else, whatever stands in the body.

    Parameters
    ----------
    title
        Text.
    style, script
        The only ones of the page.
    body
        HTML.
    films
        It may play films that lie on the same disk.
    """
    media = " media-src 'self' file:;" if films else ""
    policy = (
        f"default-src 'none'; img-src data:;{media} style-src {_hash(style)}; "
        f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    code = f"<script>{script}</script>" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{text(title)}</title><style>{style}</style></head><body>"
        f"{body}<footer>Made with restore {text(__version__)}.</footer>{code}</body></html>\n"
    ).encode("utf-8", "replace")


def _hash(code: str) -> str:
    digest = hashlib.sha256(code.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'" if code else "'none'"
