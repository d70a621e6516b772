"""The small HTTP server of consent and sandbox: it listens on loopback only, and one function answers.

One request a connection (RFC 9112, ``Connection: close``), its head and body bounded, its reading bounded in time. It
keeps no access log and writes nothing to stderr. Sizes are in bytes, times in seconds.
"""

import contextlib
import errno
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Self

from tokenkit.errors import ConfigurationError, ProviderUnavailable, UsageError
from tokenkit.provider import Headers, Request, Response

HEAD_LIMIT = 32 * 1024
BODY_LIMIT = 1024 * 1024
READ_TIME = 10.0
WRITE_TIME = 10.0
CONNECTION_LIMIT = 256
GRACE = 2.0
"""How long `LoopbackServer.close` waits for answers that are on their way."""

HOSTS = {"127.0.0.1": ("127.0.0.1",), "::1": ("::1",), "localhost": ("127.0.0.1", "::1")}
"""The hosts that may be bound, and the addresses of each: a browser tries either one for ``localhost``."""

_REQUEST_LINE = re.compile(r"[A-Z]+ /[!-~]* HTTP/1\.[01]")

Handler = Callable[[Request], Response]
"""What answers. As with `Context.send`, `ProviderUnavailable` means that there is no answer: the connection is cut."""


class LoopbackServer:
    """An HTTP server on one loopback port, bound when constructed and serving between `start` and `close`.

    `url` is ``http://host:port`` without a slash, `port` the bound one. The ``Host`` header is passed on as it came:
    comparing it is the handler's. Raises `ConfigurationError` when a fixed port cannot be had, `UsageError` for a host
    that is not loopback.
    """

    def __init__(self, handler: Handler, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler = handler
        self._listeners = _listen(host, port)
        self.port: int = self._listeners[0].getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._wake, self._woken = socket.socketpair()
        self._lock = threading.Lock()
        self._reading: set[socket.socket] = set()
        self._serving: set[threading.Thread] = set()
        self._acceptor = threading.Thread(target=self._accept, name=f"loopback-{self.port}", daemon=True)

    def start(self) -> None:
        """Begin to answer; connections made since the construction have waited."""
        self._acceptor.start()

    def close(self) -> None:
        """Free the port, cut who has not finished asking, and let answers on their way be sent for `GRACE` seconds."""
        self._wake.close()
        if self._acceptor.is_alive():
            self._acceptor.join()
        for listener in (*self._listeners, self._woken):
            listener.close()
        with self._lock:
            serving = list(self._serving)
            for connection in self._reading:
                _cut(connection)
        until = time.monotonic() + GRACE
        for thread in serving:
            thread.join(max(0.0, until - time.monotonic()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            for source in (*self._listeners, self._woken):
                selector.register(source, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._woken in ready:
                    return
                for listener in self._listeners:
                    if listener in ready:
                        self._take(listener)

    def _take(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # the peer went away again, or we are out of descriptors: there may be some later
        thread = threading.Thread(target=self._serve, args=(connection,), name="loopback-connection", daemon=True)
        with self._lock:
            if len(self._serving) >= CONNECTION_LIMIT:
                connection.close()
                return
            self._reading.add(connection)
            self._serving.add(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):
                self._converse(connection)
        finally:
            _cut(connection)
            connection.close()
            with self._lock:
                self._reading.discard(connection)
                self._serving.discard(threading.current_thread())

    def _converse(self, connection: socket.socket) -> None:
        try:
            request = _read_request(connection, self.url)
        except _Unreadable as refusal:
            connection.settimeout(WRITE_TIME)
            connection.sendall(_encode(Response(refusal.status)))
            _drain(connection)
            return
        with self._lock:
            self._reading.discard(connection)
        answer = self._answer(request)
        if answer is not None:
            connection.settimeout(WRITE_TIME)
            connection.sendall(_encode(answer, body=request.method != "HEAD"))

    def _answer(self, request: Request) -> Response | None:
        try:
            return self._handler(request)
        except ProviderUnavailable:
            return None
        except Exception as error:  # noqa: BLE001  whatever it was, the peer gets an answer and stderr gets nothing
            return Response(500, body=type(error).__name__.encode())


def _listen(host: str, port: int) -> list[socket.socket]:
    if host not in HOSTS:
        raise UsageError(f"{host!r} is not a loopback host", hint=f"use one of {', '.join(HOSTS)}")
    for _ in range(20 if port == 0 else 1):
        listeners: list[socket.socket] = []
        try:
            for address in HOSTS[host]:
                chosen: int = listeners[0].getsockname()[1] if listeners else port
                listeners.extend(_bound(address, chosen, optional=bool(listeners)))
            return listeners
        except OSError as error:
            for listener in listeners:
                listener.close()
            if port:
                raise _port_refused(host, port, error) from None
    raise ConfigurationError(f"no port is free on {host}", hint="see what listens: lsof -nP -iTCP -sTCP:LISTEN")


def _bound(address: str, port: int, *, optional: bool) -> list[socket.socket]:
    """A listening socket; none where `optional` and this machine has no such address at all."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, port), family=family, backlog=128)
    except OSError as error:
        if optional and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return []
        raise
    listener.setblocking(False)
    return [listener]


def _port_refused(host: str, port: int, error: OSError) -> ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        return ConfigurationError(
            f"port {port} on {host} is taken by another program",
            hint=f"see which, and stop it: lsof -nP -iTCP:{port} -sTCP:LISTEN",
        )
    why = error.strerror or type(error).__name__
    return ConfigurationError(
        f"port {port} on {host} cannot be had: {why}", hint="choose a port above 1023, or 0 for any"
    )


class _Unreadable(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _read_request(connection: socket.socket, base: str) -> Request:
    deadline = time.monotonic() + READ_TIME
    data = b""
    while b"\r\n\r\n" not in data:
        if len(data) > HEAD_LIMIT:
            raise _Unreadable(431)
        data += _receive(connection, deadline)
    head, _, body = data.partition(b"\r\n\r\n")
    if len(head) > HEAD_LIMIT:
        raise _Unreadable(431)
    method, target, headers = _parse_head(head.decode("latin-1"))
    length = _body_length(headers)
    while len(body) < length:
        body += _receive(connection, deadline)
    return Request(method, base + target, headers, body[:length])


def _receive(connection: socket.socket, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _Unreadable(408)
    connection.settimeout(left)
    try:
        data = connection.recv(65536)
    except TimeoutError:
        raise _Unreadable(408) from None
    if not data:
        raise ConnectionResetError
    return data


def _parse_head(head: str) -> tuple[str, str, Headers]:
    """Method, target and headers; only what RFC 9112 has every server accept, nothing repaired."""
    first, *lines = head.split("\r\n")
    if not _REQUEST_LINE.fullmatch(first):
        raise _Unreadable(400)
    method, target, _ = first.split(" ")
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise _Unreadable(400)
        headers.append((name, value.strip()))
    if sum(name.lower() == "host" for name, _ in headers) != 1:
        raise _Unreadable(400)
    return method, target, tuple(headers)


def _body_length(headers: Headers) -> int:
    if any(name.lower() == "transfer-encoding" for name, _ in headers):
        raise _Unreadable(501)
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    if not lengths:
        return 0
    if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        raise _Unreadable(400)
    length = int(lengths[0][:20])
    if length > BODY_LIMIT:
        raise _Unreadable(413)
    return length


def _encode(response: Response, *, body: bool = True) -> bytes:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {response.status} {phrase}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.status not in (204, 304):
        lines.append(f"Content-Length: {len(response.body)}")
    if any("\r" in line or "\n" in line for line in lines):
        return _encode(Response(500))  # a line break in a header would begin another one
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (response.body if body else b"")


def _drain(connection: socket.socket) -> None:
    """Read on for a moment: closing with bytes unread would reset the connection before the answer is seen."""
    with contextlib.suppress(_Unreadable, OSError):
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + 1.0
        for _ in range(2 * BODY_LIMIT // 65536):
            _receive(connection, deadline)


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
