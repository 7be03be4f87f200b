"""Files in stores are found, fetched and written whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from stores import opened

from restore.errors import PhotoError, ResultExists
from restore.work import remote


@pytest.fixture(scope="module", params=["memory", "folder", "moto", "localbucket"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with opened(request.param, tmp_path_factory.mktemp("store")) as url:
        yield url


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_files_are_found_below_a_url(store: str, tmp_path: Path) -> None:
    for name in ("scans/a.tif", "scans/box 1/ü.tif", "scans/.hidden/b.tif", "scansother/c.tif"):
        remote.put(written(tmp_path / "a", name.encode()), f"{store}/{name}", overwrite=True)
    entries = sorted(remote.find(f"{store}/scans/"), key=lambda entry: entry.name)
    assert [entry.name for entry in entries] == ["a.tif", "box 1/ü.tif"]
    assert [entry.size for entry in entries] == [11, 18]
    assert entries[1] == remote.Entry(
        f"{store}/scans/box 1/ü.tif", "box 1/ü.tif", 18, remote.entry(entries[1].url).stamp
    )
    (single,) = remote.find(entries[0].url)
    assert (single.url, single.name) == (entries[0].url, "a.tif")


def test_a_change_changes_the_stamp(store: str, tmp_path: Path) -> None:
    url = f"{store}/stamped.tif"
    remote.put(written(tmp_path / "a", b"one"), url, overwrite=True)
    before = remote.entry(url)
    assert remote.entry(url) == before
    remote.put(written(tmp_path / "a", b"two"), url, overwrite=True)
    assert remote.entry(url) != before


def test_content_comes_back(store: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 50_000  # more than one block
    remote.put(written(tmp_path / "a", content), f"{store}/new/big.tif", overwrite=False)
    remote.fetch(f"{store}/new/big.tif", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content


def test_nothing_is_replaced_unasked(store: str, tmp_path: Path) -> None:
    url = f"{store}/once.tif"
    remote.put(written(tmp_path / "a", b"first"), url, overwrite=False)
    with pytest.raises(ResultExists, match=r"once\.tif exists already"):
        remote.put(written(tmp_path / "b", b"second"), url, overwrite=False)
    remote.fetch(url, tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"first"
    remote.put(tmp_path / "b", url, overwrite=True)
    remote.fetch(url, tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"second"


def test_the_server_itself_refuses_a_second_create(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{store}/race.tif"
    remote.put(written(tmp_path / "a", b"first"), url, overwrite=False)
    system, _ = fsspec.core.url_to_fs(url)
    seen = iter([False])  # somebody else writes it after it was looked for
    whole = type(system).exists
    monkeypatch.setattr(
        type(system), "exists", lambda self, path, **known: next(seen, whole(self, path))
    )
    if store.startswith("file"):
        pytest.skip("a rename cannot be refused")
    with pytest.raises(ResultExists):
        remote.put(written(tmp_path / "b", b"second"), url, overwrite=False)


def test_what_is_missing_is_said(store: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"none\.tif: there is no such file"):
        remote.fetch(f"{store}/none.tif", tmp_path / "a")
    with pytest.raises(PhotoError, match="empty: contains no files"):
        list(remote.find(f"{store}/empty"))
    assert not remote.exists(f"{store}/none.tif")


def test_an_upload_that_breaks_off_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.local import LocalFileSystem

    with opened("folder", tmp_path) as store:

        def broken(self: object, local: str, url: str, **known: object) -> None:
            Path(url).write_bytes(b"half")
            raise OSError("the line went dead")

        monkeypatch.setattr(LocalFileSystem, "put_file", broken)
        with pytest.raises(PhotoError, match="cannot be written: the line went dead"):
            remote.put(written(tmp_path / "a", b"whole"), f"{store}/a.tif", overwrite=False)
        assert not [*(tmp_path / "archive").iterdir()]


def test_a_bucket_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from s3fs import S3FileSystem

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # more of them wait longer and longer
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    S3FileSystem.clear_instance_cache()
    with pytest.raises(PhotoError, match=r"s3://archive/a\.tif: cannot be read"):
        remote.fetch("s3://archive/a.tif", tmp_path / "a")
    S3FileSystem.clear_instance_cache()


def test_an_unknown_protocol() -> None:
    with pytest.raises(PhotoError, match="nowhere://a: cannot be read"):
        list(remote.find("nowhere://a"))
