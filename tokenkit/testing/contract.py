"""The tests that every provider must pass: subclass them in your test module, and give your provider by a fixture."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import pytest

from tokenkit.account import Account
from tokenkit.errors import (
    AuthorizationError,
    CallbackRefused,
    ClientRefused,
    ConfigurationError,
    ConsentDenied,
    ConsentRequired,
    ProviderUnavailable,
    TokenKitError,
    TokenRefused,
)
from tokenkit.net.hosts import check_endpoints, check_resource, own_endpoints, resource_host
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import AuthorizationAnswer, ClientRegistration, Provider, Request
from tokenkit.sandbox import CLIENTS, client_of
from tokenkit.testing.provider_harness import ME, ProviderHarness
from tokenkit.token import AccessToken, Secret

BASE_URL = "http://127.0.0.1:9"
"""The address for a provider under test. Nothing listens there: the authority is called without a socket."""

STATE_BITS = 128


def _needs_consent_screen(trial: ProviderHarness) -> None:
    if trial.provider.ask is not None:
        pytest.skip("this provider has no consent screen")


class ProviderContract:
    """The tests of a `Provider`, against the sandbox's `Authority`. Tests of powers that it lacks are skipped::

    class TestAcme(ProviderContract):
        flavour = "google"              # the part of the sandbox that it speaks to
        scopes = ("notes.read",)

        @pytest.fixture
        def provider(self):
            return acme.provider(base_url=f"{BASE_URL}/google")

        @pytest.fixture
        def api_request(self):
            return Request("GET", f"{BASE_URL}/google/v1/userinfo")
    """

    flavour = ""
    """``google``, ``spotify``, ``pocket`` or ``plain``; where it is empty, the provider's own name."""

    scopes: tuple[str, ...] = ()
    """Full values of the scopes to ask for, with those that `api_request` needs."""

    @pytest.fixture
    def provider(self) -> Provider:
        """Return the provider to test, with its addresses at `flavour` below `BASE_URL`."""
        raise NotImplementedError

    @pytest.fixture
    def api_request(self) -> Request:
        """Return a request to the provider's API, without a token; with one it must succeed."""
        raise NotImplementedError

    @pytest.fixture
    def client(self, provider: Provider) -> ClientRegistration:
        """Return the client registration at the authority."""
        flavour = self.flavour or provider.name
        if flavour in CLIENTS:
            return CLIENTS[flavour]
        public = isinstance(provider, OAuth2) and provider.client_auth == "none"
        return ClientRegistration(client_of(flavour).client_id) if public else client_of(flavour)

    @pytest.fixture
    def trial(self, provider: Provider, client: ClientRegistration) -> ProviderHarness:
        """Return an authority at which nobody has signed in yet."""
        return ProviderHarness(provider, client, self.flavour or provider.name, self.scopes)

    # The data.

    def test_its_data_is_whole(self, provider: Provider) -> None:
        """Check that people can read about every scope, and that the scopes that others name are known."""
        assert provider.name == provider.name.lower()
        assert provider.title
        values = {scope.value for scope in provider.scopes.values()}
        assert all(scope.about for scope in provider.scopes.values())
        assert all(name in provider.scopes or name in values for name in provider.default_scopes)
        for scope in provider.scopes.values():
            assert {provider.scopes[name].service for name in scope.includes} <= {scope.service}
            assert scope.strength or not scope.service, f"{scope.value} belongs to a service: how strong is it there?"

    def test_its_tokens_never_go_to_its_own_endpoints(self, provider: Provider) -> None:
        """Hold R32: a token goes to resource servers, and no endpoint of the authorization server is one."""
        assert provider.resource_hosts
        for entry in provider.resource_hosts:
            assert resource_host(entry)
        try:
            check_endpoints(provider)
        except ConfigurationError as error:
            raise AssertionError(str(error)) from None
        account = Account(provider.name, "me@example.com")
        for endpoint in own_endpoints(provider):
            with pytest.raises(TokenRefused):
                check_resource(endpoint, provider, account=account)

    # Signing in.

    def test_begin_says_where_to_go_and_what_to_remember(self, trial: ProviderHarness) -> None:
        """Check that there is a state, or a path in its place, to compare the answer with."""
        _needs_consent_screen(trial)
        pending, redirect_uri = trial.begin(), trial.asked.redirect_uri
        state = pending.state.reveal()
        assert urlsplit(pending.url).scheme in ("http", "https")
        in_path = trial.provider.state_in == "path"
        assert pending.redirect_uri == (f"{redirect_uri}/{state}" if in_path else redirect_uri)
        assert len(state) * 6 >= STATE_BITS, "a state of URL-safe letters has six bits in each"

    def test_two_sign_ins_share_nothing_that_is_secret(self, trial: ProviderHarness) -> None:
        """Check that each sign-in draws its own secrets."""
        _needs_consent_screen(trial)
        one, two = trial.begin(), trial.begin()
        assert one.state != two.state
        assert one.code_verifier is None or one.code_verifier != two.code_verifier
        assert one.request_token is None or one.request_token != two.request_token

    def test_pkce_is_s256_and_the_verifier_stays_here(self, trial: ProviderHarness) -> None:
        """Hold R23: PKCE is S256, and only its hash is sent ahead."""
        _needs_consent_screen(trial)
        pending = trial.begin()
        if pending.code_verifier is None:
            pytest.skip("this provider does not use PKCE")
        verifier = pending.code_verifier.reveal()
        query = dict(parse_qsl(urlsplit(pending.url).query))
        digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        assert (query["code_challenge_method"], query["code_challenge"]) == ("S256", digest)
        assert verifier not in pending.url

    def test_complete_makes_a_grant_that_says_where_it_is_from(self, trial: ProviderHarness) -> None:
        """Hold R17: a grant goes only where it came from."""
        granted, provider, now = trial.sign_in(), trial.provider, trial.clock.now()
        assert granted.provider == provider.name
        assert granted.access_token is not None
        assert granted.access_token.good(now)
        assert granted.token_endpoint == provider.token_endpoint
        assert granted.revocation_endpoint == provider.revocation_endpoint
        assert granted.client_id == trial.client.client_id
        assert granted.authorized_at == now

    def test_a_token_that_ends_comes_with_a_way_to_renew_it(self, trial: ProviderHarness) -> None:
        """Check that there is a refresh token: without one the person would have to consent every hour."""
        granted = trial.sign_in()
        assert granted.access_token is not None
        assert granted.access_token.expires_at is None or granted.refresh_token is not None

    def test_what_the_person_declined_is_a_denial(self, trial: ProviderHarness) -> None:
        """Check that the person's no is told from every other failure."""
        _needs_consent_screen(trial)
        pending = trial.begin()
        answer = trial.approve(pending, deny=True)
        with pytest.raises(ConsentDenied):
            trial.complete(pending, answer)

    def test_an_answer_with_another_state_is_refused_before_anything_is_sent(self, trial: ProviderHarness) -> None:
        """Hold R22 and R23: an answer of another sign-in proves nothing."""
        _needs_consent_screen(trial)
        if trial.provider.state_in == "path":
            pytest.skip("the receiver of the answer compares the path")
        pending = trial.begin()
        forged = AuthorizationAnswer({**trial.approve(pending).parameters, "state": "forged"})
        sent = trial.authority.counters.total()
        with pytest.raises(CallbackRefused):
            trial.complete(pending, forged)
        assert trial.authority.counters.total() == sent

    def test_an_answer_serves_once(self, trial: ProviderHarness) -> None:
        """Hold R18: a code is exchanged once; the second time is one of our errors, not a grant and not a crash."""
        _needs_consent_screen(trial)
        pending = trial.begin()
        answer = trial.approve(pending)
        trial.complete(pending, answer)
        with pytest.raises(AuthorizationError):
            trial.complete(pending, answer)

    def test_a_provider_in_trouble_is_unavailable(self, trial: ProviderHarness) -> None:
        """Hold R12: a 503 signs nobody out."""
        _needs_consent_screen(trial)
        pending = trial.begin()
        answer = trial.approve(pending)
        trial.authority.next("token", status=503)
        with pytest.raises(ProviderUnavailable):
            trial.complete(pending, answer)

    def test_a_client_that_is_not_known_is_a_configuration_error(self, trial: ProviderHarness) -> None:
        """Hold R13: the client is wrong, and the grant has not ended."""
        _needs_consent_screen(trial)
        pending = trial.begin()
        answer = trial.approve(pending)
        trial.client = ClientRegistration("nobody", Secret("wrong"))
        with pytest.raises(ClientRefused):
            trial.complete(replace(pending, client_id="nobody"), answer)

    # Using it.

    def test_a_request_is_accepted_with_the_token_and_refused_without(
        self, trial: ProviderHarness, api_request: Request
    ) -> None:
        """Check that the token is what makes the request succeed, and that it changes neither host nor path."""
        token = trial.sign_in().access_token
        assert token is not None
        signed = trial.provider.authenticate(trial.ctx, trial.client, token, api_request)
        assert (signed.method, signed.url) == (api_request.method, api_request.url)
        assert trial.status(token, api_request) < 300
        assert trial.status(AccessToken("wrong"), api_request) == 401
        assert trial.authority.handle(api_request).status in (400, 401, 403)

    def test_whose_account_it_is_stays_the_same(self, trial: ProviderHarness) -> None:
        """Hold R18: the subject stays the same for a person, and is nobody else's."""
        identify = trial.provider.identify
        if identify is None:
            pytest.skip("this provider cannot say whose account it is")
        users = (ME, ME, "you@example.com")
        mine, again, yours = (identify(trial.ctx, trial.client, trial.sign_in(as_user=user)) for user in users)
        assert mine == again
        assert mine.subject != yours.subject
        assert mine.name

    def test_a_refresh_renews_the_access_token_and_keeps_the_rest(self, trial: ProviderHarness) -> None:
        """Hold R16: an answer without a refresh token or scopes takes nothing away."""
        granted = trial.sign_in()
        if trial.provider.refresh is None or granted.access_token is None:
            pytest.skip("this provider does not refresh")
        trial.clock.advance(granted.access_token.lifetime())
        renewed = trial.provider.refresh(trial.ctx, trial.client, granted)
        assert renewed.access_token is not None
        assert renewed.access_token.value != granted.access_token.value
        assert renewed.access_token.good(trial.clock.now())
        assert renewed.refresh_token == granted.refresh_token
        assert renewed.scopes == granted.scopes
        assert renewed.authorized_at == granted.authorized_at

    def test_a_grant_that_the_person_took_back_needs_consent(self, trial: ProviderHarness) -> None:
        """Hold R13: the provider's "no" ends a grant, and a person can read why."""
        if trial.provider.refresh is None:
            pytest.skip("this provider does not refresh")
        granted = trial.sign_in()
        trial.authority.withdraw(trial.flavour, ME)
        with pytest.raises(ConsentRequired) as caught:
            trial.provider.refresh(trial.ctx, trial.client, granted)
        assert caught.value.reason
        assert caught.value.hint

    @pytest.mark.parametrize("status", [503, 429, None], ids=["503", "429", "no answer"])
    def test_a_refresh_in_trouble_ends_nothing(self, trial: ProviderHarness, status: int | None) -> None:
        """Hold R12 and R14: trouble at the provider signs nobody out."""
        if trial.provider.refresh is None:
            pytest.skip("this provider does not refresh")
        granted = trial.sign_in()
        trial.authority.next("token", status=status, drop=status is None)
        with pytest.raises(ProviderUnavailable):
            trial.provider.refresh(trial.ctx, trial.client, granted)
        assert trial.provider.refresh(trial.ctx, trial.client, granted).access_token is not None

    def test_revoking_ends_the_grant_at_the_provider(self, trial: ProviderHarness, api_request: Request) -> None:
        """Hold R19: a token that was only deleted here would work for a thief."""
        if trial.provider.revoke is None:
            assert trial.provider.revocation_reach == ""
            pytest.skip("this provider cannot revoke")
        granted = trial.sign_in()
        assert granted.access_token is not None
        assert trial.status(granted.access_token, api_request) < 300
        assert trial.provider.revoke(trial.ctx, trial.client, granted).done
        assert trial.status(granted.access_token, api_request) == 401

    # Secrets.

    def test_nothing_secret_shows_in_what_is_printed(self, trial: ProviderHarness) -> None:
        """Hold R35: no secret shows in a repr or an error."""
        if trial.provider.ask is not None:
            granted = trial.sign_in()
            printed = [repr(value) for value in (trial.client, granted, granted.access_token)]
        else:
            pending = trial.begin()
            granted = trial.complete(pending, trial.approve(pending))
            printed = [repr(value) for value in (trial.client, pending, granted, granted.access_token)]
            with pytest.raises(TokenKitError) as caught:
                trial.complete(
                    pending, AuthorizationAnswer({"state": pending.state.reveal(), "error": "access_denied"})
                )
            printed += [str(caught.value), repr(caught.value), caught.value.hint]
        for secret in trial.authority.issued:
            assert not any(secret in text for text in printed)

    # Without a consent screen.

    def test_a_wrong_key_is_refused_and_none_of_it_is_told(self, trial: ProviderHarness) -> None:
        """Hold R35: what was typed shows in no error, and nothing is granted for it."""
        if trial.provider.ask is None:
            pytest.skip("this provider has a consent screen")
        for wrong in ("not-the-key-4711", "in two 4711 words", ""):
            error = _refusal(trial, dict.fromkeys(trial.provider.fields, Secret(wrong)))
            assert "4711" not in f"{error!r} {error} {getattr(error, 'hint', '')}"
            assert error is not None or trial.provider.identify is None


def _refusal(trial: ProviderHarness, answers: Mapping[str, Secret]) -> TokenKitError | None:
    """Return the error for these answers, of the two steps in which they are tried."""
    provider = trial.provider
    assert provider.ask is not None
    try:
        granted = provider.ask(trial.ctx, trial.client, answers)
        if provider.identify is not None:
            provider.identify(trial.ctx, trial.client, granted)
    except TokenKitError as error:
        return error
    return None
