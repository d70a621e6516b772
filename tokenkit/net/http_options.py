"""What `kit.http` takes, and what it returns before a client is there. Nothing of httpx is loaded for it."""

from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, cast

if TYPE_CHECKING:
    import httpx
    import httpx2

    class EitherAuth(httpx.Auth, httpx2.Auth):
        """What `kit.auth` returns: both libraries take it, of which a program need not have the second."""

        auth_flow: Any
        sync_auth_flow: Any
        async_auth_flow: Any


T = TypeVar("T")


class ClientOptions(TypedDict, total=False):
    """What a sync and an async client take alike; `timeout` is in seconds."""

    timeout: "httpx.Timeout | float | None"
    base_url: "httpx.URL | str"
    headers: Mapping[str, str]
    follow_redirects: bool


class HttpOptions(ClientOptions, total=False):
    """The options of a sync client. The `transport` lies below ours."""

    transport: "httpx.BaseTransport"


class AsyncHttpOptions(ClientOptions, total=False):
    """The options of an async client. The `transport` lies below ours."""

    transport: "httpx.AsyncBaseTransport"


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

    if not TYPE_CHECKING:  # a type checker finds what is missing by itself

        def __getattr__(self, name: str) -> Any:
            """Say what was forgotten, where this is used as the client itself."""
            raise AttributeError(f"the client is opened first: async with kit.http(...) as http: http.{name}")
