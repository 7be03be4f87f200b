"""Fetching a large file: places in turn, resumed where it broke off, checked before it is used."""

from __future__ import annotations

import http.client
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import restore
from restore.errors import WeightsError
from restore.networks import _sniff
from restore.networks._wanted import Report, Wanted, by_hand, digest

TIMEOUT = 20.0
"""Seconds without an answer or a byte after which the next place is tried."""
SLOWEST, PATIENCE = 8192, 30.0
"""Bytes a second that a place must give, on the mean over so many seconds."""
BLOCK = 1 << 16


class _Failed(Exception):
    """This place does not give the file."""


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        """Follow to https addresses only."""
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError(f"sends on to {newurl[:60]}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def opener() -> urllib.request.OpenerDirector:
    """What opens https addresses and nothing else; proxies of the environment are used."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _OnlyHttps(),
    ):
        made.add_handler(handler)
    return made


def fetch(
    wanted: Wanted,
    part: Path,
    report: Report,
    through: urllib.request.OpenerDirector | None = None,
) -> None:
    """Fetch a file into `part`, of which the beginning may be there; its SHA-256 is then right.

    Raises
    ------
    WeightsError
        If no place gives it, with each one's reason, or it cannot be written. What has come stays
        in `part` for the next time.
    """
    through = through or opener()
    reasons: dict[str, list[str]] = {}
    try:
        free = shutil.disk_usage(part.parent).free
        if free < 2 * wanted.size + BLOCK:
            raise WeightsError(
                f"{part.parent}: {free >> 20} MB are free, {2 * wanted.size >> 20} are needed; "
                "make room, or set RESTORE_MODELS to another folder"
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
    told = "; ".join(f"{', '.join(hosts)}: {reason}" for reason, hosts in reasons.items())
    raise WeightsError(f"{wanted.file}: no place gave it ({told}); {by_hand(wanted)}")


def _from(
    place: str,
    wanted: Wanted,
    part: Path,
    report: Callable[[int], None],
    through: urllib.request.OpenerDirector,
) -> None:
    """Fetch from one place; a second time from the beginning if what was there was wrong."""
    for _ in range(2):
        start = part.stat().st_size if part.exists() else 0
        if start > wanted.size:
            part.unlink()
            start = 0
        if start < wanted.size:
            try:
                answer = _ask(place, start, through)
            except _Stale:
                part.unlink()
                continue
            with answer:
                start = _copy(answer, start, wanted, part, report)
        has = digest(part)
        if has == wanted.sha256:
            return
        part.unlink()
        if not start:
            raise _Failed(f"gives another file (SHA-256 {has[:12]}…)")
    raise _Failed("does not go on where it broke off")


class _Stale(Exception):
    """The place cannot go on from here."""


def _ask(place: str, start: int, through: urllib.request.OpenerDirector) -> Any:
    headers = {"User-Agent": f"restore/{restore.__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        answer = through.open(urllib.request.Request(place, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:
            raise _Stale from error
        raise _Failed(f"answers {error.code}") from error
    except urllib.error.URLError as error:
        raise _Failed(f"cannot be reached: {_reason(error.reason)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Failed(f"cannot be reached: {_reason(error)}") from error
    if answer is None:  # no handler took it: neither https nor an address to send on to
        raise _Failed("cannot be reached: not an https address")
    return answer


def _reason(error: object) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:80]


def _copy(
    answer: Any, start: int, wanted: Wanted, part: Path, report: Callable[[int], None]
) -> int:
    """Write what comes after byte `start`; returns where it really began (0: from the beginning).

    A place that does not know ranges answers with the whole file (status 200).
    """
    if answer.status == 206:
        told = answer.headers.get("Content-Range", "")
        if told != f"bytes {start}-{wanted.size - 1}/{wanted.size}":
            raise _Failed(f"offers another range ({told[:40]})")
    else:
        start = 0
        length = answer.headers.get("Content-Length")
        if answer.headers.get_content_type() == "text/html":
            raise _Failed("answers with a web page")
        if length is not None and length != str(wanted.size):
            raise _Failed(f"offers {length[:20]} bytes, expected {wanted.size}")
    count = start
    since, given = time.monotonic(), 0
    with part.open("ab" if start else "wb") as file:
        while count < wanted.size:
            try:
                block = answer.read1(min(BLOCK, wanted.size - count))
            except (OSError, http.client.HTTPException) as error:
                raise _Failed(f"broke off after {count} bytes: {_reason(error)}") from error
            if not block:
                raise _Failed(f"broke off after {count} bytes")
            if not count and (told := _sniff.form(block[:512])):
                raise _Failed(f"gives what {told[0]}")
            file.write(block)
            count += len(block)
            given += len(block)
            report(count)
            if (passed := time.monotonic() - since) > PATIENCE:
                if given < SLOWEST * passed:
                    raise _Failed(f"is too slow ({given / passed:.0f} bytes a second)")
                since, given = time.monotonic(), 0
    return start
