"""A middleware for aiohttp (3.12 or later): ``ClientSession(middlewares=[aiohttp_auth(await kit.source("spotify"))])``.

aiohttp calls it for each request as it leaves, redirects included: so one that leads elsewhere is refused there.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping, Sequence
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

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
    asked for, and the request sent once more if its body is in memory. `insecure_hosts` are the account's opt-in to
    plain http.
    """
    signer = HeaderSigner(source, insecure_hosts, awaited=True)

    async def middleware(request: Q, handler: Callable[[Q], Awaitable[R]], /) -> R:
        url = str(request.url)
        signer.check(url, request.headers.items())
        token = await source.token()
        signer.put(request.headers, request.method, url, token)
        response = await handler(request)
        if response.status != 401:
            return response
        try:
            fresh = await source.token(rejected=token)
        except BaseException:
            response.release()
            raise
        if fresh.value == token.value or not _in_memory(request.body):
            return response
        response.release()
        signer.put(request.headers, request.method, url, fresh)
        return await handler(request)

    return middleware


def _in_memory(body: object) -> bool:
    """Return whether the body can be sent again.

    aiohttp before 3.14 does not say of a stream that some of it was read where the API refuses it early.
    """
    payload: Any = import_module("aiohttp.payload")
    if isinstance(body, Iterable) and not isinstance(body, bytes):  # a form in several parts
        return all(_in_memory(part) for part, *_ in cast("Iterable[Sequence[object]]", body))
    return not body or isinstance(body, payload.BytesPayload)
