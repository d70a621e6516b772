"""What a person sees at the sandbox."""

import re

import pytest
from tokenkit.provider import Request, Response

from at_sandbox import BASE, REDIRECT, World


@pytest.fixture
def world() -> World:
    return World()


def consent(world: World, flavour: str = "google", **changes: str | None) -> Response:
    return world.authority.handle(Request("GET", world.authorization_url(flavour, **changes)))


def nonce_of(page: Response) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', page.body.decode())
    assert found is not None
    return found.group(1)


def test_the_consent_screen_says_that_it_is_a_sandbox_who_asks_and_for_what(world: World) -> None:
    text = consent(world).body.decode()
    assert "This is not Google." in text
    assert "<strong>sandbox-google</strong> asks for access" in text
    assert "read your mail" in text
    assert text.count('type="checkbox"') == 3


def test_scopes_are_listed_without_boxes_where_they_cannot_be_unticked(world: World) -> None:
    text = consent(world, "spotify").body.decode()
    assert "see your email address" in text
    assert "checkbox" not in text


def test_the_login_hint_is_filled_in_and_escaped(world: World) -> None:
    text = consent(world, login_hint='"><script>alert(1)</script>').body.decode()
    assert "<script>" not in text
    assert 'value="&quot;&gt;&lt;script&gt;' in text


def test_the_page_admits_nothing_foreign_and_its_form_may_go_back_to_the_client(world: World) -> None:
    """A browser holds the redirect after the form against ``form-action``: without it the answer would be blocked."""
    page = consent(world)
    policy = page.header("Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert f"form-action 'self' {REDIRECT['google'].partition('/callback')[0]};" in policy
    assert page.header("Referrer-Policy") == "no-referrer"
    assert page.header("Cache-Control") == "no-store"
    assert not re.search(r'(src|href)="', page.body.decode())


def test_every_field_has_a_label_and_the_buttons_are_buttons(world: World) -> None:
    text = consent(world).body.decode()
    assert '<label class="account" for="user">' in text
    assert text.count("<li><label>") == text.count('type="checkbox"')
    assert text.count('<button type="submit"') == 2
    assert '<html lang="en">' in text


def test_a_form_counts_once(world: World) -> None:
    nonce = nonce_of(consent(world))
    first = world.post("/google/consent", nonce=nonce, user="me@example.com", decision="allow", scope_0="openid")
    assert (first.status, (first.header("Location") or "").startswith(REDIRECT["google"])) == (302, True)
    again = world.post("/google/consent", nonce=nonce, user="me@example.com", decision="allow")
    assert (again.status, again.header("Location")) == (400, None)
    assert world.post("/google/consent", decision="allow").status == 400


def test_a_form_cannot_grant_what_was_not_asked_for(world: World) -> None:
    page = consent(world, scope="openid")
    answer = world.post(
        "/google/consent", nonce=nonce_of(page), decision="allow", scope_0="openid", scope_1="https://mail.google.com/"
    )
    assert "mail.google.com" not in (answer.header("Location") or "")


def test_a_form_that_does_not_say_allow_is_a_denial(world: World) -> None:
    answer = world.post("/google/consent", nonce=nonce_of(consent(world)), user="me@example.com")
    assert "error=access_denied" in (answer.header("Location") or "")


def test_pockets_screen_names_the_permissions_of_the_consumer_key(world: World) -> None:
    redirect_uri = "http://127.0.0.1:1/callback/pocket/x"
    members = {"consumer_key": "sandbox-pocket-reader", "redirect_uri": redirect_uri}
    code = world.post_json("/pocket/v3/oauth/request", members).json_object()["code"]
    text = world.get(f"/pocket/auth/authorize?request_token={code}&redirect_uri={redirect_uri}").body.decode()
    assert "read your list" in text
    assert "add to your list" not in text


def test_a_device_code_is_asked_for_with_the_warning_to_enter_only_ones_own(world: World) -> None:
    """R25: an attacker can send you their code."""
    text = world.get("/google/device").body.decode()
    assert "only if you began this sign-in yourself" in text
    assert 'action="/google/device"' in text


def test_an_error_page_escapes_what_it_repeats(world: World) -> None:
    page = world.authority.handle(Request("GET", f"{BASE}/google/o/oauth2/v2/auth?client_id=<script>"))
    assert page.status == 401
    assert b"<script>" not in page.body
