"""The same facade for asyncio. A coroutine never leads a refresh: it awaits the flight of a thread (R7).

Memory is looked at in place. Whatever touches the disk, a lock, a key or a person runs in a thread, so that the loop is
never blocked. To cancel a waiting coroutine cancels only its waiting.
"""

from collections.abc import Callable, Collection, Coroutine, Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from tokenkit.account import Account
from tokenkit.arguments import check_query
from tokenkit.awaited import AwaitedThreads, brought, in_thread, running_loop
from tokenkit.errors import ConsentRequired, TokenKitError, UnknownAccount
from tokenkit.frames import no_locals
from tokenkit.grants.account_source import AccountSource
from tokenkit.grants.events import Callback, Kind, in_loop
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.sealed_store import StoredGrant
from tokenkit.grants.token_cache import SIZE
from tokenkit.grants.token_query import RefreshNeeded, TokenQuery
from tokenkit.keys.source import KeySource
from tokenkit.kit import TokenKit
from tokenkit.net.http_options import Opening
from tokenkit.provider import ClientRegistration, Context, Provider, Request
from tokenkit.store import Store
from tokenkit.token import AccessToken

if TYPE_CHECKING:
    from typing import Unpack

    import httpx

    from tokenkit.net.http_options import AsyncHttpOptions, EitherAuth

P = ParamSpec("P")
T = TypeVar("T")


def _awaited(
    method: Callable[Concatenate[TokenKit, P], T],
    run: Callable[["AsyncTokenKit", Callable[[], T]], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["AsyncTokenKit", P], Coroutine[Any, Any, T]]:
    """Return the method for asyncio: the same arguments, and what `run` brings from the thread that it picks."""

    @wraps(method)
    async def awaited(self: "AsyncTokenKit", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with no_locals:
                return await run(self, partial(getattr(self.sync, method.__name__), *args, **kwargs))
        except BaseException:
            del args, kwargs
            raise

    return awaited


class AsyncTokenKit:
    """`TokenKit` for asyncio: the same names and arguments, awaited. One kit serves any number of event loops.

    `sync` is the kit beneath; both share memory and flights. It is `kit`, where one is given; then no other argument
    counts.
    """

    def __init__(
        self,
        app: str = "tokenkit",
        owner: str = "",
        *,
        store: Store | None = None,
        keys: KeySource | None = None,
        providers: Mapping[str, Provider] | None = None,
        clients: Mapping[str, ClientRegistration] | None = None,
        context: Context | None = None,
        background: bool = True,
        cache_size: int = SIZE,
        tool: str = "",
        environ: Mapping[str, str] | None = None,
        kit: TokenKit | None = None,
    ) -> None:
        self.sync = kit if kit is not None else TokenKit(
            app, owner, store=store, keys=keys, providers=providers, clients=clients, context=context,
            background=background, cache_size=cache_size, tool=tool, environ=environ,
        )  # fmt: skip
        self._memory = self.sync._memory
        self._now = self.sync.context.now
        self._threads = self._own_threads = AwaitedThreads()

    def for_owner(self, owner: str) -> "AsyncTokenKit":
        """Return the kit of another owner, which shares all else with this one; see `TokenKit.for_owner`."""
        kit = AsyncTokenKit(kit=self.sync.for_owner(owner))
        kit._threads = self._threads
        return kit

    def __repr__(self) -> str:
        return f"{type(self).__name__}(app={self.sync.app!r}, owner={self.sync.owner!r})"

    async def __aenter__(self) -> "AsyncTokenKit":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for what is under way, and end the threads; see `TokenKit.close`."""
        if self._threads is self._own_threads:
            await self._asking(self._threads.wait)
            await self._asking(self.sync.close)
            await self._asking(self._threads.end)

    async def token(
        self,
        account: str,
        scopes: Collection[str] = (),
        min_ttl: float = 0.0,
        interactive: bool = False,
        rejected: AccessToken | None = None,
    ) -> AccessToken:
        """Return a good access token; see `TokenKit.token`."""
        try:
            held = self._memory.get(account)
            if held is not None:
                token, since, until, ends, granted, proved = held
                now = self._now()
                if (
                    since <= now < until
                    and now + min_ttl <= ends
                    and (not scopes or scopes is proved or granted.issuperset(scopes))
                    and rejected is None
                ):
                    return token
            with self.sync.leaving:
                return await self._token(account, TokenQuery(scopes or (), min_ttl, rejected))
        except (ConsentRequired, UnknownAccount):
            if not interactive:
                raise
        except (AttributeError, TypeError):
            check_query(account, scopes, min_ttl, rejected)
            raise
        return await self._asking(partial(self.sync.token, account, scopes, min_ttl, interactive=True))

    async def _token(self, account: str, ask: TokenQuery) -> AccessToken:
        cache = self.sync._cache
        found = await self._looking(partial(cache.look, account, ask))
        while isinstance(found, RefreshNeeded):
            flight = self.sync.refresher.renew(found.account, found.need, found.held)
            try:
                renewed = await brought(flight)
            except TokenKitError as error:
                return cache.fall_back(found, error)
            found = cache.settle(account, ask, found, renewed)
        return found

    async def refresh(self, account: str, *, force: bool = False) -> AccessToken:
        """Refresh now. `force` tries even a grant that was refused, or is older than one already used (R10, R13)."""
        with self.sync.leaving:
            found, need, held = await self._looking(partial(self._to_refresh, account, force))
            while True:  # of ten thousand at once, each awaits a flight, and none has a thread of its own (R37)
                renewed = await brought(self.sync.refresher.renew(found, need, held))
                if renewed.meets(need, self._now()):
                    break
            self.sync._cache.forget()
            fresh = renewed.held.grant.access_token
            assert fresh is not None  # a refresh brings one, or raises
            return fresh

    def _to_refresh(self, account: str, force: bool) -> tuple[Account, RefreshJob, StoredGrant]:
        found = self.sync._names.resolve(account)
        return found, *self.sync.refresher.to_refresh(found, force=force)

    async def source(self, account: str) -> "AsyncAccountSource":
        """Return the `AsyncTokenSource` of one account."""
        return await self._looking(partial(AsyncAccountSource, self, account))

    def http(self, account: str, **options: "Unpack[AsyncHttpOptions]") -> "Opening[httpx.AsyncClient]":
        """Return an `httpx.AsyncClient` that stays signed in; see `TokenKit.http`."""
        return Opening(lambda: self._looking(partial(self._client, account, options)))

    def _client(self, account: str, options: "AsyncHttpOptions") -> "httpx.AsyncClient":
        from tokenkit.adapters.httpx_client import async_client

        source = AsyncAccountSource(self, account)
        return async_client(source, insecure_hosts=self.sync.config.insecure_hosts(str(source.account)), **options)

    async def auth(self, account: str) -> "EitherAuth":
        """Return an `httpx.Auth` for an async client of yours; see `TokenKit.auth`."""
        return await self._looking(partial(self._auth, account))

    def _auth(self, account: str) -> "EitherAuth":
        from tokenkit.adapters.httpx_auth import async_auth

        source = AsyncAccountSource(self, account)
        return async_auth(source, insecure_hosts=self.sync.config.insecure_hosts(str(source.account)))

    def on(self, event: Kind, callback: Callback) -> Callable[[], None]:
        """Call back in the event loop that runs now; see `TokenKit.on`. A coroutine function is run as a task there.

        Raises `UsageError` where no event loop runs.
        """
        return self.sync.on(event, in_loop(running_loop(), callback))

    async def _looking(self, work: Callable[[], T]) -> T:
        """Run what touches the disk in one of a few threads: it takes milliseconds."""
        return await brought(self._threads.look(self.sync.leaving.around(work)))

    async def _alone(self, work: Callable[[], T]) -> T:
        """Run what waits for a provider in a thread of its own, which outlives its caller (R7)."""
        return await brought(self._threads.outliving(work))

    async def _asking(self, work: Callable[[], T]) -> T:
        """Run what waits for a person in a thread of its own; the program may end without their answer."""
        return await brought(in_thread(work, daemon=True))

    login = _awaited(TokenKit.login, _asking)
    begin = _awaited(TokenKit.begin, _alone)
    complete = _awaited(TokenKit.complete, _alone)
    adopt = _awaited(TokenKit.adopt, _alone)
    logout = _awaited(TokenKit.logout, _alone)
    end_superseded = _awaited(TokenKit.end_superseded, _alone)
    sharing_fate = _awaited(TokenKit.sharing_fate, _looking)
    accounts = _awaited(TokenKit.accounts, _looking)
    status = _awaited(TokenKit.status, _looking)
    statuses = _awaited(TokenKit.statuses, _looking)


class AsyncAccountSource:
    """An `AsyncTokenSource`: the tokens of one account, awaited. Making one may look at the disk."""

    def __init__(self, kit: AsyncTokenKit, account: str) -> None:
        self._kit = kit
        self._asked = account
        self._source = AccountSource(account, kit.sync._cache, kit.sync.token)
        self.account = self._source.account
        self.provider = self._source.provider

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._asked!r})"

    async def token(self, *, rejected: AccessToken | None = None, min_ttl: float = 0.0) -> AccessToken:
        """Return a good token; see `AccountSource.token`."""
        return await self._kit.token(str(self.account), min_ttl=min_ttl, rejected=rejected)

    def authenticate(self, request: Request, token: AccessToken) -> Request:
        """Return the request with the token on; see `AccountSource.authenticate`."""
        return self._source.authenticate(request, token)
