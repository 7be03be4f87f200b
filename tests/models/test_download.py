"""Models are pulled from several sources, and what a person reads when that fails."""

from __future__ import annotations

import hashlib
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from small_models import MODEL, begun, in_folder, offer

from restore.errors import WeightsError
from restore.models import _download, caffe, weights


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return in_folder(tmp_path, monkeypatch)


PAGE = b"<!DOCTYPE html><html>Sorry, this file is infected with a virus.</html>" * 50


class Anywhere(_download.Redirects):
    SCHEMES = ("http", "https")


THROUGH = urllib.request.build_opener(urllib.request.ProxyHandler({}), Anywhere)


REDIRECTS = {"on": "/ok/model", "nowhere": "https://[::1", "no-port": "https://127.0.0.1:x/"}


class Server:
    """A web server on this machine; what each path does is said by its name."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def drip(self, kind: str) -> None:
                """Headers, or the length of a chunk, a byte at a time and without an end."""
                begin = b"HTTP/1.1 200 OK\r\n"
                if kind == "dripping-chunks":
                    begin += b"Transfer-Encoding: chunked\r\n\r\n"
                with suppress(OSError):
                    for byte in begin + b"0" * 200:
                        self.wfile.write(bytes([byte]))
                        time.sleep(0.02 if byte == ord("0") else 0)

            def do_GET(self) -> None:
                kind = self.path.split("/")[1]
                span = self.headers.get("Range", "")
                server.asked.append((kind, span))
                data, status, kinds = MODEL, 200, "application/octet-stream"
                if kind in ("wrong", "wrong-always"):
                    data = MODEL[:-1] + b"\x00"
                elif kind == "page":
                    data, kinds = PAGE, "text/html; charset=utf-8"
                elif kind == "page-as-file":
                    data = PAGE + bytes(len(MODEL) - len(PAGE))
                elif kind == "short":
                    data = MODEL[:-5]
                elif kind == "gone":
                    self.send_error(404)
                    return
                elif kind in REDIRECTS:
                    self.send_response(302)
                    self.send_header("Location", REDIRECTS[kind])
                    self.end_headers()
                    return
                elif kind.startswith("dripping"):
                    self.drip(kind)
                    return
                total = len(data)
                self.protocol_version = "HTTP/1.1"
                if span and kind != "no-ranges":
                    start = int(span.removeprefix("bytes=").removesuffix("-"))
                    if start >= total or kind == "refuses-ranges":
                        self.send_error(416)
                        return
                    data, status = data[start:], 206
                self.send_response(status)
                self.send_header("Content-Type", kinds)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")
                if status == 206:
                    self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
                self.end_headers()
                if kind == "breaks":
                    data = data[:40_000]
                if kind == "slow":
                    for byte in data:
                        try:
                            self.wfile.write(bytes([byte]))
                        except OSError:
                            return
                        time.sleep(0.02)
                    return
                if kind == "silent":
                    self.wfile.write(data[:10])
                    self.wfile.flush()
                    time.sleep(1)
                    return
                self.wfile.write(data)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def places(self, *kinds: str) -> tuple[str, ...]:
        return tuple(f"http://127.0.0.1:{self.http.server_port}/{kind}/model" for kind in kinds)


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def server(running: Server) -> Server:
    running.asked.clear()
    return running


def pulled(server: Server, *kinds: str) -> list[tuple[str, str]]:
    """Pull from these places, hold the result against the model; returns what was asked for."""
    offer(server.places(*kinds))
    added = weights.pull("zhang2016", through=THROUGH)
    assert weights.verify("zhang2016")["source_sha256"] == hashlib.sha256(MODEL).hexdigest()
    left = {path.name for path in added.path.parent.iterdir()}
    assert left == {"zhang2016.onnx", ".zhang2016.lock"}
    return server.asked


def test_pulls_from_the_first_place_that_gives_it(server: Server) -> None:
    places = ("gone", "page", "short", "nowhere", "ok")
    assert pulled(server, *places) == [(kind, "") for kind in places]
    assert weights.details("zhang2016")["published"] == "yes"


def test_a_second_pull_asks_nobody(server: Server) -> None:
    pulled(server, "ok")
    assert weights.pull("zhang2016", through=THROUGH).notes == ("already installed",)
    assert len(server.asked) == 1


def test_follows_to_another_address(server: Server) -> None:
    assert pulled(server, "on") == [("on", ""), ("ok", "")]


def test_goes_on_at_the_next_place_where_one_broke_off(server: Server) -> None:
    assert pulled(server, "breaks", "ok") == [("breaks", ""), ("ok", "bytes=40000-")]


def test_goes_on_where_an_earlier_try_broke_off(server: Server, folder: Path) -> None:
    begun(folder, MODEL[:1234])
    assert pulled(server, "ok") == [("ok", "bytes=1234-")]


def test_begins_again_where_ranges_are_not_known(server: Server, folder: Path) -> None:
    begun(folder, MODEL[:1234])
    assert pulled(server, "no-ranges") == [("no-ranges", "bytes=1234-")]


def test_begins_again_where_ranges_are_refused(server: Server, folder: Path) -> None:
    begun(folder, MODEL[:1234])
    assert pulled(server, "refuses-ranges") == [
        ("refuses-ranges", "bytes=1234-"),
        ("refuses-ranges", ""),
    ]


@pytest.mark.parametrize("left", [b"not it" * 200, MODEL + b"more", MODEL[:-1] + b"\x00"])
def test_begins_again_when_what_was_there_is_wrong(
    server: Server, folder: Path, left: bytes
) -> None:
    begun(folder, left)
    assert pulled(server, "ok")[-1] == ("ok", "")


def test_takes_what_is_complete_without_asking(server: Server, folder: Path) -> None:
    begun(folder, MODEL)
    assert pulled(server, "gone") == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("gone", "127.0.0.1: returned HTTP status 404"),
        ("page", "returned a web page instead of the model"),
        ("page-as-file", "sent a file that is a web page"),
        ("short", r"offers \d+ bytes, expected"),
        ("wrong", "sent another file .SHA-256"),
        ("breaks", "broke off after 40000 bytes"),
        ("silent", "broke off after 10 bytes: timed out"),
        ("nowhere", "cannot be reached: redirects to no valid address: Invalid IPv6"),
        ("no-port", "cannot be reached: "),
        ("dripping", "has not answered within 0.7 s"),
        ("dripping-chunks", r"is too slow \(0 bytes per second"),
        ("slow", r"is too slow \(\d+ bytes per second\)"),
    ],
)
def test_says_what_each_place_did_and_what_to_do(
    server: Server, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    monkeypatch.setattr(_download, "TIMEOUT", 0.3)
    monkeypatch.setattr(_download, "PATIENCE", 0.7)
    offer(server.places(kind))
    with pytest.raises(WeightsError, match=words) as caught:
        weights.pull("zhang2016", through=THROUGH)
    message = str(caught.value)
    assert "on a connected machine, download http://127.0.0.1" in message
    assert "restore models add FILE" in message
    assert "\n" not in message
    assert not weights.installed("zhang2016")


def test_without_a_connection_it_says_which_file_to_bring() -> None:
    offer(("http://127.0.0.1:9/model", "https://127.0.0.1:9/model"))
    with pytest.raises(
        WeightsError,
        match=r"127.0.0.1, 127.0.0.1: cannot be reached: .*then run: restore",
    ):
        weights.pull("zhang2016", through=THROUGH)


def test_a_wrong_file_is_never_opened(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("parsed before its SHA-256 was right")

    monkeypatch.setattr(caffe, "convert", opened)
    offer(server.places("wrong"))
    with pytest.raises(WeightsError, match="sent another file"):
        weights.pull("zhang2016", through=THROUGH)


def test_opens_nothing_but_https(server: Server) -> None:
    offer(server.places("ok"))
    with pytest.raises(WeightsError, match=r"cannot be reached: .*http"):
        weights.pull("zhang2016")
    assert server.asked == []
    request = urllib.request.Request("https://127.0.0.1/model")
    with pytest.raises(urllib.error.URLError, match="which is not https"):
        _download.Redirects().redirect_request(request, None, 302, "", {}, "http://127.0.0.1/")


def test_two_pulls_at_once_fetch_once(server: Server) -> None:
    offer(server.places("ok"))
    waited: list[bool] = []
    added: list[weights.Added] = []

    def one() -> None:
        added.append(
            weights.pull("zhang2016", waiting=lambda: waited.append(True), through=THROUGH)
        )

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(added) == 4
    assert len(server.asked) == 1
    weights.verify("zhang2016")


def test_a_full_disk_is_said_before_anything_is_fetched(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = _download.shutil.disk_usage(".")._replace(free=2**20 // 16)
    monkeypatch.setattr(_download.shutil, "disk_usage", lambda _: usage)
    offer(server.places("ok"))
    with pytest.raises(WeightsError, match="0 MB are free, 0 MB are needed; free some space"):
        weights.pull("zhang2016", through=THROUGH)
    assert server.asked == []
