"""Photos and results in object stores and on other machines, through fsspec: s3://, gs://, sftp://.

Originals are fetched whole into a local file, results are made locally and uploaded whole. An
object store shows an object only when it is complete; elsewhere a result is uploaded under a
hidden name and renamed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from restore.errors import MissingPackage, PhotoError, ResultExists

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_ONE_SLASH = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")
WHOLE = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "memory"}
"""Protocols of stores that show an object only when it is complete."""


def is_url(text: str) -> bool:
    """Whether this is a URL and not a path."""
    return _URL.match(text) is not None


def named(path: Path | PurePath) -> str:
    """A path as text; the URL, if it was made of one: Path("s3://a/b") is "s3:/a/b".

    Paths of a batch are absolute, so nothing else begins like that.
    """
    text = os.fspath(path)
    return _ONE_SLASH.sub(r"\1://", text, count=1) if not path.is_absolute() else text


def url_of(path: Path | PurePath) -> str:
    """The URL a path was made of; "" for a path of the local machine."""
    text = named(path)
    return text if is_url(text) else ""


def joined(url: str, *names: str) -> str:
    """The URL of something below another."""
    return "/".join([url.rstrip("/"), *names])


@dataclass(frozen=True)
class Entry:
    """A file at a URL.

    Attributes
    ----------
    url
        Where it is.
    name
        Its path below the URL that was searched, with "/".
    size
        Bytes.
    stamp
        A number that changes when the file does: its time in nanoseconds, or a digest of its time
        and ETag.
    """

    url: str
    name: str
    size: int
    stamp: int


def find(url: str) -> Iterator[Entry]:
    """The files at a URL and below it, a folder at a time, without hidden ones.

    Raises
    ------
    PhotoError
        If it cannot be searched, or there is nothing.
    """
    with _told(url):
        system, top = _system(url)
        info = None
        with suppress(FileNotFoundError):
            info = system.info(top)
        if info and info["type"] == "file":
            yield _entry(url, posixpath.basename(top), info)
            return
        none = True
        for folder, folders, files in system.walk(top, detail=True):
            for name in [name for name in folders if name.startswith(".")]:
                del folders[name]
            below = folder.strip("/").removeprefix(top.strip("/")).strip("/")
            for name, info in sorted(files.items()):
                if name and not name.startswith("."):
                    none = False
                    path = f"{below}/{name}" if below else name
                    yield _entry(joined(url, path), path, info)
        if none:
            raise PhotoError(f"{url}: contains no files")


def entry(url: str) -> Entry:
    """The file at a URL; PhotoError if there is none."""
    with _told(url):
        system, path = _system(url)
        system.invalidate_cache(posixpath.dirname(path))
        return _entry(url, posixpath.basename(path), system.info(path))


def exists(url: str) -> bool:
    """Whether there is something at a URL."""
    with _told(url):
        system, path = _system(url)
        system.invalidate_cache(posixpath.dirname(path))
        return bool(system.exists(path))


def fetch(url: str, path: Path) -> None:
    """Copy what is at a URL into a local file, whole.

    Raises
    ------
    PhotoError
        If it cannot be read, or changed meanwhile.
    """
    with _told(url):
        system, remote = _system(url)
        system.invalidate_cache(posixpath.dirname(remote))
        before = _entry(url, "", system.info(remote))
        system.get_file(remote, str(path))
        system.invalidate_cache(posixpath.dirname(remote))
        after = _entry(url, "", system.info(remote))
    if before != after or path.stat().st_size != after.size:
        raise PhotoError(f"{url}: changed while it was read; try again when it is complete")


def read(url: str) -> bytes:
    """What is at a URL, for small files; empty if there is nothing.

    Raises
    ------
    PhotoError
        If it cannot be read.
    """
    with _told(url):
        system, path = _system(url)
        system.invalidate_cache(posixpath.dirname(path))
        return bytes(system.cat_file(path)) if system.exists(path) else b""


def sha256(url: str) -> str:
    """SHA-256 of what is at a URL; "" if there is nothing.

    Raises
    ------
    PhotoError
        If it cannot be read.
    """
    with _told(url):
        system, remote = _system(url)
        system.invalidate_cache(posixpath.dirname(remote))
        if not system.exists(remote):
            return ""
        with system.open(remote, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def put(path: Path, url: str, *, overwrite: bool) -> None:
    """Upload a local file, whole or not at all.

    Raises
    ------
    PhotoError
        If it cannot be written, or exists and may not be replaced.
    """
    with _told(url, "cannot be written"):
        system, remote = _system(url)
        if not overwrite and system.exists(remote):
            raise ResultExists(f"{url} exists already")
        if _protocol(system) in WHOLE:
            mode = {} if overwrite else {"mode": "create"}
            try:
                system.put_file(str(path), remote, **mode)
            except OSError as error:
                # some servers call it an invalid argument that the object is there
                if isinstance(error, FileExistsError) or error.errno == errno.EINVAL:
                    system.invalidate_cache(posixpath.dirname(remote))
                    if not overwrite and system.exists(remote):
                        raise ResultExists(f"{url} exists already") from error
                raise
        else:
            _put_renamed(system, path, remote)
        system.invalidate_cache(posixpath.dirname(remote))


def _put_renamed(system: Any, path: Path, remote: str) -> None:
    """Upload under a hidden name, and rename: a half file never has the result's name."""
    folder = posixpath.dirname(remote)
    system.makedirs(folder, exist_ok=True)
    part = f"{folder}/.restore-{secrets.token_hex(8)}.part"
    try:
        system.put_file(str(path), part)
        system.mv(part, remote)
    except BaseException:
        with suppress(Exception):
            system.rm_file(part)
        raise


def _entry(url: str, name: str, info: dict[str, Any]) -> Entry:
    keys = ("ETag", "etag", "LastModified", "mtime", "updated", "created")
    facts = [info[key] for key in keys if info.get(key)]
    known = [fact.timestamp() if hasattr(fact, "timestamp") else fact for fact in facts]
    if known and isinstance(known[0], (int, float)):
        stamp = int(known[0] * 1e9)
    else:
        digest = hashlib.sha256(repr(known).encode()).digest()
        stamp = int.from_bytes(digest[:7], "big")
    return Entry(url, name, int(info.get("size") or 0), stamp)


def _protocol(system: Any) -> str:
    protocol = system.protocol
    return protocol if isinstance(protocol, str) else str(protocol[0])


def _system(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path on it."""
    from fsspec.core import url_to_fs

    system, path = url_to_fs(url)
    return system, str(path)


@contextmanager
def _told(url: str, what: str = "cannot be read") -> Iterator[None]:
    """Turn what fsspec and the libraries below it raise into PhotoError."""
    try:
        yield
    except (PhotoError, MissingPackage):
        raise
    except FileNotFoundError as error:
        raise PhotoError(f"{url}: there is no such file") from error
    except ImportError as error:
        raise MissingPackage(
            f"{url}: needs the {error.name} package; install it with: "
            'pip install "restore-photos[remote]"'
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise PhotoError(f"{url}: {what}: {_reason(error)}") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("botocore", "aiohttp", "google", "paramiko"):
            raise PhotoError(f"{url}: {what}: {_reason(error)}") from error
        raise


def _reason(error: BaseException) -> str:
    """The first line of what an error says."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:200]
