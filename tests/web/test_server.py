"""The stand-alone page under uvicorn: another user of this machine cannot keep its person out."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPResponse

import httpx
import pytest
from tokenkit.web import guard
from tokenkit.web import server as web_server
from tokenkit.web.stand_alone import StandAlone
from world_of_web import World

from patience import PATIENCE

pytestmark = pytest.mark.slow

HALF_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def page(world: World) -> Iterator[StandAlone]:
    """The page, served as `tokenkit dashboard` serves it."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        app = StandAlone(world.kit, listener.getsockname()[1])
        running = web_server.server(app)
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        try:
            yield app
        finally:
            running.should_exit = True
            thread.join()


def address(page: StandAlone) -> tuple[str, int]:
    return "127.0.0.1", httpx.URL(page.link).port or 0


def half_body(page: StandAlone) -> bytes:
    """A form that our own page could have sent, but for its end."""
    here = f"127.0.0.1:{address(page)[1]}"
    lines = ("POST / HTTP/1.1", f"Host: {here}", f"Origin: http://{here}", "Content-Length: 9", "", "half")
    return "\r\n".join(lines).encode()


CROWD = """
import encodings.idna, os, socket, sys  # what another user may not be able to read
if os.getuid() == 0:
    os.setuid(65534)
held = []
for _ in range(int(sys.argv[2])):
    peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    peer.sendall(bytes.fromhex(sys.argv[3]))
    held.append(peer)
print("there", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("unfinished", ["head", "body", "nothing"])
@pytest.mark.parametrize("number", [70, 500])
def test_requests_that_another_user_begins_and_never_ends_keep_nobody_out(
    page: StandAlone, unfinished: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their oldest gives way: no place is free because its time has come to its end."""
    monkeypatch.setattr(web_server, "HEAD_TIME", 10 * PATIENCE)
    monkeypatch.setattr(guard, "BODY_TIME", 10 * PATIENCE)
    begun = {"head": HALF_HEAD, "body": half_body(page), "nothing": b""}[unfinished]
    arguments = [sys.executable, "-c", CROWD, str(address(page)[1]), str(number), begun.hex()]
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=PATIENCE) as browser:
        home = browser.get(page.link).url  # the page's modules are loaded then
        cookies = browser.cookies
    with (
        httpx.Client(trust_env=False, cookies=cookies, timeout=PATIENCE) as browser,
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd,
    ):
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == "there\n"
        assert "Your accounts" in browser.get(home).text
        crowd.kill()


def test_a_head_that_does_not_end_is_cut_on_a_connection_that_was_used_before_too(
    page: StandAlone, monkeypatch: pytest.MonkeyPatch
) -> None:
    for before in (b"", b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"):
        monkeypatch.setattr(web_server, "HEAD_TIME", PATIENCE if before else 0.1)
        with socket.create_connection(address(page), timeout=PATIENCE) as peer:
            if before:
                peer.sendall(before)
                answer = HTTPResponse(peer)
                answer.begin()
                assert answer.status == 421
                answer.read()  # whole: it may come in several pieces
                monkeypatch.setattr(web_server, "HEAD_TIME", 0.1)
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                peer.sendall(HALF_HEAD)
                assert peer.recv(1) == b""


def test_chunks_without_bound_are_refused_and_the_connection_ends(page: StandAlone) -> None:
    here = f"127.0.0.1:{address(page)[1]}"
    head = f"POST / HTTP/1.1\r\nHost: {here}\r\nOrigin: http://{here}\r\nContent-Length: 5\r\n"
    with socket.create_connection(address(page), timeout=PATIENCE) as peer:
        peer.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        answer = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(10_000):
                peer.sendall(b"1000\r\n" + b"a" * 4096 + b"\r\n")
                answer = answer or peer.recv(65536)
            pytest.fail("40 MB were taken")
    assert answer.startswith(b"HTTP/1.1 411")
