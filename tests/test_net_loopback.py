"""The small HTTP server of consent and sandbox."""

import contextlib
import itertools
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from tokenkit.errors import ConfigurationError, ProviderUnavailable, UsageError
from tokenkit.net import loopback, loopback_http
from tokenkit.net.loopback import LoopbackServer
from tokenkit.provider import Request, Response

from patience import PATIENCE


class Echo:
    """A handler that remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        return Response(200, (("Content-Type", "text/plain"),), b"hello")


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def server(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    """A server that reads on for as long as a refused peer still writes, on a busy machine too."""
    monkeypatch.setattr(loopback, "LINGER", PATIENCE)
    with LoopbackServer(echo) as running:
        yield running


def talk(server: LoopbackServer, data: bytes, address: str = "127.0.0.1") -> bytes:
    """Send bytes and read until the server closes."""
    with socket.create_connection((address, server.port), timeout=PATIENCE) as connection:
        connection.sendall(data)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


def get(server: LoopbackServer, target: str = "/") -> bytes:
    return talk(server, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())


def test_a_request_reaches_the_handler_whole_and_its_answer_comes_back(server: LoopbackServer, echo: Echo) -> None:
    answer = talk(server, b"PUT /a/b?c=%20d HTTP/1.1\r\nhOST: example\r\nX-Two: 2\r\nContent-Length: 4\r\n\r\nbody")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close\r\n" in answer
    assert answer.endswith(b"Content-Length: 5\r\n\r\nhello")
    [request] = echo.seen
    assert (request.method, request.url, request.body) == ("PUT", f"{server.url}/a/b?c=%20d", b"body")
    assert request.header("x-two") == "2"


def test_the_host_header_is_passed_on_as_it_came(server: LoopbackServer, echo: Echo) -> None:
    """R24: comparing it is the consent's business, so the server must not replace it by its own name."""
    talk(server, b"GET / HTTP/1.1\r\nHost: rebound.example:80\r\n\r\n")
    assert echo.seen[0].header("Host") == "rebound.example:80"


def test_the_port_is_known_and_bound_before_the_server_starts(echo: Echo) -> None:
    """R24: bound before the URL is shown."""
    server = LoopbackServer(echo)
    try:
        assert server.url == f"http://127.0.0.1:{server.port}"
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE):
            assert echo.seen == []
    finally:
        server.close()


def test_a_fixed_port_that_is_taken_is_named_with_the_command_that_finds_its_owner(server: LoopbackServer) -> None:
    with pytest.raises(ConfigurationError, match=f"port {server.port} on 127.0.0.1 is taken") as caught:
        LoopbackServer(Echo(), port=server.port)
    assert caught.value.hint.endswith(f"lsof -nP -iTCP:{server.port} -sTCP:LISTEN")


def test_a_host_that_is_not_loopback_is_refused(echo: Echo) -> None:
    with pytest.raises(UsageError, match="not a loopback host"):
        LoopbackServer(echo, host="0.0.0.0")


def test_localhost_listens_on_both_loopback_addresses_so_that_no_one_else_can_take_the_other(echo: Echo) -> None:
    """R24: a browser may try ``::1`` first; were it free, another user of this machine could wait there."""
    with LoopbackServer(echo, host="localhost") as server:
        assert server.url == f"http://localhost:{server.port}"
        addresses = ["127.0.0.1"]
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
            addresses.append("::1")
        except OSError:
            pass  # this machine has no IPv6 loopback: then nobody else has either
        for address in addresses:
            assert status(talk(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", address)) == 200


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/2\r\nHost: x\r\n\r\n", 400),
        (b"GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 33000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 200000, 431),
    ],
)
def test_what_is_malformed_or_too_large_is_refused_and_never_reaches_the_handler(
    server: LoopbackServer, echo: Echo, data: bytes, expected: int
) -> None:
    assert status(talk(server, data)) == expected
    assert echo.seen == []


def test_a_peer_that_never_finishes_asking_is_cut_off(
    server: LoopbackServer, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback_http, "HEAD_TIME", 0.02)
    monkeypatch.setattr(loopback_http, "READ_TIME", 0.04)
    assert status(talk(server, b"GET / HTTP/1.1\r\nHost:")) == 408
    assert status(talk(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc")) == 408
    assert echo.seen == []


def test_a_silent_peer_delays_nobody_else(server: LoopbackServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE):
        assert status(get(server)) == 200


CROWD = """
import encodings.idna, os, resource, socket, sys, time  # what another user may not be able to read
port, uid = int(sys.argv[1]), int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096) if hard > 0 else 4096, hard))
if os.getuid() == 0:
    os.setuid(uid)
slow = socket.create_connection(("127.0.0.1", port))
posting = socket.create_connection(("127.0.0.1", port))
posting.sendall(b"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 9\\r\\n\\r\\n")
silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(1000)]
print("there", flush=True)
try:
    while True:
        silent.append(socket.create_connection(("127.0.0.1", port)))
        slow.sendall(b"G")
        time.sleep(1)
except OSError:
    sys.stdin.read()
"""


@pytest.fixture
def crowd(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """Another user of this machine with 1,000 connections that say nothing, and one that says a byte a second."""
    monkeypatch.setattr(loopback_http, "HEAD_TIME", 10 * PATIENCE)
    monkeypatch.setattr(loopback_http, "READ_TIME", 10 * PATIENCE)
    arguments = [sys.executable, "-c", CROWD, str(server.port), "65534"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield process
        process.kill()


def test_a_thousand_silent_connections_of_another_user_block_nobody(
    server: LoopbackServer, crowd: subprocess.Popen[str]
) -> None:
    """Their oldest gives way, and costs no thread: ten answers in a row, and no silent one's time comes to its end."""
    for _ in range(10):
        assert status(get(server)) == 200
    assert len(server._asking) <= loopback.CONNECTION_LIMIT
    answering = [thread for thread in threading.enumerate() if thread.name == "loopback-answer"]
    for thread in answering:
        thread.join(PATIENCE)  # ten were answered, and nobody else has a thread
    assert [thread for thread in answering if thread.is_alive()] == []


def test_an_attacker_who_is_refused_or_never_sends_the_body_gives_way_too(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole kind: what holds a place is whatever is unfinished, not silence alone."""
    monkeypatch.setattr(loopback, "CONNECTION_LIMIT", 8)
    half = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    with contextlib.ExitStack() as held:
        for number in range(20):
            peer = held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE))
            peer.sendall(half if number % 2 else b"nonsense\r\n\r\n")
        assert status(get(server)) == 200


def test_one_without_a_head_gives_way_before_one_whose_body_is_under_way(
    server: LoopbackServer, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "CONNECTION_LIMIT", 2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as posting:
        posting.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
        while not any(asking.head for asking in list(server._asking.values())):
            time.sleep(0.001)
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as silent:
            assert status(get(server)) == 200
            assert silent.recv(1) == b""
        posting.sendall(b"dy")
        assert status(posting.recv(65536)) == 200
    assert echo.seen[-1].body == b"body"


def test_a_head_that_comes_byte_by_byte_has_its_time_in_all_and_not_for_each(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback_http, "HEAD_TIME", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as slow:
        slow.settimeout(0.02)
        answer = b""
        for byte in itertools.cycle(b"G"):
            slow.sendall(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                answer = slow.recv(65536)
                break
    assert status(answer) == 408


def test_descriptors_that_run_out_cost_the_silent_their_place_and_nobody_an_answer(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = len(os.listdir("/dev/fd"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as held:
        ours = [held.enter_context(socket.socket()) for _ in range(10)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 16, hard))
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for silent in ours[:9]:
            silent.connect(("127.0.0.1", server.port))
        ours[9].settimeout(PATIENCE)
        ours[9].connect(("127.0.0.1", server.port))
        ours[9].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status(ours[9].recv(65536)) == 200


def test_head_is_answered_without_a_body(server: LoopbackServer) -> None:
    assert talk(server, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"Content-Length: 5\r\n\r\n")


def test_a_handler_that_fails_is_a_500_and_nothing_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    """R35: a traceback could carry what the request carried."""

    def broken(request: Request) -> Response:
        raise ValueError(request.url)

    with LoopbackServer(broken) as server:
        answer = get(server, "/?code=top-secret")
    assert status(answer) == 500
    assert b"top-secret" not in answer
    assert capfd.readouterr() == ("", "")


def test_a_handler_without_an_answer_cuts_the_connection() -> None:
    def silent(request: Request) -> Response:
        raise ProviderUnavailable("no answer")

    with LoopbackServer(silent) as server:
        assert get(server) == b""


def test_a_line_break_in_a_header_of_the_answer_does_not_begin_another_header() -> None:
    with LoopbackServer(lambda _: Response(302, (("Location", "/a\r\nSet-Cookie: b=c"),))) as server:
        answer = get(server)
    assert status(answer) == 500
    assert b"Set-Cookie" not in answer


def test_nothing_is_logged_of_a_request(server: LoopbackServer, capfd: pytest.CaptureFixture[str]) -> None:
    """R35: our server has no access log."""
    get(server, "/callback/google?code=top-secret")
    talk(server, b"nonsense\r\n\r\n")
    assert capfd.readouterr() == ("", "")


def test_closing_lets_an_answer_that_is_on_its_way_be_sent() -> None:
    asked, allowed = threading.Event(), threading.Event()

    def slow(_: Request) -> Response:
        asked.set()
        allowed.wait(PATIENCE)
        return Response(200, body=b"late")

    server = LoopbackServer(slow)
    server.start()
    answers: list[bytes] = []
    asking = threading.Thread(target=lambda: answers.append(get(server)))
    asking.start()
    assert asked.wait(PATIENCE)
    threading.Timer(0.01, allowed.set).start()
    server.close()
    asking.join(PATIENCE)
    assert answers[0].endswith(b"late")


def test_closing_frees_the_port_at_once_and_cuts_who_has_not_finished_asking(echo: Echo) -> None:
    server = LoopbackServer(echo)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as idle:
        idle.sendall(b"GET / HT")
        get(server)  # the idle one has been accepted by now
        server.close()
        assert idle.recv(10) == b""
    LoopbackServer(echo, port=server.port).close()
    assert not [thread for thread in threading.enumerate() if thread.name == f"loopback-{server.port}"]
