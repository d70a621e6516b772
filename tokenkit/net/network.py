"""The network under `tokenkit.net.http`: two deadlines over all steps of an exchange, and an eye on what has left.

httpx's time-outs are per read: one second each against a header that comes byte by byte is no bound at all. Here each
connect, read and write gets what the exchange has left, and no more.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from math import inf
from typing import Any

import httpcore

from tokenkit.elapsed import elapsed
from tokenkit.errors import ConfigurationError
from tokenkit.net.hosts import Target
from tokenkit.net.public import first_private
from tokenkit.net.raw_answer import RawAnswer, looks_cut, read_raw_answer

SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]


READ_ON = 1.0
"""Seconds to wait for what follows an answer that looks cut: a server that closes the connection does so at once."""


class Exchange:
    """One request on its way to `place`: how long it may still take, and whether any of it can have been `sent`.

    It is given up after `until_sent` seconds if none of it has left by then, else after `deadline` seconds.

    `at` is when that began, Unix time in seconds, UTC. `received` is all that came for it, as it came.

    `public_only`: the place came out of a document, and must lead to public addresses alone. `pinned` is the address
    that a proxy is asked for then, in the place of the name that was looked up here.
    """

    def __init__(self, place: Target, deadline: float, until_sent: float, *, public_only: bool = False) -> None:
        self.place = place
        self.public_only = public_only
        self.pinned = ""
        self.sent = False
        self.at = 0.0
        self.received = bytearray()
        self._stream: _Stream | None = None
        self._opened: list[httpcore.NetworkStream] = []
        self._until_sent = min(until_sent, deadline)
        self._in_all = deadline
        self._began = elapsed()

    @property
    def deadline(self) -> float:
        """The one that counts now, in seconds: to give up costs nothing until any of the request has left (R7)."""
        return self._in_all if self.sent else self._until_sent

    def left(self) -> float:
        """Return the seconds that are left; raises `httpcore.TimeoutException` when there are none."""
        left = self._began + self.deadline - elapsed()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline has passed")
        return left

    def arrived(self, limit: int, *, patience: float = inf) -> RawAnswer | None:
        """Read the answer from all that comes, in `patience` seconds or what is left; None where its head is missing.

        The parser may have given up on the head before the body was there.
        """
        ends = time.monotonic() + patience
        ended = False
        with suppress(httpcore.NetworkError, httpcore.TimeoutException):
            while self._stream is not None and len(self.received) <= limit:
                answer = read_raw_answer(bytes(self.received), ended=False)
                if answer is not None and answer.complete and not looks_cut(answer.body):
                    return answer
                ended = not self._stream.read(65536, max(ends - time.monotonic(), 0.001))
                if ended or time.monotonic() >= ends:
                    break
        return read_raw_answer(bytes(self.received), ended=ended)

    def pin(self) -> str:
        """Return the address that stands for the host at a proxy, so that no other look-up of the name counts."""
        if self.public_only:
            found = self.addresses(self.place.host, self.place.port)
            address = next((each for each in found if ":" not in each), found[0])
            self.pinned = f"[{address}]" if ":" in address else address
        return self.pinned

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, each of them looked at where the exchange is with public ones only.

        Raises `ConfigurationError` where one is private, and what looking the name up raises.
        """
        found = _addresses(host, port, self)
        private = first_private(found) if self.public_only and host == self.place.host else ""
        if private:
            raise ConfigurationError(
                f"{host} leads to {private}, an address that is not public, and no person typed it: "
                "it came out of a document of the provider's",
                hint="if that server is yours, write its endpoints into the provider file: tokenkit providers add URL",
            )
        return found

    def carried_by(self, stream: "_Stream") -> None:
        """Note the connection that carries the request. It stays open: the parser may leave bytes unread."""
        self._stream = stream

    def opened(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        """Note a connection that was opened, to close it in the end, whether it came to carry the request or not."""
        self._opened.append(stream)
        return stream

    def close(self) -> None:
        """Close the connections, even if something wants to read on."""
        while self._opened:
            self._opened.pop().close()


class Network(httpcore.NetworkBackend):
    """Opens the connections of one exchange, address by address, each with its share of the time that is left."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers."""
        addresses = self._exchange.addresses(host, port)
        while True:
            address = addresses.pop(0)
            try:
                share = self._exchange.left() / (len(addresses) + 1)
                inner = self._exchange.opened(httpcore.SyncBackend().connect_tcp(address, port, timeout=share))
                return _Stream(inner, self._exchange, carries=self._exchange.place.scheme == "http")
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise


class _Stream(httpcore.NetworkStream):
    """A connection on which nothing takes longer than the exchange has left.

    `carries` says whether what is written is the request itself, and not the preparations: a proxy's CONNECT, or TLS.
    """

    def __init__(self, inner: httpcore.NetworkStream, exchange: Exchange, *, carries: bool) -> None:
        self._inner = inner
        self._exchange = exchange
        self._carries = carries
        if carries:
            exchange.carried_by(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._exchange.left()
        data = self._inner.read(max_bytes, left if timeout is None else min(timeout, left))
        if self._carries:
            self._exchange.received += data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._exchange.left()  # raises where it is too late to begin
        self._exchange.sent = self._exchange.sent or self._carries
        self._inner.write(buffer, self._exchange.left())

    def close(self) -> None:
        if not self._carries:
            self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        host = self._exchange.place.host
        name = host if server_hostname and server_hostname == self._exchange.pinned else server_hostname
        inner = self._exchange.opened(self._inner.start_tls(ssl_context, name, self._exchange.left()))
        return _Stream(inner, self._exchange, carries=name == host)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _addresses(host: str, port: int, exchange: Exchange) -> list[str]:
    """Look the host up in a thread that may be left behind: the system's resolver knows no deadline."""
    if _is_address(host):
        return [host]
    found: list[list[str] | OSError] = []

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.append([str(info[4][0]) for info in infos])
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=look_up, name="tokenkit-resolver", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        look_up()  # an interpreter on its way out starts no more threads; a refresh is finished all the same (R7)
    else:
        thread.join(exchange.left())
    if not found:
        raise httpcore.ConnectTimeout("the name was not resolved in time")
    if isinstance(found[0], OSError):
        raise httpcore.ConnectError(found[0])
    return found[0]


@lru_cache(maxsize=512)
def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
