"""A folder of photos, the server that shows it, and a client that knows the secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from restore import files
from restore.image.photo import Photo
from restore.serve.app import Site, create
from restore.serve.library import Library
from restore.serve.limits import Limits
from tests.page import HOST, SECRET


def picture(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    small = np.random.default_rng(seed).uniform(40, 200, (6, 8, 3))
    return cv2.resize(small, (96, 72), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number, name in enumerate(("one.png", "two.png")):
        files.save(Photo(picture(number)), folder / name)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"rubbish" * 40)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    files.save(Photo(picture(9)), elsewhere / "private.png")
    with suppress(OSError):  # Windows asks for a privilege
        (folder / "link.png").symlink_to(elsewhere / "private.png")
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Site:
    return Site(Library([folder], False, folder / "restored"), Limits(10**7), SECRET)


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[TestClient]:
    headers = {"x-restore-secret": SECRET}
    with TestClient(create(site, "127.0.0.1"), f"http://{HOST}", headers=headers) as client:
        yield client


@pytest.fixture(scope="module")
def photos(client: TestClient) -> dict[str, str]:
    return {one["name"]: one["id"] for one in client.get("/api/session").json()["photos"]}
