"""The tests of how a person signs in at a provider: with a consent screen, or with a key that they type."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import pytest

from tokenkit.errors import (
    AuthorizationError,
    CallbackRefused,
    ClientRefused,
    ConsentDenied,
    ProviderUnavailable,
    TokenKitError,
)
from tokenkit.provider import AuthorizationAnswer, ClientRegistration
from tokenkit.testing.provider_harness import ProviderHarness
from tokenkit.token import Secret

STATE_BITS = 128


def _needs_consent_screen(trial: ProviderHarness) -> None:
    if trial.provider.ask is not None:
        pytest.skip("this provider has no consent screen")


class SigningInContract:
    """The part of `ProviderContract` that signs in; `trial` is its fixture."""

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
