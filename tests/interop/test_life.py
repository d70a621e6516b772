"""The life of a grant at a real authorization server that rotates, and that ends the family when a token is reused."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
from oidc import ACCESS_TTL, REFRESH_TTL, Browser, Server
from tokenkit import AuthorizationRequest, ClientRegistration, ConsentRequired, OAuth2, TokenKit

from patience import PATIENCE
from signing_in import MakeKit, login, stored

pytestmark = pytest.mark.real


def test_an_expired_token_is_refreshed_and_the_refresh_token_rotates(
    kit: TokenKit, server: Server, browser: Browser
) -> None:
    """R2, R16: the old refresh token is replaced by the new one before the token is handed out."""
    account = login(kit, browser)
    before = stored(kit, account)
    server.advance(ACCESS_TTL)
    token = kit.token("op").value
    after = stored(kit, account)
    assert token == after["access"] != before["access"]
    assert after["refresh"] != before["refresh"]
    assert server.userinfo(token).status_code == 200


def test_a_session_lives_on_through_many_rotations(kit: TokenKit, server: Server, browser: Browser) -> None:
    login(kit, browser)
    for _ in range(10):
        server.advance(ACCESS_TTL)
        assert server.userinfo(kit.token("op").value).status_code == 200


def test_an_expired_refresh_token_needs_the_person_and_is_not_tried_again(
    kit: TokenKit, server: Server, browser: Browser
) -> None:
    """R13: latched; what follows sends nothing, until a login."""
    account = login(kit, browser)
    server.advance(REFRESH_TTL + 1)
    with pytest.raises(ConsentRequired) as refusal:
        kit.token("op")
    assert f"tokenkit login {account}" in refusal.value.hint
    refused = server.count("refresh_token invalid_grant")
    with pytest.raises(ConsentRequired):
        kit.token("op")
    assert server.count("refresh_token invalid_grant") == refused
    login(kit, browser)
    assert server.userinfo(kit.token("op").value).status_code == 200


def test_sign_out_revokes_and_removes(kit: TokenKit, server: Server, browser: Browser) -> None:
    """R19: at the provider first, so that neither token lives on (RFC 7009)."""
    account = login(kit, browser)
    tokens = stored(kit, account)
    outcome = kit.logout("op")
    assert outcome.revoked
    assert outcome.removed
    assert kit.accounts() == []
    assert server.userinfo(tokens["access"]).status_code == 401
    assert refresh_by_hand(server, tokens["refresh"]).json()["error"] == "invalid_grant"


def test_introspection_tells_an_active_token_from_one_that_was_revoked(
    kit: TokenKit, server: Server, browser: Browser
) -> None:
    """RFC 7662, at the endpoint that discovery found; of the token alone, for nothing is refreshed."""
    account = login(kit, browser)
    provider = OAuth2.from_issuer(server.context(), server.issuer, name="op", title="OP", client_auth="none")
    grant = kit.records.get(account).grant
    assert provider.introspect is not None
    assert provider.introspect(kit.context, ClientRegistration("native"), grant) is True
    server.post("/token/revocation", token=stored(kit, account)["access"], client_id="native").raise_for_status()
    assert provider.introspect(kit.context, ClientRegistration("native"), grant) is False


def test_a_grant_that_was_revoked_elsewhere_needs_the_person(kit: TokenKit, server: Server, browser: Browser) -> None:
    account = login(kit, browser)
    refresh_token = stored(kit, account)["refresh"]
    server.post("/token/revocation", token=refresh_token, client_id="native").raise_for_status()
    server.advance(ACCESS_TTL)
    with pytest.raises(ConsentRequired):
        kit.token("op")
    assert kit.accounts() == [account]


def test_reuse_of_a_refresh_token_ends_the_family(kit: TokenKit, server: Server, browser: Browser) -> None:
    """What a client without single flight does to its person (RFC 9700 section 4.14.2)."""
    old = stored(kit, login(kit, browser))["refresh"]
    kit.refresh("op")
    assert refresh_by_hand(server, old).json()["error"] == "invalid_grant"
    with pytest.raises(ConsentRequired):
        kit.refresh("op")


@pytest.mark.parametrize("kits", [1, 8], ids=["one kit", "a kit for each"])
def test_eight_threads_at_an_expired_token_refresh_once(
    make_kit: MakeKit, server: Server, browser: Browser, kits: int
) -> None:
    """R5, whether the threads share a kit or only the store."""
    shared = [make_kit("native") for _ in range(kits)]
    login(shared[0], browser)
    for _ in range(3):
        server.advance(ACCESS_TTL)
        asked, refused = server.count("refresh_token ok"), server.count("refresh_token invalid_grant")
        start = Barrier(8)

        def ask(number: int, start: Barrier = start) -> str:
            start.wait(timeout=PATIENCE)
            return shared[number % kits].token("op").value

        with ThreadPoolExecutor(8) as threads:
            values = set(threads.map(ask, range(8)))
        assert len(values) == 1
        assert server.count("refresh_token ok") == asked + 1
        assert server.count("refresh_token invalid_grant") == refused
        assert server.userinfo(values.pop()).status_code == 200


def test_a_device_signs_in_by_code(make_kit: MakeKit, server: Server, browser: Browser) -> None:
    """RFC 8628: it asks while the person is not there yet, and goes on when they have agreed."""
    provider = make_kit("television").provider("op")
    assert provider.device is not None
    shown: list[str] = []
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        server.advance(seconds)
        if len(waits) == 3:
            browser.enter_code(*shown)

    grant = provider.device(
        server.context()._replace(sleep=wait),
        ClientRegistration("television"),
        AuthorizationRequest("", ["calendar.read"]),
        lambda uri, code: shown.extend((uri, code)),
    )
    assert len(waits) >= 3
    assert grant.access_token is not None
    assert server.userinfo(grant.access_token.value).status_code == 200


def refresh_by_hand(server: Server, refresh_token: str) -> httpx.Response:
    return server.post("/token", grant_type="refresh_token", client_id="native", refresh_token=refresh_token)
