"""kit.http() on redirects, and on what would lead a request elsewhere than its URL says (R33)."""

from typing import Any

import httpx
import pytest
from tokenkit.adapters.httpx_auth import auth
from tokenkit.adapters.httpx_client import client
from tokenkit.errors import TokenRefused

from peers import OK, answering, peer
from test_adapters_httpx_client import Api, Face, moved
from token_sources import API, Source

ELSEWHERE = "https://files.example/pre/authenticated?permission=abc"


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(asynchronous=request.param == "async")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_download_is_followed_beyond_the_resource_hosts_without_the_token(
    face: Face, method: str, status: int
) -> None:
    """R33: the address carries its own permission, and many a storage refuses a request that brings another."""
    api = Api(moved(ELSEWHERE, status))
    headers = {"Range": "bytes=0-9", "X-Api-Key": "the callers own", "Cookie": "a=b", "Authorization": "Basic eA=="}
    response = face.send(face.source(), api, method, f"{API}/v1/f", headers=headers, follow_redirects=True)
    assert response.status_code == 200
    assert api.tokens == ["Bearer token-1", None]
    assert str(api.requests[1].url) == ELSEWHERE
    assert api.requests[1].headers["Host"] == "files.example"
    assert api.requests[1].headers["Range"] == "bytes=0-9"
    assert not {"x-api-key", "cookie"} & set(api.requests[1].headers)


def test_no_later_redirect_gets_the_token_again(face: Face) -> None:
    """R33: a foreign server does not choose what is asked in the person's name."""
    api, source = Api(moved(ELSEWHERE), moved(f"{API}/v1/delete"), httpx.Response(401)), face.source()
    response = face.send(source, api, "GET", f"{API}/v1/f", follow_redirects=True)
    assert response.status_code == 401
    assert api.tokens == ["Bearer token-1", None, None]
    assert source.rejected == []


def test_a_path_outside_the_prefix_is_beyond_the_resource_hosts_too(face: Face) -> None:
    """R32: the token stays below the prefix, whatever host the redirect names."""
    api = Api(moved("/v2/f"))
    face.send(face.source(), api, "GET", f"{API}/v1/f", follow_redirects=True)
    assert api.tokens == ["Bearer token-1", None]


@pytest.mark.parametrize(
    "to", ["http://files.example/f", "http://127.0.0.1:9/f", "https://127.0.0.1:9/f", "https://a@b/"]
)
def test_a_redirect_to_plain_http_or_to_this_machine_is_not_followed(face: Face, to: str) -> None:
    """R32, R33: the address is a secret of its own, and what listens here trusts who asks from here."""
    api = Api(moved(to))
    with pytest.raises(TokenRefused):
        face.send(face.source(hosts=(f"{API}/v1",)), api, "GET", f"{API}/v1/f", follow_redirects=True)
    assert len(api.requests) == 1


def test_an_upload_is_not_followed_beyond_the_resource_hosts(face: Face) -> None:
    """R33: httpx would carry the body along."""
    api = Api(moved(ELSEWHERE, 307))
    with pytest.raises(TokenRefused, match=r"redirects this POST to https://files\.example") as caught:
        face.send(face.source(), api, "POST", f"{API}/v1/f", json={"a": 1}, follow_redirects=True)
    assert "permission" not in str(caught.value)
    assert len(api.requests) == 1


def test_a_token_in_the_body_goes_nowhere_with_a_redirect(face: Face) -> None:
    """R33: Pocket's token is in the body, which is dropped."""
    api = Api(moved(ELSEWHERE, 302))
    face.send(face.source(header_token=False), api, "POST", f"{API}/v1/f", json={}, follow_redirects=True)
    assert b"token-1" in api.requests[0].content
    assert (api.requests[1].method, api.requests[1].content) == ("GET", b"")


def test_a_redirect_that_is_not_followed_comes_back_as_it_is(face: Face) -> None:
    response = face.send(face.source(), Api(moved(ELSEWHERE)), "GET", f"{API}/v1/f")
    assert (response.status_code, response.headers["Location"]) == (307, ELSEWHERE)


def test_a_request_of_the_callers_own_to_another_host_is_refused_after_a_redirect_too() -> None:
    """R32: only what a redirect led there goes there."""
    api = Api(moved(ELSEWHERE))
    with client(Source(), transport=api.transport, follow_redirects=True) as http:
        http.get(f"{API}/v1/f")
        with pytest.raises(TokenRefused):
            http.get(ELSEWHERE)


ELSE_NAMED: list[dict[str, Any]] = [
    {"headers": {"Host": "evil.example"}},
    {"headers": {"host": "evil.example"}},
    {"headers": [("Host", "api.acme.example"), ("Host", "evil.example")]},
    {"headers": {"Host": "api.acme.example:444"}},
    {"headers": {"Host": "api.acme.example@evil.example"}},
    {"headers": {"Host": ""}},
    {"headers": {"X-Forwarded-Host": "evil.example"}},
    {"headers": {"X-Original-URL": "/v2"}},
    {"headers": {"X-Rewrite-URL": "/v2"}},
    {"headers": {"X-Override-URL": "/v2"}},
    {"headers": {"X_Forwarded_Host": "evil.example"}},
    {"headers": {"X-Original-Host": "evil.example"}},
    {"headers": {b"Host": b"evil.example"}},
    {"headers": {":authority": "evil.example"}},
    {"headers": {"Host": "api.acme.example/evil"}},
    {"headers": {"Host": "api.acme.example?evil"}},
    {"headers": {"Host": "api.acme.example."}},
    {"extensions": {"target": b"/v2"}},
    {"extensions": {"sni_hostname": "evil.example"}},
]


@pytest.mark.parametrize("named", ELSE_NAMED, ids=str)
def test_a_request_that_names_another_host_or_path_than_its_url_is_refused(face: Face, named: dict[str, Any]) -> None:
    """R33: what is checked is what is sent."""
    api, source = Api(), face.source()
    with pytest.raises(TokenRefused, match="elsewhere than the URL says"):
        face.send(source, api, "GET", f"{API}/v1", **named)
    assert (api.requests, source.asked) == ([], 0)


@pytest.mark.parametrize("named", ELSE_NAMED, ids=str)
def test_an_auth_refuses_it_likewise(named: dict[str, Any]) -> None:
    """R33: in a client of the caller's own."""
    api = Api()
    with httpx.Client(auth=auth(Source()), transport=api.transport) as http, pytest.raises(TokenRefused):
        http.get(f"{API}/v1", **named)
    assert api.requests == []


@pytest.mark.parametrize("host", ["api.acme.example", "API.ACME.example", "api.acme.example:443"])
def test_a_host_header_that_names_the_same_host_is_written_anew(face: Face, host: str) -> None:
    """R33: what is checked is what is sent, in one spelling."""
    api = Api()
    face.send(face.source(), api, "GET", f"{API}/v1", headers={"Host": host})
    assert api.requests[0].headers.get_list("Host") == ["api.acme.example"]


def test_of_the_extensions_only_the_time_out_passes(face: Face) -> None:
    """R33, R35: a trace would be shown the request with its token."""
    api = Api()
    face.send(face.source(), api, "GET", f"{API}/v1", timeout=7, extensions={"trace": lambda *_: None, "x": 1})
    assert set(api.requests[0].extensions) == {"timeout"}
    assert api.requests[0].extensions["timeout"]["read"] == 7


def test_on_the_wire_there_is_one_host_and_the_path_of_the_url() -> None:
    """R33: with the transport that is used in truth."""
    seen: list[bytes] = []
    with peer(answering(OK, seen)) as server:
        host = f"127.0.0.1:{server.port}"
        with client(Source(hosts=(f"http://{host}/v1",))) as http:
            http.get(f"http://{host}/v1/a?b=c", headers={"Host": host})
    head = seen[0].partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0] == b"GET /v1/a?b=c HTTP/1.1"
    assert [line for line in head if line.lower().startswith(b"host:")] == [f"Host: {host}".encode()]
