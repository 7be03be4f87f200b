"""Who may ask the page's server, and for what: strangers, other sites, paths, sizes, forms."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from restore.serve.app import Site, create
from restore.serve.guard import HEADER, LARGEST
from tests.page import HOST, SECRET


def test_the_page_needs_the_secret(client: TestClient) -> None:
    assert client.get("/").status_code == 403
    assert client.get("/?secret=wrong").status_code == 403
    page = client.get(f"/?secret={SECRET}")
    assert page.status_code == 200
    assert SECRET not in page.text


@pytest.mark.parametrize("given", ["", "wrong", SECRET[:-1]])
def test_data_needs_the_secret_in_a_header(client: TestClient, given: str) -> None:
    assert client.get("/api/session", headers={"x-restore-secret": given}).status_code == 403
    query = client.get(f"/api/session?secret={SECRET}", headers={"x-restore-secret": given})
    assert query.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "10.0.0.7:8765", "", "[::"])
def test_a_name_rebound_to_this_machine_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/api/session", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1", "[::1]:8765"])
def test_this_machine_by_other_names_is_served(client: TestClient, host: str) -> None:
    assert client.get("/api/session", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/api/session", headers=headers).status_code == 403


def test_our_own_origin_is_served(client: TestClient) -> None:
    headers = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    assert client.get("/api/session", headers=headers).status_code == 200


def test_every_answer_forbids_what_a_page_need_not_do(client: TestClient) -> None:
    for path in ("/", f"/?secret={SECRET}", "/api/session", "/page/js/main.js", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "/page/../app.py",
        "/page/%2e%2e/app.py",
        "/page/..%2fapp.py",
        "/page/js/..%2f..%2f..%2fapp.py",
        "/page//etc/passwd",
        "/page/%00",
        "/api/photos/..%2f..%2fetc%2fpasswd/thumbnail",
        "/api/photos/one.png/thumbnail",
        "/api/views/a/photos/0/before",
        "/api/photos/0/cards/fade",
        "/api/exports/99",
    ],
)
def test_only_ids_lead_to_files(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_recipe_is_a_name_and_never_a_path(client: TestClient, photos: dict[str, str]) -> None:
    for name in ("..%2fx.toml", "x.toml", "A"):
        assert client.get(f"/api/photos/{photos['one.png']}/cards/{name}").status_code == 404


def test_a_link_out_of_the_folder_is_not_shown(photos: dict[str, str]) -> None:
    assert set(photos) == {"one.png", "two.png", "broken.jpg"}


def test_large_requests_are_refused(client: TestClient) -> None:
    large = b"[" + b" " * LARGEST + b"]"
    headers = {"content-type": "application/json"}
    assert client.post("/api/toml", content=large, headers=headers).status_code == 413

    def pieces() -> Iterator[bytes]:  # without a length
        for _ in range(20):
            yield b" " * (LARGEST // 16)

    assert client.post("/api/toml", content=pieces(), headers=headers).status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b"[" * 90000, b'{"x": NaN}', b'{"x": 1e999}', b'{"x": "\\ud800"}'],
)
def test_what_is_no_json_object_is_refused(client: TestClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert client.post("/api/toml", content=body, headers=headers).status_code == 400


def test_a_browser_that_breaks_off_is_no_error(site: Site) -> None:
    sent: list[Message] = []
    headers = {
        "host": "127.0.0.1", "content-type": "application/json", HEADER: site.secret,
    }  # fmt: skip
    scope = {
        "type": "http", "method": "POST", "path": "/api/toml", "scheme": "http",
        "query_string": b"", "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(create(site, "127.0.0.1")(scope, receive, send))
    assert sent[0]["status"] == 400


def test_forms_are_refused(client: TestClient) -> None:
    """Another site can send them without asking first."""
    assert client.post("/api/toml", data={"a": "b"}).status_code == 415
