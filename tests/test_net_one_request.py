"""One request and its answer over a connection of its own, without a socket: what is written, and what is read."""

from collections.abc import Iterable

import h11
import httpcore
import pytest
from tokenkit.net.one_request import OneRequest
from tokenkit.net.raw_answer import RawAnswer

from peers import OK, answer

HOST = [(b"Host", b"accounts.example"), (b"Content-Length", b"3")]


class Wire(httpcore.NetworkStream):
    """A connection whose other end says `parts`, whatever it is told, and then closes."""

    def __init__(self, parts: Iterable[bytes], *, broken: bool = False) -> None:
        self._parts = iter(parts)
        self._broken = broken
        self.written: list[bytes] = []

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.written.append(buffer)
        if self._broken:
            raise httpcore.WriteError

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return next(self._parts, b"")


def asked(wire: Wire, limit: int = 1000) -> RawAnswer:
    return OneRequest("POST", "/token", HOST, b"a=b").answered(wire, limit)


def test_the_request_leaves_in_one_write() -> None:
    """R38: a process that is stopped between head and body would send half a request; and a write costs a turn."""
    wire = Wire([OK])
    assert asked(wire).status == 200
    assert wire.written == [b"POST /token HTTP/1.1\r\nHost: accounts.example\r\nContent-Length: 3\r\n\r\na=b"]


def test_an_answer_that_comes_in_pieces_is_put_together() -> None:
    whole = answer(b"the body", "X-Of: The Server")
    found = asked(Wire(bytes([each]) for each in whole))
    assert (found.status, found.body, found.complete) == (200, b"the body", True)
    assert ("X-Of", "The Server") in found.headers


def test_what_only_announces_the_answer_is_none() -> None:
    """RFC 9110 section 15.2."""
    assert asked(Wire([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", OK])).status == 200


def test_a_server_that_answers_before_it_has_read_all_is_heard() -> None:
    assert asked(Wire([answer(b"enough")], broken=True)).body == b"enough"


def test_no_more_than_the_limit_is_kept() -> None:
    found = asked(Wire([answer(b"x" * 50)]), limit=10)
    assert (found.body, found.complete) == (b"x" * 10, False)


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"220 ready\r\n"])
def test_what_is_no_whole_answer_is_an_error(reply: bytes) -> None:
    with pytest.raises(h11.RemoteProtocolError):
        asked(Wire([reply]))


def test_what_http_does_not_allow_is_found_before_anything_is_sent() -> None:
    with pytest.raises(h11.LocalProtocolError):
        OneRequest("POST", "/to ken", HOST, b"a=b")
