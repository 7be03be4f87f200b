"""The folder of models: the networks besides the compact one, and how to install them.

    path("zhang2016")        the ONNX file, or WeightsError with what to do
    pull("zhang2016")        fetched, checked, converted
    add(Path("file"))        a .caffemodel or a published ONNX conversion you downloaded

A model is one ONNX file `NAME.onnx` that this program wrote (`_zhang.write`): its metadata record
what it was made from, and it ends with its own SHA-256. It is written aside and renamed, under a
lock, so that several processes may pull, add and remove at once.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from restore import places
from restore.errors import WeightsError, nearest
from restore.models import _durable, _sniff, _zhang, own
from restore.models._folder import folder as folder
from restore.models._wanted import Report, Wanted, by_hand, digest
from restore.models._wire import Damaged

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

# By size and SHA-256 as published; the authors' own host is gone.
KNOWN = {
    "zhang2016": Wanted(
        "colorization_release_v2.caffemodel",
        128946764,
        "f5af1e602646328c792e1094f9876fe9cd4c09ac46fa886e5708a1abc89137b1",
        (
            "https://dl.opencv.org/models/colorization_release_v2.caffemodel",
            "https://storage.openvinotoolkit.org/repositories/datumaro/models/colorization/"
            "colorization_release_v2.caffemodel",
            "https://github.com/spmallick/learnopencv/releases/download/Colorization/"
            "colorization_release_v2.caffemodel",
            "https://github.com/EnoxSoftware/OpenCVForUnityExampleAssets/releases/download/"
            "dnn%2FColorizationExample/colorization_release_v2.caffemodel",
            "https://huggingface.co/spaces/BilalSardar/Black-N-White-To-Color/resolve/main/"
            "colorization_release_v2.caffemodel",
        ),
    ),
    "zhang2016-norebal": Wanted(
        "colorization_release_v2_norebal.caffemodel",
        128946454,
        "6ab42a7fa853eb7ca822b9a0a2997a08a29c819c985c3e70b460c6be9c8b2159",
        (),
    ),
}


@dataclass(frozen=True)
class Added:
    """A model that was added: its name, its file, notes, and whether its name is a guess."""

    name: str
    path: Path
    notes: tuple[str, ...] = ()
    guessed: bool = False


def location(name: str) -> Path:
    """Where a model's ONNX file is, or would be."""
    return folder() / f"{name}.onnx"


def installed(name: str) -> bool:
    """Whether a model is installed; WeightsError if the folder cannot be read."""
    given = os.environ.get("RESTORE_MODELS")
    if not given and places.own("data") is None:
        return False
    try:
        return location(_known(name)).is_file()
    except OSError as error:
        if not given:  # another user's home, as under `sudo -u`
            return False
        message = f"{folder()}: cannot be read: {error.strerror}"
        raise WeightsError(f"{message}; set RESTORE_MODELS to another folder") from error


def path(name: str) -> Path:
    """A model's ONNX file, after a quick check that this program wrote it.

    Raises
    ------
    WeightsError
        If it is not installed, with how to install it, or is another file.
    """
    details(name)
    return location(name)


def details(name: str) -> dict[str, str]:
    """What an installed model was made from: file, source_sha256, published ("yes", "no").

    Raises
    ------
    WeightsError
        If it is not installed, or is another file.
    """
    return _made_from(name)


def sha256(name: str) -> str:
    """SHA-256 of the file that an installed model was made from."""
    return details(name)["source_sha256"]


def verify(name: str) -> dict[str, str]:
    """As `details`, once the whole file has been compared with the `sha256` it ends with."""
    return _made_from(name, whole=True)


def _made_from(name: str, *, whole: bool = False) -> dict[str, str]:
    _there(name)
    file = location(name)
    made_from = _whole(file, _durable.stamp(file)) if whole else _zhang.details(file)
    if not {"file", "source_sha256", "published"} <= made_from.keys():
        raise WeightsError(
            f"{file}: does not name the file it was made from; remove it, then add the model again "
            "with `restore models add FILE`"
        )
    return made_from


@functools.lru_cache(maxsize=4)
def _whole(file: Path, stamp: tuple[int, ...]) -> dict[str, str]:
    """The details of a verified file, checked once per process until the file changes."""
    return _zhang.details(file, whole=True)


def pull(
    name: str,
    report: Report = lambda _host, _count: None,
    waiting: Callable[[], None] = lambda: None,
    through: OpenerDirector | None = None,
) -> Added:
    """Download a model unless it is installed; its SHA-256 is verified before it is opened.

    Parameters
    ----------
    report
        Called with a source's host and the bytes received so far.
    waiting
        Called once if another process is using this model.
    through
        Opens the addresses; https only unless a test passes its own.

    Raises
    ------
    WeightsError
        If no source works, with how to add it by hand.
    """
    from restore.models import _download  # here: colorizing only checks what is installed

    wanted = KNOWN[_known(name)]
    if not wanted.places:
        reason = "no download source is known for it"
        raise WeightsError(f"{name}: {reason}; {by_hand(wanted)}")
    with _alone(name, waiting):
        if installed(name):
            return Added(name, path(name), ("already installed",))
        part = folder() / f"{name}.part"
        _download.fetch(wanted, part, report, through)
        added = _install(part, name, wanted.file, wanted.sha256)
        part.unlink(missing_ok=True)
        return added


def add(source: Path, name: str = "", waiting: Callable[[], None] = lambda: None) -> Added:
    """Add a downloaded file; it stays where it is.

    Parameters
    ----------
    source
        A .caffemodel, a published ONNX conversion, or a network that `restore train` wrote.
    name
        Which of `KNOWN` it is; detected if "".

    Raises
    ------
    WeightsError
        If it is not this network.
    """
    if kind := own.kind(source):
        return Added(
            f"own-{kind}", own.add(source, kind), ("trained by restore; used from now on",)
        )
    _sniff.check(source)
    try:
        has = digest(source)
    except OSError as error:
        raise WeightsError(f"{source}: cannot be read: {error.strerror}") from error
    notes = []
    exact = next((key for key, wanted in KNOWN.items() if wanted.sha256 == has), "")
    if exact and name and name != exact:
        raise WeightsError(f"{source}: is {exact} by its SHA-256, not {name}")
    chosen = exact or (name and _known(name))
    if not exact:
        notes.append(
            f"SHA-256 {has[:12]}… does not match a published file; accepted because its layers "
            "are this network's"
        )
    if not chosen:
        chosen, why = _guess(source)
        notes.append(f"taken as {chosen} {why}")
    with _alone(chosen, waiting):
        added = _install(source, chosen, source.name, has)
    return Added(chosen, added.path, (*notes, *added.notes), guessed=not (exact or name))


def remove(name: str, waiting: Callable[[], None] = lambda: None) -> Path:
    """Remove a model and any partial download; returns its path."""
    if name in own.NAMES:
        return own.remove(name.removeprefix("own-"))
    part = folder() / f"{_known(name)}.part"
    if not part.exists():
        _there(name)
    with _alone(name, waiting):
        try:
            part.unlink(missing_ok=True)
            location(name).unlink(missing_ok=True)
        except OSError as error:
            raise WeightsError(f"{name}: cannot be removed: {error.strerror}") from error
    return location(name)


def _known(name: str) -> str:
    if name not in KNOWN:
        raise WeightsError(f'models: there is no model "{name:.60}"; {nearest(name, list(KNOWN))}')
    return name


def _there(name: str) -> None:
    if installed(name):
        return
    wanted = KNOWN[name]
    advice = "`restore models pull " + name + "` fetches it, or " if wanted.places else ""
    raise WeightsError(f"{name}: is not installed; {advice}{by_hand(wanted)}")


def _guess(source: Path) -> tuple[str, str]:
    """Which model a file of unknown SHA-256 is, and why."""
    from restore.models import caffe

    size = source.stat().st_size
    for name, wanted in KNOWN.items():
        if wanted.size == size:
            return name, f"because it has its size, {size} bytes"
    with suppress(WeightsError):
        if (name := _zhang.details(source).get("network", "")) in KNOWN:
            return name, "because its metadata says so"
    with suppress(WeightsError, Damaged):
        trained = caffe.rebalanced(_sniff.mapped(source))
        if trained:
            return "zhang2016", "because a training layer in it weighs rare colours more"
        if trained is False:
            return "zhang2016-norebal", "because no training layer in it weighs rare colours more"
    if "norebal" in source.name.lower():
        return "zhang2016-norebal", "because of its name"
    return "zhang2016", "because most files are"


@contextmanager
def _alone(name: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a model; `waiting` is called once if another process holds it."""
    from filelock import FileLock, Timeout

    try:
        folder().mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder() / f".{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()
    except OSError as error:
        message = f"{folder()}: cannot be written: {error.strerror}"
        raise WeightsError(f"{message}; set RESTORE_MODELS to another folder") from error


def _install(source: Path, name: str, file: str, sha256: str) -> Added:
    """Convert and install; the lock is held."""
    from restore.models import _conversion, caffe

    beside = folder() / f".{name}.new"
    published = sha256 in (wanted.sha256 for wanted in KNOWN.values())
    metadata = {
        "network": name,
        "file": file,
        "source_sha256": sha256,
        "published": "yes" if published else "no",
    }
    try:
        if _conversion.is_onnx(source):
            notes = [_conversion.convert(source, beside, metadata)]
        else:
            caffe.convert(source, beside, metadata)
            notes = []
        _durable.settle(beside, location(name))
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return Added(name, location(name), tuple(filter(None, notes)))
