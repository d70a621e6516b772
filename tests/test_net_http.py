"""How an authorization server is spoken to: what is sent, what comes back, and what is kept of it."""

import gzip
import logging
import os
import socket
import threading
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from tokenkit.errors import InvalidAnswer, ProviderUnavailable, UsageError
from tokenkit.net.http import Transport
from tokenkit.provider import Request

from patience import PATIENCE
from peers import OK, answer, answering, peer, read_request

BODY = b'{"a":1}'

# What is sent, and what comes back


def test_a_request_arrives_as_it_was_made_and_its_answer_comes_back() -> None:
    seen: list[bytes] = []
    with peer(answering(answer(b'{"a":1}', "Content-Type: application/json", "X-Error: a b"), seen)) as server:
        response = Transport().send(Request.form(server.url + "?x=1", {"code": "c d"}, (("X-Mine", "1"),)))
    head, _, body = seen[0].decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "POST /token?x=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert {"X-Mine: 1", "Accept: application/json", "Accept-Encoding: identity", "Connection: close"} <= set(lines)
    assert "Content-Length: 8" in lines
    assert body == "code=c+d"
    assert (response.status, response.json_object(), response.header("x-error")) == (200, {"a": 1}, "a b")


def test_a_get_has_no_body() -> None:
    seen: list[bytes] = []
    with peer(answering(OK, seen)) as server:
        Transport().send(Request("GET", server.url))
    assert b"content-length" not in seen[0].lower()


def test_the_answer_knows_when_its_request_was_sent() -> None:
    """Expiry counts from the sending, so a slow answer does not make a token look younger (R16)."""
    clock = [1000.0]

    def slow(connection: socket.socket) -> None:
        read_request(connection)
        clock[0] = 1030.0
        connection.sendall(OK)

    with peer(slow) as server:
        assert Transport(now=lambda: clock[0]).send(Request("GET", server.url)).at == 1000.0


@pytest.mark.parametrize("status", ["302 Found", "400 Bad Request", "503 Service Unavailable"])
def test_every_status_is_an_answer_and_no_redirect_is_followed(status: str) -> None:
    with peer(answering(OK)) as other:
        location = f"Location: {other.url}"
        with peer(answering(answer(b"no", location, status=status))) as server:
            response = Transport().send(Request.form(server.url, {}))
        assert (response.status, response.body) == (int(status[:3]), b"no")
        assert response.header("location") == other.url
        assert other.connections == 0


def test_no_cookie_is_kept() -> None:
    seen: list[bytes] = []
    with peer(answering(answer(b"{}", "Set-Cookie: a=b; Path=/"), seen)) as server:
        transport = Transport()
        transport.send(Request("GET", server.url))
        transport.send(Request("GET", server.url))
    assert b"cookie" not in seen[1].lower()


def test_each_request_has_a_connection_of_its_own() -> None:
    """A kept connection that the server has closed would look like a lost answer (R12)."""
    with peer(answering(OK)) as server:
        transport = Transport()
        for _ in range(3):
            transport.send(Request("GET", server.url))
        assert server.connections == 3


# Size


def test_an_endless_body_is_read_up_to_the_limit() -> None:
    def endless(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with peer(endless) as server:
        response = Transport(limit=100_000).send(Request("GET", server.url))
    assert (response.body, response.complete) == (b"x" * 100_000, False)


ENCODED = {
    "gzip": gzip.compress(BODY),
    "x-gzip": gzip.compress(BODY),
    "GZIP": gzip.compress(BODY),
    "deflate": zlib.compress(BODY),
    "deflate ": zlib.compress(BODY)[2:-4],
    "deflate, gzip": gzip.compress(zlib.compress(BODY)),
    "identity, gzip": gzip.compress(BODY),
    "identity": gzip.compress(BODY),
    "br": BODY,
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_an_encoded_answer_is_read_though_that_was_not_asked_for(encoding: str) -> None:
    """Some servers compress all they send, and some say so of what they did not compress."""
    with peer(answering(answer(ENCODED[encoding], f"Content-Encoding: {encoding}"))) as server:
        response = Transport().send(Request("GET", server.url))
    assert (response.json_object(), response.complete) == ({"a": 1}, True)


@pytest.mark.parametrize("cut", [1, 4, 8])
def test_a_gzip_answer_without_its_end_gives_what_it_holds(cut: int) -> None:
    """R12: its last eight bytes are a sum and a length, and nothing of the answer."""
    with peer(answering(answer(gzip.compress(BODY)[:-cut], "Content-Encoding: gzip"))) as server:
        response = Transport().send(Request("GET", server.url))
    assert (response.json_object(), response.complete) == ({"a": 1}, False)


def test_a_gzip_answer_with_a_wrong_sum_gives_what_it_holds() -> None:
    """R12: what came out before the damage holds all of the answer."""
    damaged = gzip.compress(BODY)[:-8] + bytes(8)
    with peer(answering(answer(damaged, "Content-Encoding: gzip"))) as server:
        response = Transport().send(Request("GET", server.url))
    assert (response.json_object(), response.complete) == ({"a": 1}, False)


@pytest.mark.parametrize(("body", "encoding"), [(b"not gzip", "gzip"), (b"abc", "br"), (b"\x00\x01", "deflate")])
def test_what_cannot_be_decoded_is_refused(body: bytes, encoding: str) -> None:
    with (
        peer(answering(answer(body, f"Content-Encoding: {encoding}"))) as server,
        pytest.raises(InvalidAnswer, match="encoding"),
    ):
        Transport(limit=100_000).send(Request("GET", server.url))


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = answer(gzip.compress(bytes(50_000_000)), "Content-Encoding: gzip")
    tracemalloc.start()
    try:
        with peer(answering(bomb)) as server:
            response = Transport(limit=100_000).send(Request("GET", server.url))
        assert (len(response.body), response.complete) == (100_000, False)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


# Secrets


def test_no_log_at_any_level_holds_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """R35: httpcore logs the headers of answers, and errors that quote what was sent, at DEBUG."""
    secret = Request.form("", {"refresh_token": "s3cret"}, (("Authorization", "Basic s3cret"),))
    caplog.set_level(logging.DEBUG)
    for reply in (answer(b"s3cret", "X-Echo: s3cret"), b"HTTP/1.1 200 OK\r\ns3cret\r\n\r\n"):
        with peer(answering(reply)) as server, suppress(ProviderUnavailable):
            Transport().send(Request("POST", server.url + "?s3cret", secret.headers, secret.body))
    with peer(answering(OK)) as server, pytest.raises(UsageError):
        Transport().send(Request("POST", server.url, (("Authorization", "s3cret\n"),)))
    assert any(record.name.startswith("httpcore") for record in caplog.records)
    assert not any(record.name.startswith("httpx") for record in caplog.records)
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("value", ["s3cret\r\nX-Evil: 1", "s3cret\0", "s3crét"])
def test_a_header_that_http_does_not_allow_is_not_sent_and_not_shown(value: str) -> None:
    """R35: h11 and the codec both quote it."""
    seen: list[bytes] = []
    with peer(answering(OK, seen)) as server, pytest.raises(UsageError) as caught:
        Transport().send(Request("GET", server.url, (("Authorization", value),)))
    assert not b"".join(seen).strip()
    assert "s3cr" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("url", ["ftp://accounts.example/s3cret", "https://me:s3cret@accounts.example/", "s3cret"])
def test_what_is_no_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Transport().send(Request("GET", url))
    assert "s3cret" not in str(caught.value)


# Threads and processes


def test_threads_share_a_transport_without_waiting_for_each_other() -> None:
    together = threading.Barrier(8, timeout=PATIENCE)

    def meet(connection: socket.socket) -> None:
        read_request(connection)
        together.wait()
        connection.sendall(OK)

    with peer(meet) as server:
        transport = Transport(deadline=PATIENCE)
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(transport.send(Request("GET", server.url)).status))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_sends_on_a_connection_of_its_own() -> None:
    """R7: parent and child would read each other's answers."""
    with peer(answering(OK)) as server:
        transport = Transport(deadline=PATIENCE)
        transport.send(Request("GET", server.url))
        child = os.fork()
        if child == 0:
            _exit_with_what_the_child_got(transport, server.url)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert transport.send(Request("GET", server.url)).status == 200
        assert server.connections == 3


def _exit_with_what_the_child_got(transport: Transport, url: str) -> None:
    try:
        os._exit(0 if transport.send(Request("GET", url)).status == 200 else 1)
    finally:
        os._exit(2)
