"""Servers on real sockets that do with each connection whatever a test says, and a resolver that finds them."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tokenkit.errors import ProviderUnavailable
from tokenkit.net import network
from tokenkit.net.http import Transport
from tokenkit.provider import Request
from tokenkit.testing.clock import Clock

from patience import PATIENCE

Handler = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
DEADLINE = 0.3
SLACK = 60.0
"""What a busy machine may add; the peers that hang or drip would take two minutes and more."""


class Peer:
    """A server that does with each connection what `handler` says, in a thread each, and keeps what it read."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/token"
        self.connections = 0

    def run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._handler(connection)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def peer(handler: Handler) -> Iterator[Peer]:
    server = Peer(handler)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


@contextmanager
def free_port() -> Iterator[int]:
    """A port where nobody listens, and where nobody else will: who sets SO_REUSEADDR, as servers do, can have it."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def read_request(connection: socket.socket) -> bytes:
    """Read up to the end of the body that Content-Length announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes, seen: list[bytes] | None = None) -> Handler:
    def handler(connection: socket.socket) -> None:
        request = read_request(connection)
        if seen is not None:
            seen.append(request)
        connection.sendall(answer)

    return handler


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def times_out(url: str, clock: Clock | None = None) -> ProviderUnavailable:
    """Send, expect no answer, and expect to be told within the deadline.

    What is left of it is told by a clock of the test, else a busy machine would use it up before anything is sent.
    """
    start = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "elapsed", (clock or Clock()).now)
        fault = fails(url, Transport(deadline=DEADLINE))
    assert time.monotonic() - start < DEADLINE + SLACK
    return fault


def fails(url: str, transport: Transport | None = None) -> ProviderUnavailable:
    """Send, and expect no answer, however long that takes."""
    with pytest.raises(ProviderUnavailable) as caught:
        (transport or Transport(deadline=PATIENCE)).send(Request.form(url, {"refresh_token": "s3cret"}))
    assert "s3cret" not in str(caught.value)
    assert caught.value.hint
    return caught.value


def point(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let `name` resolve to 127.0.0.1."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: real("127.0.0.1" if host == name else host, *a, **k)
    )


def make_certificate(folder: Path) -> str:
    """A PEM file of a key and its self-signed certificate for 127.0.0.1 and accounts.example."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    names = [x509.DNSName("accounts.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + signed.public_bytes(pem))
    return str(path)


def over_tls(certificate: str, handler: Handler) -> Handler:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)

    def handshaken(connection: socket.socket) -> None:
        with server_side.wrap_socket(connection, server_side=True) as tls:
            handler(tls)

    return handshaken
