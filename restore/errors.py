"""What can go wrong and can be put right by a person; everything else is a bug.

A message has the form "where: what is wrong, with the value and what is allowed; what to do", on
one line. The command line shows it without a traceback.
"""

from __future__ import annotations

import unicodedata


def printable(text: object) -> str:
    """What comes from a file or its name in one line, without what a terminal would obey."""
    return "".join(
        letter if letter.isprintable() or unicodedata.category(letter) == "Zs" else "?"
        for letter in str(text)
    )


class RestoreError(Exception):
    """Something a person can put right."""

    def __str__(self) -> str:
        return printable(super().__str__())


class PhotoError(RestoreError):
    """A photo cannot be read or written."""


class RecipeError(RestoreError):
    """A recipe or a setting is wrong."""


class WeightsError(RestoreError):
    """A network's weights are missing, damaged or not what they should be."""


class MissingPackage(RestoreError):
    """An engine needs a package that is not installed."""


def nearest(word: str, words: list[str]) -> str:
    """The half-sentence "; did you mean …?" for a misspelt name, or the list of what there is."""
    import difflib

    close = difflib.get_close_matches(word, words, 1)
    return f'did you mean "{close[0]}"?' if close else "there are: " + ", ".join(sorted(words))
