"""``kit.http()``: an httpx client that stays signed in, and lets the token go to its resource servers only (R33).

The token is put on below everything that httpx does with a request: what it shows to event hooks, logs, and copies for
a redirect never holds one. No lock is held while a request is on its way.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

import httpx

from tokenkit.adapters.httpx_redirect import has_left, is_redirected, mark, passing, without_token
from tokenkit.adapters.httpx_request import Signer, in_memory
from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.frames import no_locals
from tokenkit.grants.token_source import AsyncTokenSource, TokenSource
from tokenkit.net.hosts import resource_host
from tokenkit.net.http import unreadable_authorities
from tokenkit.net.proxy import proxy_for, unusable_proxy
from tokenkit.token import AccessToken

_TRANSPORT_OPTIONS = ("verify", "cert", "trust_env", "http1", "http2", "limits", "proxy")

_FRAMING = ("content-length", "transfer-encoding")
"""Headers that no longer fit when a token was added to the body; httpx writes them anew."""

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""httpx keeps 20 connections: with more requests at once it makes some anew for each of them, TLS and all."""

T = TypeVar("T")


def client(
    source: TokenSource,
    *,
    insecure_hosts: Collection[str] = (),
    transport: httpx.BaseTransport | None = None,
    **options: Any,
) -> httpx.Client:
    """Make an `httpx.Client` that sends each request with a token of `source`. Close it, or use it in a ``with``.

    `options` are those of `httpx.Client`; `insecure_hosts` the account's opt-in to plain http (R32). Any request may
    raise what `TokenSource.token` does, and `TokenRefused` where the token may not go. On a 401 a newer token is asked
    for, and the request sent once more if its body is in memory.

    With ``follow_redirects=True`` a download is followed beyond the resource hosts, without the token and without the
    caller's own headers; any other request that a redirect leads there is refused.
    """
    inner_options = _taken(options)
    inner = transport or _Environment(inner_options)
    return httpx.Client(transport=_Signing(source, inner, insecure_hosts), **options)


def async_client(
    source: AsyncTokenSource,
    *,
    insecure_hosts: Collection[str] = (),
    transport: httpx.AsyncBaseTransport | None = None,
    **options: Any,
) -> httpx.AsyncClient:
    """Make an `httpx.AsyncClient` of the same kind; see `client`."""
    inner_options = _taken(options)
    inner = transport or _AsyncEnvironment(inner_options, source.provider.resource_hosts)
    return httpx.AsyncClient(transport=_AsyncSigning(source, inner, insecure_hosts), **options)


def _copy(signer: Signer, request: httpx.Request, token: AccessToken) -> httpx.Request:
    """Return a copy of the request with the token on, checked as it leaves."""
    signed = signer.signed(request, token)
    signer.check_url(signed.url)
    url = httpx.URL(signed.url)
    written_anew = ("host", *_FRAMING) if signer.needs_body else ("host",)
    headers = [("Host", url.netloc.decode("ascii"))]
    headers += [pair for pair in signed.headers if pair[0].lower() not in written_anew]
    body: dict[str, Any] = {"content": signed.body} if signer.needs_body else {"stream": request.stream}
    return httpx.Request(signed.method, url, headers=headers, extensions=passing(request), **body)


def _leaves(signer: Signer, request: httpx.Request) -> bool:
    """Tell whether redirects have led the request beyond the resource hosts; without one that is refused by `check`."""
    return has_left(request) or (is_redirected(request) and not signer.may_go(str(request.url)))


class _Signing(httpx.BaseTransport):
    def __init__(self, source: TokenSource, inner: httpx.BaseTransport, insecure_hosts: Collection[str]) -> None:
        self._source = source
        self._inner = inner
        self._signer = Signer(source, insecure_hosts)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with no_locals:  # what sends the request holds it with the token on
            if _leaves(self._signer, request):
                return mark(request, self._inner.handle_request(without_token(request)), left=True)
            return mark(request, self._signed(request))

    def _signed(self, request: httpx.Request) -> httpx.Response:
        self._signer.check(request)
        if self._signer.needs_body:
            request.read()
        token = self._source.token()
        response = self._inner.handle_request(_copy(self._signer, request, token))
        if response.status_code != 401:
            return response
        try:
            fresh = self._source.token(rejected=token)
        except BaseException:
            response.close()
            raise
        if fresh.value == token.value or not in_memory(request):
            return response
        response.close()
        return self._inner.handle_request(_copy(self._signer, request, fresh))

    def close(self) -> None:
        self._inner.close()


class _AsyncSigning(httpx.AsyncBaseTransport):
    def __init__(
        self, source: AsyncTokenSource, inner: httpx.AsyncBaseTransport, insecure_hosts: Collection[str]
    ) -> None:
        self._source = source
        self._inner = inner
        self._signer = Signer(source, insecure_hosts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with no_locals:
            if _leaves(self._signer, request):
                return mark(request, await self._inner.handle_async_request(without_token(request)), left=True)
            return mark(request, await self._signed(request))

    async def _signed(self, request: httpx.Request) -> httpx.Response:
        self._signer.check(request)
        if self._signer.needs_body:
            await request.aread()
        token = await self._source.token()
        response = await self._inner.handle_async_request(_copy(self._signer, request, token))
        if response.status_code != 401:
            return response
        try:
            fresh = await self._source.token(rejected=token)
        except BaseException:
            await response.aclose()
            raise
        if fresh.value == token.value or not in_memory(request):
            return response
        await response.aclose()
        return await self._inner.handle_async_request(_copy(self._signer, request, fresh))

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Routes(Generic[T]):
    """One transport without a proxy, and one for each proxy that the environment names; made when first needed.

    httpx itself looks at the environment only where it makes the transport, too.
    """

    def __init__(self, make: Callable[..., T], options: dict[str, Any]) -> None:
        self._make = make
        self._options = options
        self._made: dict[Any, T] = {}
        self._lock = threading.Lock()

    def towards(self, scheme: str, host: str) -> T:
        """Return the transport; raises `ConfigurationError` where the environment names what cannot be used."""
        given = self._options.get("proxy")
        named = proxy_for(scheme, host) if given is None and self._trusts_environment else None
        with self._lock:
            if (given or named) not in self._made:
                self._made[given or named] = self._new(scheme, named)
            return self._made[given or named]

    @property
    def _trusts_environment(self) -> bool:
        return bool(self._options.get("trust_env", True))

    def _new(self, scheme: str, named: str | None) -> T:
        failure: ConfigurationError
        try:
            return self._make(**(self._options if named is None else {**self._options, "proxy": named}))
        except OSError as error:
            if not self._trusts_environment or self._options.keys() & {"verify", "cert"}:
                raise
            failure = unreadable_authorities(error)
        except (ValueError, ImportError, httpx.InvalidURL):
            if named is None:
                raise
            failure = unusable_proxy(scheme)
        raise failure  # out here no error comes along that quotes the proxy's password (R35)

    def __iter__(self) -> Iterator[T]:
        return iter(self._made.values())


class _Environment(httpx.BaseTransport):
    def __init__(self, options: dict[str, Any]) -> None:
        self._routes = _Routes(httpx.HTTPTransport, options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._routes.towards(request.url.scheme, request.url.host).handle_request(request)

    def close(self) -> None:
        for transport in self._routes:
            transport.close()


class _AsyncEnvironment(httpx.AsyncBaseTransport):
    """Makes the transports to the resource hosts at once: each reads certificates, and a request runs on the loop."""

    def __init__(self, options: dict[str, Any], hosts: Collection[str]) -> None:
        self._routes = _Routes(httpx.AsyncHTTPTransport, options)
        for place in (resource_host(entry).place for entry in hosts):
            # a request that needs what is wrong with it reports it
            with suppress(ConfigurationError, OSError, ValueError):
                self._routes.towards(place.scheme, place.host)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._routes.towards(request.url.scheme, request.url.host).handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._routes:
            await transport.aclose()


def _taken(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options that are the transport's out of those of the client."""
    if "mounts" in options:
        raise UsageError("mounts would lead past the check of where a token goes", hint="give one transport=… instead")
    return {"limits": LIMITS, **{name: options.pop(name) for name in _TRANSPORT_OPTIONS if name in options}}
