"""The server itself, spoken to by hand: so that what fails in the other files is ours."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc import Browser, Server

pytestmark = pytest.mark.real

REDIRECT = "http://127.0.0.1:9/callback/op"


def authorize(server: Server, browser: Browser, verifier: str, **more: str) -> dict[str, list[str]]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": "native",
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid offline_access calendar.read",
        "state": "xyz",
        "prompt": "consent",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **more,
    }
    url = httpx.URL(f"{server.issuer}/auth", params=query)
    return parse_qs(urlsplit(browser.follow(str(url), until=REDIRECT)).query)


def redeem(server: Server, code: str, verifier: str) -> httpx.Response:
    return server.post(
        "/token",
        grant_type="authorization_code",
        client_id="native",
        code=code,
        code_verifier=verifier,
        redirect_uri=REDIRECT,
    )


def test_a_code_with_its_verifier_becomes_tokens_that_work(server: Server, browser: Browser) -> None:
    verifier = secrets.token_urlsafe(48)
    answer = authorize(server, browser, verifier, login_hint="user:anna")
    assert answer["state"] == ["xyz"]
    assert answer["iss"] == [server.issuer]
    tokens = redeem(server, answer["code"][0], verifier).json()
    assert tokens["scope"] == "openid offline_access calendar.read"
    assert tokens["refresh_token"]
    assert server.userinfo(tokens["access_token"]).json()["sub"] == "anna"


def test_it_checks_the_verifier_and_takes_a_code_once(server: Server, browser: Browser) -> None:
    verifier = secrets.token_urlsafe(48)
    code = authorize(server, browser, verifier)["code"][0]
    assert redeem(server, code, "x" * 43).json()["error"] == "invalid_grant"
    code = authorize(server, browser, verifier)["code"][0]
    access = redeem(server, code, verifier).json()["access_token"]
    assert redeem(server, code, verifier).json()["error"] == "invalid_grant"
    assert server.userinfo(access).status_code == 401


def test_a_moved_clock_ends_its_tokens(server: Server, browser: Browser) -> None:
    verifier = secrets.token_urlsafe(48)
    tokens = redeem(server, authorize(server, browser, verifier)["code"][0], verifier).json()
    server.advance(tokens["expires_in"] + 1)
    assert server.userinfo(tokens["access_token"]).status_code == 401
