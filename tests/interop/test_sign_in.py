"""tokenkit signs in at a real authorization server: consent, its refusals, and answers that are not to be believed."""

import httpx
import pytest
from oidc import SECRET, Browser, Server
from tokenkit import AuthorizationError, CallbackRefused, ClientRefused, ConsentDenied, ConsentRequired, TokenKit
from tokenkit.oauth2 import OAuth2

from patience import PATIENCE
from signing_in import MakeKit, login, stored

pytestmark = pytest.mark.real

REDIRECT = "http://127.0.0.1:9/callback/op"
BINDING = "this browser"


def come_back(kit: TokenKit, browser: Browser, **more: str) -> httpx.URL:
    """The URL of an answer that nobody has taken yet: begun by the kit, consented to, stopped at the redirect."""
    pending = kit.begin("op", redirect_uri=REDIRECT, binding=BINDING, **more)
    return httpx.URL(browser.follow(pending.url, until=REDIRECT))


def test_discovery_finds_what_the_server_publishes(server: Server) -> None:
    provider = OAuth2.from_issuer(server.context(), server.issuer, name="op", title="OP")
    assert provider.authorization_endpoint == f"{server.issuer}/auth"
    assert provider.token_endpoint == f"{server.issuer}/token"
    assert provider.revocation_endpoint == f"{server.issuer}/token/revocation"
    assert provider.device_authorization_endpoint == f"{server.issuer}/device/auth"
    assert provider.iss == "required"


def test_a_public_client_signs_in_on_any_loopback_port(kit: TokenKit, server: Server, browser: Browser) -> None:
    """The redirect is registered without a port, and the person's browser really comes back to it (R24)."""
    account = login(kit, browser, "calendar.read", person="user:anna")
    assert str(account) == "op/anna@example.test"
    assert "anna@example.test is connected" in browser.page.result(timeout=PATIENCE)
    assert server.userinfo(kit.token("op").value).json()["sub"] == "anna"


def test_two_people_are_two_accounts(kit: TokenKit, browser: Browser) -> None:
    login(kit, browser, person="user:anna")
    login(kit, browser, person="user:bob")
    assert [str(account) for account in kit.accounts()] == ["op/anna@example.test", "op/bob@example.test"]


def test_signing_in_again_replaces_the_grant_and_does_not_end_the_new_one(
    kit: TokenKit, server: Server, browser: Browser
) -> None:
    """R18: the superseded grant is set aside, not revoked."""
    first = stored(kit, login(kit, browser))
    account = login(kit, browser)
    assert stored(kit, account)["refresh"] != first["refresh"]
    assert kit.accounts() == [account]
    assert server.userinfo(kit.token("op").value).status_code == 200


def test_a_denied_consent_stores_nothing(kit: TokenKit, browser: Browser) -> None:
    with pytest.raises(ConsentDenied) as refusal:
        login(kit, browser, person="deny")
    assert refusal.value.error == "access_denied"
    assert kit.accounts() == []


def test_a_person_who_grants_less_is_told_what_is_missing(kit: TokenKit, browser: Browser) -> None:
    """R16: the granted scopes are the answer's, not the request's."""
    granted = "openid offline_access email calendar.read"
    account = login(kit, browser, "calendar.read", "calendar.write", person=f"only:{granted}")
    status = kit.status(str(account))
    assert status.scopes == frozenset(granted.split())
    assert status.missing == {"calendar.write"}
    kit.token("op", scopes=["calendar.read"])
    with pytest.raises(ConsentRequired) as refusal:
        kit.token("op", scopes=["calendar.write"])
    assert refusal.value.missing == ("calendar.write",)


def test_an_answer_is_taken_once(kit: TokenKit, server: Server, browser: Browser) -> None:
    """R21: the second time it is refused here, and the server never sees its code again."""
    answer = str(come_back(kit, browser))
    kit.complete(answer, binding=BINDING)
    asked = server.count("authorization_code ok")
    with pytest.raises(CallbackRefused):
        kit.complete(answer, binding=BINDING)
    assert server.count("authorization_code ok") == asked
    assert server.userinfo(kit.token("op").value).status_code == 200


def test_a_code_that_somebody_else_used_first_stores_nothing(kit: TokenKit, server: Server, browser: Browser) -> None:
    """The server answers invalid_grant to the second use of a code (RFC 6749 section 4.1.2)."""
    pending = kit.begin("op", redirect_uri=REDIRECT, binding=BINDING)
    answer = httpx.URL(browser.follow(pending.url, until=REDIRECT))
    assert pending.code_verifier is not None
    stolen = server.post(
        "/token",
        grant_type="authorization_code",
        client_id="native",
        code=answer.params["code"],
        code_verifier=pending.code_verifier.reveal(),
        redirect_uri=REDIRECT,
    )
    assert stolen.status_code == 200
    with pytest.raises(AuthorizationError):
        kit.complete(str(answer), binding=BINDING)
    assert kit.accounts() == []


def test_a_wrong_state_is_refused_and_the_true_answer_still_counts(kit: TokenKit, browser: Browser) -> None:
    """R21, R24: what is forged consumes nothing."""
    answer = come_back(kit, browser)
    with pytest.raises(CallbackRefused):
        kit.complete(str(answer.copy_set_param("state", "forged")), binding=BINDING)
    assert kit.complete(str(answer), binding=BINDING) in kit.accounts()


def test_another_browser_cannot_complete_a_sign_in(kit: TokenKit, browser: Browser) -> None:
    """R22: that a state exists proves nothing."""
    answer = str(come_back(kit, browser))
    with pytest.raises(CallbackRefused):
        kit.complete(answer, binding="another browser")
    assert kit.accounts() == []


@pytest.mark.parametrize("wrong", ["https://attacker.example", None], ids=["another issuer", "no issuer"])
def test_a_wrong_iss_is_refused_before_the_code_goes_anywhere(
    kit: TokenKit, server: Server, browser: Browser, wrong: str | None
) -> None:
    """R23: this server promises ``iss`` (RFC 9207), so it must be there and be its own."""
    answer = come_back(kit, browser)
    forged = answer.copy_remove_param("iss") if wrong is None else answer.copy_set_param("iss", wrong)
    asked = server.count("authorization_code ok")
    with pytest.raises(CallbackRefused):
        kit.complete(str(forged), binding=BINDING)
    assert server.count("authorization_code ok") == asked
    assert kit.accounts() == []


def test_a_denial_from_another_issuer_is_no_denial(kit: TokenKit, browser: Browser) -> None:
    """R23: ``iss`` is compared on error answers, too."""
    denial = come_back(kit, browser, account="deny")
    with pytest.raises(CallbackRefused):
        kit.complete(str(denial.copy_set_param("iss", "https://attacker.example")), binding=BINDING)


@pytest.mark.parametrize(
    ("client_id", "client_auth"), [("confidential:client/1", "basic"), ("confidential-post", "post")]
)
def test_a_confidential_client_signs_in_and_refreshes(
    make_kit: MakeKit, server: Server, browser: Browser, client_id: str, client_auth: str
) -> None:
    """Reserved characters in id and secret are form-encoded before Basic joins them (RFC 6749 section 2.3.1)."""
    kit = make_kit(client_id, SECRET, client_auth)
    login(kit, browser)
    first = kit.token("op").value
    second = kit.refresh("op").value
    assert second != first
    assert server.userinfo(second).status_code == 200


def test_a_wrong_secret_is_a_configuration_error(make_kit: MakeKit, browser: Browser) -> None:
    """R13: never latched; with the right secret the same person signs in."""
    with pytest.raises(ClientRefused):
        login(make_kit("confidential:client/1", "not the secret", "basic"), browser)
    assert login(make_kit("confidential:client/1", SECRET, "basic"), browser)
