"""One HTTP request as it comes in on loopback, parsed by h11 and bounded in size and in time, and the answer to it.

Sizes are in bytes, times in seconds.
"""

import re
import socket
import time
from http import HTTPStatus

import h11

from tokenkit.provider import Request, Response

HEAD_LIMIT = 32 * 1024
BODY_LIMIT = 1024 * 1024

HEAD_TIME = 5.0
"""How long a head may take from the moment that its connection was accepted."""

READ_TIME = 10.0
"""How long head and body may take together."""

_TARGET = re.compile(rb"/[!-~]*")


class Unreadable(Exception):
    """What came is no request that is answered; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Asking:
    """A connection whose request is still being read."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.parser = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        self.head: h11.Request | None = None
        self.room = HEAD_LIMIT + 1
        self.body = bytearray()
        self.until = time.monotonic() + HEAD_TIME
        self.refused = False

    def hear(self, base: str) -> Request | None:
        """Read what has come; the request once it is whole. Raises `Unreadable`, or `OSError` when the peer leaves."""
        data = self.connection.recv(self.room)
        if not data:
            raise ConnectionResetError
        if self.refused:
            return None
        if self.head is None:
            self.room -= len(data)
        try:
            self.parser.receive_data(data)
            return self._request(base) if self._is_whole() else None
        except h11.RemoteProtocolError as error:
            raise Unreadable(error.error_status_hint) from None

    def _is_whole(self) -> bool:
        while True:
            event = self.parser.next_event()
            if isinstance(event, h11.Request):
                _check(event)
                self.head, self.room = event, 65536
                self.until += READ_TIME - HEAD_TIME
            elif isinstance(event, h11.Data):
                self.body += event.data
            else:
                return isinstance(event, h11.EndOfMessage)

    def _request(self, base: str) -> Request:
        assert self.head is not None  # h11: no message ends that has not begun
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in self.head.headers.raw_items()
        )
        method, target = self.head.method.decode(), self.head.target.decode()
        return Request(method, base + target, headers, bytes(self.body))


def _check(head: h11.Request) -> None:
    """Refuse what h11 lets pass and no client of ours sends."""
    if not _TARGET.fullmatch(head.target) or head.http_version not in (b"1.0", b"1.1"):
        raise Unreadable(400)
    hosts = [value for name, value in head.headers if name == b"host"]
    if len(hosts) != 1 or b" " in hosts[0]:
        raise Unreadable(400)
    if any(name == b"transfer-encoding" for name, _ in head.headers):
        raise Unreadable(501)
    if any(name == b"content-length" and int(value) > BODY_LIMIT for name, value in head.headers):
        raise Unreadable(413)


def encoded(response: Response, *, body: bool = True) -> bytes:
    """Return the answer in bytes; a 500 for one with a line break in a header, which would begin another header."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    headers = [("Connection", "close"), *response.headers]
    if response.status not in (204, 304):
        headers.append(("Content-Length", str(len(response.body))))
    raw = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers]
    try:
        head = h11.Connection(h11.SERVER).send(
            h11.Response(status_code=response.status, headers=raw, reason=phrase.encode())
        )
    except h11.LocalProtocolError:
        return encoded(Response(500))
    return (head or b"") + (response.body if body else b"")
