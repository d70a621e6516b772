"""An HTTP answer read out of the bytes that came, where the strict parser gave up on them (R12).

h11 refuses an answer for a space in a header's name, a wrong length, a missing last chunk. The refresh token in it is
the session, so what arrived is read all the same, and is marked where it may not be all.
"""

import re
from dataclasses import dataclass, field

from tokenkit.confidential import Confidential
from tokenkit.provider import Headers

_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n|\r[ \t]*\r(?!\n)")
_STATUS = re.compile(rb"[A-Z]+(?:/[\d.]+)?[ \t]+(\d{3})(?!\d)", re.IGNORECASE)
_CHUNK = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\n]*)?\r?\n")
_LINE_END = re.compile(rb"\r?\n|\r")
_FOLD = re.compile(rb"\r?\n[ \t]+")


@dataclass(frozen=True, slots=True)
class RawAnswer(Confidential):
    """What could be read; `complete` is False where there may have been more."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    complete: bool


def read_raw_answer(data: bytes, *, ended: bool) -> RawAnswer | None:
    """Read the final answer in `data`, or return None where its head is not there as a whole.

    `ended` says whether the server closed the connection in order. Bytes after the announced length stay in the body:
    the connection serves one request, so they are a part of its answer.
    """
    while True:
        data = data.lstrip(b"\r\n")
        if data[:1] in (b"{", b"["):
            return RawAnswer(200, (), data, ended)  # without a head, as HTTP/0.9 was
        status, end = _STATUS.match(data), _BLANK_LINE.search(data)
        if status is None or end is None:
            return None
        head, data = data[: end.start()], data[end.end() :]
        if not 100 <= int(status[1]) < 200:
            break  # the others only announce the final one (RFC 9110 section 15.2)
    headers = _headers(head)
    encodings = ",".join(value for name, value in headers if name.lower() == "transfer-encoding")
    if "chunked" in encodings.lower():
        body, complete = _without_chunks(data)
    else:
        body, complete = data, _complete(headers, len(data), ended=ended)
    return RawAnswer(int(status[1]), headers, body, complete)


def looks_cut(body: bytes) -> bool:
    """Tell whether it looks like JSON that goes on."""
    text = body.strip()
    return text[:1] in (b"{", b"[") and text[-1:] not in (b"}", b"]")


def _headers(head: bytes) -> Headers:
    lines = _LINE_END.split(_FOLD.sub(b" ", head))[1:]
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon and name.strip())


def _complete(headers: Headers, length: int, *, ended: bool) -> bool:
    """Tell whether all is there: what the longest Content-Length announces, or without one all up to the end."""
    texts = [value for name, value in headers if name.lower() == "content-length"]
    announced = [int(text[:20]) for text in texts if text.isascii() and text.isdigit()]
    return length >= max(announced) if announced else ended


def _without_chunks(data: bytes) -> tuple[bytes, bool]:
    """Return the body without its chunks' sizes (RFC 9112 section 7.1), and whether the last chunk was there.

    From the first size that is none the rest is taken as it came.
    """
    body = bytearray()
    at = 0
    while at < len(data):
        size = _CHUNK.match(data, at)
        if size is None:
            return bytes(body + data[at:]), False
        length = int(size[1], 16)
        if length == 0:
            return bytes(body), True
        body += data[size.end() : size.end() + length]
        at = size.end() + length
        end = _LINE_END.match(data, at)
        at = end.end() if end else at
    return bytes(body), False
