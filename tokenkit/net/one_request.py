"""One request and its answer, by h11, over a connection that serves nothing else.

httpcore does the same. It is made for connections that are kept and shared, and takes twice as long for one that is
not; it stays where a proxy lies between, for it knows how to ask each kind of proxy for a way through.
"""

from contextlib import suppress

import h11
import httpcore

from tokenkit.net.raw_answer import RawAnswer
from tokenkit.provider import Headers

READ_SIZE = 1 << 16
LONGEST_HEAD = 100 * 1024
"""Bytes of the head of an answer."""


class OneRequest:
    """A request that HTTP allows. Making one raises `h11.LocalProtocolError` for another, and sends nothing."""

    def __init__(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._wire = h11.Connection(h11.CLIENT, LONGEST_HEAD)
        head = h11.Request(method=method, target=target, headers=headers)
        parts = [self._wire.send(each) for each in (head, h11.Data(data=body), h11.EndOfMessage())]
        self._bytes = b"".join(filter(None, parts))

    def answered(self, stream: httpcore.NetworkStream, limit: int) -> RawAnswer:
        """Send it, and read its answer: of the body `limit` bytes.

        Raises what the stream raises, and `h11.RemoteProtocolError` for an answer that breaks the rules of HTTP.
        """
        with suppress(httpcore.WriteError):  # a server may answer, and close, before it has read all
            stream.write(self._bytes)
        status, headers, body = 0, Headers(), bytearray()
        while True:
            event = self._wire.next_event()
            if event is h11.NEED_DATA:
                self._wire.receive_data(stream.read(READ_SIZE))
            elif isinstance(event, h11.Response):
                status, headers = event.status_code, texts(event.headers.raw_items())
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > limit:
                    return RawAnswer(status, headers, bytes(body[:limit]), complete=False)
            elif isinstance(event, h11.EndOfMessage):
                return RawAnswer(status, headers, bytes(body), complete=True)


def texts(headers: list[tuple[bytes, bytes]]) -> Headers:
    """Return the headers as texts; any bytes become one."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
