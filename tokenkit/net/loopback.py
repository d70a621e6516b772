"""The small HTTP server of consent and sandbox: it listens on loopback only, and one function answers.

One request a connection (RFC 9112, ``Connection: close``), parsed by h11; its head and body are bounded in size and in
time. Connections that have not finished asking cost no thread, and the oldest of them gives way when there are too
many: another user of this machine cannot block a sign-in by connections that say nothing. It keeps no access log and
writes nothing to stderr. Sizes are in bytes, times in seconds.
"""

import contextlib
import errno
import selectors
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tokenkit.errors import ConfigurationError, ProviderUnavailable, UsageError
from tokenkit.net.loopback_http import Asking, Unreadable, encoded
from tokenkit.provider import Request, Response

WRITE_TIME = 10.0
CONNECTION_LIMIT = 256
BACKLOG = 1024
"""Connections that the kernel keeps until they are accepted: one that finds no room tries again only a second later."""

GRACE = 2.0
"""How long `LoopbackServer.close` waits for answers that are on their way."""

LINGER = 1.0
"""How long a refused peer is read on: closing with bytes unread would reset the connection before it has the answer."""

HOSTS = {"127.0.0.1": ("127.0.0.1",), "::1": ("::1",), "localhost": ("127.0.0.1", "::1")}
"""The hosts that may be bound, and the addresses of each: a browser tries either one for ``localhost``."""

_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)

Handler = Callable[[Request], Response]
"""What answers. As with `Context.send`, `ProviderUnavailable` means that there is no answer: the connection is cut."""


class LoopbackServer:
    """An HTTP server on one loopback port, bound when constructed and serving between `start` and `close`.

    `url` is ``http://host:port`` without a slash, `port` the bound one. The ``Host`` header is passed on as it came:
    comparing it is the handler's. Raises `ConfigurationError` when a fixed port cannot be had, `UsageError` for a host
    that is not loopback. `listening` is a socket that the caller has bound, in place of both: to an address that a
    person has named, for pages without a secret.
    """

    def __init__(
        self, handler: Handler, *, host: str = "127.0.0.1", port: int = 0, listening: socket.socket | None = None
    ) -> None:
        self._handler = handler
        self._listeners = _listen(host, port) if listening is None else [listening]
        self.port: int = self._listeners[0].getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._asking: dict[socket.socket, Asking] = {}
        self._serving: set[threading.Thread] = set()
        self._reader = threading.Thread(target=self._read, name=f"loopback-{self.port}", daemon=True)

    def start(self) -> None:
        """Begin to answer; connections made since the construction have waited."""
        self._reader.start()

    def close(self) -> None:
        """Free the port, cut unfinished requests, and let answers on their way be sent for `GRACE` seconds."""
        self._wake.close()
        if self._reader.is_alive():
            self._reader.join()
        self._selector.close()
        for opened in (*self._listeners, self._woken, *self._asking):
            opened.close()
        until = time.monotonic() + GRACE
        for thread in list(self._serving):
            thread.join(max(0.0, until - time.monotonic()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        """Accept connections and read requests, in the server's own thread; each whole request gets another."""
        for source in (*self._listeners, self._woken):
            self._selector.register(source, selectors.EVENT_READ, source)
        while True:
            for key, _ in self._selector.select(self._next_deadline()):
                if key.data is self._woken:
                    return
                if isinstance(key.data, Asking):
                    self._hear(key.data)
                else:
                    self._accept(key.data)
            self._expire()

    def _next_deadline(self) -> float | None:
        if not self._asking:
            return None
        return max(0.0, min(asking.until for asking in self._asking.values()) - time.monotonic())

    def _expire(self) -> None:
        now = time.monotonic()
        for asking in [asking for asking in self._asking.values() if asking.until <= now]:
            if asking.refused:
                self._drop(asking)
            else:
                self._refuse(asking, 408)

    def _accept(self, listener: socket.socket) -> None:
        try:
            while True:
                self._take(listener.accept()[0])
        except OSError as error:  # nobody waits, or the peer went away again
            if error.errno in _NO_DESCRIPTORS and not self._drop_oldest():
                time.sleep(0.01)  # all are in use elsewhere: there may be some later

    def _take(self, connection: socket.socket) -> None:
        if len(self._asking) + len(self._serving) >= CONNECTION_LIMIT and not self._drop_oldest():
            connection.close()
            return
        connection.setblocking(False)
        asking = self._asking[connection] = Asking(connection)
        self._selector.register(connection, selectors.EVENT_READ, asking)

    def _drop_oldest(self) -> bool:
        """Cut the oldest connection without a whole head, else the oldest without a whole body; False without any."""
        silent = (asking for asking in self._asking.values() if asking.head is None)
        oldest = next(silent, None) or next(iter(self._asking.values()), None)
        if oldest is not None:
            self._drop(oldest)
        return oldest is not None

    def _drop(self, asking: Asking) -> None:
        self._forget(asking)
        asking.connection.close()

    def _forget(self, asking: Asking) -> None:
        self._selector.unregister(asking.connection)
        del self._asking[asking.connection]

    def _hear(self, asking: Asking) -> None:
        if asking.connection not in self._asking:
            return  # it had to give way to one that was accepted in the same round
        try:
            request = asking.hear(self.url)
        except Unreadable as refusal:
            self._refuse(asking, refusal.status)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop(asking)
        else:
            if request is not None:
                self._forget(asking)
                self._serve(asking, request)

    def _refuse(self, asking: Asking, status: int) -> None:
        """Answer what is no request, and read on for a moment; it needs no thread, so that many block nobody."""
        asking.refused = True
        asking.until = time.monotonic() + LINGER
        try:
            asking.connection.sendall(encoded(Response(status)))
            asking.connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(asking)

    def _serve(self, asking: Asking, request: Request) -> None:
        thread = threading.Thread(target=self._converse, args=(asking, request), name="loopback-answer", daemon=True)
        self._serving.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread left: this one is not answered, others may be
            self._serving.discard(thread)
            asking.connection.close()

    def _converse(self, asking: Asking, request: Request) -> None:
        try:
            answer = self._answer(request)
            if answer is not None:
                asking.connection.settimeout(WRITE_TIME)
                asking.connection.sendall(encoded(answer, body=request.method != "HEAD"))
        except OSError:
            pass  # the peer has gone
        finally:
            with contextlib.suppress(OSError):
                asking.connection.shutdown(socket.SHUT_RDWR)
            asking.connection.close()
            self._serving.discard(threading.current_thread())

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
    """Return a listening socket; none where `optional` and this machine has no such address at all."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, port), family=family, backlog=BACKLOG)
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
