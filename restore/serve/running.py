"""Start the server, print its address, open the browser, and end on Ctrl-C."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from restore.errors import MissingPackage, RestoreError
from restore.serve.limits import Limits

FIRST, LAST = 8765, 8815
"""Ports tried where none is asked for."""


def serve(
    paths: Sequence[Path],
    out: Path,
    recursive: bool,
    limits: Limits,
    *,
    host: str,
    port: int | None,
    browser: bool,
) -> None:
    """Serve the page until Ctrl-C.

    Raises
    ------
    RestoreError
        If a package is missing, there are no photos, or the port is taken.
    """
    try:
        import uvicorn
        from uvicorn.server import Server

        from restore.serve.app import Site, create
    except ImportError as error:
        raise MissingPackage(
            "restore serve needs the starlette and uvicorn packages; install them with: "
            'pip install "restore-photos[serve]"'
        ) from error
    from restore.serve import guard
    from restore.serve.library import Library

    for path in paths:
        if not os.path.exists(path):  # noqa: PTH110  an unreadable path does not raise here
            raise RestoreError(f"{path}: cannot be opened: there is no such file or folder")
    library = Library(paths, recursive, out)
    library.scan()
    notes = [*library.troubles, *library.left_out]
    if not library.photos:
        raise RestoreError("; ".join(notes) or "there are no photos to show")
    for note in notes:
        click.echo(f"warning: {note}", err=True)
    listening = bound(host, port)
    site = Site(library, limits, guard.secret())
    config = uvicorn.Config(
        create(site, host),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=200,
        ws="none",
    )
    address = f"http://{named(host)}:{listening.getsockname()[1]}/?secret={site.secret}"
    click.echo(address)
    sys.stdout.flush()
    count = len(library.photos)
    click.echo(f"{count} photo{'s' * (count > 1)}; press Ctrl-C to end", err=True)
    if not ipaddress.ip_address(listening.getsockname()[0]).is_loopback:
        click.echo(
            "warning: whoever on the network has this address can see and restore the photos; "
            "it is not encrypted",
            err=True,
        )
    if browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        server = Server(config)
        server.handle_exit = _quietly(server.handle_exit)  # type: ignore[method-assign]
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        click.echo("ended", err=True)


def _quietly(end: Callable[..., None]) -> Callable[..., None]:
    """The handler of Ctrl-C; requests that it cuts short are no errors worth a traceback."""

    def handle(*arguments: object) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        end(*arguments)

    return handle


def bound(host: str, port: int | None) -> socket.socket:
    """A socket that listens on the port, or on the first free one.

    Raises
    ------
    RestoreError
        If there is none.
    """
    ports = [port] if port is not None else range(FIRST, LAST)
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in ports:
        listening = socket.socket(kind, socket.SOCK_STREAM)
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, number))
            listening.listen(100)
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE or port is not None:
                reason = error.strerror or str(error)
                advice = "; use another --port" if error.errno == errno.EADDRINUSE else ""
                raise RestoreError(f"{host}, port {number}: {reason}{advice}") from error
        else:
            return listening
    raise RestoreError(f"{host}: no free port from {FIRST} to {LAST - 1}; use --port 0")


def named(host: str) -> str:
    """The host in an address a browser can open."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
