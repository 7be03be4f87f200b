"""The file beside a photo with what a person knows of it: colours (`hints`), places (`marks`)."""

from __future__ import annotations

import codecs
import errno
import os
from dataclasses import dataclass
from pathlib import Path

from restore import safe_toml
from restore.errors import PhotoError
from restore.image import hints, marks
from restore.image.hints import Hint
from restore.image.marks import Mark

SUFFIX = ".hints.toml"
"""Suffix appended to a photo's name: portrait.jpg.hints.toml."""
LARGEST = 2**18
"""Most bytes of such a file."""
MOST = 500
"""Most tables of a kind."""
KEYS = ("hints", *marks.KINDS)


@dataclass(frozen=True)
class Notes:
    """What a person knows of a photo."""

    hints: tuple[Hint, ...] = ()
    marks: tuple[Mark, ...] = ()

    def of(self, key: str) -> tuple[Hint | Mark, ...]:
        """Those of a key of the file."""
        return self.hints if key == "hints" else tuple(m for m in self.marks if m.kind == key)


def beside(path: Path) -> Notes:
    """What the file beside a photo says; nothing if there is no such file.

    Raises
    ------
    PhotoError
        If the file cannot be read or has an error.
    """
    path = path.with_name(path.name + SUFFIX)
    try:
        if not path.is_file():
            if os.path.lexists(path):  # a link that leads nowhere: what it said must not be lost
                raise PhotoError(f"{path}: is not a regular file")
            return Notes()
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        if (
            error.errno == errno.ENAMETOOLONG
        ):  # the photo's name is too long for such a file to exist
            return Notes()
        raise PhotoError(f"{path}: cannot be read: {error.strerror}") from error
    return parse(content, str(path))


def parse(text: bytes | str, where: str) -> Notes:
    """The notes of TOML text; PhotoError, beginning with `where`, if it has an error."""
    if isinstance(text, str):
        text = text.encode("utf-8", "replace")
    if len(text) > LARGEST:
        raise PhotoError(f"{where}: is larger than {LARGEST // 1024} KiB")
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise PhotoError(f"{where}: is UTF-16 text; save it as UTF-8")
    try:
        content = safe_toml.loads(text.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:  # Python refuses to read very long integers
        raise PhotoError(f"{where}: is not TOML: {error!s:.100}") from error
    for key, tables in content.items():
        if key not in KEYS:
            known = ", ".join(f"[[{name}]]" for name in KEYS)
            raise PhotoError(f'{where}: there is no key "{key:.60}"; known are {known}')
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise PhotoError(f"{where}: {key} is not a list of tables; write [[{key}]]")
        if len(tables) > MOST:
            raise PhotoError(
                f"{where}: has {len(tables)} [[{key}]] tables; at most {MOST} are allowed"
            )
    try:
        return Notes(
            tuple(
                hints.parsed(table, f"{where}, hint {i}")
                for i, table in enumerate(content.get("hints", []), 1)
            ),
            tuple(
                marks.parsed(kind, table, f"{where}, {kind} {i}")
                for kind in marks.KINDS
                for i, table in enumerate(content.get(kind, []), 1)
            ),
        )
    except ValueError as error:  # Python refuses to print such an integer in a message
        raise PhotoError(f"{where}: contains an integer of thousands of digits") from error
