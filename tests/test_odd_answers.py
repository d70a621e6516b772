"""An answer that holds the new refresh token is used, however oddly it is framed or written (R12, R16).

Each framing comes over a real connection, through everything that reads it.
"""

import contextlib
import gzip
import json
import socket
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.errors import ConsentRequired, ProviderError
from tokenkit.flows.answer import STANDARD, AnswerShape, TokenAnswer, read_answer
from tokenkit.flows.members import UNREADABLE, read_members
from tokenkit.flows.refresh import renewed
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.grant import Grant
from tokenkit.net import raw_answer
from tokenkit.net.http import LIMIT, Transport
from tokenkit.provider import ClientRegistration, Context, Response
from tokenkit.store.files import FileStore

from patience import PATIENCE
from peers import peer, read_request
from scripted import LIFETIME, ScriptedKit, expire, stored
from world import CLIENT, World, grant

TOKENS = {"access_token": "access-new", "expires_in": 3600, "refresh_token": "refresh-new"}
TEXT = json.dumps(TOKENS)
B = TEXT.encode()
OPEN = B[:-1]
H = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def sized(body: bytes, more: bytes = b"", *, off: int = 0, first: bytes = H) -> bytes:
    return first + more + b"Content-Length: %d\r\n\r\n" % (len(body) + off) + body


def chunked(*parts: bytes, sizes: str = "%x", end: bytes = b"0\r\n\r\n") -> bytes:
    chunks = b"".join((sizes % len(part)).encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return H + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + end


def encoded(body: bytes, name: bytes) -> bytes:
    return sized(body, b"Content-Encoding: " + name + b"\r\n")


FRAMINGS = {
    "as it should be": sized(B),
    "no length, the connection closes": H + b"\r\n" + B,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + B,
    "no reason phrase": sized(B, first=b"HTTP/1.1 200\r\n"),
    "lower case protocol": sized(B, first=b"http/1.1 200 ok\r\n"),
    "HTTP/2 in the status line": sized(B, first=b"HTTP/2 200\r\n"),
    "two spaces in the status line": sized(B, first=b"HTTP/1.1  200  OK\r\n"),
    "blank lines before the status line": b"\r\n\r\n" + sized(B),
    "a length one too large": sized(B, off=1),
    "a length much too large": sized(B, off=5000),
    "a length one too small": sized(B, off=-1),
    "a length of nothing": sized(B, off=-len(B)),
    "a length that cuts the refresh token": sized(B, off=-8),
    "two equal lengths": sized(B, b"Content-Length: %d\r\n" % len(B)),
    "two different lengths": sized(B, b"Content-Length: 5\r\n"),
    "a length that is no number": H + b"Content-Length: many\r\n\r\n" + B,
    "a negative length": H + b"Content-Length: -1\r\n\r\n" + B,
    "a length and chunks": chunked(B).replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n", 1),
    "chunks": chunked(B[:7], B[7:]),
    "the last chunk is missing": chunked(B, end=b""),
    "chunks end in the middle of the last one": chunked(B, end=b"0\r\n"),
    "a chunk's size in capitals with zeros": chunked(B, sizes="000%X"),
    "a chunk's size with spaces": chunked(B, sizes=" %x  "),
    "a chunk's extension": chunked(B, sizes='%x;name="a b"'),
    "a chunk's size one too large": chunked(B).replace(b"%x" % len(B), b"%x" % (len(B) + 1), 1),
    "a chunk's size one too small": chunked(B).replace(b"%x" % len(B), b"%x" % (len(B) - 1), 1),
    "chunks announced and not made": H + b"Transfer-Encoding: chunked\r\n\r\n" + B,
    "line feeds alone between chunks": chunked(B[:9], B[9:]).replace(b"\r\n", b"\n"),
    "a trailer after the chunks": chunked(B, end=b"0\r\nX-Sum: 1\r\n\r\n"),
    "an unknown transfer encoding": sized(B, b"Transfer-Encoding: identity\r\n"),
    "chunks of gzip by transfer encoding": chunked(B).replace(b": chunked", b": gzip, chunked"),
    "status 201": sized(B, first=b"HTTP/1.1 201 Created\r\n"),
    "status 203": sized(B, first=b"HTTP/1.1 203 Transformed\r\n"),
    "status 204 with a body": sized(B, first=b"HTTP/1.1 204 No Content\r\n"),
    "status 205 with a body": sized(B, first=b"HTTP/1.1 205 Reset Content\r\n"),
    "status 304 with a body": sized(B, first=b"HTTP/1.1 304 Not Modified\r\n"),
    "status 206": sized(B, first=b"HTTP/1.1 206 Partial\r\n"),
    "status 302": sized(B, b"Location: https://elsewhere.example\r\n", first=b"HTTP/1.1 302 Found\r\n"),
    "status 400": sized(B, first=b"HTTP/1.1 400 Bad Request\r\n"),
    "status 502": sized(B, first=b"HTTP/1.1 502 Bad Gateway\r\n"),
    "another protocol's name": sized(B, first=b"ICY 200 OK\r\n"),
    "a protocol without a version": sized(B, first=b"HTTP 200 OK\r\n"),
    "no head": B,
    "carriage returns alone in the head": H.replace(b"\r\n", b"\r") + b"\r" + B,
    "a 100 first": b"HTTP/1.1 100 Continue\r\n\r\n" + sized(B),
    "a 103 first, and an odd header": b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + sized(B, b"X Odd: 1\r\n"),
    "a space before a header's colon": sized(B, b"X-Odd : 1\r\n"),
    "a space before the length's colon": H + b"Content-Length : %d\r\n\r\n" % len(B) + B,
    "a header without a colon": sized(B, b"nonsense\r\n"),
    "a header without a name": sized(B, b": nonsense\r\n"),
    "a folded header": sized(B, b"X-Odd: a\r\n  b\r\n"),
    "a control character in a header": sized(B, b"X-Odd: a\x01\x00b\r\n"),
    "Latin-1 in a header": sized(B, b"X-Who: caf\xe9\r\n"),
    "a header of 200 kB": sized(B, b"X-Long: " + b"x" * 200_000 + b"\r\n"),
    "line feeds alone in the head": H.replace(b"\r\n", b"\n") + b"Content-Length: %d\n\n" % len(B) + B,
    "a content type that is a page's": sized(B, first=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"),
    "a content type twice": sized(B, b"Content-Type: text/plain\r\n"),
    "gzip": encoded(gzip.compress(B), b"gzip"),
    "gzip cut in its trailer": encoded(gzip.compress(B)[:-4], b"gzip"),
    "gzip with a wrong sum": encoded(gzip.compress(B)[:-8] + bytes(8), b"gzip"),
    "gzip that nothing announces": sized(gzip.compress(B)),
    "gzip with bytes after": encoded(gzip.compress(B) + b"junk", b"gzip"),
    "gzip in two members": encoded(gzip.compress(B[:20]) + gzip.compress(B[20:]), b"gzip"),
    "deflate that nothing announces": sized(zlib.compress(B)),
    "deflate with zlib's frame": encoded(zlib.compress(B), b"deflate"),
    "bare deflate": encoded(zlib.compress(B)[2:-4], b"deflate"),
    "announced as br, and not encoded": encoded(B, b"br"),
    "announced as gzip, and not encoded": encoded(B, b"gzip"),
    "UTF-8 with a byte order mark": sized(b"\xef\xbb\xbf" + B),
    "UTF-16 with a byte order mark": sized(TEXT.encode("utf-16")),
    "UTF-16 without": sized(TEXT.encode("utf-16-le")),
    "UTF-16, the other way round": sized(TEXT.encode("utf-16-be")),
    "UTF-32": sized(TEXT.encode("utf-32")),
    "UTF-16 that ends in half a character": sized(TEXT.encode("utf-16") + b"\0"),
    "blank lines before": sized(b"\r\n \t\r\n" + B),
    "NULs before": sized(b"\0\0\0\0" + B),
    "a guard against scripts before": sized(b")]}',\n" + B),
    "a loop before": sized(b"for(;;);" + B),
    "a warning before": sized(b"<br />Warning: something on line 3<br />\n" + B),
    "a call around": sized(b"callback(" + B + b");"),
    "NULs after": sized(B + bytes(5)),
    "a page after": sized(B + b"<!-- served by proxy 3 {x} -->"),
    "a second object after": sized(B + b'{"took":3}'),
    "in a list of one": sized(b"[" + B + b"]"),
    "in a string": sized(json.dumps(TEXT).encode()),
    "the last brace is missing": sized(OPEN),
    "cut behind the refresh token": sized(OPEN + b',"scope":"a'),
    "cut in a number": sized(b'{"access_token":"access-new","refresh_token":"refresh-new","expires_in":36'),
    "a comma too many": sized(OPEN + b",}"),
    "no comma after the refresh token": sized(OPEN + b' "x":1}'),
    "a Latin-1 byte in another member": sized(OPEN + b',"note":"\xe9"}'),
    "a Latin-1 byte in a member before": sized(b'{"note":"\xe9",' + B[1:]),
    "a control character in a member before": sized(b'{"note":"a\tb\nc\0",' + B[1:]),
    "an escape that there is not, before": sized(b'{"note":"\\x41 \\",' + b'",' + B[1:]),
    "half of a surrogate pair before": sized(b'{"note":"\\ud83d",' + B[1:]),
    "NaN before": sized(b'{"n":NaN,"m":-Infinity,' + B[1:]),
    "5000 digits before": sized(b'{"n":' + b"9" * 5000 + b"," + B[1:]),
    "a number beyond floats before": sized(b'{"n":1e999999,' + B[1:]),
    "words that are no JSON before": sized(b'{"n":undefined,"m":+1,"o":.5,' + B[1:]),
    "100000 lists within each other before": sized(b'{"n":' + b"[" * 100_000 + b"]" * 100_000 + b"," + B[1:]),
    "99999 objects within each other before": sized(b'{"n":' + b'{"a":' * 99999 + b"1" + b"}" * 99999 + b"," + B[1:]),
    "refresh tokens at other places": sized(b'{"old":{"refresh_token":"x"},"l":[{"refresh_token":"y"}],' + B[1:]),
    "one in the text of another member": sized(b'{"note":"\\"refresh_token\\":\\"x\\"",' + B[1:]),
    "the same member given twice": sized(b'{"refresh_token":"refresh-new",' + B[1:]),
    "another member given twice": sized(b'{"scope":"a","scope":"b",' + B[1:]),
    "an empty error beside": sized(b'{"error":"","ok":true,' + B[1:]),
    "an error beside": sized(b'{"error":"none",' + B[1:]),
    "expires_in as an object": sized(B.replace(b"3600", b'{"s":1}')),
    "the token type as a list": sized(b'{"token_type":["Bearer"],' + B[1:]),
    "scopes as numbers": sized(b'{"scope":[1,2],' + B[1:]),
    "two megabytes of blanks after": sized(B + b" " * 2_000_000),
    "a form": sized(
        b"access_token=access-new&expires_in=3600&refresh_token=refresh-new",
        first=b"HTTP/1.1 200 OK\r\nContent-Type: application/x-www-form-urlencoded\r\n",
    ),
    "a form that says it is text": sized(
        b"access_token=access-new&refresh_token=refresh-new&expires_in=3600\n",
        first=b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
    ),
}  # fmt: skip


def orderly(data: bytes, parts: int = 1) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        read_request(connection)
        size = len(data) // parts + 1
        for at in range(0, len(data), size):
            connection.sendall(data[at : at + size])
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    return handle


def asked(
    handler: Callable[[socket.socket], None], deadline: float = PATIENCE, shape: AnswerShape = STANDARD
) -> object:
    """Send a refresh to a server that does this with the connection."""
    with peer(handler) as server:
        ctx = World().ctx._replace(send=Transport(deadline=deadline).send)
        endpoint = TokenEndpoint("acme", "Acme", server.url, shape=shape)
        return endpoint.ask(ctx, CLIENT, {"grant_type": "refresh_token", "refresh_token": "refresh-old"})


@pytest.mark.parametrize("what", FRAMINGS)
def test_the_new_refresh_token_is_read_out_of(what: str) -> None:
    told = asked(orderly(FRAMINGS[what]))
    assert isinstance(told, TokenAnswer)
    kept = renewed(grant(), told)
    assert kept.refresh_token is not None
    assert kept.access_token is not None
    assert (kept.refresh_token.reveal(), kept.access_token.value) == ("refresh-new", "access-new")
    assert not kept.perhaps_spent


@pytest.mark.parametrize("what", ["a space before a header's colon", "a header of 200 kB", "two different lengths"])
def test_an_odd_head_is_read_before_its_body_is_there(what: str) -> None:
    """The parser gives up on the head, and the body comes in packets of its own."""
    told = asked(orderly(FRAMINGS[what], parts=9))
    assert isinstance(told, TokenAnswer)
    assert told.refresh_token is not None


def test_a_connection_that_is_reset_after_the_body_has_brought_the_answer() -> None:
    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(sized(B, off=10))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    told = asked(handle)
    assert isinstance(told, TokenAnswer)
    assert told.refresh_token is not None


@pytest.mark.slow
def test_a_connection_that_stays_open_has_brought_the_answer_at_the_deadline() -> None:
    def left_open(data: bytes) -> object:
        def handle(connection: socket.socket) -> None:
            read_request(connection)
            connection.sendall(data)
            connection.recv(1)

        return asked(handle, deadline=4.0)  # what a busy machine needs, and more

    with ThreadPoolExecutor() as beside:
        for told in beside.map(left_open, (sized(B, off=10), chunked(B, end=b""), sized(B, b"X Odd: 1\r\n", off=9))):
            assert isinstance(told, TokenAnswer)
            assert told.refresh_token is not None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", '{"access_token":"a ","refresh_token":"refresh-new"}'),
        ("", '{"data":{"access_token":"a ","refresh_token":"refresh-new"}}'),
        ("", '{"data":{"refresh_token":"refresh-new"},"status":"ok"}'),
        ("authed_user", '{"authed_user":{"access_token":null,"refresh_token":"refresh-new"}}'),
        ("authed_user", '{"refresh_token":"the bot\'s","authed_user":{"refresh_token":"refresh-new"}}'),
        ("a.b", '{"a":{"b":{"access_token":{},"refresh_token":"refresh-new"}}}'),
    ],
)
def test_a_new_refresh_token_beside_an_access_token_that_cannot_be_used_is_read_where_tokens_lie(
    path: str, text: str
) -> None:
    """R12: the old one is never sent again, wherever the provider has the object with the tokens."""
    told = asked(orderly(sized(text.encode())), shape=AnswerShape(path=path))
    assert isinstance(told, TokenAnswer)
    kept = renewed(grant(), told)
    assert kept.refresh_token is not None
    assert kept.access_token is not None
    assert (kept.refresh_token.reveal(), kept.access_token.value) == ("refresh-new", "access-old")


def test_a_refresh_token_beside_the_object_that_holds_the_access_token_is_read() -> None:
    told = asked(orderly(sized(b'{"data":{"access_token":"access-new"},"refresh_token":"refresh-new"}')))
    assert isinstance(told, TokenAnswer)
    assert told.refresh_token is not None
    assert told.refresh_token.reveal() == "refresh-new"


@pytest.mark.parametrize("character", ["a", "\x01", '"', "é", "€"])
def test_the_largest_answer_makes_a_record_that_can_be_read(character: str, tmp_path: Path) -> None:
    """R9, R16: one of 800 kB was saved, and was too large to be opened ever after."""
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    kit = ScriptedKit(tmp_path, store=store)
    kit.me = kit.sign_in()
    frame = '{"access_token":"access-new","refresh_token":"%s"}'
    sent = character.replace('"', '\\"')
    token = character * ((LIMIT - len(frame)) // len(sent.encode()))
    body = (frame % (sent * len(token))).encode()

    def refresh(ctx: Context, client: ClientRegistration, held: Grant) -> Grant:
        response = Response(200, (), body, ctx.now())
        return renewed(held, read_answer(response, read_members(response), default_expires_in=3600.0))

    kit.scripted.refresh = refresh
    expire(kit)
    kit.token("scripted")
    assert len(body) > LIMIT - 10
    assert stored(kit).refresh_token.reveal() == token


# What is not whole

DAMAGED = {
    "cut in the refresh token": b'{"access_token":"access-new","refresh_token":"refre',
    "cut before the refresh token": b'{"access_token":"access-new","expires_in":3600,',
    "given twice, and not the same": b'{"access_token":"access-new","refresh_token":"a","refresh_token":"b"}',
    "given twice, in a text that is no JSON": b'{"refresh_token":"a","n":+1,"refresh_token":"b","access_token":"x"}',
    "an escape in it that there is not": b'{"refresh_token":"\\x41","access_token":"access-new"}',
    "a number": b'{"refresh_token":12,"access_token":"access-new"}',
    "its name cut by a length": b'{"access_token":"access-new","refresh_tok',
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_token_answer_without_a_whole_refresh_token_leaves_the_old_one_perhaps_spent(what: str) -> None:
    told = asked(orderly(sized(DAMAGED[what])))
    assert isinstance(told, TokenAnswer)
    kept = renewed(grant(), told)
    assert kept.refresh_token is not None
    assert (kept.refresh_token.reveal(), kept.perhaps_spent) == ("refresh-old", True)


@pytest.mark.parametrize("text", [b"access_token=a&refresh_token=refre", b"refresh_token=x&access_token=a"])
def test_the_last_field_of_a_form_that_broke_off_is_not_whole(text: bytes) -> None:
    members = read_members(Response(200, body=text, complete=False))
    assert members.values[text.decode().rpartition("&")[2].partition("=")[0]] is UNREADABLE


@pytest.mark.parametrize(
    "body",
    [
        b"<html><style>body {color:red}</style>Sign in to the hotel's network</html>",
        b"<script>var x = {refresh_token: 'stolen', access_token: 'x'}</script>",
        b'<!doctype html><script>x = {"refresh_token": "stolen", "access_token": "x"}</script>',
        b'<a href="?access_token=a&refresh_token=b">x</a>', b"refresh_token: refresh-new", b"", b"{}", b"[1]", b"null",
        b'{"data":{"more":{"refresh_token":"not-at-its-path","access_token":"x"}}}', b"\x1f\x8b\x08\x00",
    ],
)  # fmt: skip
def test_any_other_200_is_an_unknown_outcome_and_gives_no_token(body: bytes) -> None:
    page = body.lstrip().startswith(b"<")
    with pytest.raises(ProviderError):
        asked(orderly(sized(body, first=H.replace(b"application/json", b"text/html") if page else H)))


def test_a_refusal_that_broke_off_is_an_unknown_outcome() -> None:
    with pytest.raises(ProviderError, match="broke off"):
        asked(orderly(sized(b"", off=20, first=b"HTTP/1.1 400 Bad Request\r\n")))


# The life of a grant of which the refresh token is perhaps spent


def damage(kit: ScriptedKit) -> None:
    """Let a refresh bring an access token and no whole refresh token, while the provider has rotated."""
    refresh = kit.scripted.refresh
    expire(kit)
    kit.scripted.refresh = lambda ctx, client, held: refresh(ctx, client, held).renewed(
        refresh_token=held.refresh_token, perhaps_spent=True
    )
    kit.token("scripted")
    kit.scripted.refresh = refresh


def test_the_access_token_is_served_to_its_end_and_then_the_old_refresh_token_is_tried_once(tmp_path: Path) -> None:
    """R12: no refresh ahead of the end, nor for more life than is left; and a refusal says why."""
    kit = ScriptedKit(tmp_path, background=True)
    kit.me = kit.sign_in()
    damage(kit)
    assert stored(kit).perhaps_spent
    kit.clock.advance(LIFETIME - 60)
    asked_before = kit.scripted.refreshes
    kit.token("scripted", min_ttl=1800)
    assert kit.scripted.refreshes == asked_before
    kit.clock.advance(61)
    with pytest.raises(ConsentRequired, match="could not be read"):
        kit.token("scripted")
    with contextlib.suppress(ConsentRequired):
        kit.token("scripted")
    assert kit.scripted.refreshes == asked_before + 1


# Whatever comes


@given(st.binary(max_size=300))
def test_whatever_bytes_come_they_are_read_without_an_error(data: bytes) -> None:
    raw_answer.read_raw_answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data, ended=True)
    raw_answer.read_raw_answer(data, ended=False)
    read_members(Response(200, body=b"{" + data))


@given(st.integers(0, len(B)), st.binary(min_size=1, max_size=4))
def test_a_damaged_answer_never_gives_another_refresh_token(at: int, junk: bytes) -> None:
    """It is the one that was sent, or none; where the damage is within the token itself, nobody can tell."""
    begin, end = B.index(b"refresh-new"), B.index(b"refresh-new") + len(b"refresh-new")
    if begin <= at <= end:
        at = 0
    found = read_members(Response(200, body=B[:at] + junk + B[at:])).values.get("refresh_token")
    assert not isinstance(found, str) or found == "refresh-new"
