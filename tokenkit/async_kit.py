"""The same face for asyncio. A coroutine never leads a refresh: it awaits the flight that a thread makes (R7).

Memory is looked at in place; whatever touches the disk, a lock, a key or a person runs in a thread, so that the loop is
never blocked. Cancelling a waiter cancels nothing but its waiting.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Coroutine, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from tokenkit.account import Account
from tokenkit.errors import ConsentRequired, TokenKitError, UnknownAccount
from tokenkit.grant import Grant, PendingAuthorization
from tokenkit.grants.account_source import AccountSource
from tokenkit.grants.events import Callback, Event, Kind
from tokenkit.grants.sign_out import SignOut
from tokenkit.grants.status import Status
from tokenkit.grants.token_cache import RefreshNeeded, TokenQuery
from tokenkit.keys.source import KeySource
from tokenkit.kit import TokenKit
from tokenkit.provider import ClientRegistration, Context, Provider, Request
from tokenkit.store import Store
from tokenkit.token import AccessToken

if TYPE_CHECKING:
    from typing import Unpack

    import httpx

    from tokenkit.consent.opener import Opener
    from tokenkit.net.http_options import AsyncHttpOptions
    from tokenkit.signing_in.adopting import Elsewhere
    from tokenkit.signing_in.sign_in import Show, Way

P = ParamSpec("P")
T = TypeVar("T")

LOOKS = 8
"""Threads that look at the disk for all coroutines; a refresh has the flight's own."""


class AsyncTokenKit:
    """`TokenKit` for asyncio: the same names and arguments, awaited. One kit serves any number of event loops.

    `sync` is the kit beneath; both share memory and flights.
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
        tool: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._lie_over(
            TokenKit(
                app, owner, store=store, keys=keys, providers=providers, clients=clients, context=context,
                background=background, tool=tool, environ=environ,
            )
        )  # fmt: skip

    @classmethod
    def over(cls, kit: TokenKit) -> "AsyncTokenKit":
        """The asyncio face of a kit that is there already."""
        face = cls.__new__(cls)
        face._lie_over(kit)
        return face

    def _lie_over(self, kit: TokenKit) -> None:
        self.sync = kit
        self._memory = kit._memory
        self._now = kit.context.now
        self._pool_pid = 0

    async def token(
        self,
        account: str,
        scopes: Collection[str] = (),
        min_ttl: float = 0.0,
        interactive: bool = False,
        rejected: AccessToken | None = None,
    ) -> AccessToken:
        """A good access token; see `TokenKit.token`."""
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
        try:
            return await self._token(account, TokenQuery(scopes, min_ttl, rejected))
        except (ConsentRequired, UnknownAccount):
            if not interactive:
                raise
        return await self._asking(self.sync.token, account, scopes=scopes, min_ttl=min_ttl, interactive=True)

    async def _token(self, account: str, ask: TokenQuery) -> AccessToken:
        desk = self.sync._cache
        found = await self._looking(desk.look, account, ask)
        while isinstance(found, RefreshNeeded):
            flight = self.sync.refresher.renew(found.account, found.need, found.held)
            try:
                renewed = await _brought(flight)
            except TokenKitError as error:
                return desk.fall_back(found, error)
            found = desk.settle(account, ask, found, renewed)
        return found

    async def source(self, account: str) -> "AsyncAccountSource":
        """The `AsyncTokenSource` of one account."""
        return await self._looking(AsyncAccountSource, self, account)

    def http(self, account: str, **options: "Unpack[AsyncHttpOptions]") -> "Opening[httpx.AsyncClient]":
        """An `httpx.AsyncClient` that stays signed in; see `TokenKit.http`."""
        return Opening(lambda: self._looking(self._client, account, options))

    def _client(self, account: str, options: "AsyncHttpOptions") -> "httpx.AsyncClient":
        from tokenkit.adapters.httpx_client import async_client

        source = AsyncAccountSource(self, account)
        return async_client(source, insecure_hosts=self.sync.config.insecure_hosts(str(source.account)), **options)

    async def auth(self, account: str) -> "httpx.Auth":
        """An `httpx.Auth` for an async client of yours; see `TokenKit.auth`."""
        return await self._looking(self._auth, account)

    def _auth(self, account: str) -> "httpx.Auth":
        from tokenkit.adapters.httpx_auth import async_auth

        source = AsyncAccountSource(self, account)
        return async_auth(source, insecure_hosts=self.sync.config.insecure_hosts(str(source.account)))

    async def login(
        self,
        provider: str,
        *,
        scopes: Collection[str] | None = None,
        account: str = "",
        name: str = "",
        way: "Way" = "auto",
        replace_broken: bool = False,
        show: "Show | None" = None,
        opener: "Opener | None" = None,
    ) -> Account:
        """Ask the person, in a thread of its own; see `TokenKit.login`."""
        return await self._asking(
            self.sync.login, provider, scopes=scopes, account=account, name=name, way=way,
            replace_broken=replace_broken, show=show, opener=opener,
        )  # fmt: skip

    async def begin(
        self,
        provider: str,
        *,
        redirect_uri: str,
        binding: str,
        scopes: Collection[str] | None = None,
        account: str = "",
        name: str = "",
        replace_broken: bool = False,
    ) -> PendingAuthorization:
        """The first leg of a sign-in; see `TokenKit.begin`."""
        return await self._alone(
            self.sync.begin, provider, redirect_uri=redirect_uri, binding=binding,
            scopes=scopes, account=account, name=name, replace_broken=replace_broken,
        )  # fmt: skip

    async def complete(self, callback_url: str = "", *, binding: str = "", **elsewhere: "Unpack[Elsewhere]") -> Account:
        """The second leg; see `TokenKit.complete`. Once begun, it is finished even if its caller is gone."""
        return await self._alone(lambda: self.sync.complete(callback_url, binding=binding, **elsewhere))

    async def adopt(self, grant: Grant, *, name: str = "") -> Account:
        """Store a grant that was obtained elsewhere; see `TokenKit.adopt`."""
        return await self._alone(self.sync.adopt, grant, name=name)

    def on(self, event: Kind, callback: Callback) -> Callable[[], None]:
        """Call back in the event loop that runs now; see `TokenKit.on`."""
        loop = asyncio.get_running_loop()

        def tell(told: Event) -> None:
            with suppress(RuntimeError):  # the loop was closed: nobody listens any more
                loop.call_soon_threadsafe(callback, told)

        return self.sync.on(event, tell)

    async def logout(self, account: str, *, local: bool = False) -> SignOut:
        """Revoke, then remove; see `TokenKit.logout`."""
        return await self._alone(self.sync.logout, account, local=local)

    async def accounts(self) -> list[Account]:
        """The accounts that are stored, by name."""
        return await self._looking(self.sync.accounts)

    async def status(self, account: str) -> Status:
        """How an account stands; see `TokenKit.status`."""
        return await self._looking(self.sync.status, account)

    async def refresh(self, account: str, *, force: bool = False) -> AccessToken:
        """Refresh now; see `TokenKit.refresh`."""
        return await self._alone(self.sync.refresh, account, force=force)

    async def _looking(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what touches the disk in one of a few threads: it takes milliseconds."""
        return await _brought(self._looks.submit(partial(work, *args, **kwargs)))

    async def _alone(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what waits for a provider in a thread of its own, which outlives its caller (R7)."""
        return await _in_thread(partial(work, *args, **kwargs), daemon=False)

    async def _asking(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what waits for a person in a thread of its own; the program may end without their answer."""
        return await _in_thread(partial(work, *args, **kwargs), daemon=True)

    @property
    def _looks(self) -> ThreadPoolExecutor:
        if self._pool_pid != os.getpid():  # the first use, or the first after a fork: threads do not survive it (R7)
            self._pool = ThreadPoolExecutor(LOOKS, thread_name_prefix="tokenkit-look")
            self._pool_pid = os.getpid()  # last: another thread's loop may look in between
        return self._pool


class Opening(Generic[T]):
    """A client that is being made: ``async with`` closes it at the end, ``await`` leaves that to you."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._make = make
        self._exit = AsyncExitStack()

    def __await__(self) -> Generator[Any, None, T]:
        return self._make().__await__()

    async def __aenter__(self) -> T:
        return await self._exit.enter_async_context(cast(Any, await self))

    async def __aexit__(self, *failure: Any) -> None:
        await self._exit.__aexit__(*failure)


class AsyncAccountSource:
    """An `AsyncTokenSource`: the tokens of one account, awaited. Making one may look at the disk."""

    def __init__(self, kit: AsyncTokenKit, account: str) -> None:
        self._kit = kit
        self._asked = account
        self._source = AccountSource(account, kit.sync._cache, kit.sync.token)
        self.account = self._source.account
        self.provider = self._source.provider

    async def token(self, *, rejected: AccessToken | None = None, min_ttl: float = 0.0) -> AccessToken:
        """A good token; see `AccountSource.token`."""
        return await self._kit.token(self._asked, min_ttl=min_ttl, rejected=rejected)

    def authenticate(self, request: Request, token: AccessToken) -> Request:
        """The request with the token on; see `AccountSource.authenticate`."""
        return self._source.authenticate(request, token)


async def _in_thread(work: Callable[[], T], *, daemon: bool) -> T:
    future: Future[T] = Future()
    threading.Thread(target=_run, args=(future, work), name="tokenkit", daemon=daemon).start()
    return await _brought(future)


async def _brought(future: "Future[T]") -> T:
    """What a thread brings; who is cancelled cancels only their waiting. Half the work of `asyncio.wrap_future`."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    trace: TracebackType | None = None

    def tell(future: "Future[T]") -> None:
        nonlocal trace
        failure = future.exception()
        trace = None if failure is None else failure.__traceback__
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_wake, waiter)

    future.add_done_callback(tell)
    await waiter
    failure = future.exception()
    if failure is not None:
        raise failure.with_traceback(trace)  # one error tells all who wait: it would grow with each of them
    return future.result()


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _run(future: "Future[Any]", work: Callable[[], Any]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits
        future.set_exception(error)
    else:
        future.set_result(result)
