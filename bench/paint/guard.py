"""Check every request before any other code reads it: who may ask the server for what.

The address holds a random token.  Host and Origin must be this server's own: a page of another
site, whatever name it gives this machine (DNS rebinding), gets nothing.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON_BYTES = 1_000_000
FILE_BYTES = 64_000_000
FILE_TYPES = ("application/octet-stream",)
JSON_TYPES = ("application/json",)
# Routes that take a file; all others take JSON.
FILE_ROUTES = ("/uploads", "/masks")
METHODS = ("GET", "HEAD", "POST")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class Address:
    """Where the server listens.  host: a name or an IP address; 0.0.0.0 and :: are any."""

    host: str
    port: int
    token: str

    @property
    def url(self) -> str:
        """What the browser opens."""
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}/{self.token}/"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")

    def is_own(self, host: str) -> bool:
        """Return whether a Host header names this server."""
        name, _, port = host.rpartition(":")
        if port != str(self.port):
            return False
        if name in {*LOOPBACK, self.host, f"[{self.host}]"}:
            return True
        return self.host in {"0.0.0.0", "::"} and _is_ip(name.strip("[]"))


class Guard:
    """Refuses requests that are not the page's own; adds security headers to every answer."""

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self._app, self._address = app, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on without its token, or refuse it in one line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal is not None:
            code, line = refusal
            await PlainTextResponse(line + "\n", code)(scope, receive, with_headers)
            return
        path = "/" + scope["path"].split("/", 2)[2]
        inner = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(inner, receive, with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return status and reason for a request that is refused."""
        checks: tuple[Callable[[Scope, Headers], tuple[int, str] | None], ...] = (
            self._host, self._origin, self._token, _method, _body,
        )  # fmt: skip
        return next((refusal for check in checks if (refusal := check(scope, headers))), None)

    def _host(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        hosts = headers.getlist("host")
        if len(hosts) == 1 and self._address.is_own(hosts[0]):
            return None
        return 421, "This server does not answer to that Host."

    def _origin(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        own = origin is not None and origin.startswith("http://")
        own = own and self._address.is_own(str(origin).removeprefix("http://"))
        if (origin is not None or scope["method"] == "POST") and not own:
            return 403, "Requests come from this server's own page alone (Origin)."
        if site not in {"same-origin", "none"}:
            return 403, "Requests come from this server's own page alone (Sec-Fetch-Site)."
        return None

    def _token(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        parts = scope["path"].split("/", 2)
        token = parts[1] if len(parts) == 3 else ""
        if hmac.compare_digest(token.encode(), self._address.token.encode()):
            return None
        return (
            403,
            "The address lacks this server's token: open the one that `bench paint` printed.",
        )


def _method(scope: Scope, headers: Headers) -> tuple[int, str] | None:
    return None if scope["method"] in METHODS else (405, f"Only {', '.join(METHODS)}.")


def _body(scope: Scope, headers: Headers) -> tuple[int, str] | None:
    """Refuse a body of unknown length, of another type or too large.

    The HTTP server enforces the length that a body states.
    """
    if scope["method"] != "POST":
        return None
    path = "/" + scope["path"].split("/", 2)[2]
    length = headers.get("content-length", "")
    if not length.isdecimal() or "transfer-encoding" in headers:
        return 411, "Say how long the body is (Content-Length)."
    if int(length) > _most_bytes(path):
        return 413, f"The body has {length} bytes; at most {_most_bytes(path)} are taken."
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    types = FILE_TYPES if path in FILE_ROUTES else JSON_TYPES
    if media_type not in types:
        return 415, f"The body is {media_type or 'of no type'}; {types[0]} is taken."
    return None


def _most_bytes(path: str) -> int:
    return FILE_BYTES if path in FILE_ROUTES else JSON_BYTES


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
