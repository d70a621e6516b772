"""kit.http(): the token is put on below httpx, goes where it may, and is renewed when an API refuses it."""

import asyncio
import json
import logging
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import httpx
import pytest
from tokenkit.adapters.httpx_client import async_client, client
from tokenkit.errors import ConfigurationError, ConsentRequired, TokenRefused, UsageError
from tokenkit.provider import Request

from patience import PATIENCE
from peers import OK, answering, peer, read_request
from token_sources import API, AsyncSource, Source, streamed


class Api:
    """Answers what the test says, as sync or async transport, and keeps what it was sent."""

    def __init__(self, *answers: int | httpx.Response) -> None:
        self.answers = [item if isinstance(item, httpx.Response) else httpx.Response(item) for item in answers]
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers.pop(0) if self.answers else httpx.Response(200)

    @property
    def tokens(self) -> list[str | None]:
        return [request.headers.get("Authorization") for request in self.requests]


def moved(to: str, status: int = 307) -> httpx.Response:
    return httpx.Response(status, headers={"Location": to})


class Face:
    """`kit.http()`, sync or async, asked the same way."""

    def __init__(self, *, asynchronous: bool) -> None:
        self.asynchronous = asynchronous

    def source(self, **options: Any) -> Source:
        return AsyncSource(**options) if self.asynchronous else Source(**options)

    def send(self, source: Source, api: Api, method: str, url: str, **options: Any) -> httpx.Response:
        made = {name: options.pop(name) for name in ("insecure_hosts", "follow_redirects") if name in options}
        if not self.asynchronous:
            with client(source, transport=api.transport, **made) as http:
                return http.request(method, url, **options)

        async def send() -> httpx.Response:
            async with async_client(cast(Any, source), transport=api.transport, **made) as http:
                return await http.request(method, url, **options)

        return asyncio.run(send())


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(asynchronous=request.param == "async")


def test_each_request_carries_the_token_and_nothing_that_httpx_keeps_does(face: Face) -> None:
    """R33, R35: hooks, history and the response's request see the request as the caller made it."""
    api, source = Api(), face.source()
    response = face.send(source, api, "GET", f"{API}/v1/me?x=1", headers=[("X-Two", "a"), ("X-Two", "b")])
    assert api.tokens == ["Bearer token-1"]
    assert api.requests[0].url == f"{API}/v1/me?x=1"
    assert api.requests[0].headers.get_list("X-Two") == ["a", "b"]
    assert "Authorization" not in response.request.headers


def test_an_authorization_header_of_the_callers_is_replaced(face: Face) -> None:
    api = Api()
    face.send(face.source(), api, "GET", f"{API}/v1", headers={"authorization": "Basic x"})
    assert api.requests[0].headers.get_list("Authorization") == ["Bearer token-1"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1",
        "http://api.acme.example/v1",
        f"{API}/v2",
        f"{API}/v1/../v2",
        f"{API}/v1/%2e%2e/v2",
        "https://api.acme.example@evil.example/v1",
        "https://me:pw@api.acme.example/v1",
        "http://ha.lan:8123/api",
    ],
)
def test_a_request_elsewhere_is_refused_before_a_token_is_asked_for(face: Face, url: str) -> None:
    """R32: tokens go to the resource servers and nowhere else."""
    api, source = Api(), face.source()
    with pytest.raises(TokenRefused):
        face.send(source, api, "GET", url)
    assert (api.requests, source.asked) == ([], 0)


def test_plain_http_needs_loopback_or_the_accounts_opt_in(face: Face) -> None:
    """R32: TLS always, but for these two."""
    api = Api()
    face.send(face.source(), api, "GET", "http://ha.lan:8123/api", insecure_hosts=["ha.lan:8123"])
    face.send(face.source(), api, "GET", "http://127.0.0.1:1/api")
    assert api.tokens == ["Bearer token-1"] * 2


@pytest.mark.parametrize("to", ["https://evil.example/v1", "http://api.acme.example/v1", "/v2", f"{API}:444/v1"])
def test_a_redirect_elsewhere_is_refused_and_carries_nothing_along(face: Face, to: str) -> None:
    """R33: each request is checked as it leaves, redirects too."""
    api = Api(moved(to))
    with pytest.raises(TokenRefused):
        face.send(face.source(), api, "POST", f"{API}/v1/a", json={"a": 1}, follow_redirects=True)
    assert len(api.requests) == 1


def test_a_redirect_among_the_resource_servers_is_signed_anew(face: Face) -> None:
    """R33: the copy that httpx makes has no token; each leg gets its own."""
    hosts = (f"{API}/v1", "https://files.acme.example")
    api = Api(moved("https://files.acme.example/f"))
    response = face.send(face.source(hosts=hosts), api, "GET", f"{API}/v1/f", follow_redirects=True)
    assert api.tokens == ["Bearer token-1"] * 2
    assert response.status_code == 200
    assert "Authorization" not in response.request.headers


def test_a_rejected_token_is_named_once_and_the_request_sent_again(face: Face) -> None:
    """R15: a 401 names the token that it rejected."""
    api, source = Api(401, 401), face.source()
    response = face.send(source, api, "POST", f"{API}/v1", json={"a": 1})
    assert response.status_code == 401
    assert api.tokens == ["Bearer token-1", "Bearer token-2"]
    assert [json.loads(request.content) for request in api.requests] == [{"a": 1}] * 2
    assert source.rejected == ["token-1"]


def test_a_401_stays_when_there_is_no_other_token(face: Face) -> None:
    """R15: the source decides whether one refresh more is due."""
    api, source = Api(401), face.source()
    source.renews = False
    assert face.send(source, api, "GET", f"{API}/v1").status_code == 401
    assert len(api.requests) == 1


def test_a_401_that_only_the_person_can_mend_says_so(face: Face) -> None:
    refused = httpx.Response(401, stream=Closing())
    api, source = Api(refused), face.source()
    source.fault = ConsentRequired("sign in again")
    with pytest.raises(ConsentRequired):
        face.send(source, api, "GET", f"{API}/v1")
    assert refused.is_closed


class Closing(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that nobody has read yet."""

    def __iter__(self) -> Iterator[bytes]:
        yield b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""


def test_a_streamed_upload_is_sent_once_and_its_401_is_still_reported(face: Face) -> None:
    """R15: the next request has a better token."""
    source = face.source()
    api = Api(401)
    response = face.send(source, api, "PUT", f"{API}/v1", content=streamed(b"a", b"b", asynchronous=face.asynchronous))
    assert response.status_code == 401
    assert [request.content for request in api.requests] == [b"ab"]
    assert source.rejected == ["token-1"]


def test_a_token_in_the_body_is_put_there_and_again_when_it_was_rejected(face: Face) -> None:
    """Pocket's token travels in the body (R33), and a 401 replaces it there (R15)."""
    api = Api(401)
    source = face.source(header_token=False)
    response = face.send(source, api, "POST", f"{API}/v1/add", json={"url": "u"}, headers={"X-Mine": "1"})
    assert response.status_code == 200
    assert [json.loads(request.content)["access_token"] for request in api.requests] == ["token-1", "token-2"]
    assert all(json.loads(request.content)["url"] == "u" for request in api.requests)
    assert all(request.headers["Content-Length"] == str(len(request.content)) for request in api.requests)
    assert api.requests[0].headers["X-Mine"] == "1"
    assert b"token" not in response.request.content


def test_a_streamed_body_is_read_for_a_token_that_goes_into_it(face: Face) -> None:
    api = Api()
    body = streamed(b'{"a"', b": 1}", asynchronous=face.asynchronous)
    face.send(face.source(header_token=False), api, "POST", f"{API}/v1", content=body)
    assert json.loads(api.requests[0].content) == {"a": 1, "access_token": "token-1"}
    assert api.requests[0].headers["Content-Length"] == str(len(api.requests[0].content))
    assert "Transfer-Encoding" not in api.requests[0].headers


def test_a_provider_that_sends_the_request_elsewhere_is_refused(face: Face) -> None:
    """R32: what leaves is checked, not what was asked for."""
    api, source = Api(), face.source()
    source.authenticate = lambda request, token: Request("GET", "https://evil.example/")  # type: ignore[method-assign]
    with pytest.raises(TokenRefused):
        face.send(source, api, "GET", f"{API}/v1")
    assert api.requests == []


def test_no_log_shows_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """R35: httpx logs requests, and our tokens are not among what it logs."""
    caplog.set_level(logging.DEBUG)
    seen: list[bytes] = []
    with peer(answering(OK, seen)) as server, client(Source(hosts=(server.url,))) as http:
        http.get(server.url)
    assert b"Bearer token-1" in seen[0]
    assert {"httpx", "httpcore.http11"} <= {record.name for record in caplog.records}
    assert "token-1" not in caplog.text


def within_ten_seconds(work: Callable[[], list[int]]) -> list[int]:
    """What it brings, or nothing: a lock that is held may stop it, and its event loop, for ever."""
    brought: list[int] = []
    thread = threading.Thread(target=lambda: brought.extend(work()), daemon=True)  # and so are all that it starts
    thread.start()
    thread.join(PATIENCE)
    return brought


def sixteen_threads(make: Callable[[Any], Any], library: Any = httpx) -> list[int]:
    """What sixteen threads get from the client that is made around a transport.

    It answers when all sixteen are there: 401 to the first token, and so they meet a second time.
    """
    together = threading.Barrier(16)

    def meet(request: Any) -> Any:
        together.wait()
        return library.Response(401 if request.headers["Authorization"] == "Bearer token-1" else 200)

    statuses: list[int] = []
    with make(library.MockTransport(meet)) as http:
        threads = [
            threading.Thread(target=lambda: statuses.append(http.get(f"{API}/v1").status_code)) for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return statuses


async def sixteen_coroutines(make: Callable[[Any], Any], library: Any = httpx) -> list[int]:
    """The same for coroutines."""
    together = asyncio.Barrier(16)

    async def meet(request: Any) -> Any:
        await together.wait()
        return library.Response(401 if request.headers["Authorization"] == "Bearer token-1" else 200)

    async with make(library.MockTransport(meet)) as http:
        responses = await asyncio.gather(*(http.get(f"{API}/v1") for _ in range(16)))
    return [response.status_code for response in responses]


def test_calls_through_one_source_do_not_wait_for_each_other() -> None:
    """R6: nothing is held over a caller's own API call, nor over the one that follows a rejected token (R15)."""
    source = Source()
    statuses = within_ten_seconds(lambda: sixteen_threads(lambda transport: client(source, transport=transport)))
    assert statuses == [200] * 16


def test_coroutines_do_not_wait_for_each_other() -> None:
    """R6: nothing is held over an API call, not even over the one after a rejected token (R15)."""
    source = cast(Any, AsyncSource())
    call_together = sixteen_coroutines(lambda transport: async_client(source, transport=transport))
    statuses = within_ten_seconds(lambda: asyncio.run(call_together))
    assert statuses == [200] * 16


def test_the_proxy_of_the_environment_is_used_but_not_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    connects: list[bytes] = []
    with peer(answering(b"HTTP/1.1 503 No\r\n\r\n", connects)) as proxy, peer(answering(OK)) as server:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        with client(Source(hosts=(API, server.url))) as http:
            with pytest.raises(httpx.ProxyError):
                http.get(f"{API}/v1")
            assert http.get(server.url).status_code == 200
    assert len(connects) == 1
    assert connects[0].startswith(b"CONNECT api.acme.example:443")
    assert b"token-1" not in connects[0]


def test_the_async_client_takes_the_proxy_of_the_environment_and_the_options_of_a_transport(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connects: list[bytes] = []

    async def get(**options: Any) -> None:
        async with async_client(cast(Any, AsyncSource()), **options) as http:
            await http.get(f"{API}/v1")

    with peer(answering(b"HTTP/1.1 503 No\r\n\r\n", connects)) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        monkeypatch.setenv("https_proxy", url)
        with pytest.raises(httpx.ProxyError):
            asyncio.run(get())
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        with pytest.raises(httpx.ProxyError):
            asyncio.run(get(proxy=url, verify=ssl.create_default_context()))
    assert len(connects) == 2


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", "/nonexistent/authorities.pem"),
        ("SSL_CERT_FILE", "/dev/null"),
        ("https_proxy", "ftp://me:hunter2@proxy.example"),
        ("https_proxy", "http://me:hunter2@proxy.example:many"),
        ("https_proxy", "http://[::1"),
    ],
)
def test_what_the_environment_names_and_nothing_can_use_is_a_matter_of_configuration(
    variable: str, value: str, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be so at a refresh, too; and a password is not repeated (R35)."""
    monkeypatch.setenv(variable, value)

    async def get_later() -> None:
        async with async_client(cast(Any, AsyncSource())) as http:
            await http.get(f"{API}/v1")

    def get() -> None:
        with client(Source()) as http:
            http.get(f"{API}/v1")

    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(get_later()) if asynchronous else get()
    assert variable.upper() in caught.value.hint
    assert "hunter2" not in f"{caught.value}{caught.value.__context__}"


def test_a_wrong_option_of_the_callers_is_httpxs_own_error() -> None:
    with client(Source(), proxy="ftp://proxy.example") as http, pytest.raises(ValueError, match="ftp"):
        http.get(f"{API}/v1")


def test_mounts_are_refused_because_they_lead_past_the_check(face: Face) -> None:
    """R33: what is checked must be what is sent."""
    make: Any = async_client if face.asynchronous else client
    for transport in (None, Api().transport):
        with pytest.raises(UsageError, match="mounts"):
            make(face.source(), transport=transport, mounts={"all://": Api().transport})


def test_options_of_a_client_are_httpxs_own() -> None:
    api = Api()
    with client(Source(), transport=api.transport, base_url=f"{API}/v1/", headers={"X-A": "1"}, timeout=7) as http:
        http.get("me")
    sent = api.requests[0]
    assert (str(sent.url), sent.headers["X-A"], sent.extensions["timeout"]["read"]) == (f"{API}/v1/me", "1", 7)


def test_closing_the_client_closes_its_connections(face: Face) -> None:
    closed = threading.Event()

    def serve(connection: Any) -> None:
        read_request(connection)
        connection.sendall(OK)
        if connection.recv(1) == b"":
            closed.set()

    async def get(url: str) -> None:
        async with async_client(cast(Any, AsyncSource(hosts=(url,)))) as http:
            await http.get(url)
            assert not closed.is_set()

    with peer(serve) as server:
        if face.asynchronous:
            asyncio.run(get(server.url))
        else:
            with client(Source(hosts=(server.url,))) as http:
                http.get(server.url)
                assert not closed.is_set()
        assert closed.wait(PATIENCE)
