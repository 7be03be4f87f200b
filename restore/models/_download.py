"""Download a large file: sources in turn, resumed after interruptions, verified before use.

Each source is read in its own thread, with a time limit for its headers and then for each stretch
of data: neither a dripping source nor an invalid address delays the next one.
"""

from __future__ import annotations

import http.client
import queue
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import restore
from restore.errors import WeightsError
from restore.models import _sniff
from restore.models._wanted import Report, Wanted, by_hand, digest

TIMEOUT = 20.0
"""Seconds without a byte after which the next source is tried."""
SLOWEST, PATIENCE = 8192, 30.0
"""Bytes per second a source must average over so many seconds; its headers must arrive in that time
too."""
BLOCK = 1 << 16


class _Failed(Exception):
    """The source does not provide the file."""


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https addresses only."""

    SCHEMES: tuple[str, ...] = ("https",)

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        """Refuse what is not https."""
        if urlsplit(newurl).scheme not in self.SCHEMES:
            raise urllib.error.URLError(f"redirects to {newurl[:60]}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Report an invalid address."""
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except ValueError as error:
            fp.close()
            raise urllib.error.URLError(f"redirects to no valid address: {error}") from error

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def opener() -> urllib.request.OpenerDirector:
    """An opener of https addresses only; the environment's proxies are used."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        Redirects(),
    ):
        made.add_handler(handler)
    return made


def fetch(
    wanted: Wanted,
    part: Path,
    report: Report,
    through: urllib.request.OpenerDirector | None = None,
) -> None:
    """Download a file into `part`, resuming if its beginning exists; its SHA-256 is then verified.

    Raises
    ------
    WeightsError
        If no source works, with each one's reason, or it cannot be written. `part` keeps what
        has arrived for the next time.
    """
    through = through or opener()
    reasons: dict[str, list[str]] = {}
    try:
        free = shutil.disk_usage(part.parent).free
        if free < 2 * wanted.size + BLOCK:
            raise WeightsError(
                f"{part.parent}: {free >> 20} MB are free, {2 * wanted.size >> 20} MB are needed; "
                "free some space, or set RESTORE_MODELS to another folder"
            )
        for place in wanted.places:
            host = urlsplit(place).hostname or place
            try:
                _from(place, wanted, part, partial(report, host), through)
            except _Failed as error:
                reasons.setdefault(str(error), []).append(host)
            else:
                return
    except OSError as error:
        raise WeightsError(f"{part}: cannot be written: {error.strerror}") from error
    failures = "; ".join(f"{', '.join(hosts)}: {reason}" for reason, hosts in reasons.items())
    raise WeightsError(f"{wanted.file}: no download source worked ({failures}); {by_hand(wanted)}")


def _from(
    place: str,
    wanted: Wanted,
    part: Path,
    report: Callable[[int], None],
    through: urllib.request.OpenerDirector,
) -> None:
    """Download from one source; start over once if the existing beginning was wrong."""
    for _ in range(2):
        start = part.stat().st_size if part.exists() else 0
        if start > wanted.size:
            part.unlink()
            start = 0
        if start < wanted.size:
            blocks = _Blocks(place, start, through)
            try:
                start = _copy(blocks, start, wanted, part, report)
            except _Stale:
                part.unlink()
                continue
            finally:
                blocks.gone.set()
        has = digest(part)
        if has == wanted.sha256:
            return
        part.unlink()
        if not start:
            raise _Failed(f"sent another file (SHA-256 {has[:12]}…)")
    raise _Failed("cannot resume where it broke off")


class _Stale(Exception):
    """The source cannot resume from here."""


class _Blocks:
    """A source's response, read in a thread: status and headers, then data.

    Attributes
    ----------
    gone
        Set when nobody is waiting for it any more.
    """

    def __init__(self, place: str, start: int, through: urllib.request.OpenerDirector) -> None:
        self.gone = threading.Event()
        self._queue: queue.Queue[Any] = queue.Queue(maxsize=16)
        read = partial(self._read, place, start, through)
        threading.Thread(target=read, daemon=True).start()

    def next(self, seconds: float) -> Any:
        """The next item; raises `queue.Empty` if nothing arrives in time, or the error it met."""
        item = self._queue.get(timeout=max(0.0, seconds))
        if isinstance(item, Exception):
            raise item
        return item

    def _read(self, place: str, start: int, through: urllib.request.OpenerDirector) -> None:
        try:
            for item in _response(place, start, through):
                self._put(item)
                if self.gone.is_set():
                    return
        except Exception as error:
            self._put(error)

    def _put(self, item: Any) -> None:
        while not self.gone.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=1)
                return


def _response(place: str, start: int, through: urllib.request.OpenerDirector) -> Iterator[Any]:
    """The status and headers of a response, then its data, then an empty block."""
    headers = {"User-Agent": f"restore/{restore.__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = through.open(urllib.request.Request(place, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:
            raise _Stale from error
        raise _Failed(f"returned HTTP status {error.code}") from error
    except urllib.error.URLError as error:
        raise _Failed(f"cannot be reached: {_reason(error.reason)}") from error
    except (
        OSError,
        http.client.HTTPException,
        ValueError,
    ) as error:  # ValueError: an invalid address
        raise _Failed(f"cannot be reached: {_reason(error)}") from error
    if response is None:  # no handler took it: neither https nor a redirect
        raise _Failed("cannot be reached: not an https address")
    with response:
        yield response.status, response.headers
        while block := response.read1(BLOCK):
            yield block
    yield b""


def _reason(error: object) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:80]


def _copy(
    blocks: _Blocks, start: int, wanted: Wanted, part: Path, report: Callable[[int], None]
) -> int:
    """Write the data from byte `start`; returns where it really began (0: from the beginning).

    A source without range support sends the whole file (status 200).
    """
    try:
        status, headers = blocks.next(PATIENCE)
    except queue.Empty as error:
        raise _Failed(f"has not answered within {PATIENCE:g} s") from error
    if status == 206:
        span = headers.get("Content-Range", "")
        if span != f"bytes {start}-{wanted.size - 1}/{wanted.size}":
            raise _Failed(f"offers another range ({span[:40]})")
    else:
        start = 0
        length = headers.get("Content-Length")
        if headers.get_content_type() == "text/html":
            raise _Failed("returned a web page instead of the model")
        if length is not None and length != str(wanted.size):
            raise _Failed(f"offers {length[:20]} bytes, expected {wanted.size}")
    count = start
    since, sent = time.monotonic(), 0
    with part.open("ab" if start else "wb") as file:
        while count < wanted.size:
            try:
                block = blocks.next(since + PATIENCE - time.monotonic())[: wanted.size - count]
            except queue.Empty:
                block = None
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise _Failed(f"broke off after {count} bytes: {_reason(error)}") from error
            if block == b"":
                raise _Failed(f"broke off after {count} bytes")
            if block:
                if not count and (kind := _sniff.form(block[:512])):
                    raise _Failed(f"sent a file that {kind[0]}")
                file.write(block)
                count += len(block)
                sent += len(block)
                report(count)
            if (passed := time.monotonic() - since) >= PATIENCE:
                if sent < SLOWEST * passed:
                    raise _Failed(f"is too slow ({sent / passed:.0f} bytes per second)")
                since, sent = time.monotonic(), 0
    return start
