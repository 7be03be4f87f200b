"""Errors a user can fix; everything else is a bug.

A message has the form "where: what is wrong, with the value and what is allowed; what to do", on
one line. The command line shows it without a traceback.
"""

from __future__ import annotations

import errno
import re
import unicodedata

OPENCV_NO_MEMORY = -4
"""The code of OpenCV's out-of-memory error (`cv2.Error.StsNoMem`)."""
_NO_MEMORY = re.compile(
    r"bad_alloc|bad allocation|can't alloc|(cannot|failed to|could not|unable to) allocate|"
    r"failed to map segment|(not enough|insufficient|out of|short of) memory|"
    r"can't start new thread|resource temporarily unavailable",
    re.IGNORECASE,
)


def printable(text: object) -> str:
    """Text from a file or its name on one line, without control characters for a terminal."""
    return "".join(
        char if char.isprintable() or unicodedata.category(char) == "Zs" else "?"
        for char in str(text)
    )


class RestoreError(Exception):
    """Something the user can fix."""

    def __str__(self) -> str:
        return printable(super().__str__())


class PhotoError(RestoreError):
    """A photo cannot be read or written."""


class ResultExists(PhotoError):
    """The result's path already exists."""


class InTheWay(ResultExists):
    """A file that a batch did not make has the name of a result."""


class CutOff(PhotoError):
    """A file is truncated; what is left of it may be salvaged."""


class TooManyPixels(PhotoError):
    """A photo is larger than the limit that was set."""


class TooLittleMemory(PhotoError):
    """A photo needs more memory than may be used."""


class Died(PhotoError):
    """The process that worked on a photo died."""


class RecipeError(RestoreError):
    """A recipe or a setting is wrong."""


class WeightsError(RestoreError):
    """A network's weights are missing, damaged or not what they should be."""


class MissingPackage(RestoreError):
    """An engine needs a package that is not installed."""


class Cancelled(RestoreError):
    """The work was cancelled."""


def is_memory_shortage(error: BaseException) -> bool:
    """Whether an error means out of memory: each library words it differently.

    A thread that cannot be started counts: memory for its stack is missing.
    """
    if isinstance(error, MemoryError) or getattr(error, "code", 0) == OPENCV_NO_MEMORY:
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    return bool(_NO_MEMORY.search(str(error)))


def nearest(word: str, words: list[str]) -> str:
    """The hint "did you mean …?" for a misspelt name, or the list of known names."""
    import difflib

    close = difflib.get_close_matches(word, words, 1)
    return f'did you mean "{close[0]}"?' if close else "choose from: " + ", ".join(sorted(words))
