"""What stands before every request: host, origin, secret, size, and the headers of each answer.

A page of another site can make the browser send requests to this machine. It cannot read answers
without our consent, cannot send our header, and does not know the secret; a name that was rebound
to this machine (DNS rebinding) comes with that name in `Host`.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-restore-secret"
LARGEST = 2**20
"""Most bytes of a request's body: the page sends recipes and hints, never photos."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Guard:
    """Middleware that lets through only what our own page sends.

    Parameters
    ----------
    secret
        Expected in `?secret=` for the page itself, and in the header `x-restore-secret` for data.
    host
        Address the server listens on.
    """

    def __init__(self, app: ASGIApp, secret: str, host: str) -> None:
        self.app, self.secret = app, secret
        self.open = not _loopback(host)
        self.names = {"localhost"}
        if self.open:
            self.names |= {host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with a limit on the body."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        refusal = self._refusal(scope, {k: v.decode("latin-1") for k, v in headers.items()})
        if refusal:
            status, text = refusal
            await PlainTextResponse(text + "\n", status, HEADERS)(scope, receive, send)
            return
        await self.app(scope, _limited(receive), _sealed(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Status and words for a request that is not let through."""
        host = headers.get("host", "")
        if not self._allowed(host):
            return 400, "this host name is not served"
        origin = headers.get("origin")
        if origin is not None and origin != f"{scope['scheme']}://{host}":
            return 403, "requests from other sites are refused"
        path, data = scope["path"], scope["path"].startswith("/api/")
        site = headers.get("sec-fetch-site", "none")
        if path != "/" and site not in ("same-origin", "none"):
            return 403, "requests from other sites are refused"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST:
            return 413, f"at most {LARGEST} bytes are taken"
        if data and not self._knows(headers.get(HEADER, "")):
            return 403, "the secret is missing or wrong; open the address that restore printed"
        if data and scope["method"] not in ("GET", "HEAD", "DELETE"):
            kind = headers.get("content-type", "").partition(";")[0].strip()
            if kind != "application/json":
                return 415, "send JSON"
        return None

    def _allowed(self, host: str) -> bool:
        """Whether a Host header names this machine.

        A number cannot be rebound, only a name can.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.open or address.is_loopback

    def _knows(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.secret.encode())


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _limited(receive: Receive) -> Receive:
    """Refuse a body that grows beyond the limit, whatever its length was said to be."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST:
            raise TooLarge
        return message

    return limited


def _sealed(send: Send) -> Send:
    """Add the headers to the answer."""
    extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return sealed


class TooLarge(Exception):
    """A request's body is larger than allowed."""


def secret() -> str:
    """A new secret, 192 bits."""
    return secrets.token_urlsafe(24)
