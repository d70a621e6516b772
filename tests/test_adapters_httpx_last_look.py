"""kit.auth(): what a hook or a redirect of the caller's own client changes is checked once more as it leaves (R33)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tokenkit.adapters.httpx_auth import auth
from tokenkit.errors import TokenRefused

from peers import OK, answer, answering, peer
from token_sources import Source


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    return pytest.importorskip(request.param)


@pytest.fixture(params=["sync", "async"])
def get(request: pytest.FixtureRequest, library: Any) -> Callable[..., Any]:
    """Send a GET with our auth, redirects followed, after `hook` has changed the request."""

    def send(url: str, source: Source, hook: Callable[[Any], None] | None = None, **options: Any) -> Any:
        async def later(request: Any) -> None:
            if hook:
                hook(request)

        settings = {"auth": auth(source), "follow_redirects": True, "trust_env": False}
        if request.param == "sync":
            with library.Client(event_hooks={"request": [hook] if hook else []}, **settings) as http:
                return http.get(url, **options)

        async def go() -> Any:
            async with library.AsyncClient(event_hooks={"request": [later]}, **settings) as http:
                return await http.get(url, **options)

        return asyncio.run(go())

    return send


def change_path(request: Any) -> None:
    request.url = request.url.copy_with(path="/v2/admin")


def change_host(request: Any) -> None:
    request.headers["Host"] = "evil.example"


def change_target(request: Any) -> None:
    request.extensions["target"] = b"/v2/admin"


def change_server(request: Any) -> None:
    request.extensions["sni_hostname"] = "evil.example"


@pytest.mark.parametrize("hook", [change_path, change_host, change_target, change_server])
def test_what_a_hook_leads_elsewhere_is_not_sent(get: Callable[..., Any], hook: Callable[[Any], None]) -> None:
    """R33: what is checked is what is sent."""
    seen: list[bytes] = []
    with peer(answering(OK, seen)) as server:
        here = f"http://127.0.0.1:{server.port}"
        with pytest.raises(TokenRefused):
            get(f"{here}/v1/a", Source(hosts=(f"{here}/v1",)), hook)
    assert b"token-1" not in b"".join(seen)


@pytest.mark.parametrize("there", ["/v2/admin", "/v1/../v2", "/v1/%2e%2e/v2"])
def test_a_redirect_on_the_same_host_takes_no_token_out_of_the_prefix(get: Callable[..., Any], there: str) -> None:
    """R32: httpx keeps the header where the host stays the same."""
    seen: list[bytes] = []
    with peer(answering(answer(b"", f"Location: {there}", "Connection: close", status="302 Found"), seen)) as server:
        here = f"http://127.0.0.1:{server.port}"
        with pytest.raises(TokenRefused, match="may not go to"):
            get(f"{here}/v1/a", Source(hosts=(f"{here}/v1",)))
    assert [request.split(b" ")[1] for request in seen if b"token-1" in request] == [b"/v1/a"]


def test_a_trace_of_the_callers_own_is_still_called(get: Callable[..., Any], request: pytest.FixtureRequest) -> None:
    """It is what the client is asked for; the client is theirs."""
    events: list[str] = []
    kind = request.node.callspec.params["get"]

    def trace(event: str, info: dict[str, Any]) -> None:
        events.append(event)

    async def later(event: str, info: dict[str, Any]) -> None:
        events.append(event)

    with peer(answering(OK)) as server:
        here = f"http://127.0.0.1:{server.port}"
        given = {"trace": trace if kind == "sync" else later}
        assert get(f"{here}/v1/a", Source(hosts=(f"{here}/v1",)), extensions=given).status_code == 200
    assert "http11.send_request_headers.started" in events
