"""Requests to an authorization server: one deadline, TLS, a bounded answer, no redirects, no cookies.

It speaks through httpcore, which lies under httpx, because httpx logs every URL and knows no deadline. A connection
serves one request: so a stale one is never mistaken for a lost answer, threads share nothing, and a forked child has
nothing to close (R7).
"""

import os
import ssl
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress
from importlib.util import find_spec
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import httpcore

from tokenkit.errors import ConfigurationError, InvalidAnswer, ProviderUnavailable, TokenKitError, UsageError
from tokenkit.net.content_encoding import decoded
from tokenkit.net.hosts import Target, check_tls, parse_url
from tokenkit.net.network import READ_ON, Exchange, Network
from tokenkit.net.proxy import proxy_for, unusable_proxy
from tokenkit.net.raw_answer import RawAnswer, looks_cut
from tokenkit.provider import Request, Response

DEADLINE = 30.0
"""Seconds for everything: name, connection, TLS, request and answer. A lease lasts longer than this (R6)."""

UNTIL_SENT = 8.0
"""Seconds until the request is sent: name, connection and TLS. Giving up costs nothing until then, and a container that
is stopped has ten seconds in all (R7)."""

LIMIT = 1 << 20
"""Bytes of an answer, decoded. Token answers and discovery documents have a few thousand."""

_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError)


class Transport:
    """Sends requests to authorization servers. Safe from any thread, and in a forked child.

    `deadline` is in seconds, for one `send` as a whole, and `until_sent` for what comes before the request leaves;
    `limit` is in bytes of an answer. `verify` is True for the
    authorities that certifi lists (or ``SSL_CERT_FILE``, ``SSL_CERT_DIR``), or a TLS context; verification cannot be
    turned off. `insecure_hosts` are the accounts' opt-ins to plain http (R32).
    """

    def __init__(
        self,
        *,
        deadline: float = DEADLINE,
        until_sent: float = UNTIL_SENT,
        limit: int = LIMIT,
        verify: ssl.SSLContext | Literal[True] = True,
        insecure_hosts: Collection[str] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._deadline = deadline
        self._until_sent = until_sent
        self._limit = limit
        self._tls = None if verify is True else verify
        self._insecure_hosts = insecure_hosts
        self._now = now

    def send(self, request: Request) -> Response:
        """Send once and return the answer, whatever its status; a redirect is an answer, too.

        Raises `ProviderUnavailable` when there is none: its `sent` is False when none of the request can have left.
        `InvalidAnswer` for one in an encoding that cannot be read, `TokenRefused` for plain http (R32), `UsageError`
        for what is not a request, `ConfigurationError` for a proxy or a list of authorities that cannot be used.

        What has arrived is never thrown away (R12): an answer that breaks off, is too large or breaks the rules of HTTP
        is returned as far as it came, `complete` False where there may have been more.
        """
        place = _place(request.url)
        check_tls(place, () if request.public_only else self._insecure_hosts)
        exchange = Exchange(place, self._deadline, self._until_sent, public_only=request.public_only)
        failure: TokenKitError
        try:
            return self._exchanged(request, exchange)
        except (httpcore.LocalProtocolError, UnicodeEncodeError):
            failure = UsageError(f"the request to {place.origin} holds what HTTP does not allow")
        except _FAILURES as error:
            arrived = exchange.arrived(self._limit)
            if arrived is not None:
                return self._response(exchange, arrived)
            failure = _unavailable(error, exchange)
        except TokenKitError:
            raise
        except Exception:
            # Memory ran out, say: what came is kept all the same.
            arrived = exchange.arrived(self._limit) if exchange.sent else None
            if arrived is None:
                raise
            return self._response(exchange, arrived)
        finally:
            exchange.close()
        raise failure  # out here no error comes along that quotes what was sent or answered (R35)

    def _exchanged(self, request: Request, exchange: Exchange) -> Response:
        place, proxy = exchange.place, self._proxy(exchange.place)
        host = (exchange.pin() if proxy else "") or place.host
        url = httpcore.URL(scheme=place.scheme, host=host, port=place.port, target=place.target)
        connection = self._connection(place, url.origin, proxy, Network(exchange))
        exchange.at = self._now()
        with connection, self._stream(connection, request, place, url) as answer:
            body, complete = self._read(answer)
            if looks_cut(body) or (
                not body and _may_hold_tokens(answer.status)
            ):  # its Content-Length was too small, perhaps
                arrived = exchange.arrived(self._limit, patience=READ_ON)
                if arrived is not None:
                    return self._response(exchange, arrived)
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers)
        return self._response(exchange, RawAnswer(answer.status, headers, body, complete))

    def _response(self, exchange: Exchange, answer: RawAnswer) -> Response:
        """Return the answer with its body in the clear, and no more of it than the limit."""
        named = ",".join(value for name, value in answer.headers if name.lower() == "content-encoding")
        found = decoded(answer.body, named, self._limit)
        if found is None:
            where = exchange.place.host
            raise InvalidAnswer(f"{where} answered HTTP {answer.status} in an encoding that cannot be read").answered(
                answer.status
            )
        body, complete = found
        complete = complete and answer.complete and len(body) <= self._limit
        return Response(answer.status, answer.headers, body[: self._limit], exchange.at, complete)

    def _connection(
        self, place: Target, origin: httpcore.Origin, proxy: httpcore.Proxy | None, network: Network
    ) -> httpcore.HTTPConnection | httpcore.ConnectionPool:
        tls = self._tls_context() if place.scheme == "https" else None
        if proxy is None:
            return httpcore.HTTPConnection(origin, tls, network_backend=network)
        return httpcore.ConnectionPool(tls, proxy=proxy, network_backend=network)

    def _stream(
        self,
        connection: httpcore.HTTPConnection | httpcore.ConnectionPool,
        request: Request,
        place: Target,
        url: httpcore.URL,
    ) -> AbstractContextManager[httpcore.Response]:
        return connection.stream(
            request.method,
            url,
            headers=_headers(request, place),
            content=None if request.method == "GET" and not request.body else request.body,
            extensions={"trace": _hide_from_log},
        )

    def _read(self, answer: httpcore.Response) -> tuple[bytes, bool]:
        """Return the body up to the limit, and whether that is all of it."""
        body = bytearray()
        for part in answer.iter_stream():
            body += part
            if len(body) > self._limit:
                return bytes(body[: self._limit]), False
        return bytes(body), True

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = _system_tls()
        return self._tls

    def _proxy(self, place: Target) -> httpcore.Proxy | None:
        named = proxy_for(place.scheme, place.host)
        if named is None:
            return None
        with suppress(ValueError):
            url = urlsplit(named)
            if url.scheme in _proxy_schemes() and url.hostname:
                auth = (unquote(url.username), unquote(url.password or "")) if url.username else None
                tls = self._tls_context() if url.scheme == "https" else None
                return httpcore.Proxy(httpcore.URL(named), auth=auth, ssl_context=tls)
        raise unusable_proxy(place.scheme)


def _proxy_schemes() -> set[str]:
    return {"http", "https"} | ({"socks5", "socks5h"} if find_spec("socksio") else set())


def _system_tls() -> ssl.SSLContext:
    import certifi

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        return ssl.create_default_context(cafile=file or (None if folder else certifi.where()), capath=folder or None)
    except OSError as error:
        raise unreadable_authorities(error) from None


def unreadable_authorities(error: OSError) -> ConfigurationError:
    """Return the error for authorities that the environment names and that cannot be read."""
    return ConfigurationError(
        f"the certificate authorities cannot be read: {error.strerror or type(error).__name__}",
        hint="set SSL_CERT_FILE to a PEM file of authorities, or unset it",
    )


def _place(url: str) -> Target:
    try:
        return parse_url(url)
    except ValueError as error:
        raise UsageError(f"no request can be sent to this URL: {error}") from None


def _headers(request: Request, place: Target) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in request.headers}
    ours = (
        ("Host", place.authority),
        ("User-Agent", "tokenkit"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    )
    pairs = (*(pair for pair in ours if pair[0].lower() not in given), *request.headers)
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in pairs]


def _may_hold_tokens(status: int) -> bool:
    """Tell whether a body would be worth waiting for; the parser reads none after a 204 or 304."""
    return status < 300 or status == 304


def _hide_from_log(event: str, info: dict[str, Any]) -> None:
    """Empty what httpcore is about to log at DEBUG: an answer's headers, an error that quotes what was sent (R35)."""
    if not event.endswith(".started"):
        info.clear()


def _unavailable(error: Exception, exchange: Exchange) -> ProviderUnavailable:
    hint = "try again later; nobody is signed out"
    cause = error if isinstance(error, OSError) else next(iter(error.args), None)
    match error, cause:
        case httpcore.TimeoutException(), _:
            what = "gave no complete answer" if exchange.sent else "could not be reached"
            what = f"{what} within {exchange.deadline:g} s"
        case httpcore.ProxyError(), _:
            what, hint = f"could not be reached: the proxy says {cause}", "look at HTTPS_PROXY and NO_PROXY"
        case _, ssl.SSLCertVerificationError():
            what = f"shows a certificate that is not accepted ({cause.verify_message.rstrip('.')})"
            hint = "if your network has a certificate authority of its own: SSL_CERT_FILE=/path/to/authorities.pem"
        case _, OSError():
            what = f"{'broke off' if exchange.sent else 'could not be reached'} ({cause.strerror or cause})"
        case _:
            what = "broke off without an answer in HTTP"
    return ProviderUnavailable(f"{exchange.place.host} {what}", sent=exchange.sent, hint=hint)
