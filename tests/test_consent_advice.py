"""A person who does not come back may look at an error page of the provider, which never comes back either."""

import threading
from dataclasses import replace

import pytest
from tokenkit.consent import loopback
from tokenkit.consent.advice import about_error_pages, redirect_uri_to_register
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.consent.opener import open_nothing
from tokenkit.errors import AuthorizationError
from tokenkit.oauth2 import OAuth2
from tokenkit.pending import PendingAuthorization
from tokenkit.token import Secret

from patience import PATIENCE

ACME = OAuth2(
    name="acme",
    title="Acme",
    authorization_endpoint="https://acme.example/auth",
    token_endpoint="https://acme.example/token",
    console_url="https://acme.example/apps",
)


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("127.0.0.1", 0, "http://127.0.0.1/callback/acme"),
        ("127.0.0.1", 8765, "http://127.0.0.1:8765/callback/acme"),
        ("localhost", 3000, "http://localhost:3000/callback/acme"),
        ("::1", 8765, "http://[::1]:8765/callback/acme"),
    ],
)
def test_the_redirect_uri_to_register_is_exact(host: str, port: int, expected: str) -> None:
    assert redirect_uri_to_register(replace(ACME, redirect_host=host), port) == expected


def test_what_is_said_names_the_uri_the_place_and_the_key_of_a_fixed_port() -> None:
    text = about_error_pages(ACME, 0, "http://127.0.0.1:50123/callback/acme")
    assert "\n    http://127.0.0.1/callback/acme\n" in text
    assert "https://acme.example/apps" in text
    assert "http://127.0.0.1:50123/callback/acme" in text
    assert "redirect_port = 50123 below [providers.acme] in config.toml" in text
    assert "redirect_port" not in about_error_pages(ACME, 8765, "http://127.0.0.1:8765/callback/acme")


def test_the_other_spelling_of_loopback_is_named() -> None:
    """Notion and Microsoft take ``localhost`` alone, Spotify and Atlassian the IP address alone."""
    assert 'redirect_host = "localhost"' in about_error_pages(ACME, 1, "http://127.0.0.1:1/callback/acme")
    assert 'redirect_host = "127.0.0.1"' in about_error_pages(ACME, 1, "http://localhost:1/callback/acme")
    assert "redirect_host" not in about_error_pages(ACME, 1, "https://dash.example/oauth/acme")


def test_a_redirect_uri_that_is_registered_as_a_whole_is_named_as_it_is() -> None:
    fixed = replace(ACME, redirect_uri="https://dash.example/oauth")
    assert redirect_uri_to_register(fixed, 0) == "https://dash.example/oauth"
    text = about_error_pages(fixed, 0, "https://dash.example/oauth")
    assert "\n    https://dash.example/oauth\n" in text
    assert "redirect_port" not in text


def test_it_is_said_to_whoever_has_not_come_back_after_a_while_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "ADVICE_TIME", 0.01)
    said: list[str] = []
    with LoopbackConsent("acme") as consent:
        uri = consent.redirect_uri
        pending = PendingAuthorization(provider="acme", url="https://a.example/", redirect_uri=uri, state=Secret("s"))
        consent.present(pending, opener=open_nothing, say=said.append, advice="look there")
        assert "look there" not in said
        with pytest.raises(AuthorizationError):
            consent.wait(0.05)
    assert said.count("look there") == 1


def test_whoever_comes_back_sooner_does_not_hear_it() -> None:
    said: list[str] = []
    with LoopbackConsent("acme") as consent:
        uri = consent.redirect_uri
        pending = PendingAuthorization(provider="acme", url="https://a.example/", redirect_uri=uri, state=Secret("s"))
        consent.present(pending, opener=open_nothing, say=said.append, advice="look there")
        threading.Timer(0.01, lambda: consent._accept(f"{uri}?state=s")).start()
        assert consent.wait(60.0) == f"{uri}?state=s"
    assert "look there" not in said


def test_an_answer_that_comes_as_the_sign_in_ends_ends_first() -> None:
    """The browser that brings it gets a page, and no broken connection."""
    happened: list[str] = []
    pulling, closing = threading.Event(), threading.Event()

    class Rope:
        def send(self, _: bytes) -> None:
            pulling.set()
            closing.wait(0.2)  # it must not come
            happened.append("pulled")

        def close(self) -> None:
            closing.set()
            happened.append("closed")

    with LoopbackConsent("acme") as consent:
        consent._rope.close()
        consent._rope = Rope()  # type: ignore[assignment]
        browser = threading.Thread(target=consent._accept, args=(f"{consent.redirect_uri}?state=s",))
        browser.start()
        assert pulling.wait(PATIENCE)
    browser.join()
    assert happened == ["pulled", "closed"]
