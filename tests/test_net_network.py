"""The network under tokenkit.net.http: one deadline, and an eye on what has left."""

import socket
import threading

import pytest
from tokenkit.errors import InvalidAnswer, ProviderUnavailable
from tokenkit.net import network
from tokenkit.net.hosts import parse_url
from tokenkit.net.http import Transport
from tokenkit.provider import Request
from tokenkit.testing.clock import Clock

from patience import PATIENCE
from peers import OK, answering, fails, free_port, peer, read_request, times_out

# Deadline


def test_a_header_that_comes_byte_by_byte_ends_at_the_deadline() -> None:
    """R6: the deadline is total, not per read."""
    fault = _dripping(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10000)
    assert fault.sent
    assert "within 0.3 s" in str(fault)


def test_a_body_that_comes_byte_by_byte_ends_at_the_deadline() -> None:
    """R6: a lease outlasts the request, so the request must end."""
    assert _dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b"x" * 10000).sent


def _dripping(data: bytes) -> ProviderUnavailable:
    gone, clock = threading.Event(), Clock()

    def drip(connection: socket.socket) -> None:
        read_request(connection)
        for byte in data:
            clock.advance(0.02)
            connection.sendall(bytes([byte]))
            if gone.wait(0.001):
                return

    with peer(drip) as server:
        try:
            return times_out(server.url, clock)
        finally:
            gone.set()


def test_a_server_that_says_nothing_ends_at_the_deadline_and_may_have_acted() -> None:
    """R12: sent and not answered is an unknown outcome."""
    gone = threading.Event()
    with peer(lambda _: (gone.wait(PATIENCE), None)[1]) as server:
        assert times_out(server.url).sent
        gone.set()


def test_what_comes_before_the_request_has_a_shorter_deadline_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R7: until something was sent, giving up costs nothing; after that it can cost the session."""
    gone, clock = threading.Event(), Clock()
    with peer(lambda _: (gone.wait(PATIENCE), None)[1]) as server:
        transport = Transport(deadline=PATIENCE, until_sent=0.2)
        fault = fails(server.url.replace("http:", "https:"), transport)  # it hangs in the handshake
        gone.set()
    assert not fault.sent
    assert "within 0.2 s" in str(fault)

    monkeypatch.setattr(network, "elapsed", clock.now)

    def answer_late(connection: socket.socket) -> None:
        read_request(connection)
        clock.advance(1.5 * PATIENCE)
        connection.sendall(OK)

    with peer(answer_late) as server:
        transport = Transport(deadline=2 * PATIENCE, until_sent=PATIENCE)
        assert transport.send(Request("GET", server.url)).status == 200


def test_a_tls_handshake_that_hangs_ends_at_the_deadline_with_nothing_sent() -> None:
    """R12: what was not sent may be tried again."""
    gone = threading.Event()
    with peer(lambda _: (gone.wait(PATIENCE), None)[1]) as server:
        fault = times_out(server.url.replace("http:", "https:"))
        gone.set()
    assert not fault.sent
    assert "could not be reached within 0.3 s" in str(fault)


def test_a_connection_that_never_came_to_carry_the_request_is_closed_with_its_exchange() -> None:
    """Its time may be over between connecting and the handshake."""
    with peer(answering(OK)) as server:
        exchange = network.Exchange(parse_url(f"https://127.0.0.1:{server.port}/token"), 20.0, 20.0)
        stream = network.Network(exchange).connect_tcp("127.0.0.1", server.port)
        exchange.close()
        assert stream.get_extra_info("socket").fileno() == -1


def test_a_resolver_that_hangs_ends_at_the_deadline_with_nothing_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """R6, R12: getaddrinfo knows no time-out."""
    gone = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gone.wait(PATIENCE) and [])
    assert not times_out("https://accounts.example/token").sent
    gone.set()


# Was anything sent?


def test_a_refused_port_means_nothing_was_sent() -> None:
    """R12: what was not sent may be tried again."""
    with free_port() as port:
        fault = fails(f"http://127.0.0.1:{port}/")
    assert not fault.sent
    assert "127.0.0.1 could not be reached (Connection refused)" in str(fault)


def test_an_unknown_name_means_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """R12: what was not sent may be tried again."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    fault = fails("https://accounts.example/token")
    assert not fault.sent
    assert "accounts.example could not be reached (Name or service not known)" in str(fault)


def test_a_connection_cut_before_the_request_is_read_may_have_carried_it() -> None:
    """R12: we cannot know, so the outcome is unknown."""
    with peer(lambda _: None) as server:
        assert fails(server.url).sent


def test_a_connection_cut_after_the_request_was_read_has_carried_it() -> None:
    """R12: sent and not answered is an unknown outcome."""
    with peer(lambda connection: (read_request(connection), None)[1]) as server:
        assert fails(server.url).sent


def test_a_body_that_breaks_off_is_an_answer_as_far_as_it_came() -> None:
    """R12: what there is of it may hold the new refresh token."""
    with peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")) as server:
        response = Transport().send(Request("GET", server.url))
    assert (response.status, response.body, response.complete) == (200, b"{", False)
    with pytest.raises(InvalidAnswer, match="broke off"):
        response.json_object()


def test_what_is_not_http_is_no_answer_and_is_not_quoted() -> None:
    """R12: it is an unknown outcome. R35: it may quote what was sent."""
    with peer(answering(b"SSH-2.0-OpenSSH s3cret\r\n\r\n")) as server:
        fault = fails(server.url)
    assert fault.sent
    assert fault.__context__ is None


def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(answering(OK)) as server:
        infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 0)) for host in ("127.0.0.77", "127.0.0.1")]
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *a, **k: infos if host == "ha.lan" else real(host, *a, **k)
        )
        url = f"http://ha.lan:{server.port}/"
        assert Transport(insecure_hosts=["ha.lan"]).send(Request("GET", url)).status == 200


def test_an_interpreter_that_starts_no_more_threads_still_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    """R7: a refresh is finished on the way out."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with free_port() as port, monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert "Connection refused" in str(fails(f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_address_is_not_looked_up(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """No thread is begun for what needs no resolver."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a resolver was asked"))
    monkeypatch.setattr(network, "threading", None)
    exchange = network.Exchange(parse_url("http://127.0.0.1/"), 1.0, 1.0)
    assert network._addresses(address, 80, exchange) == [address]
