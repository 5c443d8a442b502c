"""Start the server: bind a port, print the address, open the browser."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable
from contextlib import closing, suppress

import uvicorn
from starlette.types import ASGIApp

from bench.api import RequestError
from bench.paint.app import application
from bench.paint.guard import Address
from bench.paint.studio import PaintSettings, Studio


def serve(
    settings: PaintSettings, host: str, port: int, *, browser: bool, say: Callable[[str], None]
) -> None:
    """Serve the page until Ctrl-C.

    port: 0 = any free one.  say: called with each line for the user.
    Raises RequestError for an unknown plug-in, or a port that cannot be bound.
    """
    with _listen(host, port) as listening, closing(Studio(settings)) as studio:
        address = Address(host, listening.getsockname()[1], secrets.token_urlsafe(24))
        if not address.is_loopback:
            say(
                f"Warning: --host {host} lets other machines reach this page; whoever knows the "
                "address can use this one's cores. Nothing is encrypted."
            )
        server = _Server(_config(application(studio, address)))
        server.on_start = lambda: _announce(address, browser=browser, say=say)
        with suppress(KeyboardInterrupt):  # uvicorn raises it again after it has shut down
            server.run(sockets=[listening])


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # logged addresses would contain the token
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    """A server that reports when it listens."""

    on_start: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then report it."""
        await super().startup(sockets)
        self.on_start()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise RequestError(
            f"--host {host} --port {port}: cannot listen there ({why}). Give another port, or none."
        ) from error


def _announce(address: Address, *, browser: bool, say: Callable[[str], None]) -> None:
    say(f"Paint at {address.url}\nCtrl-C ends it.")
    if browser:
        webbrowser.open(address.url)
