"""What can go wrong and can be put right by a person; everything else is a bug.

A message has the form "where: what is wrong, with the value and what is allowed; what to do", on
one line. The command line shows it without a traceback.
"""

from __future__ import annotations

import errno
import re
import unicodedata

OPENCV_NO_MEMORY = -4
"""The code of OpenCV's error where there is no memory (`cv2.Error.StsNoMem`)."""
_NO_MEMORY = re.compile(
    r"bad_alloc|bad allocation|can't alloc|(cannot|failed to|could not|unable to) allocate|"
    r"failed to map segment|(not enough|insufficient|out of|short of) memory|"
    r"can't start new thread|resource temporarily unavailable",
    re.IGNORECASE,
)


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


class ResultExists(PhotoError):
    """Something is in the place of a result already."""


class RecipeError(RestoreError):
    """A recipe or a setting is wrong."""


class WeightsError(RestoreError):
    """A network's weights are missing, damaged or not what they should be."""


class MissingPackage(RestoreError):
    """An engine needs a package that is not installed."""


class Cancelled(RestoreError):
    """Whoever asked for the work does not want it any more."""


def is_memory_shortage(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory: each library has its own words.

    A thread that cannot be started counts: it is the memory for its stack that is missing.
    """
    if isinstance(error, MemoryError) or getattr(error, "code", 0) == OPENCV_NO_MEMORY:
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    return bool(_NO_MEMORY.search(str(error)))


def nearest(word: str, words: list[str]) -> str:
    """The half-sentence "; did you mean …?" for a misspelt name, or the list of what there is."""
    import difflib

    close = difflib.get_close_matches(word, words, 1)
    return f'did you mean "{close[0]}"?' if close else "there are: " + ", ".join(sorted(words))
