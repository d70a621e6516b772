"""kit.auth(): for a client of the caller's own, of httpx or of httpx2, sync or async."""

import asyncio
import importlib
import sys
import threading
from typing import Any, cast

import httpx
import pytest
from tokenkit.adapters.httpx_auth import async_auth, auth
from tokenkit.errors import TokenRefused, UsageError
from tokenkit.token import AccessToken

from patience import PATIENCE
from test_adapters_httpx_client import sixteen_coroutines, sixteen_threads, within_ten_seconds
from token_sources import API, AsyncSource, Source, streamed


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    return pytest.importorskip(request.param)


class Caller:
    """A client of the caller's own, with our auth."""

    def __init__(self, library: Any, kind: str) -> None:
        self.library = library
        self.kind = kind
        self.source = AsyncSource() if kind == "async source" else Source()
        self.requests: list[tuple[str, str | None, bytes]] = []
        self.answers: list[Any] = []

    def answer(self, request: Any, content: bytes) -> Any:
        self.requests.append((str(request.url), request.headers.get("Authorization"), content))
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        return self.library.Response(status, headers=headers)

    def transport(self) -> Any:
        """One that leaves a streamed body a stream, as a real one does."""
        caller = self

        class Sink(self.library.BaseTransport, self.library.AsyncBaseTransport):  # type: ignore[misc,name-defined]
            def handle_request(self, request: Any) -> Any:
                return caller.answer(request, b"".join(request.stream))

            async def handle_async_request(self, request: Any) -> Any:
                return caller.answer(request, b"".join([part async for part in request.stream]))

        return Sink()

    def auth(self) -> httpx.Auth:
        return async_auth(cast(Any, self.source)) if self.kind == "async source" else auth(self.source)

    def send(self, method: str, url: str, **options: Any) -> Any:
        transport = self.transport()
        if self.kind == "sync":
            with self.library.Client(auth=self.auth(), transport=transport, follow_redirects=True) as http:
                return http.request(method, url, **options)

        async def send() -> Any:
            async with self.library.AsyncClient(auth=self.auth(), transport=transport, follow_redirects=True) as http:
                return await http.request(method, url, **options)

        return asyncio.run(send())


@pytest.fixture(params=["sync", "async", "async source"])
def caller(request: pytest.FixtureRequest, library: Any) -> Caller:
    return Caller(library, request.param)


def test_an_auth_puts_the_token_on_and_leaves_the_rest(caller: Caller) -> None:
    response = caller.send("GET", f"{API}/v1", headers=[("X-Two", "a"), ("X-Two", "b")])
    assert response.status_code == 200
    assert caller.requests == [(f"{API}/v1", "Bearer token-1", b"")]
    assert response.request.headers.get_list("X-Two") == ["a", "b"]


def test_an_auth_checks_the_host_before_it_asks_for_a_token(caller: Caller) -> None:
    """R32: a request to a foreign host is refused, so no token is needed for it."""
    with pytest.raises(TokenRefused):
        caller.send("GET", "https://evil.example/")
    assert (caller.requests, caller.source.asked) == ([], 0)


def test_an_auth_names_a_rejected_token_once_and_tries_again(caller: Caller) -> None:
    """R15: a 401 names the token that it rejected."""
    caller.answers = [(401, {}), (401, {})]
    assert caller.send("POST", f"{API}/v1", json={"a": 1}).status_code == 401
    assert [token for _, token, _ in caller.requests] == ["Bearer token-1", "Bearer token-2"]
    assert caller.requests[0][2] == caller.requests[1][2] != b""
    assert caller.source.rejected == ["token-1"]


def test_an_auth_leaves_a_401_that_has_no_other_token(caller: Caller) -> None:
    """R15: where there is no other token, the 401 is the answer."""
    caller.answers = [(401, {})]
    caller.source.renews = False
    assert caller.send("GET", f"{API}/v1").status_code == 401
    assert len(caller.requests) == 1


def test_an_auth_sends_a_streamed_upload_once(caller: Caller) -> None:
    """R15: what can be read only once is not sent again after a 401."""
    caller.answers = [(401, {})]
    body = streamed(b"a", b"b", asynchronous=caller.kind != "sync")
    assert caller.send("PUT", f"{API}/v1", content=body).status_code == 401
    assert [content for _, _, content in caller.requests] == [b"ab"]
    assert caller.source.rejected == ["token-1"]


def test_a_401_of_a_server_that_was_not_shown_the_token_is_not_the_tokens_fault(caller: Caller) -> None:
    """R15: httpx drops the header on the way to another origin."""
    caller.answers = [(302, {"Location": "https://files.example/f"}), (401, {})]
    assert caller.send("GET", f"{API}/v1").status_code == 401
    assert [token for _, token, _ in caller.requests] == ["Bearer token-1", None]
    assert caller.source.rejected == []


def test_calls_through_one_auth_do_not_wait_for_each_other(caller: Caller) -> None:
    """R6: nothing is held over a caller's own API call, nor over the one that follows a rejected token (R15)."""
    one, library = caller.auth(), caller.library
    if caller.kind == "sync":
        statuses = within_ten_seconds(
            lambda: sixteen_threads(lambda transport: library.Client(auth=one, transport=transport), library)
        )
    else:
        call_together = sixteen_coroutines(
            lambda transport: library.AsyncClient(auth=one, transport=transport), library
        )
        statuses = within_ten_seconds(lambda: asyncio.run(call_together))
    assert statuses == [200] * 16
    assert caller.source.rejected == ["token-1"] * 16


def test_an_auth_asks_a_blocking_source_off_the_event_loop(library: Any) -> None:
    """A refresh that takes long delays nothing else that runs on the loop."""
    source, free = Source(), threading.Event()

    def wait_for_the_loop(*, rejected: AccessToken | None = None) -> AccessToken:
        assert free.wait(PATIENCE)
        return AccessToken("token-1")

    source.token = wait_for_the_loop  # type: ignore[method-assign]

    async def get() -> int:
        transport = library.MockTransport(lambda _: library.Response(200))
        async with library.AsyncClient(auth=auth(source), transport=transport) as http:
            call = asyncio.create_task(http.get(f"{API}/v1"))
            await asyncio.sleep(0)
            free.set()
            return int((await call).status_code)

    assert asyncio.run(get()) == 200


@pytest.mark.parametrize("make", [auth, async_auth])
def test_an_auth_is_refused_for_a_token_that_travels_elsewhere_than_in_the_header(make: Any) -> None:
    """R33: an auth object cannot keep a body from following a redirect."""
    with pytest.raises(TokenRefused) as caught:
        make(Source(header_token=False))
    assert 'kit.http("acme/me")' in caught.value.hint


def test_an_async_auth_in_a_sync_client_says_what_to_use(library: Any) -> None:
    with (
        library.Client(auth=async_auth(cast(Any, AsyncSource()))) as http,
        pytest.raises(UsageError, match="not async"),
    ):
        http.get(f"{API}/v1")


def test_an_auth_works_without_httpx2(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is used where it is installed, and not needed."""
    module = importlib.import_module("tokenkit.adapters.httpx_auth")
    monkeypatch.setitem(sys.modules, "httpx2", None)
    try:
        made = importlib.reload(module).auth(Source())
        with httpx.Client(auth=made, transport=httpx.MockTransport(lambda _: httpx.Response(200))) as http:
            assert http.get(f"{API}/v1").request.headers["Authorization"] == "Bearer token-1"
    finally:
        monkeypatch.undo()
        importlib.reload(module)
