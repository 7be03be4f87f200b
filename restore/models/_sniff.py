"""Identify a file offered as a model by its first bytes."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from restore.errors import WeightsError

SMALLEST = 1024
LARGEST = 2**29
"""Most bytes of a model of this network: 129 MB in single precision, twice that in double."""

AGAIN = "get another copy of the file, or run `restore models pull zhang2016`"

_FORMS: tuple[tuple[bytes, str, str], ...] = (
    (
        b"version https://git-lfs",
        "is a Git LFS pointer, not the model itself",
        "run `git lfs pull` where it came from, or take the file from the web page's download link",
    ),
    (b"PK\x03\x04", "is a ZIP or PyTorch archive", "unpack it, or use the .caffemodel itself"),
    (
        b"\x80\x02",
        "is a Python pickle, which is never opened",
        "use the .caffemodel or ONNX form",
    ),
    (b"\x89HDF\r\n", "is an HDF5 file", "use the .caffemodel (binary protocol buffer) form"),
    (b"\x1f\x8b", "is compressed with gzip", "unpack it first"),
    (b"BZh", "is compressed with bzip2", "unpack it first"),
    (b"7z\xbc\xaf", "is a 7-Zip archive", "unpack it first"),
    (b"Rar!", "is a RAR archive", "unpack it first"),
    (
        b"\x93NUMPY",
        "is a NumPy array (the colour grid?)",
        "use the .caffemodel; the grid is built in",
    ),
    (b"TFL3", "is a TensorFlow Lite model", "use the .caffemodel or ONNX form"),
)


def check(path: Path) -> None:
    """Refuse, after a glance at its first bytes, a file that cannot be a model.

    Raises
    ------
    WeightsError
        With what the file is and what to do.
    """
    try:
        if not path.is_file():
            what = "is not a regular file" if path.exists() else "no such file"
            what = "is a folder; name the file in it" if path.is_dir() else what
            raise WeightsError(f"{path}: {what}")
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(512)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
    if not size:
        raise WeightsError(f"{path}: is empty; {AGAIN}")
    if kind := form(first):
        raise WeightsError(f"{path}: {kind[0]} ({size} bytes); {kind[1]}")
    if size < SMALLEST:
        raise WeightsError(f"{path}: has {size} bytes, too few for any model; {AGAIN}")
    if size > LARGEST:
        raise WeightsError(
            f"{path}: has {size} bytes, more than the {LARGEST} possible for this network; "
            "it is another model"
        )


def mapped(path: Path) -> memoryview:
    """The bytes of a file that passed `check`, in a memory map that lives as long as its views."""
    check(path)
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error


def form(first: bytes) -> tuple[str, str] | None:
    """What a file with these first bytes is, and the advice; None if it may be a model."""
    for magic, what, advice in _FORMS:
        if first.startswith(magic):
            return what, advice
    text = first.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--")):
        return (
            "is a web page saved as a model (a notice, or a page before the download)",
            "open the address in a browser and save the file itself",
        )
    if text.startswith((b"{", b"[")):
        return "is JSON, perhaps a server's message", AGAIN
    if text and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in first):
        if re.search(rb"^\s*(name|input|input_dim)\s*:|^\s*layers?\s*\{", text, re.MULTILINE):
            return (
                "is a prototxt, the network's description without weights",
                "use the .caffemodel that belongs to it",
            )
        return "is a text file, not a model", AGAIN
    return None
