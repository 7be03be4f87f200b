"""Stores that tests can write to: memory, a folder, and S3 servers started for the test."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def opened(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty store, for as long as it is needed.

    Parameters
    ----------
    kind
        "memory", "folder", or an S3 server: "moto", "localbucket".
    """
    if kind == "memory":
        from fsspec.implementations.memory import MemoryFileSystem

        yield "memory://archive"
        MemoryFileSystem.store.clear()
        MemoryFileSystem.pseudo_dirs[:] = [""]
        return
    if kind == "folder":
        yield (folder / "archive").as_uri()
        return
    with _server(kind, folder) as address, pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        from s3fs import S3FileSystem

        S3FileSystem.clear_instance_cache()
        S3FileSystem().mkdir("archive")
        yield "s3://archive"
        S3FileSystem.clear_instance_cache()


@contextlib.contextmanager
def _server(kind: str, folder: Path) -> Iterator[str]:
    """The address of an S3 server, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "objects").mkdir(exist_ok=True)
    commands = {
        "moto": ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        "localbucket": ["-m", "localbucket", str(folder / "objects"), "--port", str(port)],
    }
    process = subprocess.Popen(
        [sys.executable, *commands[kind]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, f"{kind} does not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
