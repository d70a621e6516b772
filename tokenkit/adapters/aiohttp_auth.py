"""A middleware for aiohttp (3.12 or later): ``ClientSession(middlewares=[aiohttp_auth(await kit.source("spotify"))])``.

aiohttp calls it for each request as it leaves, redirects included: so one that leads elsewhere is refused there.
"""

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Protocol, TypeVar

from tokenkit.adapters.header_signer import HeaderSigner
from tokenkit.grants.token_source import AsyncTokenSource


class _Request(Protocol):
    """What is used of `aiohttp.ClientRequest`."""

    @property
    def method(self) -> str: ...
    @property
    def headers(self) -> MutableMapping[str, str]: ...
    @property
    def url(self) -> object: ...
    @property
    def body(self) -> object: ...


class _Response(Protocol):
    """What is used of `aiohttp.ClientResponse`."""

    @property
    def status(self) -> int: ...
    def release(self) -> object: ...


Q = TypeVar("Q", bound=_Request)
R = TypeVar("R", bound=_Response)


class Middleware(Protocol):
    """An `aiohttp.ClientMiddlewareType`."""

    async def __call__(self, request: Q, handler: Callable[[Q], Awaitable[R]], /) -> R:
        """Sign the request and hand it on."""
        ...


def aiohttp_auth(source: AsyncTokenSource, *, insecure_hosts: Collection[str] = ()) -> Middleware:
    """Make a middleware that puts a token on each request to the provider's resource hosts.

    Any other request is refused with `TokenRefused`, and so is a redirect beyond them (R32). On a 401 a newer token is
    asked for, and the request sent once more unless its body was a stream. `insecure_hosts` are the account's opt-in to
    plain http.
    """
    signer = HeaderSigner(source, insecure_hosts, awaited=True)

    async def middleware(request: Q, handler: Callable[[Q], Awaitable[R]], /) -> R:
        url = str(request.url)
        signer.check(url, request.headers.items())
        token = await source.token()
        signer.put(request.headers, request.method, url, token)
        response = await handler(request)
        if response.status != 401 or getattr(request.body, "consumed", False):
            return response
        fresh = await source.token(rejected=token)
        if fresh.value == token.value:
            return response
        response.release()
        signer.put(request.headers, request.method, url, fresh)
        return await handler(request)

    return middleware
