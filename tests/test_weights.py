"""The folder of models: pulled, added, verified, removed; and what a person reads when it fails."""

from __future__ import annotations

import hashlib
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import caffemodel
import pytest

from restore.colorizers import zhang2016
from restore.context import Context
from restore.errors import WeightsError
from restore.models import _conversion, _download, _zhang, caffe, weights

TABLE = _zhang.layers(width=4, bins=5)
MODEL = caffemodel.small(TABLE)
OTHER = caffemodel.small(TABLE, name="another net")
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


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models, and readers for the small table."""
    monkeypatch.setenv("RESTORE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(caffe, "convert", partial(caffe.convert, table=TABLE))
    monkeypatch.setattr(_conversion, "convert", partial(_conversion.convert, table=TABLE))
    digest = hashlib.sha256(MODEL).hexdigest()
    known = dict(weights.KNOWN)
    known["zhang2016"] = replace(known["zhang2016"], size=len(MODEL), sha256=digest, places=())
    monkeypatch.setattr(weights, "KNOWN", known)
    return tmp_path / "models"


def offer(places: tuple[str, ...]) -> None:
    weights.KNOWN["zhang2016"] = replace(weights.KNOWN["zhang2016"], places=places)


def begun(folder: Path, data: bytes) -> Path:
    """What an earlier try has left."""
    folder.mkdir(exist_ok=True)
    part = folder / "zhang2016.part"
    part.write_bytes(data)
    return part


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
    told = str(caught.value)
    assert "on a connected machine, download http://127.0.0.1" in told
    assert "restore models add FILE" in told
    assert "\n" not in told
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


def test_every_published_place_is_https_and_has_the_published_sums() -> None:
    from restore.models.weights import KNOWN

    norebal = KNOWN["zhang2016-norebal"]
    assert (norebal.size, norebal.sha256[:8]) == (128946454, "6ab42a7f")
    with pytest.raises(WeightsError, match=r"no download source is known .*models add"):
        weights.pull("zhang2016-norebal")


def test_two_pulls_at_once_fetch_once(server: Server) -> None:
    offer(server.places("ok"))
    waited: list[bool] = []
    found: list[weights.Added] = []

    def one() -> None:
        found.append(
            weights.pull("zhang2016", waiting=lambda: waited.append(True), through=THROUGH)
        )

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
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


def test_a_folder_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("RESTORE_MODELS", str(tmp_path / "file" / "models"))
    (tmp_path / "m.caffemodel").write_bytes(MODEL)
    with pytest.raises(WeightsError, match=r"cannot be written: .*set RESTORE_MODELS"):
        weights.add(tmp_path / "m.caffemodel")


def test_adds_the_release_by_its_sum_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "x_norebal.bin"
    file.write_bytes(MODEL)
    added = weights.add(file)
    assert (added.name, added.notes) == ("zhang2016", ())
    assert file.exists()
    with pytest.raises(WeightsError, match="is zhang2016 by its SHA-256, not zhang2016-norebal"):
        weights.add(file, "zhang2016-norebal")


def test_adds_another_file_of_the_layout_and_says_so(tmp_path: Path) -> None:
    encoded, boosted = (caffemodel.layer(name, "Python", ()) for name in ("ab_enc", "prior_boost"))
    for file, content, name, why in (
        ("mine.caffemodel", OTHER, "zhang2016", "because most files are"),
        ("NoRebal.caffemodel", OTHER, "zhang2016-norebal", "because of its name"),
        ("norebal.bin", OTHER + encoded + boosted, "zhang2016", "because a training layer"),
        ("mine.bin", OTHER + encoded, "zhang2016-norebal", "because no training layer"),
    ):
        (tmp_path / file).write_bytes(content)
        added = weights.add(tmp_path / file)
        assert added.name == name
        assert "does not match a published file" in added.notes[0]
        assert why in added.notes[1]
        assert weights.details(name)["published"] == "no"
    said = weights.add(tmp_path / "mine.caffemodel", "zhang2016-norebal")
    assert (said.name, len(said.notes)) == ("zhang2016-norebal", 1)


def test_the_length_says_more_than_the_name(tmp_path: Path) -> None:
    """Another training of the same layout, written by the same program, is as long to the byte."""
    for name, file in (("zhang2016-norebal", "mine.bin"), ("zhang2016", "x_norebal.bin")):
        for key, wanted in weights.KNOWN.items():
            size = len(OTHER) if key == name else len(OTHER) + 310
            weights.KNOWN[key] = replace(wanted, size=size)
        (tmp_path / file).write_bytes(OTHER)
        added = weights.add(tmp_path / file)
        assert added.name == name
        assert f"because it has its size, {len(OTHER)} bytes" in added.notes[1]


def test_adds_what_another_machine_has_made(tmp_path: Path) -> None:
    (tmp_path / "mine_norebal.caffemodel").write_bytes(OTHER)
    first = weights.add(tmp_path / "mine_norebal.caffemodel")
    copy = first.path.rename(tmp_path / "copy.onnx")
    again = weights.add(copy)
    assert again.name == "zhang2016-norebal"
    assert "because its metadata says so" in again.notes[1]


def test_a_broken_file_leaves_the_installed_model(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "good").write_bytes(MODEL)
    (tmp_path / "bad").write_bytes(MODEL[:-100])
    weights.add(tmp_path / "good")
    before = weights.location("zhang2016").read_bytes()
    with pytest.raises(WeightsError, match="cut off or damaged"):
        weights.add(tmp_path / "bad")
    assert weights.location("zhang2016").read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {"zhang2016.onnx", ".zhang2016.lock"}


@pytest.mark.parametrize("place", [200, -40, -200])
def test_verify_finds_one_changed_bit(tmp_path: Path, place: int) -> None:
    (tmp_path / "good").write_bytes(MODEL)
    file = weights.add(tmp_path / "good").path
    assert weights.verify("zhang2016")["network"] == "zhang2016"
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(WeightsError, match=r"SHA-256 is .*damaged|is damaged \("):
        weights.verify("zhang2016")


def test_a_damaged_model_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(MODEL)
    file = weights.add(tmp_path / "good").path
    zhang2016.load(Context(engine="onnxruntime"))
    good = file.read_bytes()
    damaged = bytearray(good)
    damaged[len(good) // 2] ^= 16
    file.write_bytes(damaged)
    for _ in range(2):  # nor taken for good the second time
        with pytest.raises(WeightsError, match=r"SHA-256 is .*; it is damaged: remove it"):
            zhang2016.load(Context(engine="onnxruntime"))
    file.write_bytes(good)
    zhang2016.load(Context(engine="onnxruntime"))


def test_a_model_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves the name, and not what was in the file, if it was not synced first."""
    import os

    (tmp_path / "good").write_bytes(MODEL)
    synced: list[int] = []
    replace = Path.replace

    def noted(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)

    def renamed(part: Path, target: Path) -> Path:
        assert part.stat().st_ino in synced
        return replace(part, target)

    monkeypatch.setattr("os.fsync", noted)
    monkeypatch.setattr(Path, "replace", renamed)
    added = weights.add(tmp_path / "good")
    assert added.path.parent.stat().st_ino in synced


def test_a_file_of_somebody_else_in_the_folder_is_not_run(folder: Path) -> None:
    folder.mkdir()
    compact = Path(weights.__file__).parents[1] / "data" / "compact.onnx"
    weights.location("zhang2016").write_bytes(compact.read_bytes())
    with pytest.raises(WeightsError, match=r"was not written by restore.*models add FILE"):
        weights.path("zhang2016")


def test_what_is_not_there_is_said_with_what_to_do() -> None:
    offer(("https://127.0.0.1:9/model",))
    for ask in (weights.path, weights.verify, weights.remove, weights.details):
        with pytest.raises(WeightsError, match="restore models pull zhang2016` fetches it, or"):
            ask("zhang2016")
    with pytest.raises(WeightsError, match=r'no model "zhang2061"; did you mean "zhang2016"\?'):
        weights.path("zhang2061")


def test_removes_the_model_and_what_was_left(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "good").write_bytes(MODEL)
    weights.add(tmp_path / "good")
    begun(folder, b"left")
    weights.remove("zhang2016")
    assert [path.name for path in folder.iterdir()] == [".zhang2016.lock"]
