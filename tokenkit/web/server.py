"""Serving the stand-alone page on its loopback port, so that no other user of this machine can keep its person out.

uvicorn waits without end for the rest of a request, and answers 503 to everybody while its connections are in use.
"""

import asyncio
import contextlib
import socket

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_TIME = 5.0
"""Seconds for the head of a request, from the connection or from its first byte on."""

CONNECTION_LIMIT = 64


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with a time for each head; when there are too many connections, the oldest gives way.

    One that is being answered goes last. Time and place of a connection that says nothing are thereby worth nothing.
    """

    since: float
    """When the connection was made, by the event loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for the head of the first request."""
        self.since = self.loop.time()
        self._timer: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        self._await_head()
        others = [other for other in self.connections if isinstance(other, BoundedProtocol) and other is not self]
        if len(others) >= CONNECTION_LIMIT:
            oldest = min(others, key=BoundedProtocol._worth)
            oldest.transport.abort()
            self.connections.discard(oldest)

    def data_received(self, data: bytes) -> None:
        """Take what has come; a head that began has its time."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._head_is_there()
        elif self._timer is None:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_is_there()
        super().connection_lost(exc)

    def _worth(self) -> tuple[bool, float]:
        return self.conn.their_state is h11.DONE, self.since

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_TIME, self.transport.abort)

    def _head_is_there(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def server(app: ASGIApp) -> uvicorn.Server:
    """Make a server for the app. It logs no request: the address may hold a code (R35)."""
    settings = uvicorn.Config(
        app, http=BoundedProtocol, access_log=False, log_level="warning", proxy_headers=False, server_header=False,
        lifespan="off", ws="none", timeout_graceful_shutdown=3,
    )  # fmt: skip
    return uvicorn.Server(settings)


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answer on that socket until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        server(app).run([listener])
