"""Who may ask: this machine by its own names, pages of this server, and with bounded bodies."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READ_ON = 2  # times the bound: who still sends is heard so far, or would lose the answer
_SAFE = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Guard:
    """Middleware that refuses foreign names, foreign pages and too large bodies.

    Parameters
    ----------
    app : what is guarded.
    hosts : names by which this server may be asked, without ports.
    most_bytes : of a request's body.

    Notes
    -----
    The check of `Host` stops a foreign page whose name was made to lead here (DNS rebinding), that
    of `Origin` a foreign page that sends something here (CSRF).
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], most_bytes: int) -> None:
        self.app, self.most_bytes = app, most_bytes
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send_with_headers)
        else:
            await self._read_on(scope, receive)
            await _refuse(scope, receive, send_with_headers, *refusal)

    async def _read_on(self, scope: Scope, receive: Receive) -> None:
        """Take and throw away a refused request's body, within bounds of size and time.

        A connection that is closed while the other side sends is reset, and the answer with it.
        """
        length, read = Headers(scope=scope).get("content-length", ""), 0
        if scope["type"] != "http" or not length.isdigit() or len(length) > 15:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                while read < min(int(length), READ_ON * self.most_bytes):
                    message = await receive()
                    read += len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body"):
                        return

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and sentence for what may not be asked."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if _name(host) not in self.hosts:
            return 421, (
                "this server is not asked by that name; use the address it printed, or, where the "
                f"name is this machine's, start it with --name {_name(host) or 'NAME'}"
            )
        acts = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if acts and origin is not None and _place(origin) != host.lower():
            return 403, "pages of other places may not send anything here"
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            return 400, "the request says no length that is one"
        if int(length) > self.most_bytes:
            return 413, f"too large: at most {self.most_bytes // 2**20} MiB can be sent"
        return None


def _name(host: str) -> str:
    """The name of a `Host` header without its port; "" where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """Name and port of an `Origin` header; "" where it has none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": sentence})
        return
    body = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
