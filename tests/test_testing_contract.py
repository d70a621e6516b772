"""Our own providers, and a stranger's, hold the contract for plugin authors."""

import inspect
import re
from dataclasses import replace
from typing import Any, cast

import pytest
from tokenkit import testing
from tokenkit.errors import ConfigurationError
from tokenkit.grant import Grant
from tokenkit.oauth2 import OAuth2
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import Provider, Request, Revocation, Scope
from tokenkit.sandbox import CLIENTS, client_of, moved, providers
from tokenkit.testing.contract import BASE_URL, ProviderContract
from tokenkit.testing.provider_harness import ProviderHarness
from tokenkit.token import Secret

PROVIDERS = providers(BASE_URL)

GMAIL = "https://www.googleapis.com/auth/gmail.readonly"


class TestGoogle(ProviderContract):
    scopes = (GMAIL,)

    @pytest.fixture
    def provider(self) -> Provider:
        return PROVIDERS["google"]

    @pytest.fixture
    def api_request(self) -> Request:
        return Request("GET", f"{BASE_URL}/google/gmail/v1/users/me/messages")


class TestSpotify(ProviderContract):
    @pytest.fixture
    def provider(self) -> Provider:
        return PROVIDERS["spotify"]

    @pytest.fixture
    def api_request(self) -> Request:
        return Request("GET", f"{BASE_URL}/spotify/v1/search?q=pyramid&type=track")


class TestPocket(ProviderContract):
    @pytest.fixture
    def provider(self) -> Provider:
        return PROVIDERS["pocket"]

    @pytest.fixture
    def api_request(self) -> Request:
        return Request("POST", f"{BASE_URL}/pocket/v3/get")


class TestAStrangersProvider(ProviderContract):
    """A value of `OAuth2` with scopes and a callback path of its own."""

    flavour = "google"
    scopes = ("openid", "notes.read")

    @pytest.fixture
    def provider(self) -> Provider:
        return OAuth2(
            name="acme",
            title="Acme Notes",
            authorization_endpoint=f"{BASE_URL}/google/o/oauth2/v2/auth",
            token_endpoint=f"{BASE_URL}/google/token",
            revocation_endpoint=f"{BASE_URL}/google/revoke",
            userinfo_endpoint=f"{BASE_URL}/google/v1/userinfo",
            issuer=f"{BASE_URL}/google",
            resource_hosts=(f"{BASE_URL}/google/v1/userinfo",),
            scopes={"read": Scope("notes.read", "read your notes")},
            authorization_parameters={"access_type": "offline", "prompt": "consent"},
            needs_secret=True,
        )

    @pytest.fixture
    def api_request(self) -> Request:
        return Request("GET", f"{BASE_URL}/google/v1/userinfo")


ELSEWHERE = OAuth2(
    name="acme",
    title="Acme Notes",
    authorization_endpoint="https://acme.example/oauth/authorize",
    token_endpoint="https://acme.example/oauth/token",
    resource_hosts=("https://acme.example/api",),
)


@pytest.mark.parametrize(
    ("provider", "flavour", "said", "hint"),
    [
        (ELSEWHERE, "acme", "acme is played below /acme, and", 'moved(provider(), f"{BASE_URL}/acme")'),
        (moved(ELSEWHERE, f"{BASE_URL}/notes"), "acme", "addresses is http", 'moved(provider(), f"{BASE_URL}/acme")'),
        (moved(ELSEWHERE, f"{BASE_URL}/acme"), "gogle", 'no flavour "gogle"', '"google", "spotify"'),
    ],
)
def test_a_provider_that_is_not_where_it_is_played_is_told_how_it_gets_there(
    provider: OAuth2, flavour: str, said: str, hint: str
) -> None:
    """It would ask for a consent screen that there is not, in every test."""
    with pytest.raises(ConfigurationError, match=re.escape(said)) as caught:
        ProviderHarness(provider, client_of("acme"), flavour)
    assert hint in caught.value.hint
    ProviderHarness(moved(ELSEWHERE, f"{BASE_URL}/acme"), client_of("acme"), "acme")


class Forgetful:
    """A provider that holds almost nothing of the contract; what it does not say is as Google has it."""

    name, title, revocation_endpoint = "google", "", f"{BASE_URL}/google/gmail"

    def __getattr__(self, name: str) -> object:
        return getattr(PROVIDERS["google"], name)

    def begin(self, *args: Any) -> PendingAuthorization:
        pending = PROVIDERS["google"].begin(*args)
        return replace(pending, url=f"{pending.url}&leak={pending.code_verifier.reveal()}", state=Secret("guess"))

    def complete(self, *args: Any) -> Grant:
        ctx, client, pending, answer = args
        state = answer.parameters["state"]
        return PROVIDERS["google"].complete(ctx, client, replace(pending, state=Secret(state)), answer)

    def authenticate(self, *args: Any) -> Request:
        return args[-1]

    def refresh(self, *args: Any) -> Grant:
        return PROVIDERS["google"].refresh(*args).renewed(refresh_token=None)

    def revoke(self, *args: Any) -> Revocation:
        return Revocation(done=True)


@pytest.mark.parametrize(
    "name",
    [
        "its_data_is_whole",
        "its_tokens_never_go_to_its_own_endpoints",
        "begin_says_where_to_go_and_what_to_remember",
        "two_sign_ins_share_nothing_that_is_secret",
        "pkce_is_s256_and_the_verifier_stays_here",
        "complete_makes_a_grant_that_says_where_it_is_from",
        "an_answer_with_another_state_is_refused_before_anything_is_sent",
        "a_request_is_accepted_with_the_token_and_refused_without",
        "a_refresh_renews_the_access_token_and_keeps_the_rest",
        "revoking_ends_the_grant_at_the_provider",
    ],
)
def test_a_provider_that_breaks_the_contract_is_found_out(name: str) -> None:
    provider = cast(Provider, Forgetful())
    trial = ProviderHarness(provider, CLIENTS["google"], "google", (GMAIL,))
    request = Request("GET", f"{BASE_URL}/google/gmail/v1/users/me/messages")
    given = {"trial": trial, "provider": provider, "api_request": request}
    check = getattr(ProviderContract(), f"test_{name}")
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(**{parameter: given[parameter] for parameter in inspect.signature(check).parameters})


def test_every_name_of_the_testing_package_is_there() -> None:
    for name in testing.__all__:
        assert getattr(testing, name).__name__ == name
    with pytest.raises(AttributeError):
        _ = testing.nonsense
