"""Each adapter with its real library: the token arrives at the API, is renewed when refused, and goes nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from foreign import Api, json_answer, kit_for, only_with, redirect, serving
from tokenkit import AsyncTokenKit, TokenKit, TokenRefused

pytestmark = pytest.mark.real

Call = Callable[..., int]
"""GET a URL, with more headers and another body where they are given; returns the status."""


def by_requests(kit: TokenKit) -> Call:
    requests = pytest.importorskip("requests")
    from tokenkit.adapters.requests_auth import RequestsAuth

    auth = RequestsAuth(kit.source("acme"))

    def call(url: str, headers: Any = None, body: Any = None) -> int:
        return requests.request("POST" if body else "GET", url, auth=auth, headers=headers, data=body).status_code

    return call


def by_a_requests_session(kit: TokenKit) -> Call:
    requests = pytest.importorskip("requests")
    from tokenkit.adapters.requests_auth import RequestsAuth

    session = requests.Session()
    session.auth = RequestsAuth(kit.source("acme"))

    def call(url: str, headers: Any = None, body: Any = None) -> int:
        with session.request("POST" if body else "GET", url, headers=headers, data=body) as response:
            return response.status_code

    return call


def by_aiohttp(kit: TokenKit) -> Call:
    aiohttp = pytest.importorskip("aiohttp")
    from tokenkit.adapters.aiohttp_auth import aiohttp_auth

    async def ask(url: str, headers: Any, body: Any) -> int:
        middleware = aiohttp_auth(await AsyncTokenKit(kit=kit).source("acme"))
        async with (
            aiohttp.ClientSession(middlewares=[middleware]) as session,
            session.request("POST" if body else "GET", url, headers=headers, data=body) as response,
        ):
            return response.status

    return lambda url, headers=None, body=None: asyncio.run(ask(url, headers, body))


def by_google_and_requests(kit: TokenKit) -> Call:
    transport = pytest.importorskip("google.auth.transport.requests")
    from tokenkit.adapters.google_auth import Credentials

    session = transport.AuthorizedSession(Credentials(kit.source("acme")))

    def call(url: str, headers: Any = None, body: Any = None) -> int:
        with session.request("POST" if body else "GET", url, headers=headers, data=body) as response:
            return response.status_code

    return call


def by_google_and_httplib2(kit: TokenKit) -> Call:
    transport = pytest.importorskip("google_auth_httplib2")
    from tokenkit.adapters.google_auth import Credentials

    http = transport.AuthorizedHttp(Credentials(kit.source("acme")))

    def call(url: str, headers: Any = None, body: Any = None) -> int:
        status: int = http.request(url, "POST" if body else "GET", headers=headers or {}, body=body)[0].status
        http.http.close()
        return status

    return call


def by_httpx(kit: TokenKit) -> Call:
    return _by_httpx(kit, pytest.importorskip("httpx"))


def by_httpx2(kit: TokenKit) -> Call:
    return _by_httpx(kit, pytest.importorskip("httpx2"))


def _by_httpx(kit: TokenKit, library: Any) -> Call:
    def call(url: str, headers: Any = None, body: Any = None) -> int:
        with library.Client(auth=kit.auth("acme"), follow_redirects=True) as http:
            status: int = http.request("POST" if body else "GET", url, headers=headers, content=body).status_code
            return status

    return call


def by_kit_http(kit: TokenKit) -> Call:
    def call(url: str, headers: Any = None, body: Any = None) -> int:
        with kit.http("acme", follow_redirects=True) as http:
            return http.request("POST" if body else "GET", url, headers=headers, content=body).status_code

    return call


ADAPTERS = (
    by_requests, by_a_requests_session, by_aiohttp, by_google_and_requests, by_google_and_httplib2, by_httpx, by_httpx2,
    by_kit_http,
)  # fmt: skip

KEEP_ON_ONE_HOST = (by_google_and_requests,)
"""This library follows a redirect to another path of the same host with the header on, and asks nobody."""

GOOGLES = (by_google_and_requests, by_google_and_httplib2)


@pytest.fixture
def servers() -> Iterator[list[Api]]:
    with serving("127.0.0.1", "127.0.0.2") as apis:
        yield apis


@pytest.fixture
def api(servers: list[Api]) -> Api:
    return servers[0]


@pytest.fixture
def foreign(servers: list[Api]) -> Api:
    return servers[1]


@pytest.fixture
def kit(api: Api) -> TokenKit:
    return kit_for(api, background=False)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_the_token_arrives_at_the_api(adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api) -> None:
    call = adapter(kit)
    assert call(f"{api.url}/v1/things?x=1") == 200
    assert call(f"{api.url}/v1/things", body=b"a thing") == 200
    assert api.tokens == ["Bearer access-1"] * 2
    assert [seen.path for seen in api.seen] == ["/v1/things?x=1", "/v1/things"]
    assert api.seen[1].body == b"a thing"


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_foreign_host_gets_neither_the_token_nor_a_request(
    adapter: Callable[[TokenKit], Call], kit: TokenKit, foreign: Api
) -> None:
    """R32: a token goes to its resource servers only."""
    call = adapter(kit)
    with pytest.raises(TokenRefused):
        call(f"{foreign.url}/v1/things")
    assert foreign.seen == []


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_path_outside_the_prefix_gets_neither(adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api) -> None:
    """R32: nor does the token endpoint."""
    call = adapter(kit)
    for path in ("/v2/things", "/token", "/v1/%2e%2e/v2"):
        with pytest.raises(TokenRefused):
            call(f"{api.url}{path}")
    assert api.tokens == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_redirect_to_a_foreign_host_does_not_carry_the_token(
    adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api, foreign: Api, status: int
) -> None:
    """R33: whether the library follows it or not."""
    api.answers["/v1/away"] = redirect(f"{foreign.url}/v1/things", status)
    call = adapter(kit)
    try:
        call(f"{api.url}/v1/away")
    except TokenRefused:
        assert foreign.seen == []
    assert api.tokens == ["Bearer access-1"]
    assert [seen.token for seen in foreign.seen] in ([], [""])


@pytest.mark.parametrize("adapter", [adapter for adapter in ADAPTERS if adapter not in KEEP_ON_ONE_HOST])
def test_a_redirect_out_of_the_prefix_does_not_carry_the_token_either(
    adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api
) -> None:
    """R33: where the library lets us see each request."""
    api.answers["/v1/away"] = redirect("/v2/things")
    call = adapter(kit)
    try:
        call(f"{api.url}/v1/away")
    except TokenRefused:
        assert len(api.seen) == 1
    assert api.tokens in (["Bearer access-1"], ["Bearer access-1", ""])


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_redirect_that_stays_within_keeps_the_token(
    adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api
) -> None:
    api.answers["/v1/moved"] = redirect("/v1/things")
    assert adapter(kit)(f"{api.url}/v1/moved") == 200
    second = "" if adapter is by_google_and_httplib2 else "Bearer access-1"  # httplib2 drops it at each redirect
    assert api.tokens == ["Bearer access-1", second]


@pytest.mark.parametrize("body", [None, b"a thing"])
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_token_that_the_api_refuses_is_renewed_once_and_the_request_sent_again(
    adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api, body: bytes | None
) -> None:
    """R15: at most one refresh for one token value."""
    api.answers["/v1/things"] = only_with("access-2")
    assert adapter(kit)(f"{api.url}/v1/things", body=body) == 200
    assert api.tokens == ["Bearer access-1", "Bearer access-2"]
    assert [seen.body for seen in api.seen if seen.path == "/v1/things"] == [body or b""] * 2
    assert len([seen for seen in api.seen if seen.path == "/token"]) == 1


@pytest.mark.parametrize("adapter", [adapter for adapter in ADAPTERS if adapter not in GOOGLES])
def test_a_stream_is_sent_once_and_the_token_that_was_refused_not_again(
    adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api
) -> None:
    """R15: what reads the stream again would store nothing, and who sends nothing but streams needs a token, too."""

    async def stream() -> AsyncIterator[bytes]:
        yield b"a thing"

    api.answers["/v1/things"] = only_with("access-2")
    call = adapter(kit)
    for status in (401, 200):
        assert call(f"{api.url}/v1/things", body=stream() if adapter is by_aiohttp else iter([b"a thing"])) == status
    assert api.tokens == ["Bearer access-1", "Bearer access-2"]
    assert [seen.body for seen in api.seen if seen.path == "/v1/things"] == [b"a thing"] * 2


@pytest.mark.parametrize("parts", [False, True])
def test_what_aiohttp_does_not_call_consumed_is_a_stream_all_the_same(kit: TokenKit, *, parts: bool) -> None:
    """Before 3.14 it said so once it had read all; an API that refused the head got the rest, as if that were all."""
    aiohttp = pytest.importorskip("aiohttp")
    from tokenkit.adapters.aiohttp_auth import aiohttp_auth

    async def stream() -> AsyncIterator[bytes]:
        yield b"a thing"

    async def ask() -> list[str]:
        body: Any = aiohttp.payload.AsyncIterablePayload(stream())
        if parts:
            writer = aiohttp.MultipartWriter("form-data")
            writer.append_payload(body)
            body = writer
        url = next(iter(kit.provider("acme").resource_hosts))
        request: Any = SimpleNamespace(method="POST", url=url, headers={}, body=body)
        sent: list[str] = []

        async def handler(request: Any) -> Any:
            sent.append(request.headers["Authorization"])
            return SimpleNamespace(status=401, release=lambda: None)

        await aiohttp_auth(await AsyncTokenKit(kit=kit).source("acme"))(request, handler)
        return sent

    assert asyncio.run(ask()) == ["Bearer access-1"]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_api_that_refuses_every_token_is_asked_no_third_time(
    adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api
) -> None:
    """R15: google-auth alone asks three times, and gets the same token each time."""
    api.answers["/v1/things"] = json_answer({"error": "invalid_token"}, 401)
    assert adapter(kit)(f"{api.url}/v1/things") == 401
    assert set(api.tokens) == {"Bearer access-1", "Bearer access-2"}
    assert len([seen for seen in api.seen if seen.path == "/token"]) <= 2
    assert len(api.tokens) <= (3 if adapter in GOOGLES else 2)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_host_header_of_another_host_is_refused(adapter: Callable[[TokenKit], Call], kit: TokenKit, api: Api) -> None:
    """R33: what is checked is what is sent."""
    call = adapter(kit)
    with pytest.raises(TokenRefused, match="elsewhere than the URL says"):
        call(f"{api.url}/v1/things", headers={"Host": "evil.example"})
    assert api.seen == []


def test_a_token_in_the_body_is_refused_by_every_adapter_of_headers(kit: TokenKit, monkeypatch: Any) -> None:
    """R33: Pocket's goes by kit.http()."""
    from tokenkit import OAuth2

    monkeypatch.setattr(OAuth2, "header_token", False)
    for adapter in ADAPTERS[:-1]:
        with pytest.raises(TokenRefused, match="travels not only"):
            adapter(kit)("http://127.0.0.1:1/v1")
