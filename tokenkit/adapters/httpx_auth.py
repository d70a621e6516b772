"""``kit.auth()``: an httpx auth for a client of yours, httpx's or httpx2's, sync or async.

httpx follows redirects *below* an auth object: it drops ``Authorization`` on the way to another origin, but carries
other headers and bodies along. So this serves only tokens that travel in ``Authorization``; for all others there is
``kit.http()`` (R33). Where a redirect, or a hook of the client, leads the token elsewhere, the last look refuses it.
"""

from collections.abc import AsyncGenerator, Collection, Generator
from functools import partial
from typing import TYPE_CHECKING, cast

import httpx

from tokenkit.adapters.httpx_last_look import AsyncLastLook, LastLook
from tokenkit.adapters.httpx_request import Signer, in_memory
from tokenkit.errors import UsageError
from tokenkit.grants.token_source import AsyncTokenSource, TokenSource
from tokenkit.net.hosts import require_header_token
from tokenkit.token import AccessToken

if TYPE_CHECKING:
    from tokenkit.net.http_options import EitherAuth

    _Auth = httpx.Auth
else:
    try:
        import httpx2

        class _Auth(httpx.Auth, httpx2.Auth):
            """Each of the two refuses an auth that is not its own."""

    except ImportError:
        _Auth = httpx.Auth


def auth(source: TokenSource, *, insecure_hosts: Collection[str] = ()) -> "EitherAuth":
    """Make an auth for a sync or async client; in an async one each token is asked for in a thread.

    Raises `TokenRefused` at once for a token that travels elsewhere than in ``Authorization``; so does a request to a
    host where the token may not go (R32). `insecure_hosts` are the account's opt-in to plain http.
    """
    require_header_token(source.provider, source.account)
    return cast("EitherAuth", _TokenAuth(source, insecure_hosts))


def async_auth(source: AsyncTokenSource, *, insecure_hosts: Collection[str] = ()) -> "EitherAuth":
    """Make an auth for an async client; see `auth`."""
    require_header_token(source.provider, source.account)
    return cast("EitherAuth", _AsyncTokenAuth(source, insecure_hosts))


def _sign(signer: Signer, request: httpx.Request, token: AccessToken) -> httpx.Request:
    request.headers.update(list(signer.signed(request, token).headers))
    return request


def _check(signer: Signer, request: httpx.Request, last_look: type[LastLook]) -> None:
    """Refuse what may not be sent, now and as it leaves: after this, hooks and redirects may change it."""
    signer.check(request)
    request.extensions["trace"] = last_look(signer, request.extensions.get("trace"))


def _rejected(request: httpx.Request, response: httpx.Response) -> bool:
    """Tell whether the 401 is for our token: after a redirect it may come from a server that was not shown it."""
    shown = response.request.headers.get("Authorization")
    return response.status_code == 401 and shown == request.headers.get("Authorization")


class _TokenAuth(_Auth):
    def __init__(self, source: TokenSource, insecure_hosts: Collection[str]) -> None:
        self._source = source
        self._signer = Signer(source, insecure_hosts)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        _check(self._signer, request, LastLook)
        token = self._source.token()
        response = yield _sign(self._signer, request, token)
        if _rejected(request, response):
            fresh = self._source.token(rejected=token)
            if fresh.value != token.value and in_memory(request):
                yield _sign(self._signer, request, fresh)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        _check(self._signer, request, AsyncLastLook)
        token = await _in_thread(self._source)
        response = yield _sign(self._signer, request, token)
        if _rejected(request, response):
            fresh = await _in_thread(self._source, token)
            if fresh.value != token.value and in_memory(request):
                yield _sign(self._signer, request, fresh)


class _AsyncTokenAuth(_Auth):
    def __init__(self, source: AsyncTokenSource, insecure_hosts: Collection[str]) -> None:
        self._source = source
        self._signer = Signer(source, insecure_hosts)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        raise UsageError("this auth is of an AsyncTokenKit, and the client is not async", hint="use TokenKit.auth()")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        _check(self._signer, request, AsyncLastLook)
        token = await self._source.token()
        response = yield _sign(self._signer, request, token)
        if _rejected(request, response):
            fresh = await self._source.token(rejected=token)
            if fresh.value != token.value and in_memory(request):
                yield _sign(self._signer, request, fresh)


async def _in_thread(source: TokenSource, rejected: AccessToken | None = None) -> AccessToken:
    from anyio import to_thread

    return await to_thread.run_sync(partial(source.token, rejected=rejected), abandon_on_cancel=True)
